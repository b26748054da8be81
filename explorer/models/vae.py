"""Variational autoencoder: fully connected, Gaussian posterior, N(0, I) prior.

Source: Kingma & Welling 2014, "Auto-encoding variational Bayes". One linear head gives mean and
logvar together, which is the same model as two heads in half the matrix products.
"""

from __future__ import annotations

from math import prod

from torch import Tensor

from explorer.models.base import Autoencoder, Posterior, mlp, split_gaussian
from explorer.models.registry import register
from explorer.spec import ModelSpec, ObjectiveSpec


@register("vae")
class VAE(Autoencoder):
    """image -> hidden -> (mean, logvar) -> z -> hidden -> image."""

    has_prior = True

    def __init__(self, spec: ModelSpec, objective: ObjectiveSpec) -> None:
        super().__init__(spec, objective)
        pixels = prod(spec.image_shape)
        self.encoder = mlp((pixels, *spec.hidden, 2 * spec.latent_dim), spec.activation)
        self.decoder = mlp((spec.latent_dim, *reversed(spec.hidden), pixels), spec.activation)

    def posterior(self, x: Tensor, labels: Tensor | None = None) -> Posterior[Tensor]:
        return split_gaussian(self.encoder(x.flatten(1)))

    def logits(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.decoder(z).unflatten(1, self.spec.image_shape)
