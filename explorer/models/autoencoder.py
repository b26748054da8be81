"""Autoencoder: fully connected, deterministic.

Source: Hinton & Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks".
"""

from __future__ import annotations

from math import prod

from torch import Tensor

from explorer.models.base import Autoencoder, Posterior, mlp
from explorer.models.registry import register
from explorer.spec import ModelSpec, ObjectiveSpec


@register("autoencoder")
class MLPAutoencoder(Autoencoder):
    """image -> hidden -> latent -> hidden -> image. It has no prior: nothing shapes its latents."""

    def __init__(self, spec: ModelSpec, objective: ObjectiveSpec) -> None:
        super().__init__(spec, objective)
        pixels = prod(spec.image_shape)
        self.encoder = mlp((pixels, *spec.hidden, spec.latent_dim), spec.activation)
        self.decoder = mlp((spec.latent_dim, *reversed(spec.hidden), pixels), spec.activation)

    def posterior(self, x: Tensor, labels: Tensor | None = None) -> Posterior[Tensor]:
        return Posterior(self.encoder(x.flatten(1)).float(), None)

    def logits(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.decoder(z).unflatten(1, self.spec.image_shape)
