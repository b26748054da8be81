"""The whole manifold of a 2-D latent space as one picture: which latents its cells stand for.

A cell holds the same share of a Gaussian as any other when it is spaced by the inverse of the
normal distribution function: all of an infinite plane then fits into the unit square, and each
place takes as much room as the prior gives it.

Source: Kingma & Welling 2014, "Auto-encoding variational Bayes", figure 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from explorer.errors import ExplorerError
from explorer.latent.boxes import Box, centres
from explorer.models.pca import PCA

if TYPE_CHECKING:
    from explorer.latent.atlas import Atlas
    from explorer.loaded import Model

# A linear picture first shows so many standard deviations to each side of the centre.
RANGE, FARTHEST = 3.0, 10.0


@dataclass(frozen=True)
class Frame:
    """The Gaussian N(centre, diag scale^2) over a 2-D latent space, both `(2,)`; `words` say
    whose."""

    centre: np.ndarray
    scale: np.ndarray
    words: str

    def latents(self, shares: np.ndarray) -> np.ndarray:
        """The latents `(N, 2)` float32 below which, in each dimension, lie the shares `(N, 2)` of
        the Gaussian, each between 0 and 1."""
        from scipy.special import ndtri

        return (self.centre + self.scale * ndtri(shares)).astype(np.float32)

    def shares(self, z: np.ndarray) -> np.ndarray:
        """The share `(N, 2)` of the Gaussian below latents `(N, 2)`, in each dimension."""
        from scipy.special import ndtr

        return ndtr((np.asarray(z, np.float64) - self.centre) / self.scale)

    def box(self, deviations: float = RANGE) -> Box:
        """The latents up to so many standard deviations from the centre."""
        (x0, y0), (x1, y1) = (self.centre + way * deviations * self.scale for way in (-1, 1))
        return Box(float(x0), float(x1), float(y0), float(y1))


def frame_of(model: Model, atlas: Atlas) -> Frame:
    """The prior of a 2-D model; where it has none, the Gaussian with the mean and the spread of the
    encoded images. Raises ExplorerError for more or fewer dimensions."""
    if model.latent_dim != 2:
        raise ExplorerError(
            f"'{model.id}' has {model.latent_dim} latent dimensions; only two fit onto a picture."
        )
    if model.network.has_prior:
        return Frame(np.zeros(2), np.ones(2), "the prior, N(0, I)")
    mean = atlas.mean.mean(0, dtype=np.float64)
    spread = np.maximum(atlas.mean.std(0, dtype=np.float64), 1e-6)
    if isinstance(model.network, PCA):
        mean, spread = np.zeros(2), model.network.spread.cpu().numpy().astype(np.float64)
        return Frame(mean, spread, "the variance of the training images along each component")
    words = f"a Gaussian with the mean and the spread of {len(atlas):,} encoded images"
    return Frame(mean, spread, words)


def quantile_grid(frame: Frame, box: Box, nx: int, ny: int) -> np.ndarray:
    """The latents `(ny * nx, 2)` at the centres of the cells of a box of shares, row by row from
    the top. Raises ExplorerError for a box that leaves the unit square."""
    if not (0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1):
        raise ExplorerError("Shares of a Gaussian lie between 0 and 1.")
    return frame.latents(centres(box, nx, ny))
