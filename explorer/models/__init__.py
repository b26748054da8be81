"""Families of autoencoders behind one contract (`base.Autoencoder`), one file each."""

from explorer.models import autoencoder, conv_vae, vae  # noqa: F401  (each registers its family)
from explorer.models.base import Autoencoder, Posterior
from explorer.models.registry import build, family, names

__all__ = ["Autoencoder", "Posterior", "build", "family", "names"]
