"""What a person sees of canvases and maps, in numbers."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import Locator


def red(canvas: Locator) -> np.ndarray:
    """The red channel `(H, W)` of a canvas: its grey values, 0 to 255."""
    width, *values = canvas.evaluate(
        """canvas => {
            const { width, height } = canvas
            const rgba = canvas.getContext('2d').getImageData(0, 0, width, height).data
            return [width, ...rgba.filter((_, i) => i % 4 === 0)]
        }"""
    )
    return np.array(values, np.int64).reshape(-1, width)


def on_screen(plot: Locator, x: float, y: float) -> tuple[float, float]:
    """Where a place of a map is on the screen."""
    return tuple(
        plot.evaluate(
            """(plot, [x, y]) => {
                const { xaxis, yaxis } = plot._fullLayout
                const box = plot.getBoundingClientRect()
                return [box.left + xaxis._offset + xaxis.d2p(x),
                        box.top + yaxis._offset + yaxis.d2p(y)]
            }""",
            [float(x), float(y)],
        )
    )
