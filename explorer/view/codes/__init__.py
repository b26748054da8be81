"""Paint with codes: the latent of a VQ-VAE, cell by cell."""

from explorer.view.codes.codes import draw

__all__ = ["draw"]
