"""Errors: what a model draws badly is unlike what it was trained on."""

from explorer.view.errors.errors import draw

__all__ = ["draw"]
