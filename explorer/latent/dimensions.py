"""What each dimension of a latent space carries, how far it reaches, and walks along it.

A VAE pays for what it writes into a dimension: its KL, in nats. One that pays nothing carries
nothing, and its decoder has learned to overlook it (posterior collapse; Bowman et al. 2016). Where
there is no KL, the variance of the latents takes its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from explorer.latent.moves import check

Order = Literal["kl", "index"]

# A dimension that carries fewer nats than this does nothing.
DEAD_KL = 0.01
# So does, where there is no KL, one whose variance is below this share of the mean over dimensions.
DEAD_SHARE = 0.01
# A slider reaches this far into the prior, in its standard deviations.
REACH = 3.0
# The share of the encoded images beyond each end of what a slider reaches.
BEYOND = 0.001
# Room beyond the images where no prior says how far latents go, as a share of their range.
MARGIN = 0.05


@dataclass(frozen=True)
class Dimensions:
    """Of each of D dimensions, over the N images of an atlas, arrays `(D,)`.

    `kl`: nats, mean over images (None without a posterior); `variance` of the latents, and their
    mean `centre`; `sigma`: standard deviation of the posterior, mean over images (None without
    one); `low` and `high`: what a slider spans, in latent units; `unit`: the step of a scale, 1
    for the prior N(0, I), else the standard deviation of the latents; `dead`: does nothing.
    """

    kl: np.ndarray | None
    variance: np.ndarray
    centre: np.ndarray
    sigma: np.ndarray | None
    low: np.ndarray
    high: np.ndarray
    unit: np.ndarray
    dead: np.ndarray

    def __len__(self) -> int:
        return len(self.variance)

    @property
    def share(self) -> np.ndarray:
        """The part of the variance that each has."""
        return self.variance / max(float(self.variance.sum()), np.finfo(np.float64).tiny)

    def order(self, by: Order) -> np.ndarray:
        """The dimensions `(D,)` as they are listed: `index`, or by falling KL (without one, by
        falling variance); of equals the first first."""
        if by == "index":
            return np.arange(len(self))
        return np.argsort(-(self.variance if self.kl is None else self.kl), kind="stable")

    def why_dead(self, dimension: int) -> str:
        """Why a dimension does nothing, in a sentence; nothing of one that does something."""
        if not self.dead[dimension]:
            return ""
        if self.kl is not None:
            return (
                f"This one does nothing: posterior collapse. It carries {self.kl[dimension]:.4f} "
                f"nats, fewer than {DEAD_KL:g}: the encoder says the same of every image."
            )
        share = 100 * self.variance[dimension] / max(float(self.variance.mean()), 1e-30)
        return (
            f"This one does nothing: it varies by {share:.2g} % of what a dimension does on "
            f"average, less than {100 * DEAD_SHARE:g} %."
        )

    def scale(self, steps: int) -> np.ndarray:
        """The values `(D, steps)` of a table of all dimensions: from -REACH to REACH units about
        the middle of each (that of the prior, or of the latents)."""
        return self.centre[:, None] + self.unit[:, None] * np.linspace(-REACH, REACH, steps)


def measure(mean: np.ndarray, logvar: np.ndarray | None, has_prior: bool) -> Dimensions:
    """The dimensions of posterior means `(N, D)` and log variances, None for deterministic
    encoders. `has_prior`: the model was trained towards N(0, I)."""
    import torch

    from explorer.objectives import kl_to_standard_normal

    variance = mean.var(0, dtype=np.float64)
    low, high = (q.astype(float) for q in np.quantile(mean, (BEYOND, 1 - BEYOND), axis=0))
    kl = sigma = None
    if logvar is not None:
        nats = kl_to_standard_normal(torch.from_numpy(mean), torch.from_numpy(logvar))
        kl = nats.mean(0, dtype=torch.float64).numpy()
        sigma = np.exp(0.5 * logvar).mean(0, dtype=np.float64)
    if has_prior:
        # The same to both sides, so that the middle of a slider is that of the prior.
        high = np.maximum(REACH, np.maximum(-low, high))
        low, centre, unit = -high, np.zeros_like(variance), np.ones_like(variance)
    else:
        room = np.maximum(MARGIN * (high - low), 1e-3)
        low, high = low - room, high + room
        centre, unit = mean.mean(0, dtype=np.float64), np.maximum(np.sqrt(variance), 1e-3)
    dead = variance < DEAD_SHARE * variance.mean() if kl is None else kl < DEAD_KL
    return Dimensions(kl, variance, centre, sigma, low, high, unit, dead)


def traverse(z: np.ndarray, dimensions: Sequence[int], values: np.ndarray) -> np.ndarray:
    """Latents `(K, S, D)` float32 that are `z (D,)` but for one dimension each: in row k,
    `dimensions[k]` takes the `values[k] (S,)`.

    Raises ExplorerError for a dimension that there is not.
    """
    for dimension in dimensions:
        check(dimension, len(z))
    grid = np.tile(np.asarray(z, np.float32), (*values.shape, 1))
    for k, dimension in enumerate(dimensions):
        grid[k, :, dimension] = values[k]
    return grid


def names(family: str, count: int) -> list[str]:
    """What the dimensions are called: z₁, z₂ and so on, of a PCA PC₁, PC₂ and so on."""
    digits = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    letter = "PC" if family == "pca" else "z"
    return [letter + str(number).translate(digits) for number in range(1, count + 1)]
