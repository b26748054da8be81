"""A group: the points of a map inside a drawn shape, and what they have in common."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from explorer.data import Dataset
from explorer.errors import ExplorerError
from explorer.latent.atlas import BATCH, Atlas
from explorer.latent.neighbours import Index
from explorer.latent.places import Map
from explorer.latent.polygon import checked, inside
from explorer.loaded import Model

# Images that are averaged at most: more would change no pixel of the mean by a grey value.
AVERAGED = 5000
TYPICAL = 24
LINES = 1000


@dataclass(frozen=True)
class Group:
    """The points inside `polygon (V, 2)` of one map, only those of `classes` if there are any.

    `positions (n,)` int64 are its members' places in the atlas, rising; `of` is how many points
    the map has.
    """

    name: str
    model: str
    dataset: str
    projection: str
    polygon: np.ndarray
    classes: tuple[int, ...]
    positions: np.ndarray
    of: int

    def __len__(self) -> int:
        return len(self.positions)

    def sample(self, most: int, seed: int = 0) -> np.ndarray:
        """All members, or so many of them drawn from `seed`; positions, rising."""
        if len(self) <= most:
            return self.positions
        drawn = np.random.default_rng(seed).choice(self.positions, most, replace=False)
        return np.sort(drawn)


@dataclass(frozen=True)
class Facts:
    """What the members of a group have in common.

    `per_label (K,)` counts them by class. `mean_image (C, H, W)` is the mean of `averaged` of
    their images; `mean_latent (D,)` that of all their latents and `decoded (C, H, W)` its image, as
    the class `told` for a conditional model. `typical` are the rows of the members nearest to the
    mean latent, nearest first. `words` are captions: of the `count`, the `mean` and the `decoded`.
    """

    count: int
    per_label: np.ndarray
    averaged: int
    mean_image: np.ndarray
    mean_latent: np.ndarray
    decoded: np.ndarray
    told: int | None
    typical: tuple[int, ...]
    words: dict[str, str]


def gather(
    themap: Map, polygon: np.ndarray, classes: tuple[int, ...] = (), name: str = "group"
) -> Group:
    """The group inside a polygon `(V, 2)` of a map, only of `classes` if any are named.

    Raises ExplorerError for a polygon that is none, a class that there is not and an empty group.
    """
    atlas, polygon = themap.atlas, checked(polygon)
    known = _classes(atlas)
    for one in classes:
        if one not in range(known):
            raise ExplorerError(f"There is no class {one}; classes are numbered 0 to {known - 1}.")
    member = inside(themap.coordinates, polygon)
    if classes:
        member &= np.isin(atlas.labels, classes)
    if not member.any():
        of = " of the chosen classes" if classes else ""
        raise ExplorerError(f"No points{of} lie inside this shape; draw it around some.")
    positions = np.flatnonzero(member)
    view = (atlas.model_id, atlas.dataset, themap.key)
    return Group(name, *view, polygon, classes, positions, len(atlas))


def facts(group: Group, atlas: Atlas, model: Model, dataset: Dataset, seed: int = 0) -> Facts:
    """Counts, means and typical members of a group; `seed` chooses the images that are averaged
    where there are more than AVERAGED."""
    latents = atlas.mean[group.positions]
    mean = latents.mean(0, dtype=np.float64).astype(np.float32)
    per_label = np.bincount(atlas.labels[group.positions], minlength=_classes(atlas))
    told = int(per_label.argmax()) if model.conditional else None
    decoded = model.decode(mean[None], None if told is None else np.array([told]))[0]
    sample = group.sample(AVERAGED, seed)
    closest, _ = Index(latents).nearest(mean[None], TYPICAL)
    return Facts(
        count=len(group),
        per_label=per_label,
        averaged=len(sample),
        mean_image=mean_image(dataset, atlas.rows[sample]),
        mean_latent=mean,
        decoded=decoded,
        told=told,
        typical=tuple(atlas.rows[group.positions[closest[0]]].tolist()),
        words=_words(group, len(sample), model, dataset.classes, mean, told),
    )


def mean_image(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """The mean `(C, H, W)` float32 in [0, 1] of the images with these rows of a data set."""
    images = dataset.split("all").take(torch.from_numpy(rows))
    total = torch.zeros(dataset.image_shape, dtype=torch.float64)
    for start in range(0, len(rows), BATCH):
        total += images.float(start, start + BATCH).sum(0, dtype=torch.float64)
    return (total / len(rows)).numpy().astype(np.float32)


def _words(
    group: Group,
    averaged: int,
    model: Model,
    classes: tuple[str, ...],
    mean: np.ndarray,
    told: int | None,
) -> dict[str, str]:
    """Captions of the facts of a group, each one sentence."""
    count, codes = len(group), model.codes(mean[None])
    decoded = "The mean of their latents, decoded."
    if told is not None:
        decoded = f"The mean of their latents, decoded as {classes[told]}, the most frequent class."
    elif codes is not None:
        decoded = (
            "The mean of their codes' vectors lies between codes: each of its "
            f"{codes.size} vectors is replaced by the nearest code, then decoded."
        )
    shown = f"{averaged:,} of {count:,} images, a seeded sample" if averaged < count else ""
    return {
        "count": f"{count:,} of the {group.of:,} points of this map.",
        "mean": f"Mean of {shown or ('1 image' if count == 1 else f'all {count:,} images')}.",
        "decoded": decoded,
    }


def csv_parts(group: Group, themap: Map, classes: tuple[str, ...]) -> Iterator[str]:
    """The members of a group as CSV, some lines at a time: row of the data set, class name, place
    on the map and posterior mean (seven digits), under a header with the columns' names."""
    atlas = themap.atlas
    latent = [f"z{i}" for i in range(1, atlas.mean.shape[1] + 1)]
    yield _lines([["row", "label", "x", "y", *latent]])
    for start in range(0, len(group), LINES):
        part = group.positions[start : start + LINES]
        numbers = np.column_stack([themap.coordinates[part], atlas.mean[part]])
        labels, rows = atlas.labels[part].tolist(), atlas.rows[part].tolist()
        yield _lines(
            [row, classes[label], *(f"{number:.7g}" for number in line)]
            for row, label, line in zip(rows, labels, numbers.tolist(), strict=True)
        )


def _lines(lines: Iterable[list]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()


def _classes(atlas: Atlas) -> int:
    """How many classes there are; an atlas of old did not keep their names."""
    return max(len(atlas.classes), int(atlas.labels.max(initial=-1)) + 1)
