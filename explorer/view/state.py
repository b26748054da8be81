"""ViewState: one typed record of what a person is looking at. Every view is a link.

One table names the properties; it alone reads and writes the address, so that both always agree.
Unknown keys are left alone; a bad value falls back to the default with one sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from explorer.errors import ExplorerError, unknown_name
from explorer.latent.neighbours import MAX_NEIGHBOURS
from explorer.latent.polygon import polygon_of_text
from explorer.latent.search import LONGEST
from explorer.latent.spec import spec_of

LAYERS = {
    "points": "Points",
    "both": "Points on decoded images",
    "grid": "Decoded images",
}
METRICS = {"euclidean": "Distance", "cosine": "Angle"}
# Digits of a place in the address: finer than a screen pixel at any sensible zoom.
PLACE_DIGITS = 4
MAX_COORDINATE = 1e6


@dataclass(frozen=True)
class Shown:
    """What a model can be shown with, read from cards, without torch.

    `sets` are the images that a map can hold: a data set and how many of its images, the one that
    opens first in front; `totals` how many each data set has. `projections` are the methods, `kept`
    the keys of the maps that were made of each set, `colours` and `trust` the columns and layers by
    name with their titles, `classes` those that a conditional model can be told.
    """

    sets: tuple[tuple[str, int], ...]
    totals: Mapping[str, int]
    projections: tuple[str, ...]
    kept: Mapping[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    colours: Mapping[str, str] = field(default_factory=lambda: {"label": "Class"})
    trust: Mapping[str, str] = field(default_factory=dict)

    @property
    def dataset(self) -> str:
        return self.sets[0][0]

    @property
    def count(self) -> int:
        return self.sets[0][1]

    def first(self, dataset: str, count: int) -> str:
        """The map that opens first: one that was made, else the first method."""
        return (*self.kept.get((dataset, count), ()), *self.projections)[0]

    def made(self, view: ViewState) -> tuple[str, ...]:
        """The maps that were made of the images of a view."""
        return self.kept.get((view.dataset, view.count), ())

    def counts(self, dataset: str) -> tuple[int, ...]:
        """How many images of a data set a map can hold, the first choice in front."""
        return tuple(count for name, count in self.sets if name == dataset)


@dataclass(frozen=True)
class ViewState:
    """`row` is a chosen image of the data set, `place` a chosen point of the map: never both.

    `projection` is the key of a map (see latent.project); `label` the class that a conditional
    model is told, None for that of the image itself; `colour` the column that colours the points,
    `trust` the layer under them; `polygon` a group drawn on this map, among `classes` (empty:
    all), or `find` what was searched for: one of the two is lit, never both; `neighbours` and
    `metric` how nearest images are found; `hover` whether moving decodes; `pictures` whether images
    appear at the points.
    """

    model: str
    dataset: str
    count: int
    projection: str
    layer: str = "points"
    colour: str = "label"
    trust: str | None = None
    row: int | None = 0
    place: tuple[float, float] | None = None
    label: int | None = None
    polygon: str | None = None
    classes: str = ""
    find: str = ""
    neighbours: int = 5
    metric: str = "euclidean"
    hover: bool = True
    pictures: bool = True

    def to_query(self) -> dict[str, str]:
        """The address of this view, as query parameters; what was not chosen is left out."""
        written = {}
        for name, one in PROPERTIES.items():
            value = getattr(self, name)
            if name in ALWAYS or value != DEFAULTS[name]:
                written[name] = one.write(value)
        return {name: value for name, value in written.items() if value is not None}

    def changed(self, **changes: Any) -> ViewState:
        """The view with some of its settings changed; what they mean elsewhere stays."""
        return replace(self, **changes)

    def at_row(self, row: int) -> ViewState:
        return replace(self, row=row, place=None)

    def at_place(self, x: float, y: float) -> ViewState:
        place = (round(float(x), PLACE_DIGITS), round(float(y), PLACE_DIGITS))
        return replace(self, row=None, place=place)

    def with_model(self, model: str, shown: Shown) -> ViewState:
        """Another model on the same image; what belongs to the old map alone falls away."""
        same = (self.dataset, self.count) in shown.sets
        dataset, count = (self.dataset, self.count) if same else shown.sets[0]
        keeps = self.projection in (*shown.kept.get((dataset, count), ()), *shown.projections)
        known = self.row is not None and self.dataset in {name for name, _ in shown.sets}
        return replace(
            self.on_another_map(),
            model=model,
            dataset=dataset,
            count=count,
            projection=self.projection if keeps else shown.first(dataset, count),
            row=self.row if known and same else 0,
            colour=self.colour if self.colour in shown.colours else "label",
            trust=self.trust if self.trust in shown.trust else None,
            find=self.find if dataset == self.dataset else "",
            label=self.label if known and self.label in range(len(shown.classes)) else None,
        )

    def with_images(self, dataset: str, count: int) -> ViewState:
        """Other images, or another number of them; of the same set, a chosen image and what was
        searched for stay."""
        same = dataset == self.dataset
        row, find = self.row if same and self.row is not None else 0, self.find if same else ""
        return replace(self.on_another_map(), dataset=dataset, count=count, row=row, find=find)

    def with_projection(self, projection: str) -> ViewState:
        return replace(self.on_another_map(), projection=projection)

    def with_group(self, polygon: str | None, classes: str = "") -> ViewState:
        """A group drawn on this map, or none."""
        find = "" if polygon else self.find
        return replace(self, polygon=polygon, classes=classes, find=find)

    def with_find(self, text: str) -> ViewState:
        """Something searched for, or nothing."""
        return replace(self.with_group(None), find=text) if text else replace(self, find="")

    def on_another_map(self) -> ViewState:
        """Without what means something on this map alone: a place, a group drawn on it."""
        row = 0 if self.row is None else self.row
        return replace(self, row=row, place=None, polygon=None, classes="")


@dataclass(frozen=True)
class Property:
    """How one field reads from and writes to the address; `read` raises for a bad value."""

    read: Callable[[str, Shown], Any]
    write: Callable[[Any], str | None] = lambda value: None if value is None else str(value)


def _one_of(kind: str, known: Callable[[Shown], Iterable[str]]) -> Callable[[str, Shown], str]:
    def read(text: str, shown: Shown) -> str:
        if text not in known(shown):
            raise unknown_name(kind, text, known(shown))
        return text

    return read


def _whole(text: str, most: int) -> int | None:
    """A whole number of 0 to `most`, or None for anything else."""
    plain = text.isascii() and text.isdigit() and len(text) < 10
    return int(text) if plain and int(text) <= most else None


def _row(text: str, shown: Shown) -> int:
    last = max(shown.totals.values()) - 1
    row = _whole(text, last)
    if row is None:
        raise ExplorerError(
            f"There is no image '{text}' on any map of this model; all are numbered 0 to {last}."
        )
    return row


def _count(text: str, shown: Shown) -> int:
    count = _whole(text, max(shown.totals.values()))
    if count is None or count < 2:
        raise ExplorerError(
            f"A map cannot hold '{text}' images; say a number of 2 to {max(shown.totals.values())}."
        )
    return count


def _label(text: str, shown: Shown) -> int:
    if not shown.classes:
        raise ExplorerError("This model is not told a class; the class in the address is ignored.")
    label = _whole(text, len(shown.classes) - 1)
    if label is None:
        raise ExplorerError(
            f"There is no class '{text}'; classes are numbered 0 to {len(shown.classes) - 1}."
        )
    return label


def _neighbours(text: str, shown: Shown) -> int:
    number = _whole(text, MAX_NEIGHBOURS)
    if not number:
        raise ExplorerError(f"There are 1 to {MAX_NEIGHBOURS} nearest images, not '{text}'.")
    return number


def _switch(text: str, shown: Shown) -> bool:
    if text not in ("on", "off"):
        raise ExplorerError(f"A switch is 'on' or 'off', not '{text}'.")
    return text == "on"


def _projection(text: str, shown: Shown) -> str:
    spec = spec_of(text)
    if spec.method not in shown.projections:
        raise unknown_name("projection", text, shown.projections)
    return text


def _polygon(text: str, shown: Shown) -> str:
    polygon_of_text(text)
    return text


def _classes(text: str, shown: Shown) -> str:
    if not all(_whole(part, 255) is not None for part in text.split(",")):
        raise ExplorerError(f"Classes are numbers with commas between, like 0,3, not '{text}'.")
    return text


def _find(text: str, shown: Shown) -> str:
    if len(text) > LONGEST or not text.isprintable():
        raise ExplorerError(f"A search has at most {LONGEST} letters, all of them printable.")
    return text


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


SWITCH = Property(_switch, lambda value: "on" if value else "off")
PROPERTIES: dict[str, Property] = {
    "model": Property(lambda text, shown: text),
    "dataset": Property(_one_of("data set", lambda shown: [name for name, _ in shown.sets])),
    "count": Property(_count),
    "projection": Property(_projection),
    "layer": Property(_one_of("layer to show", lambda shown: LAYERS)),
    "colour": Property(_one_of("colouring", lambda shown: shown.colours)),
    "trust": Property(_one_of("measure of trust", lambda shown: shown.trust)),
    "row": Property(_row),
    "label": Property(_label),
    "place": Property(_place, lambda value: value and ",".join(map(_plain, value))),
    "polygon": Property(_polygon),
    "classes": Property(_classes),
    "find": Property(_find),
    "neighbours": Property(_neighbours),
    "metric": Property(_one_of("metric", lambda shown: METRICS)),
    "hover": SWITCH,
    "pictures": SWITCH,
}
# What a link says always, so that it opens the same view when a default changes.
ALWAYS = ("model", "dataset", "count", "projection", "layer", "row")
DEFAULTS = {one.name: one.default for one in fields(ViewState)}


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
    values: dict[str, Any] = {"model": model, "dataset": shown.dataset}
    for name, one in PROPERTIES.items():
        if name == "model" or name not in query:
            continue
        try:
            values[name] = one.read(query[name], shown)
        except ExplorerError as error:
            notices.append(str(error))
    values.setdefault("count", shown.counts(values["dataset"])[0])
    values.setdefault("projection", shown.first(values["dataset"], values["count"]))
    if values.get("place") is not None:
        values["row"] = None
    if values.get("polygon") is not None:
        values["find"] = ""
    return ViewState(**values), notices
