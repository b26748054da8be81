"""Dimensions that a person has moved, as the address of a view writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from explorer.errors import ExplorerError

# An address holds no more of them.
MAX_MOVES = 1024
MOVE = re.compile(r"[1-9][0-9]{0,4}:-?[0-9]{1,5}(\.[0-9]{1,6})?", re.ASCII)


def moves_of_text(text: str) -> dict[int, float]:
    """The values of moved dimensions (from 0) as an address writes them, numbered from 1:
    "3:1.25,7:-0.5". Raises ExplorerError for any other text."""
    moves: dict[int, float] = {}
    for part in text.split(",") if text else ():
        if len(moves) >= MAX_MOVES or not MOVE.fullmatch(part):
            raise ExplorerError(
                "Moved dimensions are numbers with their values, like 3:1.25,7:-0.5, but one is "
                f"'{part[:40]}'."
            )
        number, value = part.split(":")
        moves[int(number) - 1] = float(value)
    return moves


def moved(z: np.ndarray, moves: Mapping[int, float]) -> np.ndarray:
    """A latent `(D,)` with some of its dimensions at other values.

    Raises ExplorerError for a dimension that there is not.
    """
    there = np.array(z, np.float32)
    for dimension, value in moves.items():
        check(dimension, len(there))
        there[dimension] = value
    return there


def check(dimension: int, count: int) -> None:
    """Raises ExplorerError for a dimension (from 0) beyond the `count` of a model."""
    if not 0 <= dimension < count:
        raise ExplorerError(
            f"There is no dimension {dimension + 1}; this model has {count}, numbered from 1."
        )
