"""Any folder of images as a data set: squares of one size, the sub-folders as classes.

The first level of sub-folders names the classes, in alphabetical order; images in deeper folders
belong to it too. Images outside of every sub-folder are the class "(no folder)"; without
sub-folders all are one class with the folder's name. Only names that end like an image (SUFFIXES)
are looked at; hidden files and folders are not. What looks like an image and cannot be used is
told in `faults`.

Rows: the files in the order of their names, permuted by numpy's RandomState(0); the first 80 % of
the usable ones are the training split, of which the last 10 % choose the best weights.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from explorer.data.base import Dataset
from explorer.data.pictures import Progress, progress_bar, read_each, read_square, shown, told
from explorer.data.registry import Options, register_own
from explorer.errors import ExplorerError

SUFFIXES = frozenset(
    (
        *(".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".apng", ".png", ".webp"),
        *(".tif", ".tiff", ".pbm", ".pgm", ".pnm", ".ppm"),
    )
)
ENDINGS = "jpg, png, gif, bmp, webp, tif or ppm"
DEFAULT_SIZE, MIN_SIZE, MAX_SIZE = 64, 8, 512
MIN_IMAGES, MAX_CLASSES = 10, 255
MAX_FILES = 500_000  # of any kind: someone who points at a whole disk is told soon
MAX_BYTES = 4_000_000_000  # of all images in memory
NO_FOLDER = "(no folder)"


@dataclass(frozen=True)
class Found:
    """The images of a folder: names relative to it, sorted; their sizes and times as a stamp.

    `faults` are folders that were passed over, in sentences.
    """

    names: tuple[str, ...]
    stamp: str
    faults: tuple[str, ...]


def load(
    path: Path,
    size: int = DEFAULT_SIZE,
    grey: bool = False,
    report: Progress = lambda done, total: None,
) -> Dataset:
    """The images `(N, 3 or 1, size, size)` of a folder; the shorter side is scaled to `size`.

    Raises ExplorerError when there is no such folder, when it holds fewer than 10 usable images,
    too many files or classes, and when the images would not fit into memory.
    """
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise ExplorerError(
            f"The size must be from {MIN_SIZE} to {MAX_SIZE} pixels a side, but was {size}."
        )
    found = look_through(path)
    channels = 1 if grey else 3
    _refuse_what_is_too_much(path, found.names, size, channels)
    order = np.random.RandomState(0).permutation(len(found.names)).tolist()
    names = [found.names[i] for i in order]
    pixels, kept, broken = _read(path, names, size, grey, report)
    faults = [*found.faults, *sorted(broken)]
    if len(kept) < MIN_IMAGES:
        raise _too_few(path, len(names), len(kept), faults)
    called = shown(path.name) or "images"
    labels, classes = label([names[i] for i in kept], called)
    test = round(len(kept) / 5)
    train = len(kept) - test
    return Dataset(
        name="folder",
        title=f"Folder {called}",
        source=f"{len(kept):,} images of the folder '{called}'",
        pixels=pixels,
        labels=labels,
        train_size=train,
        classes=classes,
        validation_size=max(1, round(train / 10)),
        origins=((len(kept), f"image {{index}} of {len(kept):,}"),),
        shuffled=True,
        faults=told(faults),
        stamp=found.stamp,
    )


def _stamp(options: Options) -> str:
    return look_through(_path(options)).stamp


@register_own("folder", _stamp)
def _load(options: Options) -> Dataset:
    size = DEFAULT_SIZE if options.size is None else options.size
    with progress_bar("Reading images") as report:
        return load(_path(options), size, options.grey, report)


def _path(options: Options) -> Path:
    if options.path is None:
        raise ExplorerError("The data set 'folder' needs a path: that of the folder of images.")
    return options.path


# --- which files ------------------------------------------------------------------------------


def look_through(path: Path) -> Found:
    """The images below a folder, without opening one.

    Links to files are followed, links to folders are not: they may lead in a circle.
    Raises ExplorerError when there is no such folder or it holds too many files.
    """
    if not path.is_dir():
        what = "is a file, not a folder" if path.exists() else "does not exist"
        raise ExplorerError(f"'{path}' {what}; give the path of a folder of images.")
    faults: list[str] = []
    images = []
    start = len(os.path.join(path, ""))
    for files, entry in enumerate(_entries(path, faults), start=1):
        if files > MAX_FILES:
            raise ExplorerError(
                f"'{path}' holds more than {MAX_FILES:,} files; choose a folder with fewer."
            )
        if os.path.splitext(entry.name)[1].lower() in SUFFIXES:
            images.append((entry.path[start:].replace(os.sep, "/"), *_state(entry)))
    images.sort()
    digest = hashlib.sha256(os.fsencode("\n".join(f"{s} {t} {name}" for name, s, t in images)))
    names = tuple(name for name, _, _ in images)
    return Found(names, digest.hexdigest(), tuple(sorted(faults)))


def _entries(path: Path, faults: list[str]) -> Iterator[os.DirEntry[str]]:
    """All files below `path` that are not hidden; folders passed over are added to `faults`."""
    folders = [os.fspath(path)]
    while folders:
        folder = folders.pop()
        name = shown(os.path.relpath(folder, path))
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            faults.append(f"The folder '{name}' was passed over: {error.strerror}.")
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            elif entry.is_symlink() and os.path.isdir(entry.path):
                link = shown(os.path.relpath(entry.path, path))
                faults.append(f"The folder '{link}' is a link and was passed over.")
            elif entry.is_file() or not os.path.exists(entry.path):  # a pipe would never end
                yield entry


def _state(entry: os.DirEntry[str]) -> tuple[int, int]:
    """Size and time of change in ns; of a link those of its file."""
    try:
        facts = entry.stat()
    except OSError:
        return -1, -1
    return facts.st_size, facts.st_mtime_ns


def label(names: list[str], folder: str) -> tuple[Tensor, tuple[str, ...]]:
    """Labels `(N,)` int64 and the classes, from names relative to the folder called `folder`."""
    firsts = [_first(name) for name in names]
    if set(firsts) == {NO_FOLDER}:
        return torch.zeros(len(names), dtype=torch.int64), (folder,)
    classes = sorted(set(firsts), key=lambda name: (name == NO_FOLDER, name))
    number = {name: i for i, name in enumerate(classes)}
    return torch.tensor([number[first] for first in firsts]), tuple(classes)


def _first(name: str) -> str:
    """The first-level sub-folder of an image."""
    first, slash, _ = name.partition("/")
    return shown(first) if slash else NO_FOLDER


# --- what is in them --------------------------------------------------------------------------


def _read(
    path: Path, names: list[str], size: int, grey: bool, report: Progress
) -> tuple[Tensor, list[int], list[str]]:
    """The usable pictures one behind the other, which of `names` they are, and the faults."""
    pixels = torch.empty((len(names), 1 if grey else 3, size, size), dtype=torch.uint8)
    kept: list[int] = []
    faults = []
    files = [path / name for name in names]
    outcomes = read_each(files, lambda file: read_square(file, size, grey), report)
    for place, outcome in enumerate(outcomes):
        if isinstance(outcome, str):
            faults.append(f"'{shown(names[place])}' {outcome}.")
        else:
            pixels[len(kept)] = torch.from_numpy(outcome)
            kept.append(place)
    return pixels[: len(kept)], kept, faults


# --- limits -----------------------------------------------------------------------------------


def _refuse_what_is_too_much(path: Path, names: tuple[str, ...], size: int, channels: int) -> None:
    """Raises ExplorerError before anything is read that could not be held or told apart."""
    classes = len({_first(name) for name in names})
    if classes > MAX_CLASSES:
        raise ExplorerError(
            f"'{path}' has {classes:,} sub-folders with images, and at most {MAX_CLASSES} classes "
            "can be told apart; put the images into fewer folders."
        )
    needed = len(names) * channels * size**2
    if needed <= MAX_BYTES:
        return
    # Whole multiples of 8 suit convolutions.
    fits = math.isqrt(MAX_BYTES // (len(names) * channels)) // 8 * 8
    kind = "grey images" if channels == 1 else "images"
    advice = f"choose a size of at most {fits}" if fits >= MIN_SIZE else "choose fewer images"
    raise ExplorerError(
        f"{len(names):,} {kind} of {size} x {size} take {needed / 1e9:.1f} GB of memory, and the "
        f"limit is {MAX_BYTES / 1e9:.0f} GB; {advice}."
    )


def _too_few(path: Path, found: int, usable: int, faults: list[str]) -> ExplorerError:
    if not found:
        return ExplorerError(
            f"There are no images in '{path}'; at least {MIN_IMAGES} files that end in {ENDINGS} "
            "are needed."
        )
    first = f" (the first fault: {faults[0].removesuffix('.')})" if faults else ""
    return ExplorerError(
        f"'{path}' holds {usable} usable images{first}, and at least {MIN_IMAGES} are needed; add "
        "more images, or choose another folder."
    )
