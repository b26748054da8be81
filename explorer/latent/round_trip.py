"""Does a decoded image, encoded again, come back to where it was decoded?

Where encoder and decoder have learned together they agree, so |E(D(z)) - z| is small; in a gap that
no image ever reached, the decoder draws what the encoder takes for something else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from explorer.latent.trust import SHARE, Trust, calibrate

if TYPE_CHECKING:
    from explorer.latent.atlas import Atlas
    from explorer.loaded import Model

# Encoded images whose round trip is measured to calibrate: a small convolutional model does so many
# in half a second, and of 500 the threshold was a quarter off.
SAMPLE = 2000


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
