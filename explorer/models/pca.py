"""PCA: the linear baseline. The best that any linear encoder and decoder can do for squared error.

Source: Bourlard & Kamp 1988 (a linear autoencoder finds the subspace of PCA); Pearson 1901.
"""

from __future__ import annotations

from collections.abc import Iterator
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
# Up to so many pixels the whole covariance is made, which takes some seconds.
EXACT = 2048
# Beyond: directions carried along besides those asked for, and how often they are improved.
SPARE, ITERATIONS = 20, 5


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
        """Set mean, components and spread from images, in float64, a chunk at a time."""
        if len(images) <= self.spec.latent_dim:
            raise ExplorerError(
                f"PCA with {self.spec.latent_dim} components needs more than that many images, but "
                f"there are {len(images)}."
            )
        mean, components, variance = leading_directions(images, self.spec.latent_dim)
        largest = components.abs().argmax(1, keepdim=True)
        self.mean.copy_(mean)
        self.components.copy_(components * components.gather(1, largest).sign())
        self.spread.copy_(variance.clamp(min=0).sqrt())


def leading_directions(images: Images, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Mean `(P,)`, the `count` directions `(count, P)` of greatest variance, and their variances.

    Small images: from their whole covariance, exactly. Beyond EXACT pixels that would take minutes:
    block power iteration on some more directions than are asked for, started from a fixed seed
    (Halko, Martinsson & Tropp 2011, algorithm 4.4), which never holds more than a chunk of images.
    """
    pixels = images.float(0, 1).numel()
    mean = torch.zeros(pixels, dtype=torch.float64)
    for x in _chunks(images):
        mean += x.sum(0) / len(images)
    if pixels <= EXACT:
        covariance = torch.zeros(pixels, pixels, dtype=torch.float64)
        for x in _chunks(images):
            covariance += (x - mean).T @ (x - mean) / len(images)
        variance, directions = torch.linalg.eigh(covariance)
    else:
        width = min(pixels, len(images), count + SPARE)
        start = torch.Generator().manual_seed(0)
        basis = torch.randn(pixels, width, dtype=torch.float64, generator=start)
        for _ in range(ITERATIONS):
            basis = torch.linalg.qr(_covariance_times(basis, images, mean)).Q
        variance, turns = torch.linalg.eigh(basis.T @ _covariance_times(basis, images, mean))
        directions = basis @ turns
    keep = slice(-count, None)
    return mean, directions[:, keep].T.flip(0), variance[keep].flip(0)


def _covariance_times(directions: Tensor, images: Images, mean: Tensor) -> Tensor:
    """The covariance of the images times directions `(P, k)`, without making it.

    Each chunk in float32, which is several times faster here and exact to a millionth; their sum in
    float64.
    """
    product = torch.zeros_like(directions)
    for start in range(0, len(images), CHUNK):
        x = images.float(start, start + CHUNK).flatten(1).cpu() - mean.float()
        product += (x.T @ (x @ directions.float())).double() / len(images)
    return product


def _chunks(images: Images) -> Iterator[Tensor]:
    """Flat images `(n, P)` in float64, on the CPU: MPS has no doubles."""
    for start in range(0, len(images), CHUNK):
        yield images.float(start, start + CHUNK).flatten(1).cpu().double()
