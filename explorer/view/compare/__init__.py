"""What can be done on the Compare page."""

from __future__ import annotations

from explorer import store
from explorer.view import factors, ladder, panels
from explorer.view.task import Task


def _always(card: store.Card) -> str:
    return ""


# In the order in which they are offered; names as the address has them.
TASKS: dict[str, Task] = {
    "panels": Task(
        "Same image",
        "One image through every model: where it lands, what comes back, what it costs. Move it in "
        "one map and it moves in all.",
        _always,
        panels.draw,
    ),
    "ladder": Task(
        "Side by side",
        "The same images, samples, dimensions and maps of every model, and the price of each.",
        _always,
        ladder.draw,
    ),
    "factors": Task(
        "Metrics",
        "How good and how disentangled each model is, in the field's measures.",
        _always,
        factors.draw,
    ),
}
