"""The shapes of a drawn face, as signed distances: pixels, negative inside.

A shape is a function of the plane's points. What a head's turn moves has an axis for the turns
before the plane's two, `(7, S, S)`, and a second factor's axis before that.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

GLASSES = ("none", "round", "square")
TURNS, SMILES, OPENINGS = 7, 7, 5
MIDDLE = 32.0  # x of the head's axis
SIDES = (-1, 1)
_WIDEST_TURN = 22.0  # degrees to either side
_RADIUS = 15.0  # of the head, seen from above


# --- signed distances -------------------------------------------------------------------------


Number = float | Tensor


@dataclass(frozen=True)
class Plane:
    """The points at which shapes are measured: `x`, `y` broadcast to `(S, S)`."""

    x: Tensor
    y: Tensor

    def moved(self, right: float, down: float) -> Plane:
        """The plane under shapes that are moved by so much."""
        return Plane(self.x - right, self.y - down)


def ellipse(p: Plane, x: Number, y: Number, across: Number, down: Number) -> Tensor:
    """An ellipse by its middle and half-axes (near its edge the distance is right)."""
    u, v = (p.x - x) / across, (p.y - y) / down
    length = (u * u + v * v).sqrt()
    slope = ((u / across) * (u / across) + (v / down) * (v / down)).sqrt().clamp_min(1e-6)
    return length * (length - 1) / slope


def box(p: Plane, x: Number, y: Number, across: Number, down: Number, rounding: float) -> Tensor:
    """A rectangle by its middle and half-sides, with round corners."""
    u = (p.x - x).abs() - (across - rounding)
    v = (p.y - y).abs() - (down - rounding)
    outside = (u.clamp_min(0) * u.clamp_min(0) + v.clamp_min(0) * v.clamp_min(0)).sqrt()
    return outside + torch.maximum(u, v).clamp_max(0) - rounding


def stroke(
    p: Plane,
    start: tuple[Number, Number],
    stop: tuple[Number, Number],
    r: Number,
    r2: Number | None = None,
) -> Tensor:
    """A straight stroke with round ends: of radius `r`, or `r` at its start and `r2` at its end."""
    (x, y), (x2, y2) = start, stop
    dx, dy = x2 - x, y2 - y
    along = (((p.x - x) * dx + (p.y - y) * dy) / (dx * dx + dy * dy)).clamp(0, 1)
    u, v = p.x - x - along * dx, p.y - y - along * dy
    radius = r if r2 is None else r + along * (r2 - r)
    return (u * u + v * v).sqrt() - radius


def bow(p: Plane, x: Number, y: Number, across: Number, lift: Number) -> Tensor:
    """What lies below a parabola that is at `y - lift` at `x` and at `y` `across` from there."""
    u = (p.x - x) / across
    height = y - lift * (1 - u * u)
    slope = 2 * lift * u / across
    return (height - p.y) / (1 + slope * slope).sqrt()


def bowed(p: Plane, x: Number, y: Number, across: Number, lift: Number, r: Number) -> Tensor:
    """A stroke along that parabola, `across` to either side, about half as thick at its ends."""
    u = ((p.x - x) / across).abs()
    thickness = r * (1 - 0.45 * u * u)
    return torch.maximum(bow(p, x, y, across, lift).abs() - thickness, (u - 1) * across)


def union(*shapes: Tensor) -> Tensor:
    whole = shapes[0]
    for shape in shapes[1:]:
        whole = torch.minimum(whole, shape)
    return whole


def merged(a: Tensor, b: Tensor, soft: float) -> Tensor:
    """The union with its inner corners filled over `soft` pixels."""
    near = (soft - (a - b).abs()).clamp_min(0)
    return torch.minimum(a, b) - near * near * (0.25 / soft)


def within(a: Tensor, b: Tensor) -> Tensor:
    return torch.maximum(a, b)


def without(a: Tensor, b: Tensor) -> Tensor:
    return torch.maximum(a, -b)


# --- a head that turns ------------------------------------------------------------------------

_ANGLES = [_WIDEST_TURN * (2 * i / (TURNS - 1) - 1) for i in range(TURNS)]


def _over_turns(value: Callable[[float], float]) -> Tensor:
    """One number for each turn, `(7, 1, 1)`; the turn is given in radians."""
    return torch.tensor([value(math.radians(a)) for a in _ANGLES]).reshape(-1, 1, 1)


def at(angle: float, radius: float = _RADIUS) -> Tensor:
    """x of what sits so many degrees right of the nose, so far from the head's axis."""
    return _over_turns(lambda turn: MIDDLE + radius * math.sin(turn + math.radians(angle)))


def width(angle: float) -> Tensor:
    """How much narrower a thing there looks than from the front of it."""
    return _over_turns(lambda turn: math.cos(turn + math.radians(angle)))


def steps(low: float, high: float, count: int) -> Tensor:
    """Evenly spaced values for a second factor, `(count, 1, 1, 1)`, before the turn's axis."""
    values = [low + (high - low) * i / (count - 1) for i in range(count)]
    return torch.tensor(values).reshape(-1, 1, 1, 1)


# --- the head and its features ----------------------------------------------------------------


def _shut(opening: Tensor) -> Tensor:
    """A distance that empties what is not open at all, where both edges lie on one line."""
    return (opening == 0) * 9.0


def head(p: Plane) -> Tensor:
    """The skull stays where it is, the jaw follows the turn."""
    skull = ellipse(p, at(0, 0), 26.5, 15.0, 15.5)
    jaw = ellipse(p, at(0, 4.0), 35.0, 11.4, 13.0)
    return merged(skull, jaw, 5)


def _ear_x(side: int) -> Tensor:
    return at(0, -3.5) + 15.0 * side


def ears(p: Plane, grown: float = 0) -> Tensor:
    """They lie behind the head's axis: the far one hides, the near one shows."""
    return union(*(ellipse(p, _ear_x(s), 31.0, 3.2 + grown, 4.4 + grown) for s in SIDES))


def neck(p: Plane) -> Tensor:
    throat = box(p, MIDDLE, 47, 6.4, 9.0, 1)
    return merged(throat, ellipse(p, MIDDLE, 54.0, 8.8, 4.0), 3)


def chin_shadow(p: Plane) -> Tensor:
    return within(neck(p), head(p.moved(0, 3.0)))


def shirt(p: Plane) -> Tensor:
    return ellipse(p, MIDDLE, 70, 26, 19.0)


def collar(p: Plane) -> Tensor:
    return within(shirt(p), ellipse(p, MIDDLE, 53.6, 10.4, 5.8))


def rim(p: Plane) -> Tensor:
    """The side of the face away from the light."""
    return within(head(p), -head(p.moved(-2.6, -1.6)))


def cheeks(p: Plane) -> Tensor:
    discs = union(*(ellipse(p, at(36 * s, 14.0), 37, 3.2 * width(36 * s), 2.4) for s in SIDES))
    return within(discs, head(p) + 2)


def nose(p: Plane) -> Tensor:
    tip = bowed(p, at(0, 17.5), 35.6, 2.3, -1.3, 0.75)
    bridge = stroke(p, (at(0, 17.0) + 1.6, 29.5), (at(4, 17.5) + 1.4, 34.8), 0.3, 0.6)
    return union(tip, bridge)


EYE_Y, EYE_ANGLE = 30.3, 24.0


def _eye(p: Plane, side: int, lids: Tensor) -> tuple[Tensor, Tensor]:
    """The open part of an eye and its upper lid's edge; `lids` from 0, closed, to 1."""
    x, across = at(EYE_ANGLE * side), 3.9 * width(EYE_ANGLE * side)
    upper, lower = -1.5 + 4.8 * lids, -1.5 - 0.6 * lids
    y = EYE_Y - 0.2
    opening = within(bow(p, x, y, across, upper), -bow(p, x, y, across, lower))
    return opening, bowed(p, x, y, across + 0.2, upper, 0.7)


def _eyes(p: Plane, part: int) -> Tensor:
    lids = steps(0, 1, OPENINGS)
    return union(*(_eye(p, side, lids)[part] for side in SIDES))


def eyeballs(p: Plane) -> Tensor:
    return _eyes(p, 0) + _shut(steps(0, 1, OPENINGS))


def lids(p: Plane) -> Tensor:
    """The skin round the eyes, of which a closed lid shows the most."""
    wide = torch.ones(1, 1, 1)
    return union(*(_eye(p, side, wide)[0] for side in SIDES)) - 0.6


def lashes(p: Plane) -> Tensor:
    return _eyes(p, 1)


def _disc_in_eyes(p: Plane, radius: float, right: float = 0, up: float = 0) -> Tensor:
    """Two discs that look ahead, moved by so much, as far as the lids leave them free."""
    discs = []
    for angle in (-EYE_ANGLE, EYE_ANGLE):
        x, narrow = at(angle, _RADIUS + 0.3) + right, 0.5 + 0.5 * width(angle)
        discs.append(ellipse(p, x, EYE_Y - 0.5 - up, radius * narrow, radius))
    return within(eyeballs(p), union(*discs))


def irises(p: Plane) -> Tensor:
    return _disc_in_eyes(p, 2.0)


def pupils(p: Plane) -> Tensor:
    return _disc_in_eyes(p, 1.0)


def highlights(p: Plane) -> Tensor:
    return _disc_in_eyes(p, 0.75, right=-0.9, up=0.8)


def brows(p: Plane) -> Tensor:
    arcs = [bowed(p, at(26 * s), 25.8, 4.2 * width(26 * s), 1.5, 0.85) for s in SIDES]
    return union(*arcs)


MOUTH_Y = 41.3


def _lips(p: Plane) -> tuple[Tensor, Tensor, Tensor]:
    """The lips' line, the opening and the teeth below it, over smiles and turns."""
    smile = steps(-1, 1, SMILES)
    wide = (1.5 * smile - 0.5).clamp_min(0)
    x, y = at(0, 13.0), MOUTH_Y - 1.5 * smile - 0.3 * wide
    across, lift = (4.1 + 1.2 * smile.clamp_min(0)) * width(0), -2.5 * smile
    line = bowed(p, x, y, across, lift, 0.85 - 0.35 * wide)
    upper, lower = bow(p, x, y, across, lift), bow(p, x, y, across, lift - 3.3 * wide)
    opening = within(upper, -lower) + _shut(wide)
    return line, opening, within(opening, -bow(p, x, y, across, lift - 1.7 * wide))


def lips(p: Plane) -> Tensor:
    line, opening, _ = _lips(p)
    return union(line, opening - 0.55)


def mouth(p: Plane) -> Tensor:
    return _lips(p)[1]


def teeth(p: Plane) -> Tensor:
    return _lips(p)[2]


def frames(p: Plane, kind: str) -> tuple[Tensor, Tensor]:
    """The lenses and the rims of one kind of glasses, over turns."""
    far = torch.full((1, 1, 1), 99.0)
    if kind == "none":
        return far, far
    lenses, y = [], EYE_Y + 0.3
    for s in SIDES:
        x, narrow = at(24.5 * s, 16.2), 0.25 + 0.75 * width(24.5 * s)
        if kind == "round":
            lenses.append(ellipse(p, x, y, 5.2 * narrow, 5.2))
        else:
            lenses.append(box(p, x, y, 5.7 * narrow, 4.2, 1.4))
    lens = union(*lenses)
    bridge = bowed(p, at(0, 17.2), y - 0.6, 1.9, 0.9, 0.7)
    thickness = 0.5 if kind == "round" else 0.7
    return lens, union(lens.abs() - thickness, without(bridge, lens))


def arms(p: Plane, kind: str) -> Tensor:
    """What leads from the lenses to the ears, under the hair."""
    lens, _ = frames(p, kind)
    strokes = [
        stroke(p, (at(24.5 * s, 16.2), EYE_Y - 1.2), (_ear_x(s), EYE_Y - 1.4), 0.55) for s in SIDES
    ]
    return without(union(*strokes), lens) if kind != "none" else lens
