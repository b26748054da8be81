"""The contract that every family of autoencoders keeps, so that every page works with each.

Shapes: images `x (N, C, H, W)` float32 in [0, 1]; latents `z (N, D)`; labels `(N,)` int64.
Networks return logits; the output link (sigmoid) is applied at the edge, so that the losses stay
numerically safe.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from explorer.objectives import Loss, beta_at, kl_to_standard_normal, reconstruction
from explorer.spec import ModelSpec, ObjectiveSpec

# A smooth bound on log variances: exp(+-10) neither overflows nor hides a dimension, and the
# gradient never vanishes all at once as it would with a clamp.
LOGVAR_BOUND = 10.0


Array = TypeVar("Array", np.ndarray, Tensor)


@dataclass(frozen=True)
class Posterior(Generic[Array]):
    """q(z|x): `mean (N, D)` and `logvar (N, D)`, or `logvar=None` for a deterministic encoder.

    Tensors inside the package; numpy arrays where `Model.encode` was given numpy images.
    """

    mean: Array
    logvar: Array | None


def draw(posterior: Posterior[Tensor], generator: torch.Generator | None = None) -> Tensor:
    """One reparametrised draw `(N, D)` of q(z|x); the mean itself where there is no variance."""
    if posterior.logvar is None:
        return posterior.mean
    noise = torch.empty_like(posterior.mean).normal_(generator=generator)
    return posterior.mean + torch.exp(0.5 * posterior.logvar) * noise


class Autoencoder(nn.Module, ABC):
    """Base of all families: a subclass gives `posterior` and `logits`, the rest follows."""

    has_prior: ClassVar[bool] = False
    channels_last: ClassVar[bool] = False

    def __init__(self, spec: ModelSpec, objective: ObjectiveSpec) -> None:
        super().__init__()
        self.spec = spec
        self.objective = objective

    @abstractmethod
    def posterior(self, x: Tensor, labels: Tensor | None = None) -> Posterior[Tensor]:
        """Encode images `(N, C, H, W)` to q(z|x)."""

    @abstractmethod
    def logits(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Decode latents `(N, D)` to logits `(N, C, H, W)`."""

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Decode latents `(N, D)` to images `(N, C, H, W)` in [0, 1]."""
        return torch.sigmoid(self.logits(z, labels).float())

    def sample_prior(
        self, n: int, generator: torch.Generator, labels: Tensor | None = None
    ) -> Tensor:
        """`n` latents `(n, D)` from N(0, I). Families without a prior say so (`has_prior`)."""
        device = next(self.parameters()).device
        return torch.empty(n, self.spec.latent_dim, device=device).normal_(generator=generator)

    def loss(
        self,
        x: Tensor,
        labels: Tensor | None = None,
        step: int = 0,
        generator: torch.Generator | None = None,
        seen: Tensor | None = None,
    ) -> Loss:
        """The objective of a batch, with one posterior sample per image.

        `seen` is what the encoder is shown when it differs from the target `x` (augmentation).
        """
        posterior = self.posterior(x if seen is None else seen, labels)
        logits = self.logits(draw(posterior, generator), labels).float()
        rec = reconstruction(x, logits, self.objective)
        if posterior.logvar is None:
            zero = torch.zeros_like(rec)
            per_dimension = torch.zeros(self.spec.latent_dim, device=x.device)
            return Loss(rec.mean(), rec, zero, per_dimension, beta=0.0)
        beta = beta_at(step, self.objective)
        kl = kl_to_standard_normal(posterior.mean, posterior.logvar)
        per_image = kl.sum(1)
        return Loss((rec + beta * per_image).mean(), rec, per_image, kl.mean(0), beta)


def split_gaussian(parameters: Tensor) -> Posterior[Tensor]:
    """Read one merged head `(N, 2D)` as mean and smoothly bounded logvar, in float32."""
    mean, raw = parameters.float().chunk(2, dim=1)
    return Posterior(mean, LOGVAR_BOUND * torch.tanh(raw / LOGVAR_BOUND))


def activation(name: str) -> nn.Module:
    """A fresh activation layer by its name in `ModelSpec`."""
    layers: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU}
    return layers[name]()


def mlp(widths: tuple[int, ...], act: str) -> nn.Sequential:
    """Linear layers through `widths`, with an activation between but not after them."""
    layers: list[nn.Module] = []
    for inward, outward in pairwise(widths):
        layers += [nn.Linear(inward, outward), activation(act)]
    return nn.Sequential(*layers[:-1])
