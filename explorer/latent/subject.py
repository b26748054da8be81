"""The latent that a person starts from; `explorer.latent.origin` has the texts that name it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from explorer import own
from explorer.errors import ExplorerError
from explorer.latent.opened import Opened
from explorer.latent.origin import Origin, parse


@dataclass(frozen=True)
class Subject:
    """`z (D,)` float32 with its posterior's `logvar (D,)` where it has one. `label` is the class
    that a conditional model is told, None for any other. `image (C, H, W)` in [0, 1] is what was
    encoded, if anything was, `place (2,)` a place that was asked for; `words` say what it is."""

    z: np.ndarray
    logvar: np.ndarray | None
    label: int | None
    image: np.ndarray | None
    place: np.ndarray | None
    words: str


def subject(
    opened: Opened, text: str, projection: str = "raw", label: int | None = None
) -> Subject:
    """The latent that a text names, in one model. A place is one of the map `projection`.

    A conditional model is told `label`; without one the class of the image, or of the nearest
    point. Raises ExplorerError for a text, row, class or place that names nothing here.
    """
    origin = parse(text)
    found = {
        "row": _row, "own": _own, "place": _at_place,
        "mean": _mean, "sample": _sample, "class": _class,
    }[origin.kind](opened, origin, projection)  # fmt: skip
    if not opened.model.conditional:
        return replace(found, label=None)
    if label is None:
        return (
            found if found.label is not None else replace(found, label=label_near(opened, found.z))
        )
    if not 0 <= label < len(opened.dataset.classes):
        raise ExplorerError(f"There is no class {label} for '{opened.model.id}'.")
    return replace(found, label=label)


def _row(opened: Opened, origin: Origin, projection: str) -> Subject:
    atlas, row = opened.atlas, origin.number
    if row >= len(opened.dataset):
        raise ExplorerError(
            f"There is no image {row}; the data set has {len(opened.dataset):,} images."
        )
    image, words = opened.dataset.picture(row).numpy(), f"image {row} of {atlas.dataset}"
    if not atlas.holds(row):  # an image that no map shows is encoded now
        label = int(opened.dataset.labels[row])
        return _encoded(opened, image, label, words)
    at = atlas.position(row)
    logvar = None if atlas.logvar is None else atlas.logvar[at]
    return Subject(atlas.mean[at], logvar, int(atlas.labels[at]), image, None, words)


def _own(opened: Opened, origin: Origin, projection: str) -> Subject:
    return of_picture(opened, own.read(origin.name))


def of_picture(opened: Opened, picture: Image.Image) -> Subject:
    """A picture from elsewhere, as a model sees it."""
    from explorer.data.fit import fitted

    fit = fitted(picture, opened.dataset)
    label = class_read(opened, fit.image) if opened.model.conditional else None
    return _encoded(opened, fit.image, label, f"Your picture. {fit.words}")


def class_read(opened: Opened, image: np.ndarray) -> int:
    """The class that our classifier reads in an image `(C, H, W)`; the first one where there is
    none."""
    if opened.judge is None:
        return 0
    import torch

    with torch.inference_mode():
        x = torch.from_numpy(image[None]).to(opened.judge.device)
        return int(opened.judge.probabilities(x)[0].argmax())


def _encoded(opened: Opened, image: np.ndarray, label: int | None, words: str) -> Subject:
    told = None if label is None or not opened.model.conditional else np.array([label])
    posterior = opened.model.encode(image[None], told)
    logvar = None if posterior.logvar is None else posterior.logvar[0]
    return Subject(posterior.mean[0], logvar, label, image, None, words)


def _at_place(opened: Opened, origin: Origin, projection: str) -> Subject:
    themap, place = opened.map(projection), np.asarray(origin.place)
    label = int(themap.labels_at(place[None])[0])
    x, y = origin.place
    words = f"place ({x:.3g}, {y:.3g}) of the map"
    return Subject(themap.latent_at(place).z, None, label, None, place.astype(np.float32), words)


def _mean(opened: Opened, origin: Origin, projection: str) -> Subject:
    atlas = opened.atlas
    if opened.model.network.has_prior:
        z, words = np.zeros(opened.model.latent_dim, np.float32), "mean of the prior, z = 0"
    else:
        z = atlas.mean.mean(0, dtype=np.float64).astype(np.float32)
        words = "mean of all encoded images (this model has no prior)"
    return Subject(z, None, None, None, None, words)


def _sample(opened: Opened, origin: Origin, projection: str) -> Subject:
    rng = np.random.default_rng(origin.number)
    if opened.model.network.has_prior:
        z = rng.standard_normal(opened.model.latent_dim).astype(np.float32)
        return Subject(z, None, None, None, None, f"sample of the prior, seed {origin.number}")
    at = int(rng.integers(len(opened.atlas)))
    words = f"latent of a random image, seed {origin.number} (this model has no prior)"
    label = int(opened.atlas.labels[at])
    return Subject(opened.atlas.mean[at], None, label, None, None, words)


def _class(opened: Opened, origin: Origin, projection: str) -> Subject:
    atlas = opened.atlas
    members = atlas.labels == origin.number
    if not members.any():
        raise ExplorerError(f"No encoded image has the class {origin.number}.")
    z = atlas.mean[members].mean(0, dtype=np.float64).astype(np.float32)
    name = opened.dataset.classes[origin.number]
    words = f"mean latent of the {int(members.sum()):,} images of class {name}"
    return Subject(z, None, origin.number, None, None, words)


def label_near(opened: Opened, z: np.ndarray) -> int:
    """The class of the encoded image whose latent is nearest."""
    index, _ = opened.atlas.index.nearest(z[None], 1)
    return int(opened.atlas.labels[index[0, 0]])
