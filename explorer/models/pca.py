"""PCA: the linear baseline. The best that any linear encoder and decoder can do for squared error.

Source: Bourlard & Kamp 1988 (a linear autoencoder finds the subspace of PCA); Pearson 1901.
"""

from __future__ import annotations

from math import prod
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import Parameter

from explorer.data import Images
from explorer.errors import ExplorerError
from explorer.models.base import Autoencoder, Posterior
from explorer.models.registry import register
from explorer.spec import ModelSpec, ObjectiveSpec

CHUNK = 2000
# The fit holds a matrix of pixels x pixels, 2 GB for so many.
MAX_PIXELS = 16_384


@register("pca", "PCA", reconstruction="mse", latent_dim=20)
class PCA(Autoencoder):
    """z = components (x - mean). Fitted in closed form; pixels are clamped to [0, 1], not squashed.

    `mean (P,)` is the mean image of P pixels, `components (D, P)` the orthonormal directions of
    greatest variance in falling order, each with its largest entry positive, and `spread (D,)` the
    standard deviation along them.
    """

    settings: ClassVar[tuple[str, ...]] = ("latent_dim",)
    closed_form = True

    def __init__(self, spec: ModelSpec, objective: ObjectiveSpec) -> None:
        super().__init__(spec, objective)
        pixels = prod(spec.image_shape)
        if spec.latent_dim > pixels:
            raise ExplorerError(
                f"PCA of images of {pixels} pixels has at most {pixels} components; ask for fewer "
                "latent dimensions."
            )
        if pixels > MAX_PIXELS:
            raise ExplorerError(
                f"PCA takes images of at most {MAX_PIXELS:,} pixels, colours counted apart, but "
                f"these have {pixels:,}; choose smaller images."
            )
        if objective.reconstruction != "mse":
            raise ExplorerError("PCA minimises the squared error; choose the reconstruction mse.")
        # Parameters, so that the network knows its device; none of them is ever stepped.
        self.mean = Parameter(torch.zeros(pixels), requires_grad=False)
        self.components = Parameter(torch.zeros(spec.latent_dim, pixels), requires_grad=False)
        self.spread = Parameter(torch.zeros(spec.latent_dim), requires_grad=False)

    def posterior(self, x: Tensor, labels: Tensor | None = None) -> Posterior[Tensor]:
        return Posterior((x.flatten(1) - self.mean) @ self.components.T, None)

    def logits(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return (z @ self.components + self.mean).unflatten(1, self.spec.image_shape)

    def link(self, logits: Tensor) -> Tensor:
        return logits.clamp(0, 1)

    @torch.no_grad()
    def fit(self, images: Images) -> None:
        """Set mean, components and variances from images, in float64, a chunk at a time."""
        if len(images) <= self.spec.latent_dim:
            raise ExplorerError(
                f"PCA with {self.spec.latent_dim} components needs more than that many images, but "
                f"there are {len(images)}."
            )
        pixels = len(self.mean)
        total = torch.zeros(pixels, dtype=torch.float64)
        outer = torch.zeros(pixels, pixels, dtype=torch.float64)
        for start in range(0, len(images), CHUNK):
            x = images.float(start, start + CHUNK).flatten(1).cpu().double()  # MPS has no doubles
            total += x.sum(0)
            outer += x.T @ x
        mean = total / len(images)
        variance, directions = torch.linalg.eigh(outer / len(images) - torch.outer(mean, mean))
        keep = slice(-self.spec.latent_dim, None)
        components = directions[:, keep].T.flip(0)
        largest = components.abs().argmax(1, keepdim=True)
        components = components * components.gather(1, largest).sign()
        self.mean.copy_(mean)
        self.components.copy_(components)
        self.spread.copy_(variance[keep].flip(0).clamp(min=0).sqrt())
