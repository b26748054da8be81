"""Boxes of a map in its own units, and the cells that they are divided into: pure arithmetic.

`explorer/view/js/boxes.js` and `points.js` hold the same for what a browser shows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# The middle share of the points in each direction that a first view shows, and the room around
# them as a share of their longer side: what a map first shows in the browser.
CORE = 0.99
HOME_MARGIN = 0.12


class Box(NamedTuple):
    """A part of a map, in its units; y grows upwards."""

    x0: float
    x1: float
    y0: float
    y1: float

    @property
    def longer(self) -> float:
        return max(self.x1 - self.x0, self.y1 - self.y0)


def core(places: np.ndarray) -> Box:
    """The box of the middle 99 % of places `(N, 2)` in each direction; a few far points must not
    squeeze all others into a corner."""
    ordered = np.sort(places, axis=0).astype(float)
    # To the nearest point, halves upwards, as the browser does.
    low, high = (
        ordered[int(share * (len(places) - 1) + 0.5)] for share in ((1 - CORE) / 2, (1 + CORE) / 2)
    )
    return Box(float(low[0]), float(high[0]), float(low[1]), float(high[1]))


def padded(box: Box, share: float) -> Box:
    """The box with room on each side: a share of its longer side (of 1 for a single point)."""
    room = share * (box.longer or 1)
    return Box(box.x0 - room, box.x1 + room, box.y0 - room, box.y1 + room)


def home(places: np.ndarray) -> Box:
    """What a map of `places (N, 2)` first shows."""
    return padded(core(places), HOME_MARGIN)


def scaled(box: Box, factor: float) -> Box:
    """The box so many times as wide and high, about its centre."""
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    wide, high = factor * (box.x1 - box.x0) / 2, factor * (box.y1 - box.y0) / 2
    return Box(x - wide, x + wide, y - high, y + high)


def cells(box: Box, longer: int) -> tuple[int, int]:
    """How many nearly square cells (across, up) divide a box, `longer` along its longer side."""
    sides = box.x1 - box.x0, box.y1 - box.y0
    across, up = (max(1, round(longer * side / box.longer)) for side in sides)
    return across, up


def centres(box: Box, nx: int, ny: int) -> np.ndarray:
    """The centres `(ny * nx, 2)` of the cells of a box, row by row from the top as in a picture."""
    x = box.x0 + (np.arange(nx) + 0.5) / nx * (box.x1 - box.x0)
    y = box.y1 - (np.arange(ny) + 0.5) / ny * (box.y1 - box.y0)
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
