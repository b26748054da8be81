"""Denoising as a Streamlit component."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from explorer.view import shell
from explorer.view.component import component
from explorer.view.state import ViewState

HERE = Path(__file__).parent
KEY = "denoise"


def draw(models: shell.Shelf, view: ViewState) -> None:
    """Mount the component; it tells the page of `noise`, `amount`, `seed` and `own`, as the address
    has them."""
    data = {
        "model": view.model,
        "dataset": view.dataset,
        "count": view.count,
        "projection": view.projection,
        "label": view.label,
        "subject": shell.on_an_image(view).subject,
        "noise": view.noise,
        "amount": view.amount,
        "seed": view.seed,
    }
    component(HERE, data, KEY, on_commit=keep)


def keep() -> None:
    shell.take(shell.shelf(), st.session_state[KEY].commit)
