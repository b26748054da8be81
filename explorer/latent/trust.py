"""How far to trust a decoded image: does its latent lie where the model has seen data?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from explorer.latent.neighbours import nearest

Standing = Literal["data", "gap", "outside"]

# A latent is "in data" when its K-th nearest encoded image is as near as it is for this share of
# the encoded images themselves.
K, SHARE = 5, 0.98
# "Outside" the prior: farther from the origin than this share of N(0, I).
PRIOR_SHARE = 0.999
# Encoded images whose own K-th neighbour is measured to calibrate; more changes the threshold by
# less than its own sampling error.
CALIBRATION = 2000


@dataclass(frozen=True)
class Trust:
    """Calibrated on the encoded images of one atlas.

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
        _, distance = nearest(self.latents, np.asarray(z)[None], K)
        if distance[0, -1] <= self.radius:
            return "data"
        return "outside" if np.linalg.norm(z - self.centre) > self.reach else "gap"


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
