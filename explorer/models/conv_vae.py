"""Convolutional VAE: stride-2 convolutions down to a small map, one hidden layer, Gaussian latent.

Source: the objective is Kingma & Welling 2014; the 4x4 stride-2 stack follows Radford et al. 2016
(kernel a multiple of the stride, so that transposed convolutions leave no checkerboard).
"""

from __future__ import annotations

from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn

from explorer.errors import ExplorerError
from explorer.models.base import Autoencoder, Posterior, activation, mlp, split_gaussian
from explorer.models.registry import register
from explorer.spec import ModelSpec, ObjectiveSpec


@register("conv-vae")
class ConvVAE(Autoencoder):
    """(C, H, W) -> channels at H/2, H/4, ... -> hidden -> (mean, logvar) -> z -> mirrored."""

    has_prior = True
    channels_last = True

    def __init__(self, spec: ModelSpec, objective: ObjectiveSpec) -> None:
        super().__init__(spec, objective)
        image_channels, height, width = spec.image_shape
        shrink = 2 ** len(spec.channels)
        if not spec.channels or height % shrink or width % shrink:
            raise ExplorerError(
                f"{len(spec.channels)} stride-2 convolutions need an image side that is a multiple "
                f"of {shrink}, but images are {height}x{width}; change the number of channels."
            )
        # Height, width, channels: the order in which channels-last memory lies, so that flattening
        # is free. In the order (C, H, W) it costs a copy each way, a tenth of a training step.
        self.small = (height // shrink, width // shrink, spec.channels[-1])
        act = spec.activation
        down: list[nn.Module] = []
        for inward, outward in pairwise((image_channels, *spec.channels)):
            down += [nn.Conv2d(inward, outward, 4, stride=2, padding=1), activation(act)]
        up: list[nn.Module] = []
        for inward, outward in pairwise((*reversed(spec.channels), image_channels)):
            up += [activation(act), nn.ConvTranspose2d(inward, outward, 4, stride=2, padding=1)]
        self.down, self.up = nn.Sequential(*down), nn.Sequential(*up)
        self.head = mlp((prod(self.small), *spec.hidden, 2 * spec.latent_dim), act)
        self.stem = mlp((spec.latent_dim, *reversed(spec.hidden), prod(self.small)), act)

    def posterior(self, x: Tensor, labels: Tensor | None = None) -> Posterior[Tensor]:
        h = self.down(x.contiguous(memory_format=torch.channels_last))
        return split_gaussian(self.head(h.permute(0, 2, 3, 1).flatten(1)))

    def logits(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        h = self.stem(z).unflatten(1, self.small).permute(0, 3, 1, 2)
        return self.up(h)
