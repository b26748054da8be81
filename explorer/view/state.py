"""ViewState: one typed record of what a person is looking at. Every view is a link.

One table names the properties; it alone reads and writes the address, so that both always agree.
Unknown keys are left alone; a bad value falls back to the default with one sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from explorer.errors import ExplorerError, unknown_name

LAYERS = {
    "points": "Points",
    "both": "Points on decoded images",
    "grid": "Decoded images",
}
# Digits of a place in the address: finer than a screen pixel at any sensible zoom.
PLACE_DIGITS = 4
MAX_COORDINATE = 1e6


@dataclass(frozen=True)
class Shown:
    """What a model can be shown with: its data set's maps, and the classes that it can be told
    (conditional models alone). Read from cards, without torch."""

    dataset: str
    images: int
    projections: tuple[str, ...]
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ViewState:
    """`row` is a chosen image of the data set, `place` a chosen point of the map: never both.

    `label` is the class that a conditional model is told; None is that of the image itself.
    """

    model: str
    dataset: str
    projection: str
    layer: str = "points"
    row: int | None = 0
    place: tuple[float, float] | None = None
    label: int | None = None

    def to_query(self) -> dict[str, str]:
        """The address of this view, as query parameters; what is not chosen is left out."""
        values = {name: one.write(getattr(self, name)) for name, one in PROPERTIES.items()}
        return {name: value for name, value in values.items() if value is not None}

    def at_row(self, row: int) -> ViewState:
        return replace(self, row=row, place=None)

    def at_place(self, x: float, y: float) -> ViewState:
        place = (round(float(x), PLACE_DIGITS), round(float(y), PLACE_DIGITS))
        return replace(self, row=None, place=place)

    def with_model(self, model: str, shown: Shown) -> ViewState:
        """Another model on the same image; a place of the old map means nothing on the new one
        and falls back to the first image."""
        keeps = self.projection in shown.projections
        same = self.dataset == shown.dataset
        return replace(
            self,
            model=model,
            dataset=shown.dataset,
            projection=self.projection if keeps else shown.projections[0],
            row=self.row if self.row is not None and same else 0,
            place=None,
            label=self.label if same and self.label in range(len(shown.classes)) else None,
        )

    def with_layer(self, layer: str) -> ViewState:
        return replace(self, layer=layer)

    def with_label(self, label: int | None) -> ViewState:
        return replace(self, label=label)

    def with_projection(self, projection: str) -> ViewState:
        row = 0 if self.row is None else self.row
        return replace(self, projection=projection, row=row, place=None)


@dataclass(frozen=True)
class Property:
    """How one field reads from and writes to the address; `read` raises for a bad value."""

    read: Callable[[str, Shown], Any]
    write: Callable[[Any], str | None] = lambda value: None if value is None else str(value)


def _one_of(kind: str, known: Callable[[Shown], tuple[str, ...]]) -> Callable[[str, Shown], str]:
    def read(text: str, shown: Shown) -> str:
        if text not in known(shown):
            raise unknown_name(kind, text, known(shown))
        return text

    return read


def _row(text: str, shown: Shown) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) < shown.images):
        raise ExplorerError(
            f"There is no image '{text}' on this map; images are numbered 0 to {shown.images - 1}."
        )
    return int(text)


def _label(text: str, shown: Shown) -> int:
    if not shown.classes:
        raise ExplorerError("This model is not told a class; the class in the address is ignored.")
    digits = text.isascii() and text.isdigit() and len(text) < 10
    if not (digits and int(text) < len(shown.classes)):
        raise ExplorerError(
            f"There is no class '{text}'; classes are numbered 0 to {len(shown.classes) - 1}."
        )
    return int(text)


def _plain(value: float) -> str:
    return f"{value:.{PLACE_DIGITS}f}".rstrip("0").rstrip(".")


def _place(text: str, shown: Shown) -> tuple[float, float]:
    try:
        x, y = (round(float(part), PLACE_DIGITS) for part in text.split(","))
    except (ValueError, OverflowError) as error:
        raise ExplorerError(
            f"A place is two numbers with a comma between, like 0.5,-1.2, but was '{text}'."
        ) from error
    if not (abs(x) < MAX_COORDINATE and abs(y) < MAX_COORDINATE):
        raise ExplorerError(f"The place '{text}' is not on this map.")
    return x, y


PROPERTIES: dict[str, Property] = {
    "model": Property(lambda text, shown: text),
    "dataset": Property(_one_of("data set", lambda shown: (shown.dataset,))),
    "projection": Property(_one_of("projection", lambda shown: shown.projections)),
    "layer": Property(_one_of("layer to show", lambda shown: tuple(LAYERS))),
    "row": Property(_row),
    "label": Property(_label),
    "place": Property(_place, lambda value: value and ",".join(map(_plain, value))),
}


def from_query(
    query: Mapping[str, str], models: Mapping[str, Shown], default: str
) -> tuple[ViewState, list[str]]:
    """The view that an address asks for, and one sentence for each value that was not usable.

    `models` are the models that can be shown; `default` is one of them.
    """
    notices: list[str] = []
    model = query.get("model", default)
    if model not in models:
        notices.append(str(unknown_name("model", model, models)))
        model = default
    shown = models[model]
    values: dict[str, Any] = {
        "model": model,
        "dataset": shown.dataset,
        "projection": shown.projections[0],
    }
    for name, one in PROPERTIES.items():
        if name == "model" or name not in query:
            continue
        try:
            values[name] = one.read(query[name], shown)
        except ExplorerError as error:
            notices.append(str(error))
    if values.get("place") is not None:
        values["row"] = None
    return ViewState(**values), notices
