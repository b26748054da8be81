"""Class and style apart: a conditional model's latents as any class, as a component."""

from explorer.view.classes.classes import classes

__all__ = ["classes"]
