"""How well a model cleans noisy images, beside the plainest filter there is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.data import Images, unit
from explorer.errors import ExplorerError
from explorer.loaded import Model
from explorer.metrics.elbo import batches
from explorer.models import Autoencoder
from explorer.objectives import corrupt
from explorer.spec import ObjectiveSpec

# What `corrupt` can do to an image.
NOISES = ("gaussian", "salt-and-pepper", "masking")


@dataclass(frozen=True)
class Cleaned:
    """One image with A amounts of noise, and what became of it: `noisy`, `denoised` (by the model)
    and `median` (by the filter) `(A, C, H, W)` in [0, 1], beside the `clean (C, H, W)` one."""

    clean: np.ndarray
    noisy: np.ndarray
    denoised: np.ndarray
    median: np.ndarray

    def psnr(self, images: np.ndarray) -> list[float]:
        """The PSNR of each of `images (A, C, H, W)` against the clean one, in dB."""
        return [psnr(float(mse)) for mse in np.square(images - self.clean).mean((1, 2, 3))]


@torch.inference_mode()
def cleaned(
    model: Model,
    clean: np.ndarray,
    noise: str,
    amounts: Sequence[float],
    seed: int,
    label: int | None = None,
) -> Cleaned:
    """What a model and the median filter make of an image `(C, H, W)` in [0, 1] with noise.

    The noise of a seed is the same for every amount but stronger, so that a slider shows one image
    sink into it. `label` is what a conditional model is told. Raises ExplorerError for an unknown
    noise or an amount beyond [0, 1].
    """
    if noise not in NOISES or not all(0 <= amount <= 1 for amount in amounts):
        raise ExplorerError(f"Noise is one of {', '.join(NOISES)}, with an amount of 0 to 1.")
    x = torch.from_numpy(clean[None])
    noisy = torch.cat(
        [
            corrupt(
                x,
                ObjectiveSpec.model_validate({"noise": noise, "noise_amount": amount}),
                torch.Generator().manual_seed(seed),
            )
            for amount in amounts
        ]
    )
    labels = None if label is None else np.full(len(noisy), label)
    z = model.encode(noisy.numpy(), labels).mean
    denoised = model.decode(z, labels)
    return Cleaned(clean, noisy.numpy(), denoised, median_filter(noisy).numpy())


def psnr(mse: float) -> float:
    """The peak signal-to-noise ratio of images in [0, 1] with a squared error, in dB: 10 log10 of
    1 / mse; infinite without any error."""
    return 10 * math.log10(1 / mse) if mse > 0 else math.inf


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
