"""Not there yet."""

from __future__ import annotations

import streamlit as st

from explorer.view.compare.chosen import chosen
from explorer.view.shell import Shelf
from explorer.view.state import ViewState


def draw(models: Shelf, view: ViewState) -> None:
    st.write("panels", chosen(models, view))
