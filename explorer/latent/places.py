"""Between a place on a map and a latent, both ways.

A 2-D latent shown raw is its own place. PCA is linear: a place is a latent on its plane, exactly.
Any other map cannot be inverted: an empty place stands for the distance-weighted mean of the
latents of its nearest neighbours *on the map*, and says from which points it was mixed and how far
they disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from explorer.latent.atlas import Atlas
from explorer.latent.neighbours import Index
from explorer.latent.project import Plane, principal_plane
from explorer.latent.spec import spec_of
from explorer.latent.trust import (
    DATA,
    DOUBTS,
    GAP,
    SHARE,
    STANDINGS,
    STRAYS,
    UNLIKE,
    Judgement,
    Target,
    Trust,
    calibrate,
    why,
)

# Neighbours that are mixed at an empty place: fewer jump, more wash out.
MIXED = 6
# Points at which the usual disagreement of neighbours is measured: its quantile needs no more.
SPREADS = 400
# Maps on which every place is a latent by itself.
EXACT = ("raw", "pca")
TARGETS: dict[str, Target] = {"raw": "latent", "pca": "plane"}


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
    """One projection of an atlas, by its key, with what is needed to go back from a place to a
    latent."""

    atlas: Atlas
    key: str

    @cached_property
    def method(self) -> str:
        return spec_of(self.key).method

    @cached_property
    def coordinates(self) -> np.ndarray:
        return self.atlas.coordinates(self.key)

    @cached_property
    def deviation(self) -> float:
        """Root mean square distance of the latents from their mean."""
        return float(np.sqrt(self.atlas.mean.var(axis=0).sum()))

    @cached_property
    def plane(self) -> Plane:
        """The plane on which PCA shows the latents."""
        return principal_plane(self.atlas.mean)

    @cached_property
    def axes(self) -> tuple[str, str] | None:
        """What the axes mean; those of UMAP and t-SNE mean nothing."""
        if self.method == "raw":
            return "z₁", "z₂"
        if self.method == "pca":
            one, two = (float(f"{100 * share:.2g}") for share in self.plane.explained)
            return f"PC1 ({one:g} %)", f"PC2 ({two:g} %)"
        return None

    @cached_property
    def trust(self) -> Trust:
        """How near the points lie to each other on this map, in its own units."""
        return calibrate(self.index, has_prior=False)

    @cached_property
    def usual_spread(self) -> float:
        """How far neighbours disagree where there are images: the spread of the mix of a point's
        neighbours, without itself, is at most this for SHARE of the points (a seeded sample)."""
        rng = np.random.default_rng(0)
        n = len(self.atlas)
        sample = rng.choice(n, min(SPREADS, n), replace=False)
        index, distance = self.index.nearest(self.coordinates[sample], MIXED, sample)
        if not index.size:
            return 0.0
        return float(np.quantile(self._blend(index, distance)[2], SHARE))

    @cached_property
    def index(self) -> Index:
        """The points by their places on the map."""
        return self.atlas.index if self.method == "raw" else Index(self.coordinates)

    def prepare(self) -> None:
        """Compute now what the first questions about places would wait for."""
        first = self.coordinates[0]
        self.latent_at(first)
        if self.method != "raw":
            _ = self.trust
        if self.method not in EXACT:
            _ = self.usual_spread

    def latent_at(self, place: np.ndarray) -> Latent:
        """The latent of one place `(x, y)`."""
        places = np.asarray(place, np.float64)[None]
        if self.method in EXACT:
            nothing = np.empty(0, np.int64)
            return Latent(self.latents_at(places)[0], True, nothing, np.empty(0), 0.0)
        index, distance = self.index.nearest(places, MIXED)
        z, weights, spread = self._blend(index, distance)
        return Latent(z[0].astype(np.float32), False, index[0], weights[0], float(spread[0]))

    def latents_at(self, places: ArrayLike) -> np.ndarray:
        """The latents `(N, D)` float32 of many places `(N, 2)`."""
        if self.method == "raw":
            return np.ascontiguousarray(places, np.float32)
        places = np.asarray(places, np.float64)
        if self.method == "pca":
            return self.plane.latents(places).astype(np.float32)
        return self._blend(*self.index.nearest(places, MIXED))[0].astype(np.float32)

    def places_of(self, z: np.ndarray) -> tuple[np.ndarray, bool]:
        """Where latents `(N, D)` lie on this map, `(N, 2)` float32, and whether that is exact (raw,
        pca) or mixed.

        Mixed: the distance-weighted mean of the map coordinates of the nearest latents of each,
        which needs no stored projector.
        """
        if self.method == "raw":
            return np.asarray(z, np.float32), True
        if self.method == "pca":
            return self.plane.places(np.asarray(z)).astype(np.float32), True
        index, distance = self.atlas.index.nearest(np.asarray(z), MIXED)
        weights = inverse_square(distance)
        places = np.einsum("nk,nkd->nd", weights, self.coordinates[index])
        return places.astype(np.float32), False

    def judged(
        self, places: np.ndarray, trust: Trust, trips: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """How far to trust the images at places `(N, 2)`: numbers of STANDINGS and DOUBTS, `(N,)`
        uint8 both.

        `trust` is that of the latents and `trips (N,)` the round-trip error of the latent of each
        place. Whether images are close is judged in latent space on a raw map, else on the map.
        """
        places = np.asarray(places, np.float64)
        standing = (trust if self.method == "raw" else self.trust).standings(places)
        doubt = np.zeros(len(places), np.uint8)
        doubt[trips > trust.trip] = STRAYS
        if self.method not in EXACT:
            doubt[self._blend(*self.index.nearest(places, MIXED))[2] > self.usual_spread] = UNLIKE
        doubt[standing != DATA] = 0
        standing[doubt > 0] = GAP
        return standing, doubt

    def judge(self, place: np.ndarray, trust: Trust, trip: float) -> Judgement:
        """How far to trust the image at one place `(x, y)`; see `judged`."""
        standings, doubts = self.judged(np.asarray(place)[None], trust, np.array([trip]))
        standing, doubt = STANDINGS[int(standings[0])], DOUBTS[int(doubts[0])]
        target = TARGETS.get(self.method, "mix")
        return Judgement(standing, why(standing, target, has_prior=trust.has_prior, doubt=doubt))

    def point_near(self, place: tuple[float, float]) -> int:
        """The position in the atlas of the point nearest to a place `(x, y)`."""
        return int(self.index.nearest(np.asarray(place)[None], 1)[0][0, 0])

    def labels_at(self, places: ArrayLike) -> np.ndarray:
        """The class `(N,)` int64 of the point nearest to each place `(N, 2)`."""
        index, _ = self.index.nearest(np.asarray(places), 1)
        return self.atlas.labels[index[:, 0]].astype(np.int64)

    def _blend(
        self, index: np.ndarray, distance: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mix the points `index (N, k)` at `distance (N, k)`: z `(N, D)`, weights `(N, k)` and
        the spread `(N,)` of the mixed latents."""
        weights = inverse_square(distance)
        latents = self.atlas.mean[index].astype(np.float64)
        z = np.einsum("nk,nkd->nd", weights, latents)
        variance = np.einsum("nk,nkd->n", weights, np.square(latents - z[:, None]))
        return z, weights, np.sqrt(variance) / max(self.deviation, 1e-12)


def inverse_square(distance: np.ndarray) -> np.ndarray:
    """Weights `(N, k)` that fall with the squared distance and sum to 1; a hit takes all.

    Distances are taken relative to the nearest, so that the scale of a map does not matter.
    """
    smallest = distance[:, :1]
    hit = smallest == 0
    # Beyond this ratio a weight is nothing in float64 anyway, and its square would overflow.
    with np.errstate(over="ignore"):
        relative = np.clip(distance / np.where(hit, 1, smallest), 1, 1e9)
    weights = np.where(hit, distance == 0, 1 / np.square(relative))
    return weights / weights.sum(1, keepdims=True)
