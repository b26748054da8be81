"""CelebA: 202,599 photographs of faces with 40 attributes each, cropped and scaled to 64x64 RGB.

The layout is the one that CelebA is handed out in, and that torchvision uses:

    <root>/celeba/img_align_celeba/000001.jpg ...   aligned faces, 178x218
                  list_attr_celeba.txt              40 attributes, -1 or 1
                  list_eval_partition.txt           0 training, 1 validation, 2 test

Each face is the middle 148x148 of its photograph, scaled to 64x64 (bilinear, antialiased). Rows are
the training images (162,770 when all are there), then the validation images (19,867), which choose
the best weights, then the test images (19,962).

These files are read here and not by torchvision: its `CelebA` refuses every copy in which one of
five text files differs by a byte from its list of checksums, so a part of the images, or a set in
the same layout, could not be opened. It is asked only for the download.

Source: Liu, Luo, Wang & Tang 2015, "Deep Learning Face Attributes in the Wild",
https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html (for non-commercial research only).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from explorer.data.base import Dataset, Factors
from explorer.data.pictures import Progress, UnusableError, planes, progress_bar, told
from explorer.data.prepared import Recipe, prepare
from explorer.data.registry import register
from explorer.errors import ExplorerError

IMAGES, ATTRIBUTES, PARTITION = (
    "img_align_celeba",
    "list_attr_celeba.txt",
    "list_eval_partition.txt",
)
PAGE = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
WIDTH, HEIGHT, CROP, SIZE = 178, 218, 148, 64
ATTRIBUTE_COUNT, LABEL = 40, "Smiling"
SPLITS = ("training", "validation", "test")  # as the partition counts them


@register("celeba")
def load(root: Path, download: bool) -> Dataset:
    folder = root / "celeba"
    if not all((folder / part).exists() for part in (IMAGES, ATTRIBUTES, PARTITION)):
        if not download:
            raise _absent(folder)
        _fetch(root, folder)
    with progress_bar("Preparing CelebA (once)") as report:
        return read(folder, report)


def read_face(file: Path) -> np.ndarray:
    """The face of an aligned photograph, `(3, 64, 64)` uint8."""
    with Image.open(file, formats=("JPEG",)) as image:
        if image.size != (WIDTH, HEIGHT):
            width, height = image.size
            raise UnusableError(f"has {width} x {height} pixels instead of {WIDTH} x {HEIGHT}")
        left, top = (WIDTH - CROP) // 2, (HEIGHT - CROP) // 2
        face = image.convert("RGB").crop((left, top, left + CROP, top + CROP))
    return planes(face.resize((SIZE, SIZE), Image.Resampling.BILINEAR))


RECIPE = Recipe(f"celeba, middle {CROP}, bilinear", (3, SIZE, SIZE), read_face)


@dataclass(frozen=True)
class Listing:
    """The images in the order of the rows: names, splits 0-2 `(N,)`, attributes `(N, 40)` 0/1."""

    names: list[str]
    splits: np.ndarray
    attribute_names: tuple[str, ...]
    attributes: np.ndarray

    def take(self, index: np.ndarray) -> Listing:
        names = [self.names[i] for i in index.tolist()]
        return Listing(names, self.splits[index], self.attribute_names, self.attributes[index])


def read(folder: Path, report: Progress = lambda done, total: None) -> Dataset:
    """The data set in a folder. The first call decodes every image and tells how far it is."""
    listed = read_listing(folder)
    try:
        present = set(os.listdir(folder / IMAGES))
    except OSError as error:
        raise _absent(folder) from error
    there = np.array([name in present for name in listed.names], dtype=bool)
    faults = [f"'{listed.names[i]}' is missing." for i in np.flatnonzero(~there).tolist()]
    listing = listed.take(np.flatnonzero(there))
    prepared = prepare(folder / IMAGES, listing.names, RECIPE, report)
    faults += [f"'{listing.names[slot]}' {why}." for slot, why in prepared.broken.items()]
    slots = np.setdiff1d(np.arange(len(listing.names)), [*prepared.broken])
    usable = listing.take(slots)
    counts = np.bincount(usable.splits, minlength=3).tolist()
    if not all(counts):
        raise _incomplete(folder, counts, faults)
    values = torch.from_numpy(usable.attributes.astype(np.int64))
    stops = np.cumsum(counts).tolist()
    return Dataset(
        name="celeba",
        title="CelebA",
        source="CelebA, aligned photographs of faces, the middle 148x148 scaled to 64x64",
        pixels=prepared.rendered(torch.from_numpy(slots)),
        labels=values[:, usable.attribute_names.index(LABEL)].clone(),
        train_size=stops[1],
        classes=("not smiling", "smiling"),
        validation_size=counts[1],
        noun="face",
        origins=tuple(
            (stop, f"CelebA {split} image {{index}}")
            for stop, split in zip(stops, SPLITS, strict=True)
        ),
        factors=Factors(usable.attribute_names, (2,) * ATTRIBUTE_COUNT, values),
        faults=told(faults),
    )


# --- the two lists ----------------------------------------------------------------------------


def read_listing(folder: Path) -> Listing:
    """Both lists joined by the images' names: training, validation, then test images.

    Raises ExplorerError when one is damaged or cut short, or when they name different images.
    """
    attribute_names, rows = read_attributes(folder / ATTRIBUTES)
    partition = read_partition(folder / PARTITION)
    if rows.keys() != partition.keys():
        raise ExplorerError(
            f"'{ATTRIBUTES}' and '{PARTITION}' in '{folder}' name different images, so one of them "
            f"is cut short; copy both anew from {PAGE}."
        )
    names = sorted(partition, key=lambda name: partition[name])  # stable: the list's own order
    splits = np.array([partition[name] for name in names], dtype=np.int64)
    flat = np.frombuffer(b"".join(rows[name] for name in names), dtype=np.uint8)
    return Listing(names, splits, attribute_names, flat.reshape(-1, ATTRIBUTE_COUNT))


def read_attributes(file: Path) -> tuple[tuple[str, ...], dict[str, bytes]]:
    """The 40 names, and for each image 40 bytes 0 or 1.

    The file has the number of images, then the names, then a line for each image.
    """
    lines = _lines(file)
    names = tuple(lines[1].split()) if len(lines) > 1 else ()
    if len(names) != ATTRIBUTE_COUNT or LABEL not in names:
        raise _damaged(file, f"line 2 does not hold {ATTRIBUTE_COUNT} names with '{LABEL}' in them")
    rows = {}
    for number, line in enumerate(lines[2:], start=3):
        image, *signs = line.split()
        if len(signs) != ATTRIBUTE_COUNT or not {"1", "-1"}.issuperset(signs):
            raise _damaged(file, f"line {number} does not hold a name and {ATTRIBUTE_COUNT} signs")
        rows[image] = bytes([sign == "1" for sign in signs])
    if lines[0].strip() != str(len(rows)):
        raise _damaged(file, f"it announces {lines[0].strip():.20} images and has {len(rows)}")
    return names, rows


def read_partition(file: Path) -> dict[str, int]:
    """The split of each image: 0 training, 1 validation, 2 test."""
    splits = {}
    for number, line in enumerate(_lines(file), start=1):
        image, *split = line.split()
        if split not in (["0"], ["1"], ["2"]):
            raise _damaged(file, f"line {number} does not hold a name and 0, 1 or 2")
        splits[image] = int(split[0])
    return splits


def _lines(file: Path) -> list[str]:
    """The lines that are not blank."""
    try:
        text = file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(file, "it cannot be read as text") from error
    return [line for line in text.split("\n") if line.strip()]


# --- what can be wrong ------------------------------------------------------------------------


def _fetch(root: Path, folder: Path) -> None:
    from explorer.data.vision import torchvision

    try:
        torchvision.datasets.CelebA(root=str(root), split="all", download=True)
    except Exception as error:  # the downloader, gdown, raises kinds of its own
        raise ExplorerError(
            f"CelebA could not be downloaded to '{folder}': Google Drive, where it lies, needs the "
            "package gdown ('pip install gdown') and often refuses; fetch it in the browser from "
            f"{PAGE} and put {_needed()} there."
        ) from error


def _needed() -> str:
    return f"the folder {IMAGES} with its JPEGs, {ATTRIBUTES} and {PARTITION}"


def _absent(folder: Path) -> ExplorerError:
    return ExplorerError(
        f"There is no CelebA in '{folder}'; put {_needed()} there, from {PAGE} (for non-commercial "
        "research), or add --download, or point --data-root or EXPLORER_DATA at the folder that "
        "holds celeba."
    )


def _damaged(file: Path, how: str) -> ExplorerError:
    return ExplorerError(f"'{file}' is damaged or cut short ({how}); copy it anew from {PAGE}.")


def _incomplete(folder: Path, counts: list[int], faults: list[str]) -> ExplorerError:
    found = ", ".join(f"{count:,} {split}" for count, split in zip(counts, SPLITS, strict=True))
    first = f" (the first fault: {faults[0].removesuffix('.')})" if faults else ""
    return ExplorerError(
        f"'{folder / IMAGES}' holds {found} images that can be used, and at least one of each is "
        f"needed{first}; copy more of CelebA's images there."
    )
