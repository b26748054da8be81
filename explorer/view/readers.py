"""How one word of an address is read: each gives the value, or raises ExplorerError with a
sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from string import ascii_letters, digits

from explorer import own, store
from explorer.errors import ExplorerError, unknown_name
from explorer.latent import origin
from explorer.latent.moves import check, moves_of_text
from explorer.latent.neighbours import MAX_NEIGHBOURS
from explorer.latent.polygon import polygon_of_text, stroke_of_text
from explorer.latent.search import LONGEST
from explorer.latent.spec import spec_of
from explorer.latent.walk import group_of
from explorer.view.shown import Shown

# Digits of a place in the address: finer than a screen pixel at any sensible zoom.
PLACE_DIGITS = 4
MAX_COORDINATE = 1e6
# Signs of names that only we give.
NAME_SIGNS = frozenset(ascii_letters + digits + "-_.:")
# Letters of a map of codes.
MOST_SIGNS = 4096


def one_of(kind: str, known: Callable[[Shown], Iterable[str]]) -> Callable[[str, Shown], str]:
    def read(text: str, shown: Shown) -> str:
        if text not in known(shown):
            raise unknown_name(kind, text, known(shown))
        return text

    return read


def whole(text: str, most: int) -> int | None:
    """A whole number of 0 to `most`, or None for anything else."""
    plain = text.isascii() and text.isdigit() and len(text) < 10
    return int(text) if plain and int(text) <= most else None


def row(text: str, shown: Shown) -> int:
    last = max(shown.totals.values()) - 1
    row = whole(text, last)
    if row is None:
        raise ExplorerError(
            f"There is no image '{text}' on any map of this model; all are numbered 0 to {last}."
        )
    return row


def count(text: str, shown: Shown) -> int:
    count = whole(text, max(shown.totals.values()))
    if count is None or count < 2:
        raise ExplorerError(
            f"A map cannot hold '{text}' images; say a number of 2 to {max(shown.totals.values())}."
        )
    return count


def label(text: str, shown: Shown) -> int:
    if not shown.classes:
        raise ExplorerError("This model is not told a class; the class in the address is ignored.")
    label = whole(text, len(shown.classes) - 1)
    if label is None:
        raise ExplorerError(
            f"There is no class '{text}'; classes are numbered 0 to {len(shown.classes) - 1}."
        )
    return label


def neighbours(text: str, shown: Shown) -> int:
    number = whole(text, MAX_NEIGHBOURS)
    if not number:
        raise ExplorerError(f"There are 1 to {MAX_NEIGHBOURS} nearest images, not '{text}'.")
    return number


def switch(text: str, shown: Shown) -> bool:
    if text not in ("on", "off"):
        raise ExplorerError(f"A switch is 'on' or 'off', not '{text}'.")
    return text == "on"


def projection(text: str, shown: Shown) -> str:
    spec = spec_of(text)
    if spec.method not in shown.projections:
        raise unknown_name("projection", text, shown.projections)
    return text


def polygon(text: str, shown: Shown) -> str:
    polygon_of_text(text)
    return text


def classes(text: str, shown: Shown) -> str:
    if not all(whole(part, 255) is not None for part in text.split(",")):
        raise ExplorerError(f"Classes are numbers with commas between, like 0,3, not '{text}'.")
    return text


def find(text: str, shown: Shown) -> str:
    if len(text) > LONGEST or not text.isprintable():
        raise ExplorerError(f"A search has at most {LONGEST} letters, all of them printable.")
    return text


def rounded(x: float, y: float) -> tuple[float, float]:
    """A place as the address keeps it."""
    return round(float(x), PLACE_DIGITS), round(float(y), PLACE_DIGITS)


def plain(value: float) -> str:
    return f"{value:.{PLACE_DIGITS}f}".rstrip("0").rstrip(".")


def place(text: str, shown: Shown) -> tuple[float, float]:
    try:
        x, y = map(float, text.split(","))
        x, y = rounded(x, y)
    except (ValueError, OverflowError) as error:
        raise ExplorerError(
            f"A place is two numbers with a comma between, like 0.5,-1.2, but was '{text}'."
        ) from error
    if not (abs(x) < MAX_COORDINATE and abs(y) < MAX_COORDINATE):
        raise ExplorerError(f"The place '{text}' is not on this map.")
    return x, y


def own_picture(text: str, shown: Shown) -> str:
    if not own.exists(text):
        raise ExplorerError(own.GONE)
    return text


def subject(text: str, shown: Shown) -> str:
    found = origin.parse(text)
    if found.kind == "own":
        own_picture(found.name, shown)
    return text


def moved(text: str, shown: Shown) -> str:
    """Dimensions of this model and where they were moved to."""
    for dimension in moves_of_text(text):
        check(dimension, shown.latent_dim)
    return text


def some_of(kind: str, known: Iterable[str]) -> Callable[[str, Shown], str]:
    def read(text: str, shown: Shown) -> str:
        for part in text.split(","):
            if part not in known:
                raise unknown_name(kind, part, known)
        return text

    return read


def number(what: str, least: float, most: float) -> Callable[[str, Shown], float]:
    def read(text: str, shown: Shown) -> float:
        try:
            value = float(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise ExplorerError(f"The {what} is a number of {least:g} to {most:g}, not '{text}'.")
        return value

    return read


def counted(what: str, least: int, most: int) -> Callable[[str, Shown], int]:
    def read(text: str, shown: Shown) -> int:
        value = whole(text, most)
        if value is None or value < least:
            raise ExplorerError(f"The {what} is {least} to {most:,}, not '{text}'.")
        return value

    return read


def picked(text: str, shown: Shown) -> str:
    sampler, _, index = text.partition("-")
    if sampler not in ("prior", "mixture") or whole(index, 255) is None:
        raise ExplorerError(f"A sample is named like prior-12 or mixture-0, not '{text[:40]}'.")
    return text


def zoom(text: str, shown: Shown) -> str:
    """A part of the unit square: its left, right, lower and upper sides."""
    try:
        x0, x1, y0, y1 = map(float, text.split(","))
        if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
            raise ValueError
    except ValueError as error:
        raise ExplorerError(
            "A part of the manifold is left,right,lower,upper, each 0 to 1, like 0.2,0.4,0.5,0.7, "
            f"not '{text[:40]}'."
        ) from error
    return text


def style(text: str, shown: Shown) -> str:
    if whole(text, 255) is None:
        raise ExplorerError(f"A style is the number of a sample, like 3, not '{text[:40]}'.")
    return text


def mix(text: str, shown: Shown) -> str:
    """Two classes and how much of the second."""
    first, second, share = [*text.split(","), "", "", ""][:3]
    last = len(shown.classes) - 1
    try:
        known = whole(first, last) is not None and whole(second, last) is not None
        if not (known and text.count(",") == 2 and 0 <= float(share) <= 1):
            raise ValueError
    except ValueError as error:
        raise ExplorerError(
            "A mix is two classes of this model and the share of the second, like 3,8,0.5, not "
            f"'{text[:40]}'."
        ) from error
    return text


def models(most: int) -> Callable[[str, Shown], str]:
    """Models by their ids; the page says which of them it cannot show."""

    def read(text: str, shown: Shown) -> str:
        names = text.split(",")
        if len(names) > most:
            raise ExplorerError(f"At most {most} models are shown beside each other.")
        for name in names:
            store.check_id(name)
        return text

    return read


def name(text: str, shown: Shown) -> str:
    """The name of a comparison; the page says which it does not know."""
    if len(text) > LONGEST or not set(text) <= NAME_SIGNS:
        raise ExplorerError(f"A name has letters, digits, - _ . and : alone, not '{text[:40]}'.")
    return text


def lit(text: str, shown: Shown) -> str:
    """A group that was drawn on the map of one model: "model:polygon"."""
    if text:
        model, _, shape = text.partition(":")
        store.check_id(model)
        polygon_of_text(shape)
    return text


def stroke(text: str, shown: Shown) -> str:
    if text:
        stroke_of_text(text)
    return text


def group(text: str, shown: Shown) -> str:
    if text:
        group_of(text)
    return text


def codes(text: str, shown: Shown) -> str:
    """A map of codes as `explorer.latent.codes` writes it. Which a model takes the page knows."""
    plain = text.replace("-", "").replace("_", "")
    if not text.isascii() or (plain and not plain.isalnum()):
        raise ExplorerError("Painted codes are letters, digits, - and _; those are none.")
    if len(text) > MOST_SIGNS:
        raise ExplorerError(f"Painted codes have at most {MOST_SIGNS:,} letters.")
    return text


def kept(text: str, shown: Shown) -> str:
    if len(text) > MOST_SIGNS or not set(text) <= set("0123456789abcdef"):
        raise ExplorerError("Kept cells are written in hexadecimal digits; those are none.")
    return text


def class_or_all(text: str, shown: Shown) -> str:
    """A class by its number, or nothing for all."""
    if text and whole(text, 255) is None:
        raise ExplorerError(f"A class is a number of 0 to 255, not '{text}'.")
    return text
