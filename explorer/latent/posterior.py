"""The posterior of one image, q(z|x): samples of it on a map, and what they look like decoded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.errors import ExplorerError
from explorer.latent.places import Map
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
    row: int,
    *,
    n: int = SAMPLES,
    seed: int = 0,
    temperature: float = 1.0,
    label: int | None = None,
) -> Spread:
    """The posterior of the image with this row of the data set, from `n` samples.

    A conditional model draws `label`, or the image's own class. Raises ExplorerError for a family
    without a posterior, a row that is not on the map, and numbers beyond what can be asked for.
    """
    atlas = themap.atlas
    if atlas.logvar is None:
        raise ExplorerError(
            f"'{model.id}' gives each image one latent and no posterior, so there is nothing to "
            "sample; choose a VAE."
        )
    if not (2 <= n <= MOST and 0 <= temperature <= HOTTEST):
        raise ExplorerError(
            f"A posterior is shown with 2 to {MOST} samples at a temperature of 0 to {HOTTEST:g}."
        )
    position = atlas.position(row)
    z = samples(atlas.mean[position], atlas.logvar[position], n, seed, temperature)
    own = int(atlas.labels[position])
    told = (own if label is None else label) if model.conditional else None
    images = model.decode(z, None if told is None else np.full(n, told))
    places, exact = themap.places_of(z)
    return Spread(
        sigma=np.exp(0.5 * atlas.logvar[position]),
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
