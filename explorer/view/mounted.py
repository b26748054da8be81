"""A component that is shown a view and changes it, mounted in one way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from explorer.view import shell
from explorer.view.component import component
from explorer.view.state import ViewState


def mounted(folder: Path, view: ViewState, **more: Any) -> None:
    """Mount the component in a folder under the folder's name. It is shown which model, images, map
    and class a view has, and `more`; what it commits are properties of the view by their names, as
    an address has them (`shell.take`)."""
    key = folder.name
    names = ("model", "dataset", "count", "projection", "label")
    data = {name: getattr(view, name) for name in names} | more
    component(folder, data, key, on_commit=lambda: shell.take(shell.shelf(), _committed(key)))


def _committed(key: str) -> dict[str, str] | None:
    return st.session_state[key].commit
