"""Groups of images that a person has drawn and named: kept for the visit, used by their name."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from explorer.view import shell
from explorer.view.state import ViewState

MOST_LETTERS = 40
MOST_GROUPS = 50
# What of a view says which images a group holds.
WHERE = ("model", "dataset", "count", "projection", "polygon", "classes")


def kept_groups() -> dict[str, ViewState]:
    """Each group as the view in which it was drawn, by its name."""
    return st.session_state.setdefault("groups", {})


def keep_group(view: ViewState, name: str) -> None:
    """Remember the group of a view under a name; one that has a name already is renamed.

    A name that another group has stays with it.
    """
    groups, name, before = kept_groups(), name.strip()[:MOST_LETTERS], group_name(view)
    if not name or view.polygon is None or name in groups:
        return
    if before:
        kept = {name if one == before else one: view for one, view in groups.items()}
        st.session_state["groups"] = kept
        return
    if len(groups) >= MOST_GROUPS:
        groups.pop(next(iter(groups)))
    groups[name] = view


def drop_group(view: ViewState) -> None:
    """Forget the name of the group of a view; the group stays drawn."""
    kept_groups().pop(group_name(view), None)


def group_name(view: ViewState) -> str:
    """The name under which the group of a view was kept; empty when it was not."""
    if view.polygon is None:
        return ""
    same = (name for name, kept in kept_groups().items() if _where(kept) == _where(view))
    return next(same, "")


def group_chooser(view: ViewState, show: Callable[[ViewState], None]) -> None:
    """Opens a kept group on its own map, by `show`."""
    groups = kept_groups()
    shell.chooser(
        "Groups",
        {"": "None kept yet" if not groups else "No group", **{name: name for name in groups}},
        group_name(view),
        lambda name: show(groups[name].at_same(view) if name else view.with_group(None)),
        key="group",
        help="Groups that you drew with the box or the lasso and gave a name. Choosing one opens "
        "it on the map on which it was drawn.",
    )


def _where(view: ViewState) -> tuple:
    return tuple(getattr(view, name) for name in WHERE)
