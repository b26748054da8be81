"""Colours of layers: a grid as a picture to lay over a map, and the legend that explains it.

Safe for colour-blind readers, on light and on dark grounds: cividis for numbers, Okabe-Ito for
categories.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from explorer.latent.layers import LAYERS, Grid

# Cividis from low to high (Nunez, Anderton & Renslow 2018), in equal steps.
RAMP = (
    *("#00224e", "#123570", "#3b496c", "#575d6d", "#707173"),
    *("#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"),
)
RAMP_ALPHA = 217
# In data, gap, outside: blue as faint as it can be seen, since most of a map is in data.
TONES = (("#0072B2", 51), ("#E69F00", 140), ("#7F7F7F", 140))
# The classes, as in `explorer/view/js/theme.js`.
CLASSES = (
    *("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9"),
    *("#D55E00", "#B8A200", "#7F5AA8", "#8C6D46", "#7F7F7F"),
)
CLASS_ALPHA = 217
# The ends of the ramp: this share of the cells lies beyond each and has the colour of the end.
BEYOND = 0.01
# The ramp shows no more than this ratio of values: what is a thousandth of the largest is nothing.
DEPTH = 1000
STOPS = 6
WORDS = {"data": "in data", "gap": "a gap", "outside": "outside"}


def picture(grid: Grid) -> tuple[np.ndarray, dict[str, Any]]:
    """RGBA `(ny, nx, 4)` uint8, row 0 on top, and the legend as plain JSON.

    The legend has `title`, `unit`, `scale`, the words `about`, `low` and `high`, and `stops` of
    {value, colour, alpha} with `min` and `max` for numbers, of {name, colour, alpha} for
    categories. Values beyond `min` and `max` have the colour of that end.
    """
    layer = LAYERS[grid.layer]
    legend: dict[str, Any] = {
        **{"layer": grid.layer, "title": layer.title, "unit": layer.unit, "scale": layer.scale},
        **{"about": layer.about, "low": layer.low, "high": layer.high},
    }
    rgba, found = _categories(grid) if layer.scale == "category" else _ramp(grid.values)
    return rgba, legend | found


def _categories(grid: Grid) -> tuple[np.ndarray, dict[str, Any]]:
    tones = TONES if grid.layer == "standing" else tuple((one, CLASS_ALPHA) for one in CLASSES)
    table = np.array([[*_rgb(colour), alpha] for colour, alpha in tones], np.uint8)
    rgba = table[grid.values.astype(int) % len(table)]
    if grid.sureness is not None:
        rgba[..., 3] = np.rint(rgba[..., 3] * grid.sureness)
    stops = [
        {
            "name": WORDS.get(name, name),
            "colour": tones[i % len(tones)][0],
            "alpha": tones[i % len(tones)][1] / 255,
        }
        for i, name in enumerate(grid.names)
    ]
    return rgba, {"stops": stops}


def _ramp(values: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
    """Colours by the logarithm of numbers that are 0 or more; what is 0 is as low as the lowest."""
    logs = np.log(np.maximum(values.astype(np.float64), np.finfo(np.float32).tiny))
    low, high = np.quantile(logs, (BEYOND, 1 - BEYOND))
    low = max(low, high - np.log(DEPTH))
    share = np.clip((logs - low) / (high - low if high > low else 1.0), 0, 1)
    rgba = np.dstack([_colours(share), np.full(share.shape, RAMP_ALPHA, np.uint8)])
    shown = np.exp(np.linspace(low, high, STOPS))
    colours = _colours(np.linspace(0, 1, STOPS))
    stops = [
        {"value": float(value), "colour": f"#{bytes(c).hex()}", "alpha": RAMP_ALPHA / 255}
        for value, c in zip(shown, colours, strict=True)
    ]
    return rgba, {"stops": stops, "min": float(shown[0]), "max": float(shown[-1])}


def _colours(share: np.ndarray) -> np.ndarray:
    """Colours `(..., 3)` uint8 of the ramp at shares in [0, 1], between its steps too."""
    table = np.array([_rgb(colour) for colour in RAMP], float)
    at = np.linspace(0, 1, len(table))
    mixed = np.stack([np.interp(share, at, channel) for channel in table.T], axis=-1)
    return np.rint(mixed).astype(np.uint8)


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))
