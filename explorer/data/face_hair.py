"""The hair of a drawn face: for every style a part behind the head, one before it and its shine.

All are signed distances over the head's turns, `(7, S, S)`, in pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.data.face_shapes import (
    SIDES,
    Plane,
    at,
    bowed,
    box,
    ellipse,
    head,
    merged,
    stroke,
    union,
    width,
    within,
    without,
)


@dataclass(frozen=True)
class Hair:
    """`behind` the head and neck, `front` over the face, `shine` and `tie` on top of both."""

    behind: Tensor
    front: Tensor
    shine: Tensor
    tie: Tensor


def _nothing() -> Tensor:
    return torch.full((1, 1, 1), 99.0)


def _face(p: Plane, y: float, across: float, down: float, angle: float = 0) -> Tensor:
    """The part of the face that hair leaves free; it follows the turn less than the nose does."""
    return ellipse(p, at(angle, 11.0), y, across, down)


def bald(p: Plane) -> Hair:
    return Hair(_nothing(), _nothing(), _nothing(), _nothing())


def short(p: Plane) -> Hair:
    cap = ellipse(p, at(0, -1.0), 23.0, 16.0, 14.8)
    quiff = merged(
        ellipse(p, at(0, 1.0) - 4.0, 14.0, 10.4, 6.2), ellipse(p, at(0, 1) + 6, 15.0, 8.6, 5.0), 3
    )
    sideburns = [
        box(p, at(76 * s, 15.0), 27, 1.0 + 4.2 * width(76 * s).clamp_min(0), 5.0, 1) for s in SIDES
    ]
    free = merged(_face(p, 37.0, 13.2, 15.8), _face(p, 24.5, 7.0, 5.5, -22), 3)
    whole = within(merged(cap, quiff, 4), p.y - 31.5)
    strands = [bowed(p, at(0, 2) + x, y, 5.5, 1.8, 0.7) for x, y in ((-5, 12.2), (4, 15.2))]
    return Hair(_nothing(), union(without(whole, free), *sideburns), union(*strands), _nothing())


def bob(p: Plane) -> Hair:
    cap = ellipse(p, at(0, -1.0), 24.5, 17.4, 17.0)
    sides = box(p, at(0, -3.5), 33.5, 18.8, 13.0, 6)
    free = within(box(p, at(0, 10.0), 37, 11.8, 13.6, 5), head(p))
    behind = box(p, at(0, -2.0), 35, 17.5, 11.5, 6)
    band = bowed(p, at(0, 3) - 1, 15.5, 10, 3.2, 0.9)
    return Hair(behind, without(merged(cap, sides, 6), free), band, _nothing())


Point = tuple[Tensor, float]


def _lock(p: Plane, start: Point, pull: Point, stop: Point, radii: list[float]) -> Tensor:
    """A strand along the quadratic Bezier curve of three points, through the given radii."""
    (x, y), (x2, y2), (x3, y3) = start, pull, stop
    pieces, last = [], start
    for i, radius in enumerate(radii[1:], 1):
        t = i / (len(radii) - 1)
        a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t * t
        here = (a * x + b * x2 + c * x3, a * y + b * y2 + c * y3)
        pieces.append(stroke(p, last, here, radii[i - 1], radius))
        last = here
    return union(*pieces)


def long(p: Plane) -> Hair:
    cap = ellipse(p, at(0, -1.0), 24.0, 17.2, 16.8)
    locks = []
    for s in SIDES:
        start, pull = (at(80 * s, 14.5), 26.0), (at(0, -2.0) + 23.0 * s, 40.0)
        stop = (at(0, -1.0) + 14.0 * s, 58.0)
        locks.append(_lock(p, start, pull, stop, [3.0, 3.6, 4.2, 4.6, 4.4, 3.6, 2.0]))
    sides = box(p, at(0, -3.5), 33, 19.0, 13, 6)
    parted = union(*(_face(p, 36.0, 9.4, 17.0, 22.0 * s) for s in SIDES), _face(p, 40, 12.6, 14))
    free = union(within(parted, head(p)), ellipse(p, at(0, 4.0), 49, 12.0, 14.5))
    front = without(union(cap, sides, *locks), free)
    behind = box(p, at(0, -1.5), 38, 17.0, 17.0, 7)
    shine = bowed(p, at(38, 13.0), 17.0, 5.0, 2.2, 0.8)
    return Hair(behind, front, shine, _nothing())


def _ring(p: Plane, x: Tensor, y: float, r: float, size: float, angles: list[float]) -> Tensor:
    """Round curls on an arc; degrees, 0 to the right and 90 above."""
    discs = []
    for angle in angles:
        u, v = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        discs.append(ellipse(p, x + r * u, y - r * v, size, size))
    return union(*discs)


def curly(p: Plane) -> Hair:
    x = at(0, -1.5)
    cloud = union(
        ellipse(p, x, 24.0, 17.0, 16.5),
        _ring(p, x, 24.5, 16.6, 5.0, [i * 23 - 48 for i in range(13)]),
    )
    hairline = _ring(p, at(0, 11.0), 37, 17.4, 3.2, [24 + i * 22 for i in range(7)])
    arch = without(_face(p, 37.0, 13.0, 16.0), hairline)
    front = without(cloud, within(arch, head(p)))
    curls = [
        bowed(p, x + right, 20.0 - up, 2.6, 1.7, 0.7)
        for right, up in ((-11, 1), (-5, 6.5), (1, 9.8), (4.5, 4.0), (11, 3), (-14, -7), (15, -6))
    ]
    return Hair(cloud, front, union(*curls), _nothing())


def ponytail(p: Plane) -> Hair:
    cap = ellipse(p, at(0, -0.5), 22.8, 15.9, 14.2)
    free = _face(p, 38.5, 13.8, 19.2)
    knot = at(0, -5.0) + 9.5
    radii = [3.0, 3.8, 4.6, 5.2, 5.2, 4.6, 3.2, 1.0]
    tail = _lock(p, (knot, 12.5), (knot + 16.5, 9.0), (knot + 9.5, 43.0), radii)
    tie = stroke(p, (knot + 1.0, 9.2), (knot + 2.6, 13.8), 1.5)
    pulled = [bowed(p, at(angle, 12.0), y, 4.5, 1.2, 0.6) for angle, y in ((-32, 17.5), (2, 13.0))]
    return Hair(tail, without(cap, free), union(*pulled), tie)


_MAKERS: dict[str, Callable[[Plane], Hair]] = {
    "bald": bald,
    "short": short,
    "bob": bob,
    "long": long,
    "curly": curly,
    "ponytail": ponytail,
}


STYLES = tuple(_MAKERS)


def styles(p: Plane) -> list[Hair]:
    """The hair of every style, in the order of `STYLES`."""
    return [make(p) for make in _MAKERS.values()]
