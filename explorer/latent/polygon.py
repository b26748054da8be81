"""Shapes drawn on a map: a box is a polygon of four corners, a lasso one of at most 64."""

from __future__ import annotations

import re
from math import ceil, log10

import numpy as np

from explorer.errors import ExplorerError

FEWEST, MOST = 3, 64
# Beyond this no map has places; it keeps the arithmetic below far from overflow.
LIMIT = 1e6
# A polygon whose width is a smaller share of its length is a line.
THIN = 1e-9
# Points that are looked at together: their few temporaries stay in the processor's cache.
CHUNK = 1 << 15
# Parts of its smaller side to which a polygon is written: finer than a screen pixel.
PARTS = 1000
MOST_DIGITS = 9
_NUMBER = re.compile(r"-?[0-9]{1,7}(\.[0-9]{1,9})?")


def checked(polygon: np.ndarray) -> np.ndarray:
    """The polygon `(V, 2)` as float64. Raises ExplorerError when it cannot enclose anything."""
    vertices = np.asarray(polygon, np.float64)
    if vertices.ndim != 2 or vertices.shape[1] != 2:
        raise ExplorerError("A shape is a list of corners with two numbers, x and y, each.")
    if not FEWEST <= len(vertices) <= MOST:
        raise ExplorerError(
            f"A shape has {FEWEST} to {MOST} corners, but this one has {len(vertices)}."
        )
    if not (np.abs(vertices) <= LIMIT).all():  # false for NaN too
        raise ExplorerError("A corner of this shape is not a place of the map.")
    # The singular values are the root summed squares of its extent along and across itself.
    along, across = np.linalg.svd(vertices - vertices.mean(0), compute_uv=False)
    if across <= THIN * max(along, np.abs(vertices).max()):
        raise ExplorerError("The corners of this shape lie on one line: it encloses nothing.")
    return vertices


def inside(xy: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Which of the places `(N, 2)` lie in a polygon `(V, 2)`: bool `(N,)`, by the even-odd rule.

    A ray from each place to the right crosses the boundary an odd number of times when the place is
    inside; where a boundary crosses itself, what it encloses twice is outside. Beside the result
    the memory used does not grow with N. Raises ExplorerError for a polygon that is none.
    """
    vertices = checked(polygon)
    found = np.zeros(len(xy), bool)
    for start in range(0, len(xy), CHUNK):
        part = slice(start, start + CHUNK)
        found[part] = _odd(xy[part].astype(np.float64), vertices)
    return found


def _odd(xy: np.ndarray, vertices: np.ndarray) -> np.ndarray:
    """Whether the ray to the right from each of `(N, 2)` crosses an odd number of the edges."""
    odd = np.zeros(len(xy), bool)
    low, high = vertices.min(0), vertices.max(0)
    near = np.flatnonzero(((xy >= low) & (xy <= high)).all(1))
    near = near[np.argsort(xy[near, 1])]
    x, y = xy[near].T
    crossed = np.zeros(len(near), bool)
    for (x0, y0), (x1, y1) in zip(vertices, np.roll(vertices, -1, axis=0), strict=True):
        # The points that an edge spans follow each other. Its upper end does not count, so that a
        # ray through a corner counts once, and an edge along the ray not at all.
        start, stop = np.searchsorted(y, sorted((y0, y1)))
        if start < stop:
            edge = x0 + (y[start:stop] - y0) * ((x1 - x0) / (y1 - y0))
            crossed[start:stop] ^= x[start:stop] < edge
    odd[near] = crossed
    return odd


def simplified(polygon: np.ndarray, most: int = 40) -> np.ndarray:
    """A drawn lasso `(V, 2)` with at most so many corners: those that change its area least go.

    Source: Visvalingam & Whyatt 1993, "Line generalisation by repeated elimination of points".
    """
    corners = list(np.asarray(polygon, np.float64))
    areas = [_area(corners, i) for i in range(len(corners))]
    while len(corners) > max(most, FEWEST):
        gone = int(np.argmin(areas))
        del corners[gone], areas[gone]
        for i in (gone - 1, gone % len(corners)):
            areas[i] = _area(corners, i)
    return np.array(corners).reshape(-1, 2)


def _area(corners: list[np.ndarray], i: int) -> float:
    """Twice the area of the triangle of a corner and its two neighbours."""
    (x0, y0), (x1, y1), (x2, y2) = corners[i - 1], corners[i], corners[(i + 1) % len(corners)]
    return abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0))


def polygon_to_text(polygon: np.ndarray) -> str:
    """A polygon `(V, 2)` for an address: x and y of each corner in turn, with `_` between.

    Decimals are as many as a thousandth of its smaller side needs. Raises ExplorerError for a
    polygon that is none, or so thin that it is a line when it is written thus.
    """
    vertices = checked(polygon)
    side = float(np.ptp(vertices, axis=0).min())
    digits = min(MOST_DIGITS, max(0, ceil(log10(PARTS / side))))
    rounded = checked(vertices.round(digits))
    return "_".join(_plain(value, digits) for value in rounded.ravel())


def polygon_of_text(text: str) -> np.ndarray:
    """The polygon `(V, 2)` that `polygon_to_text` wrote.

    Raises ExplorerError for any other text, and for a polygon that is none.
    """
    places = places_of_text(text)
    if places is None:
        raise ExplorerError(
            "A shape is written as the numbers x and y of each corner with '_' between, like "
            "0_0_1_0_1_1."
        )
    return checked(places)


def stroke_of_text(text: str) -> np.ndarray:
    """The line `(V, 2)` float64 that a hand drew over a map, 2 to MOST places written like the
    corners of a polygon. Raises ExplorerError for any other text."""
    places = places_of_text(text)
    if places is None or not 2 <= len(places) <= MOST or np.abs(places).max() > LIMIT:
        raise ExplorerError(
            f"A drawn line is written as the numbers x and y of 2 to {MOST} places with '_' "
            "between, like 0_0_1_0.5."
        )
    return places


def places_of_text(text: str) -> np.ndarray | None:
    """The places `(V, 2)` of a text like `0_0_1_0.5`, x and y in turn; None for any other text."""
    # Sign, digits, dot and separator of each number, and nothing longer.
    parts = text.split("_") if len(text) <= 2 * MOST * (7 + MOST_DIGITS + 3) else []
    if len(parts) % 2 or not all(map(_NUMBER.fullmatch, parts)) or not parts:
        return None
    return np.array([float(part) for part in parts]).reshape(-1, 2)


def _plain(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if digits else text
    return "0" if text in ("-0", "") else text
