"""Augmentation: what a batch becomes before a training step, so that a model memorises less.

A VAE's gap between training and test images is mostly its encoder's, and showing the encoder
changed images closes it (Shu et al. 2018, "Amortized inference regularization"). Images stay
`(N, C, H, W)` floats in [0, 1].
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def augment(
    x: Tensor, kind: str, generator: torch.Generator, progress: float = 0.0
) -> tuple[Tensor, Tensor]:
    """The target of a batch and what the encoder is shown of it: `x` twice for `none`.

    `binarise` shows the encoder half of the images as Bernoulli samples of their grey values, the
    target stays grey. `shift` moves target and input alike by at most a pixel each way; the share
    of moved images falls from all to none over the run (`progress` 0 to 1), because the model
    should end on images as they are. `binarise+shift` does both.
    """
    if "shift" in kind:
        x = torch.where(_coins(x, generator) >= progress, shifted(x, generator), x)
    seen = x
    if "binarise" in kind:
        drawn = torch.bernoulli(x, generator=generator)
        seen = torch.where(_coins(x, generator) < 0.5, drawn, x)
    return x, seen


def shifted(x: Tensor, generator: torch.Generator) -> Tensor:
    """Each image moved by -1, 0 or 1 pixel down and right at random; edges are repeated."""
    n, _, height, width = x.shape
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)  # (N, C, 3, 3, H, W), a view
    move = torch.randint(3, (2, n), device=x.device, generator=generator)
    return windows[torch.arange(n, device=x.device), :, move[0], move[1]]


def _coins(x: Tensor, generator: torch.Generator) -> Tensor:
    """One uniform number in [0, 1) for each image, `(N, 1, 1, 1)`."""
    return torch.rand(len(x), 1, 1, 1, device=x.device, generator=generator)
