"""What training minimises, as pure functions. All values are nats per image.

One convention everywhere: sums over pixels and latent dimensions, one value per image; a mean over
images is taken only for display. Beta multiplies the KL term. Schedules are functions of the step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.spec import ObjectiveSpec


@dataclass(frozen=True)
class Loss:
    """The parts of an objective for a batch of N images, in nats.

    `total` is the differentiable mean over images; `reconstruction` and `kl` are `(N,)`,
    `per_dimension_kl` is `(D,)` (mean over images; empty without a KL), `beta` the weight that was
    in force. `extras` are named means over images of whatever else a family minimises or watches.
    """

    total: Tensor
    reconstruction: Tensor
    kl: Tensor
    per_dimension_kl: Tensor
    beta: float
    extras: dict[str, Tensor] = field(default_factory=dict)


def bce(x: Tensor, logits: Tensor) -> Tensor:
    """Binary cross-entropy of images `x` in [0, 1] under `logits`, `(N, ...) -> (N,)` nats.

    From logits it is exact and cannot overflow. For grey x it is an expectation over binarised
    images, bounded below by `grey_entropy`, not a likelihood of x.
    """
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)


def gaussian(x: Tensor, x_hat: Tensor, variance: float) -> Tensor:
    """-log N(x; x_hat, variance I), constant included, `(N, ...) -> (N,)` nats."""
    squared = (x - x_hat).square().flatten(1)
    constant = 0.5 * squared.shape[1] * math.log(2 * math.pi * variance)
    return squared.sum(1) / (2 * variance) + constant


def kl_to_standard_normal(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mean, exp logvar) || N(0, 1)) of each dimension, `(N, D)` nats.

    Source: Kingma & Welling 2014, appendix B.
    """
    return 0.5 * (mean.square() + logvar.exp() - 1 - logvar)


def kl_term(kl: Tensor, step: int, spec: ObjectiveSpec) -> tuple[Tensor, float]:
    """What the KL `(N, D)` adds to the objective at a training step, and the beta in force.

    Plainly beta * KL. With free bits each dimension counts as no less than so many nats, so that
    nothing pushes it below: beta * sum_j max(free_bits, mean_n KL_nj) (Kingma et al. 2016, eq. 15).
    With a capacity the KL is drawn to it from either side: beta * |mean_n KL_n - C(step)| (Burgess
    et al. 2018, eq. 8, where beta is called gamma).
    """
    beta = beta_at(step, spec)
    if spec.capacity > 0:
        return beta * (kl.sum(1).mean() - capacity_at(step, spec)).abs(), beta
    if spec.free_bits > 0:
        return beta * kl.mean(0).clamp(min=spec.free_bits).sum(), beta
    return beta * kl.sum(1).mean(), beta


def beta_at(step: int, spec: ObjectiveSpec) -> float:
    """The weight of the KL term at a training step.

    Linear: from 0 to beta over `warmup_steps` (Bowman et al. 2016 anneal so, on a sigmoid).
    Cyclical: `cycles` times from 0 to beta over `warmup_steps` and as long at beta, then beta for
    good (Fu et al. 2019, eq. 7, with R = 1/2).
    """
    if spec.warmup_steps == 0:
        return spec.beta
    if spec.annealing == "cyclical" and step < 2 * spec.warmup_steps * spec.cycles:
        step %= 2 * spec.warmup_steps
    return spec.beta * min(1.0, step / spec.warmup_steps)


def capacity_at(step: int, spec: ObjectiveSpec) -> float:
    """C of the capacity objective at a training step: from 0 over `capacity_steps`, in nats."""
    if spec.capacity_steps == 0:
        return spec.capacity
    return spec.capacity * min(1.0, step / spec.capacity_steps)


def settled(spec: ObjectiveSpec) -> int:
    """The first step from which no schedule changes the objective any more."""
    rises = 2 * spec.cycles - 1 if spec.annealing == "cyclical" else 1
    return max(spec.warmup_steps * rises, spec.capacity_steps)


def sparsity_penalty(z: Tensor, spec: ObjectiveSpec) -> Tensor:
    """What the sparsity of latents `z (N, D)` costs, a scalar (mean over images).

    `l1`: weight * sum_j |z_j|. `kl`: weight * sum_j KL(Bernoulli(target) || Bernoulli(mean_n z_j)),
    for latents in (0, 1) (Ng 2011, "Sparse autoencoder", section 3).
    """
    if spec.sparsity == "none":
        return z.new_zeros(())
    if spec.sparsity == "l1":
        return spec.sparsity_weight * z.abs().sum(1).mean()
    target = spec.sparsity_target
    active = z.mean(0).clamp(1e-6, 1 - 1e-6)
    divergence = target * (target / active).log()
    divergence = divergence + (1 - target) * ((1 - target) / (1 - active)).log()
    return spec.sparsity_weight * divergence.sum()


def corrupt(x: Tensor, spec: ObjectiveSpec, generator: torch.Generator | None = None) -> Tensor:
    """Images with the noise that `spec` names, still in [0, 1]; `x` itself for `none`.

    `gaussian` adds noise_amount * N(0, 1) and clamps; `salt-and-pepper` sets a share noise_amount
    of the pixels to 0 or 1; `masking` sets that share to 0 (Vincent et al. 2010, section 3.3).
    Colours of a pixel are masked together.
    """
    if spec.noise == "none":
        return x
    if spec.noise == "gaussian":
        noise = torch.empty_like(x).normal_(generator=generator)
        return (x + spec.noise_amount * noise).clamp(0, 1)
    place = torch.rand(x[:, :1].shape, device=x.device, generator=generator)
    hit = place < spec.noise_amount
    if spec.noise == "masking":
        return x.masked_fill(hit, 0.0)
    salt = place < 0.5 * spec.noise_amount
    return torch.where(hit, salt.to(x.dtype), x)


def grey_entropy(x: Tensor) -> Tensor:
    """The least BCE that any decoder can reach on images `x` in [0, 1]: `(N, ...) -> (N,)` nats."""
    return (torch.special.entr(x) + torch.special.entr(1 - x)).flatten(1).sum(1)
