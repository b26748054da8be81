"""Which models the page Compare shows."""

from __future__ import annotations

from explorer.comparisons import Comparison, comparisons
from explorer.sweeps import sweeps
from explorer.view.properties import MOST_PANELS
from explorer.view.shell import Shelf
from explorer.view.state import ViewState


def known(models: Shelf) -> dict[str, Comparison]:
    """All comparisons among the models that can be shown, by key."""
    return comparisons(models.cards, sweeps())


def comparison(models: Shelf, view: ViewState) -> Comparison:
    """The comparison of a view; the first one where it names none, or one that there is not."""
    found = known(models)
    return found.get(view.among) or next(iter(found.values()))


def chosen(models: Shelf, view: ViewState) -> tuple[str, ...]:
    """The models of a view, at most MOST_PANELS: those that it names, as far as they are there;
    else those of its comparison."""
    named = tuple(name for name in view.panels.split(",") if name in models.cards)
    return (named or comparison(models, view).models)[:MOST_PANELS]
