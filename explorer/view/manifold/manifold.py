"""The manifold as a Streamlit component: what is asked for goes in, what was kept comes out."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from explorer.view import shell
from explorer.view.component import component
from explorer.view.state import ViewState

HERE = Path(__file__).parent
KEY = "manifold"


def manifold(models: shell.Shelf, view: ViewState) -> None:
    """The whole latent plane of a 2-D model; a place that is kept there is kept on every page."""
    card = models.cards[view.model]
    data = {
        "model": view.model,
        "dataset": view.dataset,
        "count": view.count,
        "projection": "raw",
        "subject": view.subject,
        "label": view.label,
        "spaced": view.spaced,
        "reach": view.reach,
        "height": card.spec.model.image_shape[1],
        "title": card.title,
    }
    component(HERE, data, KEY, on_commit=keep)


def keep() -> None:
    """A setting was changed, or a place was kept."""
    shell.take(shell.shelf(), st.session_state[KEY].commit)
