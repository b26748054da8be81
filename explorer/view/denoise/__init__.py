"""Denoise: an image in noise, as a model cleans it and as the plainest filter does."""

from explorer.view.denoise.denoise import draw

__all__ = ["draw"]
