"""Between a place on a map and a latent, both ways.

A 2-D latent shown raw is its own place. Above two dimensions a map cannot be inverted: an empty
place stands for the distance-weighted mean of the latents of its nearest neighbours *on the map*,
and says from which points it was mixed and how far they disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from explorer.latent.atlas import Atlas
from explorer.latent.neighbours import nearest

# Neighbours that are mixed at an empty place: fewer jump, more wash out.
MIXED = 6


@dataclass(frozen=True)
class Latent:
    """The latent `z (D,)` that a place stands for.

    `exact` places need no mixing; otherwise `neighbours` (positions in the atlas) were mixed with
    `weights`, and `spread` is their weighted standard deviation around z, relative to that of all
    latents (0: they agree, 1: as different as any points).
    """

    z: np.ndarray
    exact: bool
    neighbours: np.ndarray
    weights: np.ndarray
    spread: float


@dataclass(frozen=True)
class Map:
    """One projection of an atlas, with what is needed to go back from a place to a latent."""

    atlas: Atlas
    method: str

    @cached_property
    def coordinates(self) -> np.ndarray:
        return self.atlas.coordinates(self.method)

    @cached_property
    def deviation(self) -> float:
        """Root mean square distance of the latents from their mean."""
        return float(np.sqrt(self.atlas.mean.var(axis=0).sum()))

    @cached_property
    def _tree(self) -> object:
        from scipy.spatial import cKDTree

        return cKDTree(self.coordinates)

    def latent_at(self, place: np.ndarray) -> Latent:
        """The latent of one place `(x, y)`."""
        nothing = np.empty(0, np.int64)
        if self.method == "raw":
            z = np.asarray(place, np.float32)
            return Latent(z, True, nothing, np.empty(0), 0.0)
        z, neighbours, weights = self._mix(np.asarray(place, np.float64)[None])
        apart = self.atlas.mean[neighbours[0]] - z[0]
        variance = (weights[0] * np.square(apart).sum(1)).sum()
        spread = float(np.sqrt(variance)) / max(self.deviation, 1e-12)
        return Latent(z[0], False, neighbours[0], weights[0], spread)

    def latents_at(self, places: np.ndarray) -> np.ndarray:
        """The latents `(N, D)` float32 of many places `(N, 2)`."""
        if self.method == "raw":
            return np.ascontiguousarray(places, np.float32)
        return self._mix(np.asarray(places, np.float64))[0]

    def place_of(self, z: np.ndarray) -> tuple[np.ndarray, bool]:
        """Where a latent `(D,)` lies on this map, and whether that is exact (raw) or mixed.

        Above two dimensions: the distance-weighted mean of the map coordinates of its nearest
        latents, which needs no stored projector.
        """
        if self.method == "raw":
            return np.asarray(z, np.float32), True
        index, distance = nearest(self.atlas.mean, np.asarray(z)[None], MIXED)
        weights = inverse_square(distance)
        place = (weights[0][:, None] * self.coordinates[index[0]]).sum(0)
        return place.astype(np.float32), False

    def _mix(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        k = min(MIXED, len(self.atlas))
        distance, index = self._tree.query(places, k=k)  # type: ignore[attr-defined]
        distance, index = distance.reshape(len(places), k), index.reshape(len(places), k)
        weights = inverse_square(distance)
        z = np.einsum("nk,nkd->nd", weights, self.atlas.mean[index].astype(np.float64))
        return z.astype(np.float32), index, weights


def inverse_square(distance: np.ndarray) -> np.ndarray:
    """Weights `(N, k)` that fall with the squared distance and sum to 1; a hit takes all.

    Distances are taken relative to the nearest, so that the scale of a map does not matter.
    """
    smallest = distance[:, :1]
    hit = smallest == 0
    # Beyond this ratio a weight is nothing in float64 anyway, and its square would overflow.
    relative = np.clip(distance / np.where(hit, 1, smallest), 1, 1e9)
    weights = np.where(hit, distance == 0, 1 / np.square(relative))
    return weights / weights.sum(1, keepdims=True)
