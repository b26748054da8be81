"""What every VAE has in common: a Gaussian posterior, an N(0, I) prior and the KL between them.

Source: Kingma & Welling 2014, "Auto-encoding variational Bayes". One linear head gives mean and
logvar together, which is the same model as two heads in half the matrix products.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from explorer.models.base import Posterior
from explorer.models.networks import Body
from explorer.objectives import Loss, kl_term, kl_to_standard_normal

# A smooth bound on log variances: exp(+-10) neither overflows nor hides a dimension, and the
# gradient never vanishes all at once as it would with a clamp.
LOGVAR_BOUND = 10.0


class Gaussian(Body):
    """q(z|x) = N(mean, diag exp logvar), p(z) = N(0, I)."""

    has_prior = True
    outputs = 2
    settings: ClassVar[tuple[str, ...]] = (
        *("beta", "annealing", "warmup_steps", "cycles", "free_bits"),
        *("capacity", "capacity_steps"),
    )

    def posterior(self, x: Tensor, labels: Tensor | None = None) -> Posterior[Tensor]:
        return split_gaussian(self.features(x, labels))

    def regularise(self, rec: Tensor, posterior: Posterior[Tensor], step: int) -> Loss:
        assert posterior.logvar is not None
        kl = kl_to_standard_normal(posterior.mean, posterior.logvar)
        weighted, beta = kl_term(kl, step, self.objective)
        return Loss(rec.mean() + weighted, rec, kl.sum(1), kl.mean(0), beta)


def split_gaussian(parameters: Tensor) -> Posterior[Tensor]:
    """Read one merged head `(N, 2D)` as mean and smoothly bounded logvar, in float32."""
    mean, raw = parameters.float().chunk(2, dim=1)
    return Posterior(mean, LOGVAR_BOUND * torch.tanh(raw / LOGVAR_BOUND))
