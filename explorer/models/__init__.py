"""Families of autoencoders behind one contract (`base.Autoencoder`), one file each."""

from explorer.models import (  # noqa: F401  (each registers its families)
    autoencoder,
    classifier,
    code_prior,
    conditional,
    denoising,
    pca,
    sparse,
    vae,
    vq_vae,
)
from explorer.models.base import Autoencoder, Posterior
from explorer.models.network import Network
from explorer.models.registry import build, family, names

__all__ = ["Autoencoder", "Network", "Posterior", "build", "family", "names"]
