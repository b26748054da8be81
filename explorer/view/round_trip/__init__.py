"""Round trips: an image encoded and decoded again and again."""

from explorer.view.round_trip.round_trip import draw

__all__ = ["draw"]
