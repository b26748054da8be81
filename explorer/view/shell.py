"""What every page shares: the models that can be shown, the view in the address, the notices."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import streamlit as st

from explorer import store
from explorer.errors import ExplorerError
from explorer.latent.index import projections_of
from explorer.serve.catalogue import catalogue
from explorer.serve.warm import DEFAULT_MODEL
from explorer.view.offer import shown_with
from explorer.view.shown import Shown
from explorer.view.state import ViewState, from_query

STYLES = [Path(__file__).parent / name for name in ("shell.css", "base.css")]
# An address takes no longer than this to reach the browser and to come back.
LAG_SECONDS = 1.0
# What lies on disk is looked for anew after so long.
FOUND_SECONDS = 1.0


@dataclass(frozen=True)
class Shelf:
    """Models with a map, by id: their cards and what they are shown with; and what was skipped."""

    cards: dict[str, store.Card]
    shown: dict[str, Shown]
    faults: list[str]

    @property
    def default(self) -> str:
        return DEFAULT_MODEL if DEFAULT_MODEL in self.cards else next(iter(self.cards))


# When it was looked for, how the folders were then, and what there was.
_found: tuple[float, tuple, Shelf | None] = (0.0, (), None)


def shelf() -> Shelf:
    """The models that a map can show. Stops the page with a sentence when there is none."""
    found = _recent()
    if not found.cards:
        st.info(
            "There is no model with a map yet. Train one with `python -m explorer train --name "
            "my-vae`, then lay it out with `python -m explorer project my-vae`."
        )
        st.stop()
    return found


def _recent() -> Shelf:
    """What lies on disk, as it was found within the last second: reading every card takes longer
    than all else that a page does for a click. A model that comes or goes is seen at once."""
    global _found
    roots = tuple(_changed(root) for root in (store.home(), store.PRETRAINED))
    now = time.monotonic()
    then, seen, found = _found
    if found is None or seen != roots or now - then > FOUND_SECONDS:
        found = _look()
        _found = (now, roots, found)
    return found


def _changed(folder: Path) -> tuple[str, int]:
    try:
        return str(folder), folder.stat().st_mtime_ns
    except OSError:
        return str(folder), 0


def _look() -> Shelf:
    found = store.find()
    cards: dict[str, store.Card] = {}
    shown: dict[str, Shown] = {}
    for artefact in found.artefacts:
        maps = projections_of(artefact)
        if artefact.card.kind == "model" and maps:
            cards[artefact.id] = artefact.card
            shown[artefact.id] = shown_with(artefact.card, maps)
    return Shelf(cards, shown, found.faults)


def enter(page: str, pages: Sequence[st.Page]) -> None:
    """Begin the run of a page: its name, since each shows its part of the view in its own address,
    and the pages that it links to."""
    st.session_state["page"], st.session_state["pages"] = page, pages
    st.html(f"<style>{_style()}</style>")


@lru_cache
def _style() -> str:
    """What all pages look like: their frame, and what their components share."""
    return "".join(file.read_text(encoding="utf-8") for file in STYLES)


def page() -> str:
    """The page that a person is on."""
    return st.session_state.get("page", "map")


def current(models: Shelf) -> ViewState:
    """What this person is looking at. The address decides whenever it was changed by hand.

    A value that is not usable is said once, above the page.
    """
    query = st.query_params.to_dict()
    view: ViewState | None = st.session_state.get("view")
    if st.session_state.get("shown_on") != page():
        # No address of the page before lags behind here.
        st.session_state["shown_on"], st.session_state["left"] = page(), ({}, 0.0)
        if view is not None and not query:
            show(view)  # come here by a link: what is looked at stays
            st.session_state["left"] = (query, time.monotonic())
            query = view.to_query(page())
    by_hand = query != st.session_state.get("address") and not _lags_behind(query)
    if view is None or by_hand or view.model not in models.cards:
        view, unusable = from_query(query, models.shown, models.default, page(), view)
        st.session_state["view"], st.session_state["address"] = view, query
        if unusable:
            show(view)
        st.session_state["notices"] = unusable
    return view


def _lags_behind(query: dict[str, str]) -> bool:
    """Whether a browser has sent the address of a moment ago: the new one was still on its way."""
    before, since = st.session_state.get("left", ({}, 0.0))
    return query == before and time.monotonic() - since < LAG_SECONDS


def show(view: ViewState) -> None:
    """Make `view` what this person looks at: in the session and in the address."""
    wanted = view.to_query(page())
    left = st.session_state.get("address")
    if left != wanted:
        st.session_state["left"] = (left, time.monotonic())
    st.session_state["view"], st.session_state["address"] = view, wanted
    st.session_state["notices"] = []
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def take(models: Shelf, commit: Mapping[str, str] | None) -> None:
    """Show what a component has committed: properties of the view by name, as an address says
    them, on another `model` where it names one. What is not usable is said above the page."""
    if not commit:
        return
    view = current(models)
    model = commit.get("model", view.model)
    if model != view.model and model in models.shown:
        view = view.with_model(model, models.shown[model])
    texts = {name: text for name, text in commit.items() if name != "model" or text != view.model}
    view, unusable = view.taking(texts, models.shown[view.model])
    show(view)
    st.session_state["notices"] = unusable


def on_an_image(view: ViewState) -> ViewState:
    """The view with a kept place replaced by the image nearest to it.

    A place belongs to one map; an image can be followed to another map or model.
    """
    if view.place is None:
        return view
    try:
        opened = catalogue.open(view.model, view.dataset, view.count)
        return view.at_row(opened.row_near(view.projection, view.place))
    except ExplorerError:
        return view.at_row(0)


def top(models: Shelf) -> None:
    """What stands above every page: links to all pages with what is looked at in their addresses
    (so that Back is one step), and the notices."""
    view = current(models)
    with st.container(key="pages", horizontal=True):
        for one in st.session_state["pages"]:
            st.page_link(one, query_params=view.to_query(one.url_path or "map"))
    _notices(models)


def _notices(models: Shelf) -> None:
    """One box with a line for each value of the address, or folder, that could not be used.

    What the address had wrong is said until the next choice.
    """
    lines = [*st.session_state.get("notices", []), *models.faults]
    if lines:
        st.warning("  \n".join(markdown_safe(line) for line in lines))


def markdown_safe(text: str) -> str:
    """Text that a page shows as it is, although it may come from an address or a folder."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|$~:&-])", r"\\\1", text)


def chooser(
    label: str,
    options: dict[str, str],
    value: str,
    on_choice: Callable[[str], None],
    *,
    key: str,
    help: str,
) -> None:
    """A select box over `options` (value: title) whose state is the ViewState, not its own."""
    st.session_state[key] = value
    st.selectbox(
        label,
        list(options),
        format_func=options.__getitem__,
        key=key,
        help=help,
        disabled=len(options) < 2,
        on_change=lambda: on_choice(st.session_state[key]),
    )


def slider(
    label: str,
    value: int,
    bounds: tuple[int, int],
    on_choice: Callable[[int], None],
    *,
    key: str,
    help: str,
) -> None:
    """A slider over whole numbers whose state is the ViewState."""
    st.session_state[key] = value
    st.slider(
        label, *bounds, key=key, help=help, on_change=lambda: on_choice(st.session_state[key])
    )


def toggle(
    label: str, value: bool, on_choice: Callable[[bool], None], *, key: str, help: str
) -> None:
    """A switch whose state is the ViewState."""
    st.session_state[key] = value
    st.toggle(label, key=key, help=help, on_change=lambda: on_choice(st.session_state[key]))


def head(text: str) -> None:
    """The top of a page: the product's name and the one sentence that says what to do here."""
    st.html(f'<h1 class="lx-head"><b>Latent Explorer</b> <span>{html.escape(text)}</span></h1>')
