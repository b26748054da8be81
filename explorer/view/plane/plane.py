"""The plane as a Streamlit component: what the page asks for goes in, what was kept comes out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

from explorer.view.component import component

HERE = Path(__file__).parent


class PlaneData(TypedDict):
    """What the plane shows, mostly the fields of ViewState under their own names.

    `row` is an image of the data set, `place` a point of the map, `own` a picture of one's own: one
    of them is set; `label` the class that a
    conditional model is told (None: the image's own), `polygon` a group drawn on the map,
    `groupName` its name and `groupNames` those of all kept groups, `find` what was searched for,
    `title` what a saved picture says above it.
    """

    model: str
    dataset: str
    count: int
    projection: str
    layer: str
    colour: str
    trust: str | None
    row: int | None
    place: tuple[float, float] | None
    own: str | None
    label: int | None
    polygon: str | None
    classes: str
    groupName: str
    groupNames: list[str]
    find: str
    neighbours: int
    metric: str
    hover: bool
    pictures: bool
    title: str
    encoderNote: str
    decoderNote: str


def plane(
    data: PlaneData,
    on_commit: Callable[[], None],
    on_cancel: Callable[[], None],
    key: str = "plane",
) -> Any:
    """Draw the plane.

    `on_commit` runs when something was kept; `st.session_state[key].commit` is then `{"row": int}`,
    `{"place": [x, y]}`, `{"own": name}`, `{"find": text}`, `{"keepGroup": name}`,
    `{"dropGroup": true}` or `{"polygon": [x0, y0, x1, y1, ...] | None, "classes": "0,3"}`.
    `on_cancel` runs when a person would not wait for what is being made:
    `st.session_state[key].cancel` is `{"projection" | "colour" | "trust": name}`.
    """
    return component(HERE, data, key, on_commit=on_commit, on_cancel=on_cancel)
