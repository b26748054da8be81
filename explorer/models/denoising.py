"""Denoising autoencoder: it sees a corrupted image and is judged against the clean one.

Source: Vincent et al. 2008, "Extracting and composing robust features with denoising autoencoders".
The noise belongs to the objective (`objectives.corrupt`), so any family can be trained with it;
these two are the usual choice.
"""

from __future__ import annotations

from typing import Any

from explorer.models.autoencoder import ConvAutoencoder, MLPAutoencoder
from explorer.models.registry import register

NOISY: dict[str, Any] = {
    "latent_dim": 64,
    "noise": "gaussian",
    "dropout": 0.2,
    "reconstruction": "mse",
}


@register("denoising-autoencoder", "Denoising autoencoder", **NOISY)
class DenoisingAutoencoder(MLPAutoencoder):
    """Fully connected."""


@register(
    "conv-denoising-autoencoder",
    "Convolutional denoising autoencoder",
    hidden=(512,),
    batch_norm=True,
    **NOISY,
)
class ConvDenoisingAutoencoder(ConvAutoencoder):
    """Convolutional."""
