"""The posterior of one image, q(z|x): samples of it on a map, and what they look like decoded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.errors import ExplorerError
from explorer.latent.places import Map
from explorer.latent.subject import Subject
from explorer.loaded import Model

SAMPLES, MOST = 64, 256
HOTTEST = 10.0


@dataclass(frozen=True)
class Spread:
    """How far the posterior of an image reaches.

    `sigma (D,)` is its standard deviation. `places (n, 2)` are its samples on the map, `exact` if
    no neighbours were needed to place them. `mean` and `deviation (C, H, W)` are the mean and the
    standard deviation of each pixel over the decoded samples; a conditional model was told `told`.
    """

    sigma: np.ndarray
    places: np.ndarray
    exact: bool
    mean: np.ndarray
    deviation: np.ndarray
    told: int | None
    words: str


def samples(
    mean: np.ndarray, logvar: np.ndarray, n: int, seed: int, temperature: float = 1.0
) -> np.ndarray:
    """`n` draws `(n, D)` float32 of N(mean, diag exp logvar), both `(D,)`; the same seed gives the
    same. `temperature` multiplies the standard deviation: 0 gives the mean, 1 the posterior."""
    noise = np.random.default_rng(seed).standard_normal((n, len(mean)))
    return (mean + temperature * np.exp(0.5 * logvar) * noise).astype(np.float32)


def spread(
    themap: Map,
    model: Model,
    subject: Subject,
    *,
    n: int = SAMPLES,
    seed: int = 0,
    temperature: float = 1.0,
) -> Spread:
    """The posterior of a subject that is an image, from `n` samples.

    A conditional model draws the class that the subject is told. Raises ExplorerError for a family
    without a posterior, a subject that is no image, and numbers beyond what can be asked for.
    """
    if not model.network.has_prior:
        raise ExplorerError(
            f"'{model.id}' gives each image one latent and no posterior, so there is nothing to "
            "sample; choose a VAE."
        )
    if subject.logvar is None:
        raise ExplorerError("Only an image has a posterior; start from one to sample it.")
    if not (2 <= n <= MOST and 0 <= temperature <= HOTTEST):
        raise ExplorerError(
            f"A posterior is shown with 2 to {MOST} samples at a temperature of 0 to {HOTTEST:g}."
        )
    z = samples(subject.z, subject.logvar, n, seed, temperature)
    told = subject.label
    images = model.decode(z, None if told is None else np.full(n, told))
    places, exact = themap.places_of(z)
    return Spread(
        sigma=np.exp(0.5 * subject.logvar),
        places=places,
        exact=exact,
        mean=images.mean(0, dtype=np.float64).astype(np.float32),
        deviation=images.std(0, dtype=np.float64).astype(np.float32),
        told=told,
        words=words(themap.method, n, temperature),
    )


def words(method: str, n: int, temperature: float = 1.0) -> str:
    """What the samples on a map are, in a sentence for a student."""
    widened = "" if temperature == 1 else f", its spread times {temperature:g}"
    where = {
        "raw": "each dot where it lies",
        "pca": "seen from above the plane of the first two principal components",
    }.get(method, "each placed among its nearest encoded images, since this map has no formula")
    return f"{n} samples of the posterior of this image{widened}, {where}."
