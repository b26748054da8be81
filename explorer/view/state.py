"""ViewState: one typed record of what a person is looking at. Every view is a link.

One table names the properties; it alone reads and writes the address, so that both always agree.
Unknown keys are left alone; a bad value falls back to the default with one sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from explorer.errors import ExplorerError, unknown_name
from explorer.latent.errors import ALTERED_TITLES
from explorer.latent.round_trip import MOST_TRIPS
from explorer.latent.walk import FEWEST, MOST, REACH
from explorer.view import readers
from explorer.view.shown import Shown

LAYERS = {
    "points": "Points",
    "both": "Points on decoded images",
    "grid": "Decoded images",
}
METRICS = {"euclidean": "Distance", "cosine": "Angle"}
PAGES = ("map", "dimensions", "paths", "generate")
ORDERS = {"kl": "By KL", "index": "By number"}
WAYS = {"linear": "Linear", "slerp": "Slerp", "density": "Along the data"}
STEPS = (FEWEST, MOST)
TASKS = {
    "samples": "Samples",
    "manifold": "Manifold",
    "classes": "Classes",
    "codes": "Paint with codes",
    "denoise": "Denoise",
    "trip": "Round trip",
    "errors": "Errors",
}
SAMPLERS = {"both": "Side by side", "prior": "Prior", "mixture": "Mixture"}
SAMPLES = (1, 256)
HOTTEST = 3.0
COMPONENTS, MOST_COMPONENTS = 10, 64
SPACINGS = {"normal": "By the Gaussian", "linear": "Evenly"}
SPANS = (0.5, 10.0)
NOISES = {"gaussian": "Gaussian", "salt-and-pepper": "Salt and pepper", "masking": "Masking"}
ALTERED = {"": "Nothing", **ALTERED_TITLES}
RANKS = {"worst": "Worst first", "best": "Best first"}


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
    manifold are `spaced`, and its `reach` in standard deviations; among classes the `style` that is
    drawn as each (the number of a sample; empty: that of the chosen image) and the `mix` of two of
    them ("3,8,0.5": so much of the second).

    Of painting the `codes` (as `explorer.latent.codes` writes them; empty: those of what is
    chosen), the cells `kept` for the prior, and the `source` of what is copied (a subject's text);
    of denoising the `noise` and its `amount`; how many round `trips`; of errors how an image is
    `altered` to be compared, and of the ranking which end (`rank`), its page and class (empty:
    all).
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
            codes="",
            kept="",
            mix="",
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
        return replace(self.on_another_map(), projection=projection)

    def with_ends(self, *, same_images: bool) -> ViewState:
        """In another latent space, or among other images: what sliders and paths start from stays
        where it means the same there."""
        lost = ("place", "group") if same_images else ("place", "group", "row", "class")
        kept = {
            name: getattr(self, name) for name in ("start", "a", "b", "plus", "minus", "source")
        }
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


@dataclass(frozen=True)
class Property:
    """How one field reads from and writes to the address; `read` raises for a bad value."""

    read: Callable[[str, Shown], Any]
    write: Callable[[Any], str | None] = lambda value: None if value is None else str(value)
    # The pages in whose address it stands.
    pages: tuple[str, ...] = PAGES


MAP, DIMENSIONS, PATHS, GENERATE = (("map",), ("dimensions",), ("paths",), ("generate",))
SWITCH = Property(readers.switch, lambda value: "on" if value else "off", MAP)
PROPERTIES: dict[str, Property] = {
    "model": Property(lambda text, shown: text),
    "dataset": Property(readers.one_of("data set", lambda shown: [name for name, _ in shown.sets])),
    "count": Property(readers.count),
    "projection": Property(readers.projection),
    "layer": Property(readers.one_of("layer to show", lambda shown: LAYERS), pages=MAP),
    "colour": Property(readers.one_of("colouring", lambda shown: shown.colours), pages=MAP),
    "trust": Property(readers.one_of("measure of trust", lambda shown: shown.trust), pages=MAP),
    "row": Property(readers.row),
    "label": Property(readers.label),
    "place": Property(readers.place, lambda value: value and ",".join(map(readers.plain, value))),
    "own": Property(readers.own_picture),
    "polygon": Property(readers.polygon, pages=MAP),
    "classes": Property(readers.classes, pages=MAP),
    "find": Property(readers.find, pages=MAP),
    "neighbours": Property(readers.neighbours, pages=MAP),
    "metric": Property(readers.one_of("metric", lambda shown: METRICS), pages=MAP),
    "hover": SWITCH,
    "pictures": SWITCH,
    # dimensions
    "start": Property(readers.subject, pages=DIMENSIONS),
    "moved": Property(readers.moved, pages=DIMENSIONS),
    "order": Property(readers.one_of("order", lambda shown: ORDERS), pages=DIMENSIONS),
    "table": Property(readers.counted("number of steps", *STEPS), pages=DIMENSIONS),
    "dead": Property(readers.switch, lambda value: "on" if value else "off", DIMENSIONS),
    "posterior": Property(
        readers.number("temperature", 0, HOTTEST),
        lambda value: None if value is None else f"{value:g}",
        DIMENSIONS,
    ),
    # paths
    "a": Property(readers.subject, pages=PATHS),
    "b": Property(readers.subject, pages=PATHS),
    "ways": Property(readers.some_of("way", WAYS), pages=PATHS),
    "steps": Property(readers.counted("number of steps", *STEPS), pages=PATHS),
    "models": Property(readers.models, pages=PATHS),
    "stroke": Property(readers.stroke, pages=PATHS),
    "plus": Property(readers.group, pages=PATHS),
    "minus": Property(readers.group, pages=PATHS),
    "strength": Property(
        readers.number("strength", -REACH, REACH), lambda value: f"{value:g}", PATHS
    ),
    # generate
    "task": Property(readers.one_of("task", lambda shown: TASKS), pages=GENERATE),
    "sampler": Property(readers.one_of("sampler", lambda shown: SAMPLERS), pages=GENERATE),
    "n": Property(readers.counted("number of samples", *SAMPLES), pages=GENERATE),
    "temperature": Property(
        readers.number("temperature", 0, HOTTEST), lambda value: f"{value:g}", GENERATE
    ),
    "seed": Property(readers.counted("seed", 0, 999_999_999), pages=GENERATE),
    "components": Property(
        readers.counted("number of components", 1, MOST_COMPONENTS), pages=GENERATE
    ),
    "picked": Property(readers.picked, pages=GENERATE),
    "spaced": Property(readers.one_of("spacing", lambda shown: SPACINGS), pages=GENERATE),
    "reach": Property(readers.number("range", *SPANS), lambda value: f"{value:g}", GENERATE),
    "style": Property(readers.style, pages=GENERATE),
    "mix": Property(readers.mix, pages=GENERATE),
    # generate: codes, denoise, round trip, errors
    "codes": Property(readers.codes, pages=GENERATE),
    "kept": Property(readers.kept, pages=GENERATE),
    "source": Property(readers.subject, pages=GENERATE),
    "noise": Property(readers.one_of("noise", lambda shown: NOISES), pages=GENERATE),
    "amount": Property(readers.number("amount of noise", 0, 1), lambda v: f"{v:g}", GENERATE),
    "trips": Property(readers.counted("number of round trips", 1, MOST_TRIPS), pages=GENERATE),
    "altered": Property(
        readers.one_of("way to alter an image", lambda shown: ALTERED), pages=GENERATE
    ),
    "rank": Property(readers.one_of("order", lambda shown: RANKS), pages=GENERATE),
    "rank_page": Property(readers.counted("page", 0, 9_999_999), pages=GENERATE),
    "rank_class": Property(readers.class_or_all, pages=GENERATE),
}
# What a link says always, so that it opens the same view when a default changes.
ALWAYS = ("model", "dataset", "count", "projection", "layer", "row")
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
