"""What the decode channel says: from a typed request to pixels and a few facts about them."""

from __future__ import annotations

from typing import Any

import numpy as np

from explorer.errors import ExplorerError
from explorer.latent.dimensions import traverse
from explorer.latent.neighbours import Metric
from explorer.latent.opened import Opened
from explorer.latent.round_trip import round_trips
from explorer.latent.trust import Judgement
from explorer.serve.catalogue import Catalogue
from explorer.serve.requests import (
    MAX_IMAGES,
    AnyRequest,
    ImageRequest,
    LatentRequest,
    PlaceRequest,
    TraverseRequest,
)

# How many dimensions of a latent travel with each answer.
SHOWN = 8


def answer(request: AnyRequest, catalogue: Catalogue) -> tuple[np.ndarray, dict[str, Any]]:
    """Pixels `(n, H, W, C)` uint8 and what is said of the first latent. Last come those of the real
    image that was asked for with it, so that one trip brings both.

    Raises ExplorerError for names and rows that are unknown and latents that do not fit.
    """
    if isinstance(request, LatentRequest):
        return _latent(request, catalogue)
    if isinstance(request, TraverseRequest):
        return _traverse(request, catalogue)
    opened = catalogue.open(request.model, request.dataset, request.count)
    said: dict[str, Any] = {}
    if isinstance(request, ImageRequest):
        position = opened.atlas.position(request.row)
        z = _image(request, position, opened, said)
    else:
        position = None
        z = _place(request, opened, said)
    labels = _labels(request, opened, position, len(z))
    images = opened.model.decode(z, labels)
    if labels is not None:
        said["as"] = int(labels[0])
    said |= {"z": _rounded(z[0][:SHOWN]), "source": opened.model.device.type}
    if request.detail:
        label = None if labels is None else labels[:1]
        trip = float(round_trips(opened.model, z[:1], label, images[:1])[0])
        judgement = judge(request, opened, trip)
        said |= read(images[0], opened)
        said |= detail(z[0], opened, position, judgement, trip, request.neighbours, request.metric)
    own = labels is None or labels[0] == said.get("label")
    if request.detail and own and isinstance(request, ImageRequest):
        pixels = catalogue.dataset(request.dataset).picture(request.row).numpy()
        said["mse"] = float(np.square(pixels - images[0]).mean())
    if request.beside is not None:
        images = np.concatenate([images, _beside(request.beside, opened, catalogue)])
    return to_bytes(images), said


def _beside(row: int, opened: Opened, catalogue: Catalogue) -> np.ndarray:
    """A real image `(1, C, H, W)` in [0, 1] of an atlas's data set."""
    dataset = catalogue.dataset(opened.atlas.dataset)
    if row >= len(dataset):
        raise ExplorerError(f"There is no image {row}; the data set has {len(dataset):,} images.")
    return dataset.picture(row).numpy()[None]


def judge(request: ImageRequest | PlaceRequest, opened: Opened, trip: float) -> Judgement:
    """How far to trust an image's own point, or the first place, whose latent has the round-trip
    error `trip`."""
    if isinstance(request, ImageRequest):
        return opened.trust.of_image(opened.atlas.position(request.row))
    place = np.asarray(request.xy[0])
    return opened.map(request.projection).judge(place, opened.trust, trip)


def detail(
    z: np.ndarray,
    opened: Opened,
    position: int | None,
    judgement: Judgement,
    trip: float,
    neighbours: int,
    metric: Metric,
) -> dict[str, Any]:
    """What a pointer at rest asks: trust, nearest real images, round trip |E(D(z)) - z|.

    `position` is the atlas point whose own latent z is; it is not its own neighbour. So many
    `neighbours` are told, by `metric`.
    """
    atlas = opened.atlas
    exclude = None if position is None else np.array([position])
    index, distance = (atlas.by_angle if metric == "cosine" else atlas.index).nearest(
        z[None], neighbours, exclude
    )
    # A VQ-VAE's latent is read as its codes, any other as its numbers.
    codes = opened.model.codes(z[None])
    return {
        "latent": _rounded(z) if codes is None else [],
        "codes": None if codes is None else codes[0].tolist(),
        "trust": judgement.standing,
        "why": judgement.why,
        "round_trip": round(trip, 3),
        "metric": metric,
        "neighbours": [
            {"row": int(atlas.rows[i]), "label": int(atlas.labels[i]), "distance": round(d, 3)}
            for i, d in zip(index[0], distance[0].tolist(), strict=True)
        ],
    }


def read(image: np.ndarray, opened: Opened) -> dict[str, Any]:
    """What our own classifier reads in an image `(C, H, W)`: class and probability; nothing where
    there is no classifier of such images."""
    if opened.judge is None:
        return {}
    import torch

    with torch.inference_mode():
        x = torch.from_numpy(image[None]).to(opened.judge.device)
        share, winner = opened.judge.probabilities(x)[0].max(0)
    return {"reads": int(winner), "sure": round(float(share), 3)}


def to_bytes(images: np.ndarray) -> np.ndarray:
    """Images `(n, C, H, W)` in [0, 1] as `(n, H, W, C)` uint8, rounded to the nearest."""
    scaled = np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8)
    return np.ascontiguousarray(scaled.transpose(0, 2, 3, 1))


def _latent(request: LatentRequest, catalogue: Catalogue) -> tuple[np.ndarray, dict[str, Any]]:
    """Decode given latents, without a map."""
    if len({len(row) for row in request.z}) != 1:
        raise ExplorerError("All latents of a request must have the same number of dimensions.")
    model, z = catalogue.model(request.model), np.asarray(request.z, np.float32)
    said = {"z": _rounded(z[0][:SHOWN]), "source": model.device.type}
    labels = None if request.labels is None else np.asarray(request.labels, np.int64)
    return to_bytes(model.decode(z, labels)), said


def _traverse(request: TraverseRequest, catalogue: Catalogue) -> tuple[np.ndarray, dict[str, Any]]:
    """Decode the walks one after the other, without a map."""
    count = len(request.dimensions)
    if count != len(request.ranges):
        raise ExplorerError("A traversal needs one range for each of its dimensions.")
    if count * request.steps > MAX_IMAGES:
        raise ExplorerError(f"At most {MAX_IMAGES} images are decoded at once.")
    model = catalogue.model(request.model)
    low, high = np.array(request.ranges).T
    values = np.linspace(low, high, request.steps, axis=1)
    z = traverse(np.array(request.z), request.dimensions, values).reshape(-1, len(request.z))
    labels = None if request.label is None else np.full(len(z), request.label, np.int64)
    said = {"dimensions": request.dimensions, "source": model.device.type}
    return to_bytes(model.decode(z, labels)), said


def _labels(
    request: ImageRequest | PlaceRequest, opened: Opened, position: int | None, n: int
) -> np.ndarray | None:
    """The class `(n,)` that a conditional model is told: the one asked for, else the image's own,
    else that of the nearest point of the map."""
    if not opened.model.conditional:
        return None
    if request.label is not None:
        return np.full(n, request.label, np.int64)
    if position is not None:
        return opened.atlas.labels[position : position + 1].astype(np.int64)
    assert isinstance(request, PlaceRequest)
    return opened.map(request.projection).labels_at(np.asarray(request.xy))


def _image(
    request: ImageRequest, position: int, opened: Opened, said: dict[str, Any]
) -> np.ndarray:
    """The posterior mean of an image of the atlas, and where its point is."""
    said |= {
        "row": request.row,
        "label": int(opened.atlas.labels[position]),
        "place": _rounded(opened.map(request.projection).coordinates[position]),
    }
    if opened.atlas.logvar is not None and request.projection == "raw":
        said["sigma"] = _rounded(np.exp(0.5 * opened.atlas.logvar[position]))
    return opened.atlas.mean[position][None]


def _place(request: PlaceRequest, opened: Opened, said: dict[str, Any]) -> np.ndarray:
    """The latents of places; of the first one also how it was mixed."""
    themap = opened.map(request.projection)
    first = themap.latent_at(np.asarray(request.xy[0]))
    said["place"] = _rounded(np.asarray(request.xy[0]))
    if not first.exact:
        said["mixed"] = {
            "rows": [int(opened.atlas.rows[i]) for i in first.neighbours],
            "spread": round(first.spread, 3),
        }
    if len(request.xy) == 1:
        return first.z[None]
    return themap.latents_at(np.asarray(request.xy))


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 4) for value in values]
