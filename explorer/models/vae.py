"""Variational autoencoders: fully connected and convolutional, with any weight of the KL.

Source: Kingma & Welling 2014, "Auto-encoding variational Bayes"; Higgins et al. 2017, "beta-VAE".
"""

from __future__ import annotations

from explorer.models.gaussian import Gaussian
from explorer.models.networks import MLP, Convolutional
from explorer.models.registry import register


@register("vae", "VAE")
class VAE(Gaussian, MLP):
    """Fully connected."""


@register("conv-vae", "Convolutional VAE", hidden=(256,))
class ConvVAE(Gaussian, Convolutional):
    """Convolutional."""


@register("beta-vae", "Beta-VAE", beta=4.0, latent_dim=10)
class BetaVAE(VAE):
    """A VAE whose beta is 4 unless said otherwise: a tighter code, for less exact images."""


@register("conv-beta-vae", "Convolutional beta-VAE", beta=4.0, latent_dim=10, hidden=(256,))
class ConvBetaVAE(ConvVAE):
    """The same with convolutions."""
