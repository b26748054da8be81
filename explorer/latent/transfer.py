"""One image through a model: what comes back, what it costs, and where it lands.

The same image goes through several models, so that each can be held against the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from explorer.errors import ExplorerError
from explorer.latent.opened import Opened
from explorer.latent.origin import parse
from explorer.latent.subject import Subject, class_read, label_near, subject
from explorer.loaded import Model
from explorer.objectives import kl_to_standard_normal


@dataclass(frozen=True)
class Picture:
    """What goes through every model. `image (C, H, W)` is in [0, 1]; `decoded` tells whether a
    model made it. `label` is its class, that of the nearest image where a model made it, None where
    nobody knows. `row` is that of an image of the data set named `dataset`, `z (D,)` the latent and
    `place (2,)` the place that were decoded; None for what is none."""

    image: np.ndarray
    decoded: bool
    label: int | None
    words: str
    dataset: str
    row: int | None = None
    z: np.ndarray | None = None
    place: np.ndarray | None = None


@dataclass(frozen=True)
class Passage:
    """An image as one model sees it, by its posterior mean `z (D,)`; `logvar (D,)` is None without
    a posterior. `x_hat (C, H, W)` is its reconstruction, `mse` the mean squared error of a pixel,
    `nats` the reconstruction term of the model's objective (None where that is no likelihood),
    `rate` the KL from posterior to prior in nats (None without a posterior). `told` is the class
    that a conditional model was told."""

    z: np.ndarray
    logvar: np.ndarray | None
    x_hat: np.ndarray
    mse: float
    nats: float | None
    rate: float | None
    told: int | None


def picture_of(
    opened: Opened, text: str, projection: str = "raw", label: int | None = None
) -> Picture:
    """The image that a text of `latent.origin` names in a model: an image itself, or what the model
    decodes at a place of its map `projection` or anywhere else in its latent space, as class
    `label` where it is conditional. Raises ExplorerError for a text that names nothing here."""
    found, data = subject(opened, text, projection, label), opened.atlas.dataset
    if found.image is None:
        return decoded(opened, found)
    origin = parse(text)
    row = origin.number if origin.kind == "row" else None
    known = None if row is None else int(opened.dataset.labels[row])
    return Picture(found.image, False, known, found.words, data, row)


def picture_at(opened: Opened, z: np.ndarray, label: int | None = None) -> Picture:
    """What a model decodes at a latent `(D,)`. Raises ExplorerError for one that does not fit."""
    told = (label_near(opened, z) if label is None else label) if opened.model.conditional else None
    return decoded(opened, Subject(z, None, told, None, None, "this latent"))


def decoded(opened: Opened, start: Subject) -> Picture:
    """The image that a model makes of a latent."""
    told = None if start.label is None else checked(opened, start.label)
    labels = None if told is None else np.array([told])
    image = opened.model.decode(start.z[None], labels)[0]
    label = label_near(opened, start.z) if told is None else told
    words, data = f"{start.words}, decoded", opened.atlas.dataset
    return Picture(image, True, label, words, data, None, start.z, start.place)


def through(opened: Opened, picture: Picture, label: int | None = None) -> Passage:
    """Send an image through a model. A conditional one is told `label`; without it the class of the
    image, or the one that our classifier reads in it. Raises ExplorerError for an image of another
    shape and a class that there is not."""
    told = None
    if opened.model.conditional:
        known = picture.label if label is None else label
        told = checked(opened, class_read(opened, picture.image) if known is None else known)
    return passage(opened.model, picture.image, told)


def checked(opened: Opened, label: int) -> int:
    """A class that a model can be told. Raises ExplorerError for one that it has not."""
    if not 0 <= label < len(opened.dataset.classes):
        raise ExplorerError(f"There is no class {label} for '{opened.model.id}'.")
    return label


@torch.inference_mode()
def passage(model: Model, image: np.ndarray, told: int | None = None) -> Passage:
    """Encode an image `(C, H, W)` in [0, 1] by its posterior mean, decode that, and count the cost.

    Raises ExplorerError for another shape.
    """
    x = torch.from_numpy(np.ascontiguousarray(image[None])).to(model.device)
    labels = None if told is None else torch.tensor([told], device=model.device)
    posterior, network = model.encode(x, labels), model.network
    logits = network.logits(posterior.mean, labels).float()
    x_hat = network.link(logits)
    likelihood = network.has_prior or network.objective.reconstruction == "bce"
    logvar = posterior.logvar
    kl = None if logvar is None else kl_to_standard_normal(posterior.mean, logvar)
    return Passage(
        z=posterior.mean[0].cpu().numpy(),
        logvar=None if logvar is None else logvar[0].cpu().numpy(),
        x_hat=x_hat[0].cpu().numpy(),
        mse=float((x - x_hat).square().mean()),
        nats=float(network.reconstruction(x, logits)[0]) if likelihood else None,
        rate=None if kl is None else float(kl.sum()),
        told=told,
    )
