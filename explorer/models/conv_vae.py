"""Convolutional VAE: stride-2 convolutions down to a small map, one hidden layer, Gaussian latent.

Source: the objective is Kingma & Welling 2014; the 4x4 stride-2 stack follows Radford et al. 2016
(kernel a multiple of the stride, so that transposed convolutions leave no checkerboard).
"""

from __future__ import annotations

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
        small = (spec.channels[-1], height // shrink, width // shrink)
        act = spec.activation
        down: list[nn.Module] = []
        for inward, outward in zip((image_channels, *spec.channels), spec.channels, strict=False):
            down += [nn.Conv2d(inward, outward, 4, stride=2, padding=1), activation(act)]
        head = mlp((prod(small), *spec.hidden, 2 * spec.latent_dim), act)
        self.encoder = nn.Sequential(*down, nn.Flatten(), head)

        stem = mlp((spec.latent_dim, *reversed(spec.hidden), prod(small)), act)
        up: list[nn.Module] = []
        outwards = (*reversed(spec.channels[:-1]), image_channels)
        for inward, outward in zip(reversed(spec.channels), outwards, strict=True):
            up += [activation(act), nn.ConvTranspose2d(inward, outward, 4, stride=2, padding=1)]
        self.decoder = nn.Sequential(stem, nn.Unflatten(1, small), *up)

    def posterior(self, x: Tensor, labels: Tensor | None = None) -> Posterior[Tensor]:
        x = x.contiguous(memory_format=torch.channels_last)
        return split_gaussian(self.encoder(x))

    def logits(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.decoder(z)
