"""What an address can say: one table of the properties of a view, which reads and writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
PAGES = ("map", "dimensions", "paths", "generate", "compare")
ORDERS = {"kl": "By KL", "index": "By number"}
WAYS = {"linear": "Linear", "slerp": "Slerp", "density": "Along the data"}
STEPS = (FEWEST, MOST)
MOST_BESIDE = 4
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
COMPARES = {"panels": "Same image", "ladder": "Side by side", "factors": "Metrics"}
ALIGNED = {"procrustes": "Turned to match", "umap": "Laid out together", "off": "Each by itself"}
MOST_PANELS = 8
RANKS = {"worst": "Worst first", "best": "Best first"}


@dataclass(frozen=True)
class Property:
    """How one field reads from and writes to the address; `read` raises for a bad value."""

    read: Callable[[str, Shown], Any]
    write: Callable[[Any], str | None] = lambda value: None if value is None else str(value)
    # The pages in whose address it stands.
    pages: tuple[str, ...] = PAGES


MAP, DIMENSIONS, PATHS, GENERATE, COMPARE = tuple((page,) for page in PAGES)
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
    "models": Property(readers.models(MOST_BESIDE), pages=PATHS),
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
    "seed": Property(readers.counted("seed", 0, 999_999_999), pages=(*GENERATE, *COMPARE)),
    "components": Property(
        readers.counted("number of components", 1, MOST_COMPONENTS), pages=GENERATE
    ),
    "picked": Property(readers.picked, pages=GENERATE),
    "spaced": Property(readers.one_of("spacing", lambda shown: SPACINGS), pages=GENERATE),
    "reach": Property(readers.number("range", *SPANS), lambda value: f"{value:g}", GENERATE),
    "zoom": Property(readers.zoom, pages=GENERATE),
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
    # compare
    "compare": Property(readers.one_of("task", lambda shown: COMPARES), pages=COMPARE),
    "among": Property(readers.name, pages=COMPARE),
    "panels": Property(readers.models(MOST_PANELS), pages=COMPARE),
    "aligned": Property(readers.one_of("alignment", lambda shown: ALIGNED), pages=COMPARE),
    "second": Property(readers.subject, pages=COMPARE),
    "lit": Property(readers.lit, pages=COMPARE),
}
# What a link says always, so that it opens the same view when a default changes.
ALWAYS = ("model", "dataset", "count", "projection", "layer", "row")
