"""Does a decoded image, encoded again, come back to where it was decoded?

Where encoder and decoder have learned together they agree, so |E(D(z)) - z| is small; in a gap that
no image ever reached, the decoder draws what the encoder takes for something else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from explorer.latent import keep
from explorer.latent.trust import CALIBRATION, PRIOR_SHARE, SHARE, K, Trust, calibrate, centre_of
from explorer.spec import Spec

if TYPE_CHECKING:
    from explorer.latent.atlas import Atlas
    from explorer.loaded import Model
    from explorer.store import Artefact

# Encoded images whose round trip is measured to calibrate: a small convolutional model does so many
# in half a second, and of 500 the threshold was a quarter off.
SAMPLE = 2000


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


def trust_of(model: Model, atlas: Atlas, seed: int = 0) -> Trust:
    """How far to trust latents of a model, calibrated on the encoded images of an atlas."""
    rng = np.random.default_rng(seed)
    sample = rng.choice(len(atlas), min(SAMPLE, len(atlas)), replace=False)
    labels = atlas.labels[sample] if model.conditional else None
    trips = round_trips(model, atlas.mean[sample], labels)
    trust = calibrate(atlas.index, model.network.has_prior, seed)
    return replace(trust, trip=float(np.quantile(trips, SHARE)))


def trust_once(artefact: Artefact, model: Model, atlas: Atlas) -> Trust:
    """`trust_of`, measured once and kept beside the atlas."""

    def measure() -> Calibration:
        found = trust_of(model, atlas)
        return Calibration(radius=found.radius, reach=found.reach, trip=found.trip)

    by = {"neighbours": K, "share": SHARE, "prior_share": PRIOR_SHARE}
    by |= {"images": CALIBRATION, "trips": SAMPLE}
    found = keep.once(artefact, atlas, "trust", by, Calibration, measure)
    has_prior = model.network.has_prior
    centre = centre_of(atlas.mean, has_prior)
    return Trust(atlas.index, centre, found.radius, found.reach, has_prior, found.trip)
