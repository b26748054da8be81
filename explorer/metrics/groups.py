"""Groups of images that share the value of one factor: what the FactorVAE and BetaVAE scores draw.

Sampling stands apart from scoring: groups come from the images that there are, or from a grid of
factors whose images are drawn and encoded on demand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np


class Sampler(Protocol):
    """Draws codes, with the randomness that it is given."""

    @property
    def factors(self) -> int:
        """How many factors there are."""

    def codes(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Codes `(n, D)` of images in which all factors vary."""

    def __call__(self, fixed: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
        """Codes `(B, size, D)` of B groups of images. All of group b share one value, drawn at
        random, of the factor `fixed[b]` (int64 `(B,)`); the other factors vary."""


@dataclass(frozen=True)
class FromArray:
    """Groups of rows of codes `(N, D)` whose factors `(N, K)`, numbered from 0, are known.

    The shared value is that of a row drawn at random; rows may come twice in a group. `codes(n)`
    are all N rows.
    """

    rows: np.ndarray
    values: np.ndarray

    @property
    def factors(self) -> int:
        return int(self.values.shape[1])

    def codes(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return self.rows

    def __call__(self, fixed: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
        value = self.values[rng.integers(len(self.values), size=len(fixed)), fixed]
        chosen = np.empty((len(fixed), size), dtype=np.int64)
        for factor, (order, starts) in enumerate(self._sorted):
            here = np.flatnonzero(fixed == factor)
            first, stop = starts[value[here]], starts[value[here] + 1]
            chosen[here] = order[rng.integers(first[:, None], stop[:, None], (len(here), size))]
        return self.rows[chosen]

    @cached_property
    def _sorted(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each factor the rows sorted by its value, and where each value's rows start."""
        return [
            (np.argsort(column, kind="stable"), np.cumsum([0, *np.bincount(column)]))
            for column in self.values.T
        ]


@dataclass(frozen=True)
class FromGrid:
    """Groups of images of any factor values: `encode(values (n, K) int64) -> codes (n, D)` draws
    and encodes them, and factor k takes the values 0 .. sizes[k] - 1, all equally likely."""

    sizes: Sequence[int]
    encode: Callable[[np.ndarray], np.ndarray]

    @property
    def factors(self) -> int:
        return len(self.sizes)

    def codes(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return self.encode(rng.integers(self.sizes, size=(n, self.factors)))

    def __call__(self, fixed: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
        values = rng.integers(self.sizes, size=(len(fixed), size, self.factors))
        group = np.arange(len(fixed))
        values[group, :, fixed] = values[group, :1, fixed]
        return self.encode(values.reshape(-1, self.factors)).reshape(len(fixed), size, -1)
