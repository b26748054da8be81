"""Find images of a map by class or by number, as a person writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.errors import ExplorerError

LONGEST = 200
# A row has at most so many digits.
DIGITS = 9
LISTED = 12


@dataclass(frozen=True)
class Found:
    """`positions (M,)` int64 in the atlas, rising, and what was understood, in a sentence."""

    positions: np.ndarray
    words: str


def find(text: str, classes: Sequence[str], labels: np.ndarray, rows: np.ndarray) -> Found:
    """The points that a person's words name; `labels` and `rows (N,)` are those of the points.

    - `#1234` or `row 1234` is the image with this row of the data set.
    - A class is named by itself or by how its name begins, in any case: `shirt`, `trou`,
      `ankle boot`. Names that are written in full win over longer ones that begin so.
    - A bare number is the class of exactly this name if there is one, otherwise the row.
    - Several of these, with spaces or commas between, are all found: `3 7`, `bag, #12`.

    Raises ExplorerError that says what can be searched for when any of it names nothing.
    """
    if len(text) > LONGEST:
        raise ExplorerError(f"A search has at most {LONGEST} letters: {_hint(classes, rows)}")
    words = text.replace(",", " ").casefold().split()
    if not words:
        raise ExplorerError(f"Nothing was searched for: {_hint(classes, rows)}")
    member, said, i = np.zeros(len(rows), bool), [], 0
    while i < len(words):
        taken, hit, what = _row(words[i:], classes, rows) or _class(words[i:], classes, labels)
        if not taken:
            raise ExplorerError(f"Nothing here is called '{words[i]}': {_hint(classes, rows)}")
        if not hit.any():
            raise ExplorerError(f"There is no {what} on this map: {_hint(classes, rows)}")
        member |= hit
        said.append(what)
        i += taken
    positions = np.flatnonzero(member)
    count = f"{len(positions):,} of {len(rows):,} images"
    return Found(positions, f"{count}: {', '.join(dict.fromkeys(said))}.")


def _row(
    words: list[str], classes: Sequence[str], rows: np.ndarray
) -> tuple[int, np.ndarray, str] | None:
    """The image that the first words number: how many words that took, the points, its name."""
    first, *rest = words
    taken, number = 1, first.removeprefix("#")
    if first in ("#", "row") and rest:
        taken, number = 2, rest[0].removeprefix("#")
    elif first in {name.casefold() for name in classes}:
        return None
    if not (number.isascii() and number.isdigit() and len(number) <= DIGITS):
        return None
    return taken, rows == int(number), f"image #{int(number)}"


def _class(
    words: list[str], classes: Sequence[str], labels: np.ndarray
) -> tuple[int, np.ndarray, str]:
    """The classes that the most of the first words name, as in `_row`; none take no words."""
    names = [" ".join(name.replace(",", " ").casefold().split()) for name in classes]
    for taken in range(len(words), 0, -1):
        phrase = " ".join(words[:taken])
        exact = [i for i, name in enumerate(names) if name == phrase]
        chosen = exact or [i for i, name in enumerate(names) if name.startswith(phrase)]
        if chosen:
            what = " or ".join(f"'{classes[i]}'" for i in chosen)
            return taken, np.isin(labels, chosen), what
    return 0, np.zeros(len(labels), bool), ""


def _hint(classes: Sequence[str], rows: np.ndarray) -> str:
    """What can be searched for."""
    named = ", ".join(classes[:LISTED]) + (" and others" if len(classes) > LISTED else "")
    last = int(rows.max(initial=0))
    return f"search for a class ({named}) or the number of an image (#0 to #{last})."
