"""How well a model cleans noisy images, beside the plainest filter there is."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.data import Images, unit
from explorer.metrics.elbo import batches
from explorer.models import Autoencoder
from explorer.objectives import corrupt


@torch.inference_mode()
def denoising_errors(model: Autoencoder, images: Images, seed: int = 0) -> tuple[float, float]:
    """Mean squared error per pixel against the clean images, of the model and of a median filter.

    Both see the same noisy images: the noise of the model's objective, drawn from `seed`.
    """
    noise = torch.Generator(model.device).manual_seed(seed)
    ours, median = [], []
    for batch in batches(images, model.device):
        x = unit(batch.pixels)
        noisy = corrupt(x, model.objective, noise)
        cleaned = model.decode(model.posterior(noisy, batch.labels).mean, batch.labels)
        ours.append((cleaned - x).square().flatten(1).mean(1))
        median.append((median_filter(noisy) - x).square().flatten(1).mean(1))
    return float(torch.cat(ours).double().mean()), float(torch.cat(median).double().mean())


def median_filter(x: Tensor) -> Tensor:
    """The median of each pixel's 3x3 neighbourhood, `(N, C, H, W)`; edges are repeated."""
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    windows = padded.unfold(2, 3, 1).unfold(3, 3, 1)  # (N, C, H, W, 3, 3), a view
    return windows.flatten(4).median(-1).values
