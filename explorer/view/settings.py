"""The settings of the map: three choosers in sight, everything else behind one button."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from explorer.latent.neighbours import MAX_NEIGHBOURS
from explorer.latent.polygon import polygon_to_text, simplified
from explorer.latent.spec import ProjectionSpec, spec_of
from explorer.view import shell
from explorer.view.groups import group_chooser
from explorer.view.properties import LAYERS, METRICS
from explorer.view.shown import Shown
from explorer.view.state import DEFAULTS, ViewState
from explorer.view.words import images_words

# The key of what is open or closed behind the button.
MORE = "more"
# Settings that "Reset" puts back; where a person is stays.
RESET = ("layer", "colour", "trust", "label", "neighbours", "metric", "hover", "pictures")


def row(models: shell.Shelf, view: ViewState, shown: Shown) -> None:
    """The row above the map."""
    widths = [2, 1.3, 1.3, *([1.1] if shown.classes else []), 0.7]
    columns = st.columns(widths, vertical_alignment="bottom")
    with columns[0]:
        model_chooser(models, view)
    with columns[1]:
        projection_chooser(
            view,
            shown,
            "How the latents are laid out on the plane. A 2-D latent is shown as it is; above two "
            "dimensions UMAP and t-SNE keep neighbours together, PCA keeps large distances. "
            "More → Make another map sets their parameters.",
        )
    with columns[2]:
        shell.chooser(
            "Colour",
            dict(shown.colours),
            view.colour,
            lambda name: shell.show(view.changed(colour=name)),
            key="colour",
            help="What the colour of a point says: its class, a known factor, how badly the model "
            "reconstructs it, how many nats its latent costs, how crowded its place is.",
        )
    if shown.classes:
        with columns[3]:
            told(view, shown)
    about = "Layers, trust, other images and other maps"
    with (
        columns[-1],
        st.container(key="more-button"),
        # What a person has open is known here, so that a choice can close it; see `show`.
        st.popover("More", width="stretch", help=about, key=MORE, on_change="rerun"),
    ):
        more(view, shown)


def model_chooser(models: shell.Shelf, view: ViewState) -> None:
    """The model; on every page the first chooser of the row."""
    shell.chooser(
        "Model",
        {name: one.title for name, one in models.cards.items()},
        view.model,
        lambda name: shell.show(shell.on_an_image(view).with_model(name, models.shown[name])),
        key="model",
        help="Each model has learned its own latent space. The same image stays chosen.",
    )


def images_chooser(
    view: ViewState, shown: Shown, on_choice: Callable[[ViewState], None] = shell.show
) -> None:
    """Which images are encoded, and how many."""
    shell.chooser(
        "Images",
        {
            f"{name}/{count}": images_words(name, count, shown)
            for name, count in dict.fromkeys([*shown.sets, (view.dataset, view.count)])
        },
        f"{view.dataset}/{view.count}",
        lambda text: on_choice(view.with_images(*_set_of(text))),
        key="images",
        help="Which images are encoded, and how many of them. More than are kept yet are "
        "encoded once, with a bar that says how far it is.",
    )


def projection_chooser(view: ViewState, shown: Shown, about: str) -> None:
    """The map; `about` is what the page says of it."""
    keys = dict.fromkeys([*shown.projections, *shown.made(view), view.projection])
    shell.chooser(
        "Projection",
        {key: spec_of(key).title for key in keys},
        view.projection,
        lambda key: shell.show(shell.on_an_image(view).with_projection(key)),
        key="projection",
        help=about,
    )


def show(view: ViewState) -> None:
    """Show what was chosen behind More, and close it: it lies over the map that changes."""
    st.session_state[MORE] = False
    shell.show(view)


def told(view: ViewState, shown: Shown) -> None:
    """The class that a conditional model is told."""
    shell.chooser(
        "Class",
        {"": "The image's own"} | {str(i): name for i, name in enumerate(shown.classes)},
        "" if view.label is None else str(view.label),
        lambda name: shell.show(view.changed(label=int(name) if name else None)),
        key="label",
        help="This model is told the class of what it draws. Choose one to draw every place, and "
        "every image's style, as that class.",
    )


def told_above(view: ViewState, shown: Shown) -> None:
    """The class that a conditional model is told, in a row of its own; nothing for other models."""
    if shown.classes:
        with st.columns([2, 5])[0]:
            told(view, shown)


def more(view: ViewState, shown: Shown) -> None:
    """Everything that is closed until asked for."""
    on_the_map(view, shown)
    nearest(view)
    pointer(view)
    if shown.projections != ("raw",):
        another_map(view, shown)
    reset = {name: DEFAULTS[name] for name in RESET}
    st.button(
        "Reset settings",
        key="reset-settings",
        help="Puts every setting above back to its first value. Model, map and place stay.",
        on_click=lambda: show(view.changed(**reset)),
        disabled=all(getattr(view, name) == value for name, value in reset.items()),
    )


def on_the_map(view: ViewState, shown: Shown) -> None:
    """What the map shows: layers, images, groups."""
    left, right = st.columns(2)
    with left:
        shell.chooser(
            "Show",
            LAYERS,
            view.layer,
            lambda name: show(view.changed(layer=name)),
            key="layer",
            help="Points are encoded images. Decoded images show what the decoder makes of each "
            "place of the plane.",
        )
        images_chooser(view, shown, show)
    with right:
        shell.chooser(
            "Trust",
            {"": "No layer", **shown.trust},
            view.trust or "",
            lambda name: show(view.changed(trust=name or None)),
            key="trust",
            help="Lays under the points how far to trust each place: measured once on a grid over "
            "the whole map.",
        )
        group_chooser(view, show)


def nearest(view: ViewState) -> None:
    """How the nearest images are found."""
    left, right = st.columns(2)
    with left:
        shell.slider(
            "Nearest images",
            view.neighbours,
            (1, MAX_NEIGHBOURS),
            lambda number: shell.show(view.changed(neighbours=number)),
            key="neighbours",
            help="How many nearest images are shown below the map and joined to the kept place by "
            "lines. Long lines show where the map tears neighbours apart.",
        )
    with right:
        shell.chooser(
            "Nearest by",
            METRICS,
            view.metric,
            lambda name: shell.show(view.changed(metric=name)),
            key="metric",
            help="How near two latents are: by their Euclidean distance, or by the angle between "
            "them (1 − cosine).",
        )


def pointer(view: ViewState) -> None:
    """What moving and zooming do."""
    shell.toggle(
        "Decode where the pointer moves",
        view.hover,
        lambda on: shell.show(view.changed(hover=on)),
        key="hover",
        help="Off: only a press decodes, along its way, and Shift with a press moves the map.",
    )
    shell.toggle(
        "Images at the points when zoomed in",
        view.pictures,
        lambda on: shell.show(view.changed(pictures=on)),
        key="pictures",
        help="Once points lie far enough apart, each shows its image, framed in its colour.",
    )


def another_map(view: ViewState, shown: Shown) -> None:
    """Parameters of a projection; the button makes the map, or opens it if it was made before."""
    with st.expander("Make another map"):
        titles = {method: spec_of(method).title for method in shown.projections}
        method = st.selectbox(
            "Method", list(titles), format_func=titles.__getitem__, key="map-method",
            help="UMAP and t-SNE keep neighbours together; PCA has no parameters.",
        )  # fmt: skip
        key = ProjectionSpec(method=method, **parameters(method, spec_of(view.projection))).key
        st.button(
            "Make this map",
            key="make-map",
            type="primary",
            on_click=lambda: show(shell.on_an_image(view).with_projection(key)),
            disabled=key == view.projection,
            help="Maps are kept: the same parameters open at once the next time, for everyone.",
        )


def parameters(method: str, now: ProjectionSpec) -> dict[str, Any]:
    """Controls of the parameters that a method has, at first as they are `now`; their values."""
    values: dict[str, Any] = {}
    if method == "umap":
        values["neighbours"] = st.slider(
            "Neighbours (n_neighbors)", 2, 200, now.neighbours, key="map-neighbours",
            help="Few show fine detail, many the broad layout.",
        )  # fmt: skip
        values["min_dist"] = st.slider(
            "Minimum distance (min_dist)", 0.0, 1.0, now.min_dist, 0.05, key="map-min-dist",
            help="How tightly points may be packed.",
        )  # fmt: skip
        values["supervised"] = st.toggle(
            "Supervised by class", now.supervised, key="map-supervised",
            help="Tells UMAP the classes: groups come apart that the latents do not separate.",
        )  # fmt: skip
    if method == "tsne":
        values["perplexity"] = st.slider(
            "Perplexity", 2, 200, now.perplexity, key="map-perplexity",
            help="About how many neighbours each point listens to.",
        )  # fmt: skip
    if method in ("umap", "tsne"):
        values["metric"] = st.selectbox(
            "Metric", ["euclidean", "cosine", "manhattan"], key="map-metric",
            help="How the distance between two latents is measured.",
        )  # fmt: skip
        values["seed"] = int(
            st.number_input(
                "Seed", 0, 2**31 - 1, now.seed, key="map-seed", help="Same seed, same picture."
            )
        )
    return values


def with_polygon(view: ViewState, corners: Sequence[float] | None, classes: str) -> ViewState:
    """The view with a group drawn on its map, `corners` x0, y0, x1, y1, ...; or with none."""
    if not corners:
        return view.with_group(None)
    points = np.asarray(corners, float).reshape(-1, 2)
    return view.with_group(polygon_to_text(simplified(points)), classes)


def without(view: ViewState, shown: Shown, cancelled: Mapping[str, str]) -> ViewState:
    """The view without what a person would not wait for."""
    if cancelled.get("projection") == view.projection:
        if (view.dataset, view.count) != (shown.dataset, shown.count):
            view = view.with_images(shown.dataset, shown.count)
        made = [key for key in shown.made(view) if key != view.projection]
        return view.with_projection((*made, *shown.projections)[0])
    if cancelled.get("colour") == view.colour:
        return view.changed(colour="label")
    if cancelled.get("trust") == view.trust:
        return view.changed(trust=None)
    return view


def _set_of(text: str) -> tuple[str, int]:
    name, _, count = text.rpartition("/")
    return name, int(count)
