"""Round trips as a Streamlit component."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from explorer.view import settings, shell
from explorer.view.component import component
from explorer.view.state import ViewState

HERE = Path(__file__).parent
KEY = "round_trip"


def draw(models: shell.Shelf, view: ViewState) -> None:
    """Mount the component; it tells the page of `trips`, and of `row`, `place` or `own`, as the
    address has them."""
    shown = models.shown[view.model]
    settings.told_above(view, shown)
    data = {
        "model": view.model,
        "dataset": view.dataset,
        "count": view.count,
        "total": shown.totals[view.dataset],
        "projection": view.projection,
        "label": view.label,
        "subject": view.subject,
        "trips": view.trips,
    }
    component(HERE, data, KEY, on_commit=keep)


def keep() -> None:
    shell.take(shell.shelf(), st.session_state[KEY].commit)
