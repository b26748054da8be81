"""How far to trust a decoded image: does it lie where the model has seen data?

Three kinds of target are judged, each where its neighbours mean something. An image's own point:
in latent space, and it is data or rare, never empty space. A latent given exactly (a place of a raw
map): in latent space. A place of a projected map: on that map, since a mix of several latents
always lies between them and would look like data wherever it was taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from explorer.latent.neighbours import nearest

Standing = Literal["data", "rare", "gap", "outside"]
Target = Literal["image", "latent", "mix", "plane"]

# A latent is "in data" when its K-th nearest encoded image is as near as it is for this share of
# the encoded images themselves.
K, SHARE = 5, 0.98
# "Outside" the prior: farther from the origin than this share of N(0, I).
PRIOR_SHARE = 0.999
# Encoded images whose own K-th neighbour is measured to calibrate; more changes the threshold by
# less than its own sampling error.
CALIBRATION = 2000


@dataclass(frozen=True)
class Judgement:
    """Where a target stands, and why in one sentence for a reader."""

    standing: Standing
    why: str


@dataclass(frozen=True)
class Trust:
    """Calibrated on the encoded images of one atlas: `latents (N, D)`, or on the places `(N, 2)`
    of a map of them.

    `radius`: the distance within which K images must lie; `reach`: the norm beyond which a latent
    is off the prior (families with one) or farther out than any encoded image (those without).
    """

    latents: np.ndarray
    centre: np.ndarray
    radius: float
    reach: float
    has_prior: bool

    def standing(self, z: np.ndarray) -> Standing:
        """Where a latent `(D,)` stands: in data, in a gap between data, or outside."""
        if self._among(np.asarray(z)):
            return "data"
        return "outside" if np.linalg.norm(z - self.centre) > self.reach else "gap"

    def of_latent(self, z: np.ndarray) -> Judgement:
        """A latent `(D,)` that was asked for exactly, as on a raw map."""
        standing = self.standing(z)
        return Judgement(standing, why(standing, "latent", has_prior=self.has_prior))

    def of_image(self, position: int) -> Judgement:
        """An encoded image by its position in the atlas. It does not count as its own neighbour,
        just as it did not when the radius was measured, so that SHARE of the images are data."""
        standing: Standing = "data" if self._among(self.latents[position], position) else "rare"
        return Judgement(standing, why(standing, "image"))

    def _among(self, z: np.ndarray, position: int | None = None) -> bool:
        """Whether K encoded images, other than the one at `position`, lie within the radius."""
        exclude = None if position is None else np.array([position])
        _, distance = nearest(self.latents, z[None], K, exclude)
        return distance.shape[1] == K and bool(distance[0, -1] <= self.radius)


def calibrate(latents: np.ndarray, has_prior: bool, seed: int = 0) -> Trust:
    """Measure how near encoded images `(N, D)` lie to each other; the sample comes from `seed`."""
    rng = np.random.default_rng(seed)
    index = np.arange(len(latents))
    if len(index) > CALIBRATION:
        index = rng.choice(len(latents), CALIBRATION, replace=False)
    _, distance = nearest(latents, latents[index], K, exclude=index)
    radius = float(np.quantile(distance[:, -1], SHARE)) if distance.size else 0.0
    if has_prior:
        from scipy.stats import chi

        centre = np.zeros(latents.shape[1])
        reach = float(chi(latents.shape[1]).ppf(PRIOR_SHARE))
    else:
        centre = latents.mean(0)
        reach = float(np.linalg.norm(latents - centre, axis=1).max())
    return Trust(latents, centre, radius, reach, has_prior)


ON_PLANE = (
    "the image is decoded on the plane of the first two principal components, any other direction "
    "at its mean."
)


def why(
    standing: Standing, target: Target, *, has_prior: bool = False, disagree: bool = False
) -> str:
    """One sentence for a student on why a target stands where it stands.

    `disagree` tells the two gaps of a mix apart: points lie close by but are unlike each other.
    """
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
        ("mix", "data"): "Points lie close by on the map and their latents agree.",
        ("mix", "gap"): "The points around here are unlike each other in latent space: the image "
        "is a mix of them."
        if disagree
        else "An empty place of the map: the image is mixed from its nearest points.",
        ("mix", "outside"): "Outside the map's points: the image is mixed from its edge.",
        ("plane", "data"): f"Points lie close by on the map; {ON_PLANE}",
        ("plane", "gap"): f"An empty place of the map: {ON_PLANE}",
        ("plane", "outside"): f"Outside the map's points: {ON_PLANE}",
    }
    return sentences[target, standing]
