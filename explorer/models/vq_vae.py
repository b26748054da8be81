"""VQ-VAE: the latent of an image is a grid of codes, each one of K vectors of a codebook.

Source: van den Oord, Vinyals & Kavukcuoglu 2017, "Neural discrete representation learning"; the
codebook by exponential moving averages is their appendix A.1; codes that nobody uses are restarted
from encoder outputs (Dhariwal et al. 2020, "Jukebox", section 3).
"""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer import objectives
from explorer.errors import ExplorerError
from explorer.models.base import Autoencoder, Posterior
from explorer.models.networks import activation, shrunk
from explorer.models.registry import register
from explorer.objectives import Loss
from explorer.spec import ModelSpec, ObjectiveSpec

# How slowly the moving averages forget: 1 / (1 - DECAY) steps.
DECAY = 0.99
# A code is dead when it is used less than this share of its fair part; it is then restarted.
DEAD = 0.1
# Its use counts as this share of its fair part from then on: a code that stays unused although it
# was restarted is tried again after 70 steps. At 1 that took 230, with most of the codes dead.
RESTARTED = 0.2


@register("vq-vae", "VQ-VAE")
class VQVAE(Autoencoder):
    """image -> convolutions -> (h, w) vectors -> each its nearest code -> mirrored.

    The latent `z` is the flattened grid of quantised vectors, `(N, h * w * code_dim)`, position by
    position. `codes` gives the grid of code numbers, `decode_codes` the way back. `decode` takes
    any latent and uses the nearest codes.

    The residual blocks stand in the decoder alone (the paper has them in the encoder too): a code
    then speaks of its own patch and is easier to predict, while the decoder still sees what is
    around it.
    """

    channels_last = True
    codebook: Tensor
    usage: Tensor
    settings: ClassVar[tuple[str, ...]] = (
        *("channels", "activation", "residual_blocks", "noise", "noise_amount"),
        *("codebook_size", "code_dim", "codebook", "commitment"),
    )

    def __init__(self, spec: ModelSpec, objective: ObjectiveSpec) -> None:
        super().__init__(spec, objective)
        self.grid = shrunk(spec)
        size = grid_dim(spec)
        if spec.latent_dim != size:
            raise ExplorerError(
                f"The latent of this VQ-VAE has {size} dimensions ({self.grid[0]} x {self.grid[1]} "
                f"codes of {spec.code_dim}), not {spec.latent_dim}; leave the latent dimension out."
            )
        act, wide = spec.activation, spec.channels[-1]
        down: list[nn.Module] = []
        for inward, outward in pairwise((spec.image_shape[0], *spec.channels)):
            down += [nn.Conv2d(inward, outward, 4, stride=2, padding=1), activation(act)]
        up: list[nn.Module] = []
        for inward, outward in pairwise((*reversed(spec.channels), spec.image_shape[0])):
            up += [activation(act), nn.ConvTranspose2d(inward, outward, 4, stride=2, padding=1)]
        blocks = [ResidualBlock(wide, act) for _ in range(spec.residual_blocks)]
        self.down = nn.Sequential(*down, nn.Conv2d(wide, spec.code_dim, 1))
        self.up = nn.Sequential(nn.Conv2d(spec.code_dim, wide, 1), *blocks, *up)
        book = torch.empty(spec.codebook_size, spec.code_dim).uniform_(-1, 1) / spec.codebook_size
        if spec.codebook == "loss":
            self.codebook = nn.Parameter(book)
        else:
            self.register_buffer("codebook", book)
            self.register_buffer("usage", torch.zeros(spec.codebook_size))

    def vectors(self, x: Tensor) -> Tensor:
        """Images to encoder outputs `(N, h * w, code_dim)`, before the codebook."""
        h = self.down(x.contiguous(memory_format=torch.channels_last))
        return h.float().flatten(2).transpose(1, 2)

    def nearest(self, vectors: Tensor) -> Tensor:
        """The number of the nearest code `(..., )` of each vector `(..., code_dim)`."""
        book = self.codebook.detach()
        # |v - e|^2 = |v|^2 - 2 v e + |e|^2; |v|^2 is the same for all codes.
        with torch.autocast(vectors.device.type, enabled=False):
            return (book.square().sum(1) - 2 * vectors.float() @ book.T).argmin(-1)

    def codes(self, x: Tensor) -> Tensor:
        """Images `(N, C, H, W)` to code numbers `(N, h, w)` int64."""
        return self.nearest(self.vectors(x)).unflatten(1, self.grid)

    def embed(self, codes: Tensor) -> Tensor:
        """Code numbers `(N, h, w)` to latents `(N, D)`."""
        return F.embedding(codes.flatten(1), self.codebook).flatten(1)

    def decode_codes(self, codes: Tensor) -> Tensor:
        """Code numbers `(N, h, w)` to images `(N, C, H, W)` in [0, 1]."""
        return self.link(self._decoded(self.embed(codes)).float())

    def codes_of_latents(self, z: Tensor) -> Tensor:
        """The nearest code numbers `(N, h, w)` of any latents `(N, D)`."""
        vectors = z.unflatten(1, (prod(self.grid), self.spec.code_dim))
        return self.nearest(vectors).unflatten(1, self.grid)

    def posterior(self, x: Tensor, labels: Tensor | None = None) -> Posterior[Tensor]:
        return Posterior(self.embed(self.codes(x)).float(), None)

    def logits(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return self._decoded(self.embed(self.codes_of_latents(z)))

    def _decoded(self, z: Tensor) -> Tensor:
        """Latents that are codes already to logits; gradients reach the latents."""
        h = z.unflatten(1, (*self.grid, self.spec.code_dim)).permute(0, 3, 1, 2)
        return self.up(h)

    def loss(
        self,
        x: Tensor,
        labels: Tensor | None = None,
        step: int = 0,
        generator: torch.Generator | None = None,
        seen: Tensor | None = None,
    ) -> Loss:
        """reconstruction + commitment * |v - sg(e)|^2 (+ |sg(v) - e|^2 for the loss codebook).

        The gradient of the decoder passes to the encoder as if there were no codebook (straight
        through). In training the moving averages of the codebook advance by one step.
        """
        seen = objectives.corrupt(x if seen is None else seen, self.objective, generator)
        vectors = self.vectors(seen)
        codes = self.nearest(vectors)
        if self.training and self.spec.codebook == "ema":
            self._advance(vectors.detach().flatten(0, 1), codes.flatten(), generator)
            codes = self.nearest(vectors)
        quantised = F.embedding(codes, self.codebook)
        straight = vectors + (quantised - vectors).detach()
        rec = self.reconstruction(x, self._decoded(straight.flatten(1)).float())
        commitment = (vectors - quantised.detach()).square().flatten(1).sum(1).mean()
        total = rec.mean() + self.objective.commitment * commitment
        if self.spec.codebook == "loss":
            total = total + (quantised - vectors.detach()).square().flatten(1).sum(1).mean()
        extras = {"commitment": commitment.detach(), **usage(codes, self.spec.codebook_size)}
        return Loss(total, rec, torch.zeros_like(rec), rec.new_zeros(0), beta=0.0, extras=extras)

    @torch.no_grad()
    def _advance(self, vectors: Tensor, codes: Tensor, generator: torch.Generator | None) -> None:
        """One step of the moving averages, and a new start for the codes that are dead.

        At the first step nearly every code is dead, so the codebook starts as a sample of the
        encoder's outputs.
        """
        size = self.spec.codebook_size
        counts = torch.bincount(codes, minlength=size).to(vectors)
        sums = torch.zeros_like(self.codebook).index_add_(0, codes, vectors)
        before = self.usage[:, None] * self.codebook
        self.usage.mul_(DECAY).add_(counts, alpha=1 - DECAY)
        averaged = (DECAY * before + (1 - DECAY) * sums) / self.usage[:, None].clamp(min=1e-6)
        fair = len(codes) / size
        dead = self.usage < DEAD * fair
        pick = torch.randint(len(vectors), (size,), device=vectors.device, generator=generator)
        self.codebook.copy_(torch.where(dead[:, None], vectors[pick], averaged))
        again = torch.full_like(self.usage, RESTARTED * fair)
        self.usage.copy_(torch.where(dead, again, self.usage))


def grid_dim(spec: ModelSpec) -> int:
    """The latent dimensions of a VQ-VAE: code positions times numbers of a code."""
    return prod(shrunk(spec)) * spec.code_dim


def usage(codes: Tensor, size: int) -> dict[str, Tensor]:
    """How a codebook of `size` codes is used by code numbers of any shape.

    `perplexity` exp(-sum_k p_k log p_k) is size when all codes are used alike, 1 when one is used;
    `dead_codes` counts those that are not used at all.
    """
    p = torch.bincount(codes.flatten(), minlength=size).float() / max(codes.numel(), 1)
    return {"perplexity": torch.special.entr(p).sum().exp(), "dead_codes": (p == 0).sum().float()}


class ResidualBlock(nn.Module):
    """h + convolutions(h): 3x3, then 1x1 (van den Oord et al. 2017, section 4.1)."""

    def __init__(self, channels: int, act: str) -> None:
        super().__init__()
        self.body = nn.Sequential(
            activation(act),
            nn.Conv2d(channels, channels, 3, padding=1),
            activation(act),
            nn.Conv2d(channels, channels, 1),
        )

    def forward(self, h: Tensor) -> Tensor:
        return h + self.body(h)
