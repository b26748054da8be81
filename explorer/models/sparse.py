"""Sparse autoencoder: few latents are far from zero for any one image.

Source: Ng 2011, "Sparse autoencoder" (CS294A), for the target on the mean activation; the L1
penalty on rectified latents is the other usual way (Makhzani & Frey 2014 compare both).
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from explorer.models.autoencoder import Deterministic
from explorer.models.base import Posterior
from explorer.models.networks import MLP
from explorer.models.registry import register
from explorer.objectives import Loss, sparsity_penalty

# Below this a latent counts as silent.
SILENT = 0.01


@register(
    "sparse-autoencoder",
    "Sparse autoencoder",
    latent_dim=64,
    sparsity="l1",
    sparsity_weight=0.03,
    reconstruction="mse",
)
class SparseAutoencoder(Deterministic, MLP):
    """Latents are ReLUs under the L1 penalty, sigmoids under the target on their mean."""

    settings: ClassVar[tuple[str, ...]] = ("sparsity", "sparsity_weight", "sparsity_target")

    def posterior(self, x: Tensor, labels: Tensor | None = None) -> Posterior[Tensor]:
        raw = self.features(x, labels).float()
        return Posterior(raw.sigmoid() if self.objective.sparsity == "kl" else raw.relu(), None)

    def regularise(self, rec: Tensor, posterior: Posterior[Tensor], step: int) -> Loss:
        penalty = sparsity_penalty(posterior.mean, self.objective)
        extras = {"sparsity_penalty": penalty, "silent": silent_share(posterior.mean)}
        zero = torch.zeros_like(rec)
        return Loss(rec.mean() + penalty, rec, zero, rec.new_zeros(0), beta=0.0, extras=extras)


def silent_share(z: Tensor) -> Tensor:
    """The share of latents `z (N, D)` whose size is under 0.01, a scalar in [0, 1]."""
    return (z.abs() < SILENT).float().mean()
