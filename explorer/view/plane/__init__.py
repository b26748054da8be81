"""The plane: the map of an atlas with what lies under the pointer, decoded live."""

from explorer.view.plane.plane import plane

__all__ = ["plane"]
