"""Which models the page Compare shows."""

from __future__ import annotations

from explorer.comparisons import Comparison, Member, comparisons, settings
from explorer.errors import unknown_name
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


def unknown(models: Shelf, view: ViewState) -> list[str]:
    """One sentence for each comparison and model that a view names and that there is not."""
    found = known(models)
    missing = (
        [unknown_name("comparison", view.among, found)] if view.among not in ("", *found) else []
    )
    names = [name for name in view.panels.split(",") if name not in ("", *models.cards)]
    missing += [unknown_name("model", name, models.cards) for name in names]
    return [str(one) for one in missing]


def chosen(models: Shelf, view: ViewState) -> tuple[str, ...]:
    """The models of a view, at most MOST_PANELS: those that it names, as far as they are there;
    else those of its comparison."""
    named = tuple(name for name in view.panels.split(",") if name in models.cards)
    among = columns(comparison(models, view), view.model)
    return (named or tuple(one.model for one in among))[:MOST_PANELS]


def columns(among: Comparison, model: str) -> list[Member]:
    """The members that get a column, at most MOST_PANELS: one seed of each setting where all are
    too many, that of the chosen model if it is one of them."""
    if len(among.members) <= MOST_PANELS:
        return list(among.members)
    one_each = [
        next((one for one in seeds if one.model == model), seeds[0]) for seeds in settings(among)
    ]
    return one_each[:MOST_PANELS]
