"""The manifold of a 2-D latent space as one zoomable picture, as a component."""

from explorer.view.manifold.manifold import manifold

__all__ = ["manifold"]
