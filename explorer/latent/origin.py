"""What a person starts from: an image, a place of a map, a sample. One short text names it in
addresses, requests and links:

    row:123       an image of the data set
    own:<name>    a picture of one's own (explorer.own), as the model sees it
    place:x,y     a place of a map
    mean          the middle of the prior; of the encoded images where there is no prior
    sample:7      a draw from the prior with this seed; from the encoded images where there is none
    class:3       the mean latent of a class of the encoded images
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from explorer import own
from explorer.errors import ExplorerError

Kind = Literal["row", "own", "place", "mean", "sample", "class"]
MAX_NUMBER, MAX_COORDINATE = 2**31 - 1, 1e6


@dataclass(frozen=True)
class Origin:
    """What a subject's text says: its kind, and a number, two, or the name of an own picture."""

    kind: Kind
    number: int = 0
    place: tuple[float, float] = (0.0, 0.0)
    name: str = ""


def parse(text: str) -> Origin:
    """What a subject's text says. Raises ExplorerError for one that says nothing."""
    kind, _, rest = text.partition(":")
    if kind not in get_args(Kind) or (kind == "mean") != (text == "mean"):
        raise ExplorerError(
            f"A starting point is row:12, own:NAME, place:0.5,-1.2, mean, sample:7 or class:3, not "
            f"'{text[:60]}'."
        )
    if kind == "mean":
        return Origin("mean")
    if kind == "own":
        if not own.NAME.fullmatch(rest):
            raise ExplorerError("An own picture is named by 16 letters and digits.")
        return Origin("own", name=rest)
    if kind == "place":
        return Origin("place", place=_place(rest))
    if not (rest.isascii() and rest.isdigit() and len(rest) <= 10 and int(rest) <= MAX_NUMBER):
        raise ExplorerError(f"'{text[:60]}' needs a whole number from 0 on, like {kind}:7.")
    return Origin(kind, number=int(rest))  # type: ignore[arg-type]


def _place(text: str) -> tuple[float, float]:
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError as error:
        raise ExplorerError("A place is two numbers with a comma between.") from error
    if not (abs(x) <= MAX_COORDINATE and abs(y) <= MAX_COORDINATE):
        raise ExplorerError("This place is not on any map.")
    return x, y
