"""What the paths page sets above the component, and what it tells it."""

from __future__ import annotations

import streamlit as st

from explorer.view import settings, shell
from explorer.view.groups import kept_groups
from explorer.view.paths.paths import Named, PathsData
from explorer.view.properties import MOST_BESIDE
from explorer.view.shown import Shown
from explorer.view.state import ViewState


def row(models: shell.Shelf, view: ViewState, shown: Shown) -> None:
    """The row above the component: the model, others beside it, the map."""
    told = [1.1] if shown.classes else []
    columns = st.columns([2, 2.6, 1.3, *told], vertical_alignment="bottom")
    with columns[0]:
        settings.model_chooser(models, view)
    with columns[1]:
        others = beside(models, view)
        st.session_state["beside"] = chosen(models, view)
        st.multiselect(
            "Beside it",
            others,
            format_func=lambda name: models.cards[name].title,
            key="beside",
            max_selections=MOST_BESIDE - 1,
            placeholder="Compare with other models",
            help="Other models walk between the same two images: each encodes them for itself. An "
            "autoencoder beside a VAE shows where the one has holes.",
            on_change=lambda: shell.show(view.changed(models=",".join(st.session_state["beside"]))),
        )
    with columns[2]:
        settings.projection_chooser(
            view,
            shown,
            "How the latents are laid out on the map. The ways are walked in latent space, "
            "whatever the map; only a line that you draw belongs to the map.",
        )
    if shown.classes:
        with columns[3]:
            settings.told(view, shown)
    wanted = {name for name in view.models.split(",") if name and name != view.model}
    if absent := sorted(wanted - set(beside(models, view))):
        names = ", ".join(f"'{name}'" for name in absent)
        st.warning(f"{names} has no map of these images here, so it does not walk beside.")


def beside(models: shell.Shelf, view: ViewState) -> list[str]:
    """The models that can walk beside the chosen one: those with a map of the same images."""
    wanted = (view.dataset, view.count)
    return [name for name, one in models.shown.items() if name != view.model and wanted in one.kept]


def chosen(models: shell.Shelf, view: ViewState) -> list[str]:
    """The models beside the chosen one that there are."""
    known = beside(models, view)
    return [name for name in dict.fromkeys(view.models.split(",")) if name in known]


def data(models: shell.Shelf, view: ViewState) -> PathsData:
    """What the component shows of a view."""
    names = [view.model, *chosen(models, view)]
    a = view.a or view.subject
    return {
        "model": view.model,
        "dataset": view.dataset,
        "count": view.count,
        "projection": view.projection,
        "label": view.label,
        "beside": names[1:],
        "titles": {name: models.cards[name].title for name in names},
        "a": a,
        "b": view.b or ("row:1" if a != "row:1" else "row:0"),
        "ways": view.ways,
        "steps": view.steps,
        "stroke": view.stroke,
        "plus": view.plus,
        "minus": view.minus,
        "strength": view.strength,
        "groups": groups(view),
    }


def groups(view: ViewState) -> list[Named]:
    """The groups that can be added and taken away: every kept one of these images and this model.

    The classes travel with the points of the map.
    """
    found: list[Named] = []
    for name, kept in kept_groups().items():
        same = all(
            getattr(kept, key) == getattr(view, key) for key in ("model", "dataset", "count")
        )
        if same and kept.polygon:
            text = f"group:{kept.projection}:{kept.polygon}"
            text += f":{kept.classes}" if kept.classes else ""
            found.append({"text": text, "title": name})
    return found
