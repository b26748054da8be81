"""What can be done on a page that has several tasks, and how one of them is chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from explorer import store
from explorer.view.shell import Shelf
from explorer.view.state import ViewState


@dataclass(frozen=True)
class Task:
    """One thing to do: its `title`, what it shows (`help`), why a model cannot do it (`why_not` of
    its card, empty where it can), and what draws it."""

    title: str
    help: str
    why_not: Callable[[store.Card], str]
    draw: Callable[[Shelf, ViewState], None]
