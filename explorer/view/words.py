"""Short words for what a page shows."""

from __future__ import annotations

from explorer.spec import ModelSpec


def latent_words(spec: ModelSpec) -> str:
    """What an image becomes in a model: "20 numbers", or "49 codes" for a VQ-VAE."""
    if spec.family == "vq-vae":
        return f"{spec.latent_dim // spec.code_dim} codes"
    return f"{spec.latent_dim} number{'s' if spec.latent_dim > 1 else ''}"
