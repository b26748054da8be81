"""Maps laid over each other, so that what they share lies at about the same place on all.

Neither UMAP nor an autoencoder says which way is up: two maps of the same images may be turned,
mirrored, moved and larger or smaller, and mean the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.latent.atlas import Atlas

# With fewer points in common nothing decides how to turn a map.
FEWEST = 3


@dataclass(frozen=True)
class Alignment:
    """Where a place of one map goes to on another: `matrix (2, 2) @ place + shift (2,)`.

    The matrix turns, may mirror, and scales all directions alike. `residual` is the share of the
    other map's variance that is left (0: the maps are one, 1: they have nothing in common), over
    the `shared` images that both have.
    """

    matrix: np.ndarray
    shift: np.ndarray
    residual: float
    shared: int

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """Places `(N, 2)` of the one map on the other."""
        return places @ self.matrix.T + self.shift


def procrustes(places: np.ndarray, onto: np.ndarray) -> Alignment:
    """The rotation or reflection, the one scale and the shift that bring places `(N, 2)` nearest to
    others `(N, 2)`, in the least squares of their distances. Too few places, or places that are all
    one, stay where they are, and all variance is left.

    Source: Schoenemann & Carroll 1970, "Fitting one matrix to another under choice of a central
    dilation and a rigid motion".
    """
    n = len(places)
    still = Alignment(np.eye(2), np.zeros(2), 1.0, n)
    if n < FEWEST:
        return still
    one, other = (np.asarray(each, np.float64) for each in (places, onto))
    middle, target = one.mean(0), other.mean(0)
    one, other = one - middle, other - target
    spread, wanted = np.square(one).sum(), np.square(other).sum()
    left, sizes, right = np.linalg.svd(other.T @ one)
    if not sizes.any():
        return still
    matrix = sizes.sum() / spread * (left @ right)
    residual = 1 - sizes.sum() ** 2 / (spread * wanted)
    return Alignment(matrix, target - matrix @ middle, float(np.clip(residual, 0, 1)), n)


def aligned(atlas: Atlas, key: str, onto: Atlas, other: str) -> Alignment:
    """How the map `key` of an atlas lies on the map `other` of another one, by the images of the
    same data set that both show. Raises ExplorerError for a map that was not made."""
    places, goal = atlas.coordinates(key), onto.coordinates(other)
    if atlas.dataset != onto.dataset:
        return procrustes(places[:0], goal[:0])
    _, here, there = np.intersect1d(atlas.rows, onto.rows, return_indices=True)
    return procrustes(places[here], goal[there])
