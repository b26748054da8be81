"""The painting of codes as a Streamlit component."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from explorer.view import shell
from explorer.view.component import component
from explorer.view.state import ViewState

HERE = Path(__file__).parent
KEY = "codes"


def draw(models: shell.Shelf, view: ViewState) -> None:
    """Mount the component; it tells the page of `codes`, `kept`, `source`, `seed` and
    `temperature`, and of `row` or `own`, as the address has them."""
    chosen = shell.on_an_image(view)
    data = {
        "model": view.model,
        "dataset": view.dataset,
        "count": view.count,
        "projection": view.projection,
        "label": None,
        "subject": chosen.subject,
        "row": chosen.row,
        "total": models.shown[view.model].totals[view.dataset],
        "codes": view.codes,
        "kept": view.kept,
        "source": view.source,
        "seed": view.seed,
        "temperature": view.temperature,
    }
    component(HERE, data, KEY, on_commit=keep)


def keep() -> None:
    shell.take(shell.shelf(), st.session_state[KEY].commit)
