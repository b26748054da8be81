"""How far to trust a decoded image: does it lie where the model has seen data?

Three kinds of target are judged, each where its neighbours mean something. An image's own point:
in latent space, and it is data or rare, never empty space. A latent given exactly (a place of a raw
map): in latent space. A place of a projected map: on that map, since a mix of several latents
always lies between them and would look like data wherever it was taken.

Images close by are not enough at a place: what is decoded there must also be encoded back to about
the same latent (`explorer.latent.round_trip`). The radius alone cannot show the gaps of a plain
autoencoder: its codes are crowded in the middle and sparse at the rim, and a radius that spans the
rim's spacing also spans the empty wedges between the crowds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from explorer.latent.neighbours import Index

Standing = Literal["data", "rare", "gap", "outside"]
Target = Literal["image", "latent", "drawn", "mix", "plane"]
# What turns a place with images close by into a gap: they are unlike each other, or the round trip
# strays.
Doubt = Literal["", "unlike", "strays"]
# Where places can stand, and the doubts, by the numbers that stand for them in arrays.
STANDINGS: tuple[Standing, ...] = ("data", "gap", "outside")
DATA, GAP, OUTSIDE = range(3)
DOUBTS: tuple[Doubt, ...] = ("", "unlike", "strays")
SURE, UNLIKE, STRAYS = range(3)

# A latent is "in data" when its K-th nearest encoded image is as near as it is for this share of
# the encoded images themselves.
K, SHARE = 5, 0.98
# "Outside" the prior: farther from the origin than this share of N(0, I).
PRIOR_SHARE = 0.999
# Encoded images whose own K-th neighbour is measured to calibrate. The sparse rim decides the
# quantile: of 2,000, that of a plain autoencoder came out 14 % wider than of all.
CALIBRATION = 5000


@dataclass(frozen=True)
class Judgement:
    """Where a target stands, and why in one sentence for a reader."""

    standing: Standing
    why: str


@dataclass(frozen=True)
class Trust:
    """Calibrated on the encoded images of one atlas: an index of their latents `(N, D)`, or of
    their places `(N, 2)` on a map.

    `radius`: the distance within which K images must lie; `reach`: the norm beyond which a latent
    is off the prior (families with one) or farther out than any encoded image (those without);
    `trip`: the round-trip error that SHARE of the encoded images keep within (infinite on a map).
    """

    index: Index
    centre: np.ndarray
    radius: float
    reach: float
    has_prior: bool
    trip: float = np.inf
    # What the index holds: latents of images, or draws of their posteriors.
    target: Target = "latent"

    def standings(self, z: np.ndarray) -> np.ndarray:
        """Where latents `(N, D)` stand by the images around them alone: `(N,)` uint8 of STANDINGS,
        in data, in a gap between data, or outside."""
        far = np.linalg.norm(z - self.centre, axis=1) > self.reach
        return np.where(self._among(z), DATA, np.where(far, OUTSIDE, GAP)).astype(np.uint8)

    def standing(self, z: np.ndarray) -> Standing:
        """Where one latent `(D,)` stands; see `standings`."""
        return STANDINGS[int(self.standings(np.asarray(z)[None])[0])]

    def judge(self, z: np.ndarray, trip: float) -> Judgement:
        """How far to trust the image at one latent `(D,)`, whose round-trip error is `trip`."""
        standing = self.standing(z)
        doubt: Doubt = "strays" if standing == "data" and trip > self.trip else ""
        standing = "gap" if doubt else standing
        words = why(standing, self.target, has_prior=self.has_prior, doubt=doubt)
        return Judgement(standing, words)

    def of_image(self, position: int) -> Judgement:
        """An encoded image by its position in the atlas. It does not count as its own neighbour,
        just as it did not when the radius was measured, so that SHARE of the images are data."""
        own = np.array([position])
        near = self._among(self.index.latents[own], own)[0]
        standing: Standing = "data" if near else "rare"
        return Judgement(standing, why(standing, "image"))

    def _among(self, z: np.ndarray, exclude: np.ndarray | None = None) -> np.ndarray:
        """Whether K encoded images lie within the radius of latents `(N, D)`, `(N,)`; those at the
        positions `exclude (N,)` do not count."""
        _, distance = self.index.nearest(z, K, exclude)
        if distance.shape[1] < K:
            return np.zeros(len(z), bool)
        return distance[:, -1] <= self.radius


def calibrate(index: Index, has_prior: bool, seed: int = 0) -> Trust:
    """Measure how near encoded images lie to each other; the sample comes from `seed`."""
    latents, sample = index.latents, np.arange(len(index.latents))
    if len(sample) > CALIBRATION:
        rng = np.random.default_rng(seed)
        sample = rng.choice(len(latents), CALIBRATION, replace=False)
    _, distance = index.nearest(latents[sample], K, exclude=sample)
    radius = float(np.quantile(distance[:, -1], SHARE)) if distance.size else 0.0
    centre = centre_of(latents, has_prior)
    if has_prior:
        from scipy.special import gammaincinv

        # The squared norm is chi-square distributed; scipy.stats would take a second to import.
        reach = float(np.sqrt(2 * gammaincinv(latents.shape[1] / 2, PRIOR_SHARE)))
    else:
        reach = float(np.linalg.norm(latents - centre, axis=1).max())
    return Trust(index, centre, radius, reach, has_prior)


def centre_of(latents: np.ndarray, has_prior: bool) -> np.ndarray:
    """Where a prior, or else the latents `(N, D)`, have their middle `(D,)`."""
    if has_prior:
        return np.zeros(latents.shape[1])
    # Doubles, so that the farthest image itself is never outside by rounding.
    return latents.mean(0, dtype=np.float64)


ON_PLANE = (
    "the image is decoded on the plane of the first two principal components, any other direction "
    "at its mean."
)
STRAYING = (
    "Images lie close by, but this one, encoded again, lands farther from where it was decoded "
    f"than {100 * SHARE:g} % of real images do: encoder and decoder disagree here"
)


def why(standing: Standing, target: Target, *, has_prior: bool = False, doubt: Doubt = "") -> str:
    """One sentence for a student on why a target stands where it stands.

    `doubt` tells the gaps apart that have images close by.
    """
    if doubt == "strays":
        return STRAYING + (f" ({ON_PLANE.removesuffix('.')})." if target == "plane" else ".")
    if doubt == "unlike":
        return (
            "The points around here are unlike each other in latent space: the image is a mix of "
            "them."
        )
    off_prior = f"farther from the origin than {100 * PRIOR_SHARE:g} % of N(0, I)"
    sentences: dict[tuple[Target, Standing], str] = {
        ("image", "data"): "Other images lie close by: the model has seen many like it.",
        ("image", "rare"): f"A rare image: fewer than {K} others lie near it in latent space.",
        ("latent", "data"): f"At least {K} encoded images lie this close, so the decoder has "
        "learned what belongs here.",
        ("latent", "gap"): f"Fewer than {K} encoded images lie this close: the decoder fills in "
        "between what it has seen.",
        ("latent", "outside"): f"Outside the prior: {off_prior}."
        if has_prior
        else "Farther out than any encoded image, and this model has no prior to say what belongs "
        "here.",
        ("drawn", "data"): f"At least {K} draws of the posteriors of images lie this close, so the "
        "decoder has learned what belongs here.",
        ("drawn", "gap"): f"Fewer than {K} draws of the posteriors of images lie this close: the "
        "decoder fills in between what it has seen.",
        ("drawn", "outside"): f"Outside the prior: {off_prior}.",
        ("mix", "data"): "Points lie close by on the map and their latents agree.",
        ("mix", "gap"): "An empty place of the map: the image is mixed from its nearest points.",
        ("mix", "outside"): "Outside the map's points: the image is mixed from its edge.",
        ("plane", "data"): f"Points lie close by on the map; {ON_PLANE}",
        ("plane", "gap"): f"An empty place of the map: {ON_PLANE}",
        ("plane", "outside"): f"Outside the map's points: {ON_PLANE}",
    }
    return sentences[target, standing]
