"""What the decode channel says: from a typed request to pixels and a few facts about them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from math import isfinite, isqrt
from typing import Any

import numpy as np
from PIL import Image

from explorer import own
from explorer.errors import ExplorerError
from explorer.latent.dimensions import traverse
from explorer.latent.neighbours import Metric
from explorer.latent.opened import Opened
from explorer.latent.round_trip import round_trips
from explorer.latent.subject import of_picture, subject
from explorer.latent.trust import Judgement
from explorer.serve.catalogue import Catalogue
from explorer.serve.requests import (
    MAX_IMAGES,
    AnyRequest,
    CodesRequest,
    ImageRequest,
    LatentRequest,
    MapRequest,
    NoiseRequest,
    OnMap,
    OwnRequest,
    PlaceRequest,
    TransferRequest,
    TraverseRequest,
    WalkRequest,
    asked_by,
)
from explorer.serve.tracks import track_of

# How many dimensions of a latent travel with each answer.
SHOWN = 8
# Pixels of a drawing on its way, on each side.
MOST_SIDE = 256


@dataclass(frozen=True)
class Target:
    """What a request means: latents `z (n, D)` and the classes `labels`, `(n,)` or weights
    `(n, K)`, that a conditional model is told. `position` is the atlas point whose own latent the
    first one is; `own` the image of one's own `(C, H, W)` behind it."""

    z: np.ndarray
    labels: np.ndarray | None
    position: int | None = None
    own: np.ndarray | None = None


def answer(request: AnyRequest, catalogue: Catalogue) -> tuple[np.ndarray, dict[str, Any]]:
    """Pixels `(n, H, W, C)` uint8 and what is said of the first latent. Last come those of the real
    image that was asked for with it, so that one trip brings both.

    Raises ExplorerError for names and rows that are unknown and latents that do not fit.
    """
    if isinstance(request, WalkRequest):
        return _walked(request, catalogue)
    if isinstance(request, TraverseRequest):
        return _traverse(request, catalogue)
    if isinstance(request, CodesRequest):
        return _codes(request, catalogue)
    if isinstance(request, NoiseRequest):
        return _noise(request, catalogue)
    if isinstance(request, TransferRequest):
        return _transferred(request, catalogue)
    if isinstance(request, LatentRequest) and request.dataset is None:
        return _bare(request, catalogue)
    assert request.dataset is not None
    assert request.projection is not None
    opened = catalogue.open(request.model, request.dataset, request.count)
    said: dict[str, Any] = {}
    target = _target(request, request.projection, opened, said)
    z, labels = target.z, target.labels
    images = opened.model.decode(z, labels)
    if labels is not None and labels.ndim == 1:
        said["as"] = int(labels[0])
    said |= {"z": _rounded(z[0][:SHOWN]), "source": opened.model.device.type}
    if request.detail:
        label = None if labels is None else labels[:1]
        trip = float(round_trips(opened.model, z[:1], label, images[:1])[0])
        judgement = judge(request, opened, target, trip)
        said |= read(images[0], opened)
        said |= detail(
            z[0], opened, target.position, judgement, trip, request.neighbours, request.metric
        )
        original = _original(request, target, catalogue)
        if original is not None and (labels is None or said["as"] == said.get("label")):
            said["mse"] = float(np.square(original - images[0]).mean())
    if target.own is not None:
        images = np.concatenate([images, target.own[None]])
    elif isinstance(request, OnMap) and request.beside is not None:
        images = np.concatenate([images, _beside(request.beside, opened, catalogue)])
    return to_bytes(images), said


def _original(request: AnyRequest, target: Target, catalogue: Catalogue) -> np.ndarray | None:
    """The image `(C, H, W)` of which the first decoded one is a reconstruction, if it is one."""
    if isinstance(request, ImageRequest):
        return catalogue.dataset(request.dataset).picture(request.row).numpy()
    return target.own


def _beside(row: int, opened: Opened, catalogue: Catalogue) -> np.ndarray:
    """A real image `(1, C, H, W)` in [0, 1] of an atlas's data set."""
    dataset = catalogue.dataset(opened.atlas.dataset)
    if row >= len(dataset):
        raise ExplorerError(f"There is no image {row}; the data set has {len(dataset):,} images.")
    return dataset.picture(row).numpy()[None]


def judge(request: AnyRequest, opened: Opened, target: Target, trip: float) -> Judgement:
    """How far to trust an image's own point, the first place or the first latent, whose round-trip
    error is `trip`."""
    if target.position is not None:
        return opened.trust.of_image(target.position)
    if isinstance(request, PlaceRequest):
        place = np.asarray(request.xy[0])
        return opened.map(request.projection).judge(place, opened.trust, trip)
    return opened.crowd.judge(target.z[0], trip)


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


def _codes(request: CodesRequest, catalogue: Catalogue) -> tuple[np.ndarray, dict[str, Any]]:
    """Decode given maps of codes."""
    from explorer.latent.codes import decoded

    model = catalogue.model(request.model)
    if len({len(one) for one in request.codes}) != 1:
        raise ExplorerError("All maps of a request must have the same number of codes.")
    images = decoded(model, np.asarray(request.codes, np.int64))
    return to_bytes(images), {"source": model.device.type}


def _noise(request: NoiseRequest, catalogue: Catalogue) -> tuple[np.ndarray, dict[str, Any]]:
    """An image with noise, as the model cleans it, as the median filter does, and clean; `psnr` of
    the first three in dB, null where there is no error at all."""
    from explorer.metrics.denoising import cleaned

    opened = catalogue.open(request.model, request.dataset, request.count)
    found = subject(opened, request.at, label=request.label)
    if found.image is None:
        raise ExplorerError("Noise is added to an image; choose one, draw one or upload one.")
    how = (request.noise, [request.amount], request.seed, found.label)
    one = cleaned(opened.model, found.image, *how)
    shown = [one.noisy, one.denoised, one.median]
    psnr = [one.psnr(images)[0] for images in shown]
    said: dict[str, Any] = {"psnr": [round(db, 2) if isfinite(db) else None for db in psnr]}
    said |= {"as": found.label, "source": opened.model.device.type}
    return to_bytes(np.concatenate([*shown, one.clean[None]])), said


def _transferred(
    request: TransferRequest, catalogue: Catalogue
) -> tuple[np.ndarray, dict[str, Any]]:
    """One image, then what each model makes of it."""
    from explorer.serve.transfer import transferred

    drawing = None if request.drawing is None else _drawn(request.drawing)
    images, said = transferred(request, drawing, catalogue)
    return to_bytes(images), said


def _bare(request: LatentRequest, catalogue: Catalogue) -> tuple[np.ndarray, dict[str, Any]]:
    """Decode given latents, without a map."""
    model = catalogue.model(request.model)
    z, labels = _given(request)
    said = {"z": _rounded(z[0][:SHOWN]), "source": model.device.type}
    return to_bytes(model.decode(z, labels)), said


def _walked(request: WalkRequest, catalogue: Catalogue) -> tuple[np.ndarray, dict[str, Any]]:
    """What lies at some shares of a way."""
    opened, track = track_of(catalogue, asked_by(request))
    z, weights = track.at(np.asarray(request.at))
    said = {"z": _rounded(z[0][:SHOWN]), "source": opened.model.device.type}
    return to_bytes(opened.model.decode(z, weights)), said


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


def _given(request: LatentRequest) -> tuple[np.ndarray, np.ndarray | None]:
    """The latents `(n, D)` of a request, and the classes `(n,)` or their weights `(n, K)`."""
    if len({len(row) for row in request.z}) != 1:
        raise ExplorerError("All latents of a request must have the same number of dimensions.")
    if request.weights is not None:
        if len({len(row) for row in request.weights}) != 1:
            raise ExplorerError("All latents of a request must have weights of as many classes.")
        return np.asarray(request.z, np.float32), np.asarray(request.weights, np.float32)
    labels = None if request.labels is None else np.asarray(request.labels, np.int64)
    return np.asarray(request.z, np.float32), labels


def _target(request: MapRequest, projection: str, opened: Opened, said: dict[str, Any]) -> Target:
    """What a request means in an atlas, and in `said` what is to be told of it."""
    if isinstance(request, ImageRequest):
        return _image(request, opened, said)
    if isinstance(request, PlaceRequest):
        return _place(request, opened, said)
    themap = opened.map(projection)
    if isinstance(request, OwnRequest):
        found = of_picture(opened, _picture(request))
        z, own = found.z[None], found.image
        said |= {"own": request.own or "drawing", "words": found.words}
        if found.label is not None:
            said["label"] = found.label
        if found.logvar is not None and projection == "raw":
            said["sigma"] = _rounded(np.exp(0.5 * found.logvar))
        told = found.label if request.label is None else request.label
        labels = np.array([told], np.int64) if opened.model.conditional else None
    else:
        assert isinstance(request, LatentRequest)
        z, labels = _given(request)
        own = None
        _check(z, opened)
    places, exact = themap.places_of(z[:1])
    said |= {"place": _rounded(places[0]), "exact": exact}
    return Target(z, labels, own=own)


def _check(z: np.ndarray, opened: Opened) -> None:
    """Raises ExplorerError for latents of another number of dimensions than the atlas's."""
    if z.shape[1] != opened.model.latent_dim:
        raise ExplorerError(
            f"'{opened.model.id}' has latents of {opened.model.latent_dim} numbers, not "
            f"{z.shape[1]}."
        )


def _picture(request: OwnRequest) -> Image.Image:
    """The own picture that a request names or draws."""
    return own.read(request.own) if request.own is not None else _drawn(request.drawing or "")


def _drawn(drawing: str) -> Image.Image:
    """A drawing on its way, from base64. Raises ExplorerError for what is none."""
    try:
        grey = np.frombuffer(base64.b64decode(drawing, validate=True), np.uint8)
    except ValueError as error:
        raise ExplorerError("A drawing is sent as grey bytes in base64.") from error
    side = isqrt(len(grey))
    if not 8 <= side <= MOST_SIDE or side * side != len(grey):
        raise ExplorerError(f"A drawing is a square of 8 to {MOST_SIDE} grey pixels a side.")
    return Image.fromarray(grey.reshape(side, side))


def _image(request: ImageRequest, opened: Opened, said: dict[str, Any]) -> Target:
    """The posterior mean of an image of the atlas, and where its point is."""
    position = opened.atlas.position(request.row)
    own = int(opened.atlas.labels[position])
    place = opened.map(request.projection).coordinates[position]
    said |= {"row": request.row, "label": own, "place": _rounded(place)}
    if opened.atlas.logvar is not None and request.projection == "raw":
        said["sigma"] = _rounded(np.exp(0.5 * opened.atlas.logvar[position]))
    labels = None
    if opened.model.conditional:
        labels = np.array([own if request.label is None else request.label], np.int64)
    return Target(opened.atlas.mean[position][None], labels, position)


def _place(request: PlaceRequest, opened: Opened, said: dict[str, Any]) -> Target:
    """The latents of places; of the first one also how it was mixed."""
    themap, places = opened.map(request.projection), np.asarray(request.xy)
    first = themap.latent_at(places[0])
    said["place"] = _rounded(places[0])
    if not first.exact:
        said["mixed"] = {
            "rows": [int(opened.atlas.rows[i]) for i in first.neighbours],
            "spread": round(first.spread, 3),
        }
    labels = None
    if opened.model.conditional:
        told = request.label
        labels = themap.labels_at(places) if told is None else np.full(len(places), told, np.int64)
    return Target(first.z[None] if len(places) == 1 else themap.latents_at(places), labels)


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 4) for value in values]
