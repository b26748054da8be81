"""Running sums of a loss and its parts, so that averages are per image and not per batch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.objectives import Loss
from explorer.training.events import Averages

# total, reconstruction, KL; then the extras, then the KL of each dimension.
PARTS = 3


@dataclass
class Sums:
    """Sums over `images` images; `values` is empty until the first loss says how many there are.

    One flat tensor on the training device: nothing is read back until `averages` is asked.
    """

    values: Tensor
    images: int = 0
    extras: tuple[str, ...] = ()

    @classmethod
    def zeros(cls, device: torch.device) -> Sums:
        return cls(torch.zeros(0, device=device))

    @torch.no_grad()
    def add(self, loss: Loss) -> None:
        n = len(loss.reconstruction)
        parts = [n * loss.total, loss.reconstruction.sum(), loss.kl.sum()]
        parts += [n * value for value in loss.extras.values()]
        values = torch.cat([torch.stack(parts), n * loss.per_dimension_kl])
        self.values = self.values + values if len(self.values) else values
        self.images += n
        self.extras = tuple(loss.extras)

    def since(self, earlier: Sums) -> Sums:
        """What was added after `earlier`, a copy of this one at some time, was taken."""
        before = earlier.values if len(earlier.values) else torch.zeros_like(self.values)
        return Sums(self.values - before, self.images - earlier.images, self.extras)

    def copy(self) -> Sums:
        return Sums(self.values, self.images, self.extras)  # `add` makes a new tensor

    def averages(self) -> Averages:
        means = (self.values / max(self.images, 1)).tolist() or [0.0] * PARTS
        total, reconstruction, kl = means[:PARTS]
        cut = PARTS + len(self.extras)
        extras = dict(zip(self.extras, means[PARTS:cut], strict=True))
        return Averages(total, reconstruction, kl, tuple(means[cut:]), extras)
