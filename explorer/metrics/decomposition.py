"""What the KL of a model is spent on: knowing the image, dimensions that hang together, and their
distance from the prior.

Source: Chen et al. 2018, "Isolating sources of disentanglement in VAEs", eq. 2; Hoffman & Johnson
2016, "ELBO surgery". With q(z) = 1/N sum_n q(z|x_n), the aggregate posterior of N images,

    E_n KL(q(z|x_n) || p(z)) = I(z; n) + KL(q(z) || prod_j q(z_j)) + sum_j KL(q(z_j) || p(z_j)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from explorer.errors import ExplorerError

# Numbers that are held at once while densities are compared: 4 MB, which a cache holds.
TABLE = 2**20
LOG_TWO_PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class Decomposition:
    """Three parts in nats per image; `kl` is their sum. The mutual information of images and
    latents cannot exceed ln N; what lies beyond counts as total correlation."""

    mutual_information: float
    total_correlation: float
    dimension_wise_kl: float

    @property
    def kl(self) -> float:
        return self.mutual_information + self.total_correlation + self.dimension_wise_kl


@torch.inference_mode()
def decompose(mean: np.ndarray, logvar: np.ndarray, *, seed: int = 0) -> Decomposition:
    """The parts of the KL to N(0, I) of posteriors `mean (N, D)`, `logvar (N, D)`.

    The estimator is the full-data-set one: one latent is drawn from each of the N posteriors, and
    the aggregate is the exact mixture of all N; nothing is reweighted from minibatches. Entropies
    of the posteriors and the prior's cross-entropy are closed forms, so that the parts sum to the
    closed-form KL but for rounding. A part may come out slightly negative (standard error about
    sqrt(D / 2N)). Takes N^2 D steps.

    Raises ExplorerError for other shapes, fewer than two images and values that are not finite.
    """
    mu, spread = _usable(mean, logvar)
    # Latents whose noise has a second moment of exactly 1 in every dimension: then E log q(z|x)
    # over the draws is the closed form, and its randomness cancels in the mutual information.
    generator = torch.Generator().manual_seed(seed)
    eps = torch.empty_like(mu).normal_(generator=generator)
    eps /= eps.square().mean(0).sqrt()
    z = mu + torch.exp(0.5 * spread) * eps
    joint, marginals = _aggregate(z, mu, spread)
    dims = mu.shape[1]
    negative_entropy = -0.5 * (spread.sum(1).mean().item() + dims * (1 + LOG_TWO_PI))
    second_moment = (mu.square() + spread.exp()).sum(1).mean().item()
    prior = -0.5 * (second_moment + dims * LOG_TWO_PI)
    return Decomposition(
        mutual_information=negative_entropy - joint,
        total_correlation=joint - marginals,
        dimension_wise_kl=marginals - prior,
    )


def _usable(mean: np.ndarray, logvar: np.ndarray) -> tuple[Tensor, Tensor]:
    mean, logvar = np.asarray(mean), np.asarray(logvar)
    if mean.ndim != 2 or mean.shape != logvar.shape or len(mean) < 2:
        raise ExplorerError(
            "Means and log variances must both be of shape (N, D) with N of 2 or more, but they "
            f"are {mean.shape} and {logvar.shape}."
        )
    if not (np.isfinite(mean).all() and np.isfinite(logvar).all()):
        raise ExplorerError("The posteriors hold values that are not finite numbers.")
    return torch.tensor(mean, dtype=torch.float64), torch.tensor(logvar, dtype=torch.float64)


def _aggregate(z: Tensor, mu: Tensor, logvar: Tensor) -> tuple[float, float]:
    """Means over `z (N, D)` of ln q(z) and of sum_j ln q(z_j), q the mixture of all posteriors."""
    n, dims = mu.shape
    # About the mixture's middle in float32, which is twice as fast and as right as is needed.
    middle = mu.mean(0)
    z, mu, logvar = (z - middle).float(), (mu - middle).float(), logvar.float()
    scale, constant = torch.exp(-0.5 * logvar), 0.5 * (logvar + LOG_TWO_PI)
    joint = marginals = 0.0
    for part in z.split(max(1, TABLE // n)):
        density = torch.zeros(len(part), n)
        for j in range(dims):
            apart = (part[:, j, None] - mu[:, j]).mul_(scale[:, j])
            log_q = apart.square_().mul_(-0.5).sub_(constant[:, j])
            marginals += (torch.logsumexp(log_q, 1).double() - math.log(n)).sum().item()
            density += log_q
        joint += (torch.logsumexp(density, 1).double() - math.log(n)).sum().item()
    return joint / n, marginals / n
