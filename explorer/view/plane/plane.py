"""The plane as a Streamlit component: what the page asks for goes in, a kept place comes out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

import streamlit as st

HERE = Path(__file__).parent

# Only this loader travels with each update; the module itself is fetched once and cached. It must
# hold a line break: Streamlit takes a script of one line for a file path.
LOADER = """export default async (component) => {
  const url = new URL('./explorer/assets/plane/plane.js', document.baseURI).href
  return (await import(url)).default(component)
}
"""


class PlaneData(TypedDict):
    """What the plane shows. `row` is an image of the data set, `place` a point of the map, `label`
    the class that a conditional model is told (None: the image's own)."""

    model: str
    dataset: str
    projection: str
    layer: str
    row: int | None
    place: tuple[float, float] | None
    label: int | None
    encoderNote: str
    decoderNote: str


def plane(data: PlaneData, on_commit: Callable[[], None], key: str = "plane") -> Any:
    """Draw the plane; `on_commit` runs when a place was kept: `st.session_state[key].commit` is
    then `{"row": int}` or `{"place": [x, y]}`."""
    component = st.components.v2.component(
        "latent_explorer_plane",
        html=(HERE / "plane.html").read_text(encoding="utf-8"),
        css=(HERE / "plane.css").read_text(encoding="utf-8"),
        js=LOADER,
        isolate_styles=False,  # Plotly's events do not arrive inside a shadow root
    )
    return component(key=key, data=dict(data), on_commit_change=on_commit)
