"""ViewState: one typed record of what a person is looking at. Every view is a link.

One table names the properties; it alone reads and writes the address, so that both always agree.
Unknown keys are left alone; a bad value falls back to the default with one sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from explorer.errors import ExplorerError, unknown_name
from explorer.view import readers
from explorer.view.properties import ALWAYS, COMPONENTS, PROPERTIES
from explorer.view.shown import Shown

# What names an end of something in one latent space.
ENDS = ("start", "a", "b", "plus", "minus", "source", "second")


@dataclass(frozen=True)
class ViewState:
    """`row` is a chosen image of the data set, `place` a chosen point of the map, `own` the name of
    a picture of one's own: exactly one of them is set.

    `projection` is the key of a map (see latent.project); `label` the class that a conditional
    model is told, None for that of the image itself; `colour` the column that colours the points,
    `trust` the layer under them; `polygon` a group drawn on this map, among `classes` (empty:
    all), or `find` what was searched for: one of the two is lit, never both; `neighbours` and
    `metric` how nearest images are found; `hover` whether moving decodes; `pictures` whether images
    appear at the points.

    Dimensions: `start` what the sliders start from (a text of `explorer.latent.origin`; empty: what
    is chosen), `moved` the dimensions that were moved from there ("3:1.25,7:-0.5", counted from 1),
    `order` how they are sorted; `table` the steps of the table of all of them and `dead` whether it
    has dead ones, `posterior` the temperature of the posterior in pixels (both None: folded away).

    Paths: `a` and `b` the ends (such texts; empty: what is chosen, and another image), `ways`,
    `steps`, the `models` that are shown beside this one, the line `stroke` that was drawn over the
    map, and the groups `plus` and `minus` (texts of `latent.walk`) whose difference, times
    `strength`, is added to A.

    Generate: the `task`, and of samples the `sampler`, how many (`n`), `temperature`, `seed`, how
    many `components` a mixture has, and which one is `picked` ("prior-12"); how the cells of a
    manifold are `spaced`, its `reach` in standard deviations, the part in view, `zoom` (shares of
    its sides, "left,right,lower,upper"; empty: the whole); among classes the `style` that is
    drawn as each (the number of a sample; empty: that of the chosen image) and the `mix` of two of
    them ("3,8,0.5": so much of the second); the painted `codes` and which cells are `kept` (texts
    of `latent.codes`), and the `source` of a brush; the kind of `noise` and its `amount`; how many
    `trips`; how the chosen image is `altered`, and the ranking by error: its order, page and class.

    Compare: what is compared (`compare`), `among` which models by the key of a comparison (empty:
    the first), the models in `panels` (empty: those of the comparison), how their maps are
    `aligned`, the `second` image, to which every model walks from what is chosen (a text of
    `latent.origin`; empty: one of another class), the group that is `lit` in all of them
    ("model:polygon", as it was drawn in one); `seed` as above.
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
    own: str | None = None
    label: int | None = None
    polygon: str | None = None
    classes: str = ""
    find: str = ""
    neighbours: int = 5
    metric: str = "euclidean"
    hover: bool = True
    pictures: bool = True
    start: str = ""
    moved: str = ""
    order: str = "kl"
    table: int | None = None
    dead: bool = False
    posterior: float | None = None
    a: str = ""
    b: str = ""
    ways: str = "linear,slerp,density"
    steps: int = 9
    models: str = ""
    stroke: str = ""
    plus: str = ""
    minus: str = ""
    strength: float = 1.0
    task: str = ""
    sampler: str = "both"
    n: int = 64
    temperature: float = 1.0
    seed: int = 0
    components: int = COMPONENTS
    picked: str = ""
    spaced: str = "normal"
    reach: float = 3.0
    zoom: str = ""
    style: str = ""
    mix: str = ""
    codes: str = ""
    kept: str = ""
    source: str = ""
    noise: str = "gaussian"
    amount: float = 0.5
    trips: int = 20
    altered: str = ""
    rank: str = "worst"
    rank_page: int = 0
    rank_class: str = ""
    compare: str = "panels"
    among: str = ""
    panels: str = ""
    aligned: str = "procrustes"
    second: str = ""
    lit: str = ""

    @property
    def subject(self) -> str:
        """What is chosen, as a subject's text."""
        if self.own is not None:
            return f"own:{self.own}"
        if self.place is not None:
            return f"place:{','.join(map(readers.plain, self.place))}"
        return f"row:{self.row or 0}"

    def to_query(self, page: str = "map") -> dict[str, str]:
        """The address of this view on a page, as query parameters; what was not chosen, and what
        other pages show, is left out."""
        written = {}
        for name, one in PROPERTIES.items():
            if page not in one.pages:
                continue
            value = getattr(self, name)
            if name in ALWAYS or value != DEFAULTS[name]:
                written[name] = one.write(value)
        return {name: value for name, value in written.items() if value is not None}

    def changed(self, **changes: Any) -> ViewState:
        """The view with some of its settings changed; what they mean elsewhere stays."""
        return replace(self, **changes)

    def at_row(self, row: int) -> ViewState:
        return self._at(row=row)

    def at_place(self, x: float, y: float) -> ViewState:
        return self._at(place=readers.rounded(x, y))

    def at_own(self, name: str) -> ViewState:
        return self._at(own=name)

    def at_same(self, other: ViewState) -> ViewState:
        """With what another view has chosen; a place of its map falls away."""
        if other.own is not None:
            return self.at_own(other.own)
        return self.at_row(other.row or 0)

    def _at(
        self,
        row: int | None = None,
        place: tuple[float, float] | None = None,
        own: str | None = None,
    ) -> ViewState:
        """With something else chosen: the sliders start from it, at rest."""
        return replace(self, row=row, place=place, own=own, start="", moved="", codes="")

    def taking(self, texts: Mapping[str, str], shown: Shown) -> tuple[ViewState, list[str]]:
        """The view with properties as an address says them, and one sentence for each that was not
        usable. What is chosen (`row`, `place`, `own`) takes the place of what was; an empty text
        takes any other property back to what it is at first."""
        view, unusable = self, []
        chosen: dict[str, Callable[[Any], ViewState]] = {
            "row": lambda row: view.at_row(row),
            "place": lambda place: view.at_place(*place),
            "own": lambda name: view.at_own(name),
        }
        for name, text in sorted(texts.items(), key=lambda one: one[0] not in chosen):
            try:
                if name not in PROPERTIES or name == "model":
                    raise unknown_name("setting", name, PROPERTIES)
                first = text == "" and name not in chosen
                value: Any = DEFAULTS[name] if first else PROPERTIES[name].read(text, shown)
            except ExplorerError as error:
                unusable.append(str(error))
                continue
            view = chosen[name](value) if name in chosen else replace(view, **{name: value})
        return view, unusable

    def with_model(self, model: str, shown: Shown) -> ViewState:
        """Another model on the same image; what belongs to the old map alone falls away."""
        same = (self.dataset, self.count) in shown.sets
        dataset, count = (self.dataset, self.count) if same else shown.sets[0]
        keeps = self.projection in (*shown.kept.get((dataset, count), ()), *shown.projections)
        known = self.row is not None and self.dataset in {name for name, _ in shown.sets}
        return replace(
            self.on_another_map().with_ends(same_images=self.dataset == dataset),
            moved="",  # a dimension means something else there, and so does a code
            mix="",
            zoom="",
            codes="",
            kept="",
            model=model,
            dataset=dataset,
            count=count,
            projection=self.projection if keeps else shown.first(dataset, count),
            row=None if self.own is not None else self.row if known and same else 0,
            colour=self.colour if self.colour in shown.colours else "label",
            trust=self.trust if self.trust in shown.trust else None,
            find=self.find if dataset == self.dataset else "",
            label=self.label if known and self.label in range(len(shown.classes)) else None,
        )

    def with_images(self, dataset: str, count: int) -> ViewState:
        """Other images, or another number of them; of the same set, a chosen image and what was
        searched for stay."""
        same = dataset == self.dataset
        view = self.on_another_map().with_ends(same_images=same)
        row = view.row if same or self.own is not None else 0
        find = self.find if same else ""
        codes = self.codes if same else ""
        return replace(view, dataset=dataset, count=count, row=row, find=find, codes=codes)

    def with_projection(self, projection: str) -> ViewState:
        return replace(self.on_another_map(), projection=projection, lit="")

    def with_ends(self, *, same_images: bool) -> ViewState:
        """In another latent space, or among other images: what sliders and paths start from stays
        where it means the same there."""
        lost = ("place", "group") if same_images else ("place", "group", "row", "class")
        kept = {name: getattr(self, name) for name in ENDS}
        ends: dict[str, Any] = {
            name: "" if text.startswith(lost) else text for name, text in kept.items()
        }
        return replace(self, **ends)

    def with_group(self, polygon: str | None, classes: str = "") -> ViewState:
        """A group drawn on this map, or none."""
        find = "" if polygon else self.find
        return replace(self, polygon=polygon, classes=classes, find=find)

    def with_find(self, text: str) -> ViewState:
        """Something searched for, or nothing."""
        return replace(self.with_group(None), find=text) if text else replace(self, find="")

    def on_another_map(self) -> ViewState:
        """Without what means something on this map alone: a place, a group or line drawn on it."""
        row = 0 if self.row is None and self.own is None else self.row
        return replace(self, row=row, place=None, polygon=None, classes="", stroke="")


DEFAULTS = {one.name: one.default for one in fields(ViewState)}


def from_query(
    query: Mapping[str, str],
    models: Mapping[str, Shown],
    default: str,
    page: str = "map",
    before: ViewState | None = None,
) -> tuple[ViewState, list[str]]:
    """The view that the address of a page asks for, and one sentence for each value that was not
    usable.

    `models` are the models that can be shown; `default` is one of them. What the page does not show
    stays as it was `before`, on the same images of the same model.
    """
    notices: list[str] = []
    model = query.get("model", default)
    if model not in models:
        notices.append(str(unknown_name("model", model, models)))
        model = default
    shown = models[model]
    values: dict[str, Any] = {"model": model, "dataset": shown.dataset}
    for name, one in PROPERTIES.items():
        if name == "model" or name not in query or page not in one.pages:
            continue
        try:
            values[name] = one.read(query[name], shown)
        except ExplorerError as error:
            notices.append(str(error))
    values.setdefault("count", shown.counts(values["dataset"])[0])
    values.setdefault("projection", shown.first(values["dataset"], values["count"]))
    if values.get("own") is not None:
        values |= {"row": None, "place": None}
    if values.get("place") is not None:
        values["row"] = None
    if values.get("polygon") is not None:
        values["find"] = ""
    if before and all(values[name] == getattr(before, name) for name in ("model", "dataset")):
        elsewhere = [name for name, one in PROPERTIES.items() if page not in one.pages]
        values = {name: getattr(before, name) for name in elsewhere} | values
    return ViewState(**values), notices
