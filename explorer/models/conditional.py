"""Conditional VAE: encoder and decoder are both told the class, so the latent need not say it.

Source: Sohn, Lee & Yan 2015, "Learning structured output representation using deep conditional
generative models"; the prior is N(0, I) for every class, as in Kingma et al. 2014 (M2).
"""

from __future__ import annotations

from typing import ClassVar

from explorer.models.gaussian import Gaussian
from explorer.models.networks import MLP, Convolutional
from explorer.models.registry import register

SETTINGS = ("classes", "label_embedding")


@register("conditional-vae", "Conditional VAE")
class ConditionalVAE(Gaussian, MLP):
    """Fully connected."""

    conditional = True
    settings: ClassVar[tuple[str, ...]] = SETTINGS


@register("conv-conditional-vae", "Convolutional conditional VAE", hidden=(256,))
class ConvConditionalVAE(Gaussian, Convolutional):
    """Convolutional."""

    conditional = True
    settings: ClassVar[tuple[str, ...]] = SETTINGS
