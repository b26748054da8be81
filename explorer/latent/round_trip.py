"""Does a decoded image, encoded again, come back to where it was decoded?

Where encoder and decoder have learned together they agree, so |E(D(z)) - z| is small; in a gap that
no image ever reached, the decoder draws what the encoder takes for something else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from explorer.errors import ExplorerError
from explorer.latent import keep
from explorer.latent.neighbours import Index
from explorer.latent.trust import CALIBRATION, PRIOR_SHARE, SHARE, K, Trust, calibrate, centre_of
from explorer.spec import Spec

if TYPE_CHECKING:
    from explorer.latent.atlas import Atlas
    from explorer.loaded import Model
    from explorer.store import Artefact

# Round trips that are made in a row.
MOST_TRIPS = 100
# A step shorter than this share of how far latents lie from their mean (root mean square) is none:
# nothing of it can be seen, and most digits come to rest after 5 (2-D VAE) to 40 trips.
STILL = 0.01
# Encoded images whose round trip is measured to calibrate: a small convolutional model does so many
# in half a second, and of 500 the threshold was a quarter off.
SAMPLE = 2000
# Images of which one draw each is looked among, for latents that are no image's posterior mean.
CROWD = 5000


class Calibration(Spec):
    """The measured numbers of a Trust, which see."""

    radius: float = Field(ge=0)
    reach: float = Field(ge=0)
    trip: float = Field(ge=0)


def round_trips(
    model: Model,
    z: np.ndarray,
    labels: np.ndarray | None = None,
    images: np.ndarray | None = None,
) -> np.ndarray:
    """|E(D(z)) - z| `(N,)` of latents `(N, D)`, in latent units; E gives the posterior mean.

    `images` are the decoded latents where they are at hand. A VQ-VAE decodes the nearest codes of a
    latent, so it is their vectors that are compared.
    """
    images = model.decode(z, labels) if images is None else images
    return np.linalg.norm(model.encode(images, labels).mean - model.as_read(z), axis=1)


@dataclass(frozen=True)
class Trail:
    """An image encoded and decoded again and again.

    `z (n + 1, D)` starts at the latent that was given; `images (n + 1, C, H, W)` are those latents
    decoded; `steps (n,)` are |z_{k+1} - z_k|. A step below `tolerance` is none. From trip `settled`
    on there was none any more (None: not within n trips); `cycle` is the number of trips after
    which it is back where it was, if it goes round and round instead.
    """

    z: np.ndarray
    images: np.ndarray
    steps: np.ndarray
    tolerance: float
    settled: int | None
    cycle: int | None

    @property
    def words(self) -> str:
        """Where it ends, in a sentence or two for a student."""
        n, still = len(self.steps), f"{self.tolerance:.2g} (1 % of the spread of all latents)"
        if self.settled == 0:
            return f"It stays where it was: no trip moves the latent by {still} or more."
        if self.settled is not None:
            return (
                f"A fixed point after {self.settled} {_trips(self.settled)}: from there on each "
                f"moves the latent by less than {still}."
            )
        if self.cycle:
            return f"No fixed point but a circle: every {self.cycle} trips the same images again."
        moves = "the trip moves" if n == 1 else f"the last of {n} trips still moves"
        moves += f" the latent by {self.steps[-1]:.2g}"
        return f"Not yet at a fixed point: {moves}, and less than {still} would be one."


def trail(model: Model, z: np.ndarray, n: int, deviation: float, label: int | None = None) -> Trail:
    """`n` round trips in a row from a latent `z (D,)`; a conditional model is told `label` always.

    `deviation` is how far latents lie from their mean (`Map.deviation`). Raises ExplorerError for
    a number of trips beyond 1 to MOST_TRIPS.
    """
    if not 1 <= n <= MOST_TRIPS:
        raise ExplorerError(f"1 to {MOST_TRIPS} round trips are made in a row, not {n}.")
    labels = None if label is None else np.array([label])
    latents, images = [model.as_read(z[None])[0]], [model.decode(z[None], labels)[0]]
    for _ in range(n):
        latents.append(model.encode(images[-1][None], labels).mean[0])
        images.append(model.decode(latents[-1][None], labels)[0])
    path = np.stack(latents)
    steps = np.linalg.norm(np.diff(path.astype(np.float64), axis=0), axis=1)
    tolerance = STILL * deviation
    moved = np.flatnonzero(steps >= tolerance)
    settled = int(moved[-1]) + 1 if len(moved) else 0
    settles = settled if settled < n else None
    cycle = None if settles is not None else cycle_of(path, tolerance)
    return Trail(path, np.stack(images), steps, tolerance, settles, cycle)


def cycle_of(path: np.ndarray, tolerance: float) -> int | None:
    """After how many steps (2 or more) a path `(n, D)` is back where it was, to `tolerance`, and
    was so for one whole round before; None where it is not."""
    for period in range(2, len(path) // 2):
        ends = path[-period:], path[-2 * period : -period]
        if (np.linalg.norm(ends[0] - ends[1], axis=1) < tolerance).all():
            return period
    return None


def _trips(n: int) -> str:
    return "trip" if n == 1 else "trips"


def trust_of(model: Model, atlas: Atlas, seed: int = 0) -> Trust:
    """How far to trust latents of a model, calibrated on the encoded images of an atlas."""
    return _calibrated(model, atlas.index, atlas.labels, seed)


def crowd_of(model: Model, atlas: Atlas, seed: int = 0) -> Trust:
    """How far to trust any latents of a variational model: calibrated on one draw of q(z|x) of each
    image (CROWD images by `seed`, where there are more).

    To posterior means a sample of the prior, or of a posterior, is far wherever a dimension carries
    little: the means stay at zero there, the samples do not, and the decoder does not mind. Of
    prior samples of a 20-D VAE of digits 1 % lie among the means and 93 % among the draws; a
    classifier is sure of 80 %.
    """
    draws, labels = crowd(atlas, seed)
    return replace(_calibrated(model, Index(draws), labels, seed), target="drawn")


def crowd(atlas: Atlas, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """One draw of the posterior of each image `(N, D)` float32, and the images' classes `(N,)`."""
    assert atlas.logvar is not None
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(atlas))[:CROWD]
    noise = rng.standard_normal((len(rows), atlas.mean.shape[1]))
    draws = atlas.mean[rows] + np.exp(0.5 * atlas.logvar[rows]) * noise
    return draws.astype(np.float32), atlas.labels[rows]


def _calibrated(model: Model, index: Index, labels: np.ndarray, seed: int) -> Trust:
    """Trust in latents that lie among those of an index, whose classes are `labels (N,)`."""
    rng = np.random.default_rng(seed)
    n = len(index.latents)
    sample = rng.choice(n, min(SAMPLE, n), replace=False)
    told = labels[sample] if model.conditional else None
    trips = round_trips(model, index.latents[sample], told)
    trust = calibrate(index, model.network.has_prior, seed)
    return replace(trust, trip=float(np.quantile(trips, SHARE)))


def trust_once(artefact: Artefact, model: Model, atlas: Atlas) -> Trust:
    """`trust_of`, measured once and kept beside the atlas."""
    return _once(artefact, model, atlas, "trust", atlas.index, lambda: trust_of(model, atlas))


def crowd_once(artefact: Artefact, model: Model, atlas: Atlas) -> Trust:
    """`crowd_of`, measured once and kept beside the atlas."""
    index = Index(crowd(atlas)[0])
    found = _once(artefact, model, atlas, "crowd", index, lambda: crowd_of(model, atlas))
    return replace(found, target="drawn")


def _once(
    artefact: Artefact,
    model: Model,
    atlas: Atlas,
    name: str,
    index: Index,
    found: Callable[[], Trust],
) -> Trust:
    def measure() -> Calibration:
        trust = found()
        return Calibration(radius=trust.radius, reach=trust.reach, trip=trust.trip)

    by = {"neighbours": K, "share": SHARE, "prior_share": PRIOR_SHARE}
    by |= {"images": CALIBRATION, "trips": SAMPLE}
    kept = keep.once(artefact, atlas, name, by, Calibration, measure)
    has_prior = model.network.has_prior
    centre = centre_of(index.latents, has_prior)
    return Trust(index, centre, kept.radius, kept.reach, has_prior, kept.trip)
