"""A learned prior over the codes of a VQ-VAE: a small causal transformer, code after code.

Source: van den Oord et al. 2017, section 3.3 (fit an autoregressive prior over the codes); the
blocks are those of Radford et al. 2019 (GPT-2: normalisation first, GELU).
"""

from __future__ import annotations

import math
from math import prod
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.data.base import Pixels, materialised
from explorer.errors import ExplorerError
from explorer.models.network import Network
from explorer.models.registry import register
from explorer.objectives import Loss
from explorer.spec import ModelSpec, ObjectiveSpec

# Keys and values `(N, heads, T, width / heads)` of the codes that one block has seen.
Cache = tuple[Tensor, Tensor]
# What stands in a grid of kept codes where a code is to be drawn.
FREE = -1


@register("code-prior", "Prior over codes", dropout=0.1)
class CodePrior(Network):
    """p(codes) = prod_t p(code_t | codes before it), row by row; `image_shape` is (1, h, w)."""

    kind = "prior"
    settings: ClassVar[tuple[str, ...]] = ("codebook_size", "width", "layers", "heads", "dropout")

    def __init__(self, spec: ModelSpec, objective: ObjectiveSpec) -> None:
        super().__init__(spec, objective)
        if spec.width % spec.heads:
            raise ExplorerError(
                f"The width of a transformer must be a multiple of its {spec.heads} heads, but is "
                f"{spec.width}."
            )
        self.length = prod(spec.image_shape)
        self.start = spec.codebook_size  # one more token, which stands before the first code
        self.token = nn.Embedding(spec.codebook_size + 1, spec.width)
        self.place = nn.Parameter(0.02 * torch.randn(self.length, spec.width))
        self.drop = nn.Dropout(spec.dropout)
        self.blocks = nn.ModuleList(Block(spec) for _ in range(spec.layers))
        self.norm = nn.LayerNorm(spec.width)
        self.out = nn.Linear(spec.width, spec.codebook_size)

    def prepare(self, pixels: Pixels) -> Tensor:
        """The "pixels" are code numbers `(N, 1, h, w)`; a batch is `(N, h * w)` int64."""
        return materialised(pixels).flatten(1).long()

    def scores(self, tokens: Tensor) -> Tensor:
        """Logits `(N, T, K)` of each code from the tokens `(N, T)` up to the one before it."""
        h = self.drop(self.token(tokens) + self.place[: tokens.shape[1]])
        for block in self.blocks:
            h, _ = block(h, None)
        return self.out(self.norm(h)).float()

    def nats(self, codes: Tensor) -> Tensor:
        """-log p of code grids `(N, h * w)`, in nats per image `(N,)`."""
        return self.nats_of_each(codes).sum(1)

    def nats_of_each(self, codes: Tensor) -> Tensor:
        """-log p of each code of grids `(N, h * w)` given those before it, of the same shape."""
        start = torch.full_like(codes[:, :1], self.start)
        scores = self.scores(torch.cat([start, codes[:, :-1]], 1))
        return F.cross_entropy(scores.transpose(1, 2), codes, reduction="none")

    def loss(
        self,
        x: Tensor,
        labels: Tensor | None = None,
        step: int = 0,
        generator: torch.Generator | None = None,
        seen: Tensor | None = None,
    ) -> Loss:
        """-log p(codes) in nats per image; `nats_per_code` is watched."""
        cost = self.nats(x)
        extras = {"nats_per_code": cost.mean().detach() / self.length}
        zero = torch.zeros_like(cost)
        return Loss(cost.mean(), cost, zero, cost.new_zeros(0), beta=0.0, extras=extras)

    @torch.inference_mode()
    def sample(
        self,
        n: int,
        generator: torch.Generator,
        temperature: float = 1.0,
        kept: Tensor | None = None,
        particles: int = 1,
    ) -> Tensor:
        """`n` code grids `(n, h, w)` int64. Keys and values are kept: one token a step is new.

        A temperature below 1 draws likelier codes, 0 the likeliest alone. Codes `kept (h, w)` that
        are not FREE come back as they are, and codes after them are drawn in their knowledge: for a
        first part of a grid that is the conditional distribution itself. Codes before a kept one
        cannot know it. With several `particles` each grid is one of so many that are drawn
        together, and that are chosen anew after each run of kept codes by how probable they made
        them: with ever more particles that too becomes the conditional distribution (sequential
        importance resampling; Gordon, Salmond & Smith 1993).
        """
        given = [FREE] * self.length if kept is None else kept.flatten().tolist()
        tokens = torch.full((n * particles, 1), self.start, device=self.device)
        codes = tokens.new_empty(n * particles, 0)
        weights = torch.zeros(n, particles, device=self.device)
        caches: list[Cache | None] = [None] * len(self.blocks)
        for position, code in enumerate(given):
            h = self.token(tokens) + self.place[position]
            for index, block in enumerate(self.blocks):
                h, caches[index] = block(h, caches[index])
            p = (self.out(self.norm(h[:, -1])).float() / max(temperature, 1e-6)).softmax(1)
            if code == FREE:
                tokens = torch.multinomial(p, 1, generator=generator)
            else:
                tokens = torch.full_like(tokens, code)
                weights = weights + p[:, code].clamp(min=1e-30).log().view(n, particles)
            codes = torch.cat([codes, tokens], 1)
            if particles > 1 and code != FREE and (*given, FREE)[position + 1] == FREE:
                chosen = resampled(weights, generator)
                codes, weights = codes[chosen], torch.zeros_like(weights)
                caches = [(k[chosen], v[chosen]) for k, v in filter(None, caches)]
        return codes[::particles].unflatten(1, self.spec.image_shape[1:])


def resampled(weights: Tensor, generator: torch.Generator) -> Tensor:
    """The rows `(n * m,)` that go on, of n groups of m rows each with ln `weights (n, m)`: as many
    of each group as before, each drawn by its share of the group's weight."""
    n, m = weights.shape
    drawn = torch.multinomial(weights.softmax(1), m, replacement=True, generator=generator)
    return (drawn + m * torch.arange(n, device=drawn.device)[:, None]).flatten()


class Block(nn.Module):
    """h + attention(norm(h)), then h + mlp(norm(h)); each position sees those before it."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        width = spec.width
        self.heads = spec.heads
        self.norm, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.drop = nn.Dropout(spec.dropout)

    def forward(self, h: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
        """`h (N, T, width)`: all positions at once without a cache, else one new one after it."""
        n, t, width = h.shape
        parts = self.queries_keys_values(self.norm(h)).chunk(3, -1)
        q, k, v = (part.view(n, t, self.heads, -1).transpose(1, 2) for part in parts)
        if cache is not None:
            k, v = torch.cat([cache[0], k], 2), torch.cat([cache[1], v], 2)
        mixed = attention(q, k, v)
        h = h + self.drop(self.merge(mixed.transpose(1, 2).reshape(n, t, width)))
        return h + self.drop(self.mlp(self.norm2(h))), (k, v)


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention of queries `(N, heads, T, W)` to keys and values `(N, heads, S, W)`; the
    queries are the last T of the S positions.

    Written out, because the backward pass of torch's fused version takes five times as long on a
    CPU at these lengths.
    """
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    t, s = scores.shape[-2:]
    later = torch.ones(t, s, dtype=torch.bool, device=q.device).triu(s - t + 1)
    return scores.masked_fill(later, -torch.inf).softmax(-1) @ v
