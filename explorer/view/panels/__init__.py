"""Compare: one image through every model, and one cursor over all their maps."""

from explorer.view.panels.panels import draw

__all__ = ["draw"]
