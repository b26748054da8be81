"""The two bodies that most families share: fully connected, and convolutional.

A body turns images into `outputs * D` numbers (`features`) and latents into logits. What those
numbers mean is the family's business. Where the family is conditional, both halves are told the
class.
"""

from __future__ import annotations

from abc import abstractmethod
from itertools import pairwise
from math import prod
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.errors import ExplorerError
from explorer.models.base import Autoencoder
from explorer.spec import ModelSpec, ObjectiveSpec


class Body(Autoencoder):
    """What both bodies do with a class: join its one-hot row, or its embedding, to their inputs."""

    outputs = 1
    settings: ClassVar[tuple[str, ...]] = ("latent_dim", "noise", "noise_amount")

    def __init__(self, spec: ModelSpec, objective: ObjectiveSpec) -> None:
        super().__init__(spec, objective)
        self.told = 0  # numbers that say the class
        if self.conditional:
            if spec.classes < 2:
                raise ExplorerError(
                    f"A {spec.family} is told the class of each image, so it needs labelled images "
                    "of at least two classes; choose another data set, or a family without classes."
                )
            self.told = spec.label_embedding or spec.classes
            if spec.label_embedding:
                self.embedding = nn.Linear(spec.classes, spec.label_embedding, bias=False)

    def join(self, h: Tensor, labels: Tensor | None) -> Tensor:
        """`h (N, F)` with the numbers that say the class beside it; `h` itself if unconditional.

        Raises ExplorerError without labels, or with labels that are no classes of this model.
        """
        if not self.conditional:
            return h
        weights = class_weights(labels, self.spec.classes, len(h)).to(h)
        return torch.cat([h, self.embedding(weights) if self.spec.label_embedding else weights], 1)

    @abstractmethod
    def features(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """Images `(N, C, H, W)` to `(N, outputs * D)` numbers."""


class MLP(Body):
    """image -> hidden -> latent -> hidden -> image, all fully connected."""

    settings: ClassVar[tuple[str, ...]] = ("hidden", "activation", "dropout")

    def __init__(self, spec: ModelSpec, objective: ObjectiveSpec) -> None:
        super().__init__(spec, objective)
        pixels, dropout = prod(spec.image_shape), spec.dropout
        inward = (pixels + self.told, *spec.hidden, self.outputs * spec.latent_dim)
        outward = (spec.latent_dim + self.told, *reversed(spec.hidden), pixels)
        self.encoder = mlp(inward, spec.activation, dropout)
        self.decoder = mlp(outward, spec.activation, dropout)

    def features(self, x: Tensor, labels: Tensor | None) -> Tensor:
        return self.encoder(self.join(x.flatten(1), labels))

    def logits(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.decoder(self.join(z, labels)).unflatten(1, self.spec.image_shape)


class Convolutional(Body):
    """(C, H, W) -> channels at H/2, H/4, ... -> hidden -> latent -> mirrored.

    Source: the 4x4 stride-2 stack follows Radford et al. 2016 (kernel a multiple of the stride, so
    that transposed convolutions leave no checkerboard).
    """

    channels_last = True
    settings: ClassVar[tuple[str, ...]] = (
        "hidden",
        "channels",
        "activation",
        "dropout",
        "batch_norm",
    )

    def __init__(self, spec: ModelSpec, objective: ObjectiveSpec) -> None:
        super().__init__(spec, objective)
        image_channels = spec.image_shape[0]
        # Height, width, channels: the order in which channels-last memory lies, so that flattening
        # is free. In the order (C, H, W) it costs a copy each way, a tenth of a training step.
        self.small = (*shrunk(spec), spec.channels[-1])
        act, dropout, size = spec.activation, spec.dropout, prod(self.small)
        norms = [BatchNorm] if spec.batch_norm else []
        down: list[nn.Module] = []
        for inward, outward in pairwise((image_channels, *spec.channels)):
            down.append(nn.Conv2d(inward, outward, 4, stride=2, padding=1))
            down += [*(norm(outward) for norm in norms), activation(act)]
        up: list[nn.Module] = []
        for inward, outward in pairwise((*reversed(spec.channels), image_channels)):
            up += [*(norm(inward) for norm in norms), activation(act)]
            up.append(nn.ConvTranspose2d(inward, outward, 4, stride=2, padding=1))
        self.down, self.up = nn.Sequential(*down), nn.Sequential(*up)
        inner = (size + self.told, *spec.hidden, self.outputs * spec.latent_dim)
        outer = (spec.latent_dim + self.told, *reversed(spec.hidden), size)
        self.head, self.stem = mlp(inner, act, dropout), mlp(outer, act, dropout)

    def features(self, x: Tensor, labels: Tensor | None) -> Tensor:
        h = self.down(x.contiguous(memory_format=torch.channels_last))
        return self.head(self.join(h.permute(0, 2, 3, 1).flatten(1), labels))

    def logits(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        h = self.stem(self.join(z, labels)).unflatten(1, self.small).permute(0, 3, 1, 2)
        return self.up(h)


class BatchNorm(nn.BatchNorm2d):
    """Batch normalisation. The last batch may be one image of one place: a single number of each
    channel has no variance and is normalised as in evaluation.
    """

    def forward(self, h: Tensor) -> Tensor:
        if self.training and h.numel() == self.num_features:
            mean, var = self.running_mean, self.running_var
            return F.batch_norm(h, mean, var, self.weight, self.bias, eps=self.eps)
        return super().forward(h)


def shrunk(spec: ModelSpec) -> tuple[int, int]:
    """Height and width after the stride-2 convolutions. Raises ExplorerError if they do not fit."""
    _, height, width = spec.image_shape
    shrink = 2 ** len(spec.channels)
    if not spec.channels or height % shrink or width % shrink:
        raise ExplorerError(
            f"{len(spec.channels)} stride-2 convolutions need an image side that is a multiple "
            f"of {shrink}, but images are {height}x{width}; change the number of channels."
        )
    return height // shrink, width // shrink


def class_weights(labels: Tensor | None, classes: int, n: int) -> Tensor:
    """Labels `(n,)` or weights `(n, K)` as weights `(n, K)` float32 of the K classes."""
    if labels is None:
        raise ExplorerError(
            "This model is conditional: give the class of each row as labels, "
            f"numbers from 0 to {classes - 1}."
        )
    if labels.ndim == 2 and labels.shape == (n, classes):
        return labels.to(torch.float32)
    if labels.shape != (n,) or labels.is_floating_point():
        raise ExplorerError(
            f"Labels must be {n} class numbers, or weights of shape ({n}, {classes}), but have the "
            f"shape {tuple(labels.shape)} and the type {str(labels.dtype).removeprefix('torch.')}."
        )
    if n and not (labels.min() >= 0 and labels.max() < classes):
        raise ExplorerError(f"Labels must be class numbers from 0 to {classes - 1}.")
    return F.one_hot(labels.long(), classes).to(torch.float32)


def activation(name: str) -> nn.Module:
    """A fresh activation layer by its name in `ModelSpec`."""
    layers: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU}
    return layers[name]()


def mlp(widths: tuple[int, ...], act: str, dropout: float = 0.0) -> nn.Sequential:
    """Linear layers through `widths`, with an activation (and dropout) between but not after."""
    layers: list[nn.Module] = []
    for inward, outward in pairwise(widths[:-1]):
        layers += [nn.Linear(inward, outward), activation(act)]
        layers += [nn.Dropout(dropout)] if dropout else []
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))
