"""Layers over a map: at each cell of a grid, how far to trust what is decoded there.

A layer covers the box that a map first shows and some room around it. Its grid has nearly square
cells; row 0 is the top one, as in a picture. Conditional models are told a chosen class, or that of
the point nearest to each cell. `tint.picture` colours a grid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from explorer.errors import ExplorerError, unknown_name
from explorer.latent import boxes, keep
from explorer.latent.boxes import Box
from explorer.latent.density import NEAR, log_density
from explorer.latent.opened import open_atlas
from explorer.latent.report import Report, silent
from explorer.latent.round_trip import round_trips
from explorer.latent.trust import DATA, PRIOR_SHARE, SHARE, STANDINGS, K, Trust
from explorer.metrics.judges import judge_of
from explorer.spec import DataSpec

if TYPE_CHECKING:
    from explorer.latent.places import Map
    from explorer.loaded import Model
    from explorer.store import Artefact, Card

# Cells along the longer side: an overlay is drawn smooth, and the time grows with their square.
CELLS = 64
# A layer is so many times as wide as the first view, to cover some zooming out and panning.
AROUND = 1.6
# Cells decoded at once: 64x64 images in colour take 12 MB.
BATCH = 256


@dataclass(frozen=True)
class Layer:
    """What a layer shows, in words for a student; `low` and `high` say how to read either end."""

    title: str
    unit: str
    about: str
    scale: Literal["log", "category"]
    low: str = ""
    high: str = ""


LAYERS = {
    "standing": Layer(
        "Trust",
        "",
        f"In data: at least {K} encoded images lie close by, and the decoded image, encoded again, "
        f"comes back to its place as nearly as {100 * SHARE:g} % of real images do. A gap: one of "
        "the two fails, so the decoder makes the image up. Outside: farther out than "
        f"{100 * PRIOR_SHARE:g} % of the prior, or than any image where there is no prior.",
        "category",
    ),
    "density": Layer(
        "Density on the map",
        "share of images per unit area",
        f"How crowded the map is: the share of images per unit of area, from the distance to the "
        f"{NEAR}th nearest point.",
        "log",
        "Few images: the decoder has seen little like this.",
        "Many images: the decoder knows this place well.",
    ),
    "round-trip": Layer(
        "Round trip",
        "latent units",
        "How far a decoded image, encoded again, lands from the latent that it was decoded from: "
        "|E(D(z)) - z|.",
        "log",
        "Encoder and decoder agree.",
        "They disagree: the encoder takes the image for something else.",
    ),
    "stretch": Layer(
        "Stretch",
        "pixel units per map unit",
        "How fast the decoded image changes as one moves: the length of its change in all pixels "
        "for a step across a cell, along both axes together (the Frobenius norm of the Jacobian, "
        "by central differences).",
        "log",
        "The image stays the same: no border here.",
        "The image changes quickly: a border between kinds of images.",
    ),
    "class": Layer(
        "Class",
        "probability",
        "What our own classifier reads in the decoded image, the more solid the surer it is.",
        "category",
        "Pale: it could be several classes.",
        "Solid: the classifier is sure.",
    ),
}


@dataclass(frozen=True)
class Grid:
    """A layer over a box: `values (ny, nx)` float32, row 0 on top.

    Layers of categories hold the number of one of `names`; `sureness (ny, nx)` in [0, 1] says how
    sure each is, where that is known.
    """

    layer: str
    box: Box
    values: np.ndarray
    sureness: np.ndarray | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scene:
    """A map and the places `(N, 2)` at which it is looked at, `side` apart; `label` is a class that
    a conditional model is told everywhere."""

    model: Model
    themap: Map
    trust: Trust
    places: np.ndarray
    side: float
    label: int | None = None
    report: Report = silent

    @cached_property
    def labels(self) -> np.ndarray | None:
        """The class `(N,)` that a conditional model is told at each place."""
        if not self.model.conditional:
            return None
        if self.label is not None:
            return np.full(len(self.places), self.label)
        return self.themap.labels_at(self.places)

    def batches(self) -> Iterator[tuple[slice, np.ndarray | None]]:
        """The places by stretches, with the classes to tell; reports how far it is."""
        for start in range(0, len(self.places), BATCH):
            self.report(start / len(self.places), "decoding the map")
            part = slice(start, start + BATCH)
            yield part, None if self.labels is None else self.labels[part]

    def trips(self) -> np.ndarray:
        """The round-trip error `(N,)` of the latent of each place."""
        return np.concatenate(
            [
                round_trips(self.model, self.themap.latents_at(self.places[part]), labels)
                for part, labels in self.batches()
            ]
        )


Found = tuple[np.ndarray, np.ndarray | None, tuple[str, ...]]


def _standing(scene: Scene) -> Found:
    standing, _ = scene.themap.judged(scene.places, scene.trust, scene.trips())
    return standing, None, STANDINGS


def _density(scene: Scene) -> Found:
    return np.exp(log_density(scene.themap.index, scene.places)), None, ()


def _round_trip(scene: Scene) -> Found:
    return scene.trips(), None, ()


def _stretch(scene: Scene) -> Found:
    """Across a cell rather than in an infinitesimal step, so that the jumps of a VQ-VAE and of a
    mixed map count as what they are on the map."""
    squares = np.zeros(len(scene.places))
    for part, labels in scene.batches():
        for step in scene.side / 2 * np.eye(2):
            ahead, behind = (
                scene.model.decode(scene.themap.latents_at(scene.places[part] + way), labels)
                for way in (step, -step)
            )
            squares[part] += np.square(ahead - behind).sum((1, 2, 3))
    return np.sqrt(squares) / scene.side, None, ()


def _class(scene: Scene) -> Found:
    import torch

    from explorer.loaded import network_of
    from explorer.models.classifier import Classifier

    artefact = judge_for(scene.model.card, scene.themap.atlas.dataset)
    judge = None if artefact is None else network_of(artefact, scene.model.device.type)
    if not isinstance(judge, Classifier):
        raise ExplorerError(
            f"There is no classifier of the images of '{scene.themap.atlas.dataset}' by "
            f"'{scene.model.id}'; choose another layer."
        )
    found = []
    for part, labels in scene.batches():
        images = scene.model.decode(scene.themap.latents_at(scene.places[part]), labels)
        with torch.inference_mode():
            found.append(judge.probabilities(torch.from_numpy(images).to(judge.device)).cpu())
    sureness, winner = torch.cat(found).max(1)
    # An atlas made long ago does not name its classes.
    names = scene.themap.atlas.classes or tuple(map(str, range(judge.spec.classes)))
    return winner.numpy(), sureness.numpy(), names


_FOUND_BY: dict[str, Callable[[Scene], Found]] = {
    "standing": _standing,
    "density": _density,
    "round-trip": _round_trip,
    "stretch": _stretch,
    "class": _class,
}


def offered(card: Card, dataset: str) -> dict[str, str]:
    """The titles of the layers that a model has over its maps of a data set, by name."""
    readable = judge_for(card, dataset) is not None
    return {name: one.title for name, one in LAYERS.items() if name != "class" or readable}


def told(card: Card, layer: str, label: int | None) -> int | None:
    """The class that a model is told for a layer where `label` was chosen: none where no class is
    taken, or nothing is decoded.

    Raises ExplorerError for a class that there is not.
    """
    classes = card.spec.model.classes
    if label is None or not classes or layer == "density":
        return None
    if label >= classes:
        raise ExplorerError(f"There is no class {label}; classes are numbered 0 to {classes - 1}.")
    return label


def judge_for(card: Card, dataset: str) -> Artefact | None:
    """Our classifier of the images of a data set, if there is one that takes what a model draws."""
    judge = judge_of(DataSpec(name=dataset))
    if judge is None or judge.card.spec.model.image_shape != card.spec.model.image_shape:
        return None
    return judge


def compute(
    layer: str,
    model: Model,
    themap: Map,
    trust: Trust,
    box: Box | None = None,
    cells: int = CELLS,
    label: int | None = None,
    report: Report = silent,
) -> Grid:
    """A layer over a box of a map (without one: what it first shows, AROUND times as wide).

    `trust` is that of the model's latents, `cells` the number along the longer side, `label` the
    class that a conditional model is told (None: at each place that of the nearest point). Raises
    ExplorerError for an unknown layer or class, or a layer that there is not of these images.
    """
    if layer not in LAYERS:
        raise unknown_name("layer", layer, LAYERS)
    label = told(model.card, layer, label)
    box = box or boxes.scaled(boxes.home(themap.coordinates), AROUND)
    nx, ny = boxes.cells(box, cells)
    scene = Scene(
        model, themap, trust, boxes.centres(box, nx, ny), box.longer / cells, label, report
    )
    values, sureness, names = _FOUND_BY[layer](scene)
    if sureness is not None:
        sureness = sureness.reshape(ny, nx).astype(np.float32)
    return Grid(layer, box, values.reshape(ny, nx).astype(np.float32), sureness, names)


def gap_share(
    model: Model, themap: Map, trust: Trust, box: Box | None = None, cells: int = CELLS
) -> float:
    """The share of the area among the points of a map that is not in data, 0 to 1.

    The area is the convex hull of the points within `box` (without one: the middle 99 % in each
    direction), so that the empty corners of a box count for nothing.
    """
    from scipy.spatial import Delaunay

    xy = themap.coordinates
    box = box or boxes.core(xy)
    inside = ((xy >= (box.x0, box.y0)) & (xy <= (box.x1, box.y1))).all(1)
    places = boxes.centres(box, *boxes.cells(box, cells))
    among = places[Delaunay(xy[inside]).find_simplex(places) >= 0]
    trips = Scene(model, themap, trust, among, box.longer / cells).trips()
    return float((themap.judged(among, trust, trips)[0] != DATA).mean())


# --- kept on disk -----------------------------------------------------------------------------


def make(
    report: Report,
    *,
    model: str,
    dataset: str,
    count: int,
    projection: str,
    layer: str,
    label: int | None = None,
) -> None:
    """Compute a layer over a map of the first `count` images of a data set, and keep it; of a
    conditional model, one for each class `label`.

    Raises ExplorerError for names that are unknown and maps that were not made.
    """
    opened = open_atlas(model, dataset, count)
    themap = opened.map(projection)
    report(0.0, "reading the model")
    trust = opened.trust
    grid = compute(layer, opened.model, themap, trust, cells=CELLS, label=label, report=report)
    arrays = {"values": grid.values}
    if grid.sureness is not None:
        arrays["sureness"] = grid.sureness
    about = {"box": grid.box._asdict(), "names": grid.names}
    name = _name(projection, layer, label)
    keep.write(opened.artefact, opened.atlas, name, arrays, about)
    report(1.0, "done")


def kept(
    artefact: Artefact,
    *,
    dataset: str,
    count: int,
    projection: str,
    layer: str,
    label: int | None = None,
) -> Grid | None:
    """The layer as `make` kept it; None where there is none for the present weights."""
    found = keep.read(artefact, dataset, count, _name(projection, layer, label))
    if found is None:
        return None
    arrays, about = found
    try:
        names = tuple(map(str, about["names"]))
        return Grid(layer, Box(**about["box"]), arrays["values"], arrays.get("sureness"), names)
    except (KeyError, TypeError):
        return None


def _name(projection: str, layer: str, label: int | None) -> str:
    return f"layers/{projection}.{layer}" + ("" if label is None else f".as-{label}")
