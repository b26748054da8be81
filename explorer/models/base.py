"""The contract that every family of autoencoders keeps, so that every page works with each.

Shapes: images `x (N, C, H, W)` float32 in [0, 1]; latents `z (N, D)`; labels are class numbers
`(N,)` int64 or weights of the classes `(N, K)`. Networks return logits; the output link (a sigmoid
but for PCA) is applied at the edge, so that the losses stay numerically safe.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from explorer import objectives
from explorer.models.network import Network
from explorer.objectives import Loss

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


class Autoencoder(Network):
    """Base of all families: a subclass gives `posterior` and `logits`, the rest follows."""

    has_prior: ClassVar[bool] = False
    settings: ClassVar[tuple[str, ...]] = ("reconstruction", "variance")

    @abstractmethod
    def posterior(self, x: Tensor, labels: Tensor | None = None) -> Posterior[Tensor]:
        """Encode images `(N, C, H, W)` to q(z|x)."""

    @abstractmethod
    def logits(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Decode latents `(N, D)` to logits `(N, C, H, W)`."""

    def link(self, logits: Tensor) -> Tensor:
        """Logits to pixels in [0, 1]."""
        return torch.sigmoid(logits)

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Decode latents `(N, D)` to images `(N, C, H, W)` in [0, 1]."""
        return self.link(self.logits(z, labels).float())

    def sample_prior(
        self, n: int, generator: torch.Generator, labels: Tensor | None = None
    ) -> Tensor:
        """`n` latents `(n, D)` from N(0, I). Families without a prior say so (`has_prior`)."""
        return torch.empty(n, self.spec.latent_dim, device=self.device).normal_(generator=generator)

    def preview(self, x: Tensor, labels: Tensor) -> Tensor:
        """Reconstructions, from the posterior mean."""
        return self.decode(self.posterior(x, labels).mean, labels)

    def reconstruction(self, x: Tensor, logits: Tensor) -> Tensor:
        """The reconstruction term that the objective names, `(N,)` nats."""
        if self.objective.reconstruction == "bce":
            return objectives.bce(x, logits)
        return objectives.gaussian(x, self.link(logits), self.objective.variance)

    def loss(
        self,
        x: Tensor,
        labels: Tensor | None = None,
        step: int = 0,
        generator: torch.Generator | None = None,
        seen: Tensor | None = None,
    ) -> Loss:
        """The objective of a batch, with one posterior sample per image.

        `seen` is what the encoder is shown when it differs from the target `x` (augmentation);
        the noise of a denoising objective is added to it.
        """
        seen = objectives.corrupt(x if seen is None else seen, self.objective, generator)
        posterior = self.posterior(seen, labels)
        logits = self.logits(draw(posterior, generator), labels).float()
        return self.regularise(self.reconstruction(x, logits), posterior, step)

    def regularise(self, rec: Tensor, posterior: Posterior[Tensor], step: int) -> Loss:
        """The objective from the reconstruction term `(N,)` and what the family adds to it."""
        return Loss(rec.mean(), rec, torch.zeros_like(rec), rec.new_zeros(0), beta=0.0)
