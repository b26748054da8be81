"""The network that the tutorial's loop and pythae train, as tutorials write it."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor, nn

from explorer.models import Autoencoder, build
from explorer.models.vae import ConvVAE
from explorer.spec import ModelSpec, ObjectiveSpec


class TutorialVAE(nn.Module):
    """The network as tutorials write it: separate mean and logvar heads, a sigmoid at the end.

    Its first weights are those of the project's own network of that seed, because after a few
    epochs two initialisations differ by more than two ways to train do.
    """

    def __init__(self, spec: ModelSpec, seed: int) -> None:
        super().__init__()
        pixels = prod(spec.image_shape)
        if spec.family == "vae":
            (width,) = spec.hidden
            self.trunk = nn.Sequential(nn.Flatten(), nn.Linear(pixels, width), nn.ReLU())
            self.decoder = nn.Sequential(
                *(nn.Linear(spec.latent_dim, width), nn.ReLU()),
                *(nn.Linear(width, pixels), nn.Sigmoid(), nn.Unflatten(1, spec.image_shape)),
            )
        else:
            (image, height, _), (first, second) = spec.image_shape, spec.channels
            side = height // 4
            width = second * side * side
            self.trunk = nn.Sequential(
                *(nn.Conv2d(image, first, 4, stride=2, padding=1), nn.ReLU()),
                *(nn.Conv2d(first, second, 4, stride=2, padding=1), nn.ReLU(), nn.Flatten()),
            )
            self.decoder = nn.Sequential(
                *(nn.Linear(spec.latent_dim, width), nn.Unflatten(1, (second, side, side))),
                *(nn.ReLU(), nn.ConvTranspose2d(second, first, 4, stride=2, padding=1)),
                *(nn.ReLU(), nn.ConvTranspose2d(first, image, 4, stride=2, padding=1)),
                nn.Sigmoid(),
            )
        self.mean = nn.Linear(width, spec.latent_dim)
        self.logvar = nn.Linear(width, spec.latent_dim)
        self._start_from(build(spec, ObjectiveSpec(), seed))

    @torch.no_grad()
    def _start_from(self, model: Autoencoder) -> None:
        if isinstance(model, ConvVAE):
            before, head = list(model.down.parameters()), list(model.head.parameters())
            after = [*model.stem.parameters(), *model.up.parameters()]
            # The project flattens (H, W, C), tutorials (C, H, W).
            height, width, channels = model.small
            order = torch.arange(height * width * channels).view(height, width, channels)
            order = order.permute(2, 0, 1).flatten()
            head[0] = head[0][:, order]
            after[:2] = [after[0][order], after[1][order]]
        else:
            *before, weight, bias = model.encoder.parameters()
            head, after = [weight, bias], list(model.decoder.parameters())
        for target, value in zip(self.trunk.parameters(), before, strict=True):
            target.copy_(value)
        for name, value in zip(("weight", "bias"), head, strict=True):
            mean, logvar = value.chunk(2)  # one head for both: mean first, then logvar
            getattr(self.mean, name).copy_(mean)
            getattr(self.logvar, name).copy_(logvar)
        for target, value in zip(self.decoder.parameters(), after, strict=True):
            target.copy_(value)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = self.trunk(x)
        mean, logvar = self.mean(h), self.logvar(h)
        z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
        return self.decoder(z), mean, logvar
