"""The paths component: what the page asks for goes in, what was chosen comes out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

from explorer.view.component import component

HERE = Path(__file__).parent


class Named(TypedDict):
    """A choice of the component: its text in an address, and its title for people."""

    text: str
    title: str


class PathsData(TypedDict):
    """What the component shows, mostly fields of ViewState under their own names.

    `beside` are the ids of the models that walk beside `model`, `titles` says how models are
    called. `a` and `b` are the ends, `groups` the kept groups that can be added and taken away.
    """

    model: str
    dataset: str
    count: int
    projection: str
    label: int | None
    beside: list[str]
    titles: dict[str, str]
    a: str
    b: str
    ways: str
    steps: int
    stroke: str
    plus: str
    minus: str
    strength: float
    groups: list[Named]


def paths(data: PathsData, on_commit: Callable[[], None], key: str = "paths") -> Any:
    """Draw the component.

    `on_commit` runs when something was chosen; `st.session_state[key].commit` is then a dict of
    properties of the view as an address says them (`shell.take`).
    """
    return component(HERE, data, key, on_commit=on_commit)
