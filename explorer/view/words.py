"""Short words for what a page shows."""

from __future__ import annotations

from explorer.spec import ModelSpec
from explorer.view.shown import Shown


def latent_words(spec: ModelSpec) -> str:
    """What an image becomes in a model: "20 numbers", or "49 codes" for a VQ-VAE."""
    if spec.family == "vq-vae":
        return f"{spec.latent_dim // spec.code_dim} codes"
    return f"{spec.latent_dim} number{'s' if spec.latent_dim > 1 else ''}"


def images_words(dataset: str, count: int, shown: Shown) -> str:
    """How many images of which data set: "sprites, 5,000 of 737,280", "mnist, all 70,000"."""
    total = shown.totals.get(dataset, count)
    return f"{dataset}, {f'{count:,} of {total:,}' if count < total else f'all {count:,}'}"
