"""The sliders: one for each dimension of a latent, over the strip of what it does, decoded live."""

from explorer.view.sliders.sliders import sliders

__all__ = ["sliders"]
