"""What training minimises, as pure functions. All values are nats per image.

One convention everywhere: sums over pixels and latent dimensions, one value per image; a mean over
images is taken only for display. Beta multiplies the KL term.
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
    `per_dimension_kl` is `(D,)` (mean over images), `beta` the weight that was in force.
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


def reconstruction(x: Tensor, logits: Tensor, spec: ObjectiveSpec) -> Tensor:
    """The reconstruction term that `spec` names, `(N,)` nats, from a decoder's logits."""
    if spec.reconstruction == "bce":
        return bce(x, logits)
    return gaussian(x, torch.sigmoid(logits), spec.variance)


def kl_to_standard_normal(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mean, exp logvar) || N(0, 1)) of each dimension, `(N, D)` nats.

    Source: Kingma & Welling 2014, appendix B.
    """
    return 0.5 * (mean.square() + logvar.exp() - 1 - logvar)


def beta_at(step: int, spec: ObjectiveSpec) -> float:
    """The weight of the KL term at a training step: linear from 0 over `warmup_steps`."""
    if spec.warmup_steps == 0:
        return spec.beta
    return spec.beta * min(1.0, step / spec.warmup_steps)


def grey_entropy(x: Tensor) -> Tensor:
    """The least BCE that any decoder can reach on images `x` in [0, 1]: `(N, ...) -> (N,)` nats."""
    return (torch.special.entr(x) + torch.special.entr(1 - x)).flatten(1).sum(1)
