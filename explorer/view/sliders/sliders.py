"""The sliders as a Streamlit component: what the page shows goes in, what was moved comes out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

from explorer.view.component import component

HERE = Path(__file__).parent


class SlidersData(TypedDict):
    """What the sliders show, mostly the fields of ViewState under their own names.

    `subject` is what is chosen, `start` what the sliders start from instead ("": what is chosen),
    both texts of `explorer.latent.origin`; `moved` are the dimensions that were moved from there;
    `posterior` is the temperature at which the posterior is shown and `table` the number of steps
    of the table (None: folded away), `dead` whether it has dead dimensions; `title` what a saved
    picture says above it.
    """

    model: str
    dataset: str
    count: int
    projection: str
    subject: str
    start: str
    moved: str
    order: str
    label: int | None
    neighbours: int
    metric: str
    posterior: float | None
    table: int | None
    dead: bool
    title: str


def sliders(data: SlidersData, on_commit: Callable[[], None], key: str = "sliders") -> Any:
    """Draw the sliders.

    `on_commit` runs when a hand has let go; `st.session_state[key].commit` is then a dict of texts,
    as `shell.take` reads them: `{"moved": "3:1.25"}`, `{"start": "mean", "moved": ""}`.
    """
    return component(HERE, data, key, on_commit=on_commit)
