"""Walk from one image to another: straight, turning, along the data, or by hand."""

import streamlit as st

from explorer.view import shell
from explorer.view.paths import paths
from explorer.view.paths.settings import data, row

shell.head(
    "Choose A and B: every way between them is decoded step by step. Play one, or draw your own "
    "over the map."
)


@st.fragment
def walk() -> None:
    models = shell.shelf()
    view = shell.current(models)
    shell.top(models)
    row(models, view, models.shown[view.model])
    paths(data(models, view), on_commit=keep)


def keep() -> None:
    """Something was chosen: an end, a way, a line, a group."""
    shell.take(shell.shelf(), st.session_state["paths"].commit)


walk()
