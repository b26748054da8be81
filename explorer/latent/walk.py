"""Which way through latent space is asked for, as an address or a request says it.

linear    straight (lerp)
slerp     turning about the middle of the prior, or of the latents where there is none
density   where encoded images are (`latent.roads`)
drawn     along a line that a hand drew over a map
shift     A, and how it changes in the direction from the mean of one group to that of another
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from explorer.errors import ExplorerError
from explorer.latent.polygon import polygon_of_text
from explorer.latent.spec import MAX_KEY, spec_of
from explorer.spec import Spec

Way = Literal["linear", "slerp", "density", "drawn", "shift"]
FEWEST, MOST = 3, 25
# How far a shift goes to both sides, in differences of the two means.
REACH = 2.0
# Letters of a subject, and of a line or a group with 64 corners.
MAX_SUBJECT, MAX_SHAPE = 64, 2600


class Walk(Spec):
    """Which way: its kind; the subjects `a` and `b` (`latent.subject`) that it joins, the `stroke`
    that was drawn, or the groups `plus` and `minus` (`group_of`) whose difference shifts `a`.

    Places, strokes and drawn groups are those of the map `projection`. A conditional model is told
    `label`; without it the classes of the ends.
    """

    way: Way = "linear"
    a: str = Field(default="row:0", max_length=MAX_SUBJECT)
    b: str = Field(default="row:1", max_length=MAX_SUBJECT)
    stroke: str = Field(default="", max_length=MAX_SHAPE)
    plus: str = Field(default="", max_length=MAX_SHAPE)
    minus: str = Field(default="", max_length=MAX_SHAPE)
    projection: str = Field(default="raw", max_length=MAX_KEY)
    label: int | None = Field(default=None, ge=0, le=255)


@dataclass(frozen=True)
class Wanted:
    """Which images a group holds: all, those of `classes`, or those inside a `polygon (V, 2)` on
    the map `projection`, of `classes` only if there are any."""

    classes: tuple[int, ...] = ()
    projection: str = ""
    polygon: np.ndarray | None = None


def group_of(text: str) -> Wanted:
    """The group that a text names: `all`, `class:3`, or `group:<projection>:<polygon>` with `:0,3`
    behind it for some classes only. Raises ExplorerError for any other text."""
    kind, *rest = text.split(":")
    if text == "all":
        return Wanted()
    if kind == "class" and len(rest) == 1:
        return Wanted((_class(rest[0]),))
    if kind == "group" and len(rest) in (2, 3):
        classes = tuple(map(_class, rest[2].split(","))) if rest[2:] else ()
        return Wanted(classes, spec_of(rest[0]).key, polygon_of_text(rest[1]))
    raise ExplorerError(
        f"A group is written as all, class:3, or group:<projection>:<shape>, not '{text[:60]}'."
    )


def _class(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3):
        raise ExplorerError(f"A class is a whole number from 0 on, not '{text[:60]}'.")
    return int(text)
