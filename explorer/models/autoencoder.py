"""Autoencoder: deterministic, fully connected or convolutional. It has no prior: nothing shapes
its latents.

Source: Hinton & Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks".
"""

from __future__ import annotations

from torch import Tensor

from explorer.models.base import Posterior
from explorer.models.networks import MLP, Body, Convolutional
from explorer.models.registry import register


class Deterministic(Body):
    """The latent of an image is a point."""

    def posterior(self, x: Tensor, labels: Tensor | None = None) -> Posterior[Tensor]:
        return Posterior(self.features(x, labels).float(), None)


@register("autoencoder", "Autoencoder")
class MLPAutoencoder(Deterministic, MLP):
    """image -> hidden -> latent -> hidden -> image."""


@register(
    "conv-autoencoder", "Convolutional autoencoder", latent_dim=64, hidden=(), batch_norm=True
)
class ConvAutoencoder(Deterministic, Convolutional):
    """image -> stride-2 convolutions -> latent -> mirrored."""
