"""The same image in several models as a Streamlit component, and the choosers above it."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

import streamlit as st

from explorer import store
from explorer.view import settings, shell
from explorer.view.chosen import chosen
from explorer.view.component import component
from explorer.view.properties import ALIGNED, MOST_PANELS
from explorer.view.state import ViewState
from explorer.view.words import latent_words

HERE = Path(__file__).parent
FEWEST = 2
# Images of maps that are laid out together; latent/together.py has the same number.
MOST_TOGETHER = 5000
KEY, MODELS = HERE.name, "panels-models"


class Panel(TypedDict):
    """A model beside others: its id, its `title`, what tells it apart in `words`, the map that it
    is shown with, and whether that was `made` already."""

    model: str
    title: str
    words: str
    dataset: str
    count: int
    projection: str
    made: bool


def draw(models: shell.Shelf, view: ViewState) -> None:
    """Mount the component; it tells the page of what was chosen (`model` with `row`, `place` or
    `own`), of `panels` and of `lit`, as the address has them."""
    names = fitting(models, chosen(models, view))
    home = at_home(models, view, names)
    row(models, view, home, names)
    panels = [panel(models, home, name) for name in names]
    aligned = alignment(view, panels)
    data = {
        "panels": panels,
        "home": home.model,
        "subject": home.subject,
        "label": home.label,
        "aligned": aligned,
        "lit": view.lit,
        "total": models.shown[home.model].totals[home.dataset],
        "fewest": FEWEST,
    }
    component(
        HERE,
        data,
        KEY,
        on_commit=lambda: shell.take(shell.shelf(), st.session_state[KEY].commit),
    )


def fitting(models: shell.Shelf, names: tuple[str, ...]) -> list[str]:
    """The models that one image can go through: those that take images of the shape that the first
    one takes. The page says which were left out."""
    fit = same_shape(models, names[0])
    if absent := [name for name in names if name not in fit]:
        st.warning(
            f"{', '.join(map(shell.markdown_safe, absent))} takes images of another shape, so it "
            "is not shown here."
        )
    return [name for name in dict.fromkeys(names) if name in fit]


def same_shape(models: shell.Shelf, name: str) -> list[str]:
    """The models that take images of the same shape as one, itself among them."""

    def shape(card: store.Card) -> tuple[int, ...]:
        return card.spec.model.image_shape

    return [one.id for one in models.cards.values() if shape(one) == shape(models.cards[name])]


def at_home(models: shell.Shelf, view: ViewState, names: list[str]) -> ViewState:
    """The view in the model that the image comes from: the chosen one where it is among those
    shown, else the first of them on the same image. A place is one of the model's own map, so on
    maps that were laid out together it is an image."""
    if view.model in names:
        return shell.on_an_image(view) if view.aligned == "umap" else view
    return shell.on_an_image(view).with_model(names[0], models.shown[names[0]])


def panel(models: shell.Shelf, home: ViewState, name: str) -> Panel:
    """A model with the map on which a person comes to it from `home`."""
    shown, card = models.shown[name], models.cards[name]
    view = home if name == home.model else home.with_model(name, shown)
    return {
        "model": name,
        "title": card.title,
        "words": f"{card.spec.model.family} · {latent_words(card.spec.model)}",
        "dataset": view.dataset,
        "count": view.count,
        "projection": view.projection,
        "made": view.projection in shown.made(view),
    }


def alignment(view: ViewState, panels: list[Panel]) -> str:
    """How the maps lie; the page says where they cannot be laid out together."""
    sets = {(one["dataset"], one["count"]) for one in panels}
    if view.aligned == "umap" and (len(sets) > 1 or max(sets)[1] > MOST_TOGETHER):
        st.warning(
            "Only models with maps of the same images, 5,000 at most, are laid out together; "
            "these are turned to match."
        )
        return "procrustes"
    return view.aligned


def row(models: shell.Shelf, view: ViewState, home: ViewState, names: list[str]) -> None:
    """The row above the panels: which models, which map, how the maps lie."""
    left, middle, right = st.columns([4, 1.3, 1.3], vertical_alignment="bottom")
    with left:
        options = same_shape(models, names[0])
        st.session_state[MODELS] = names
        st.multiselect(
            "Models",
            options,
            format_func=lambda name: models.cards[name].title,
            key=MODELS,
            max_selections=MOST_PANELS,
            help="Two to eight models of any kind that take images of the same shape. Every image "
            "goes through all of them.",
            on_change=lambda: choose(models, view),
        )
    with middle:
        settings.projection_chooser(
            home,
            models.shown[home.model],
            "How the latents are laid out on the maps. A model that has no such map shows the one "
            "that it opens with: a 2-D latent is shown as it is.",
        )
    with right:
        shell.chooser(
            "Maps lie",
            ALIGNED,
            view.aligned,
            lambda name: shell.show(view.changed(aligned=name, lit="")),
            key="aligned",
            help="Maps of different models have no common up or left. **Turned to match**: each is "
            "turned, mirrored, scaled and moved as a whole so that the images that it shares with "
            "the first map lie as near to their places there as they can (Procrustes); nothing "
            "within a map changes. **Laid out together**: one UMAP of all models at once (aligned "
            "UMAP), which holds the same image near the same place in all; made once, which takes "
            "some minutes. **Each by itself**: as it was made.",
        )


def choose(models: shell.Shelf, view: ViewState) -> None:
    """Show the models that were chosen; fewer than two are no comparison."""
    names: list[str] = st.session_state[MODELS]
    if len(names) < FEWEST:
        st.session_state["notices"] = [f"At least {FEWEST} models are compared."]
        return
    kept = view.lit.partition(":")[0] in names and view.aligned != "umap"
    lit = view.lit if kept else ""
    shell.show(view.changed(panels=",".join(names), lit=lit))
