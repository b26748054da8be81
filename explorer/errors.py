"""One exception family whose message is written for people."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class ExplorerError(Exception):
    """Says in one sentence what was wrong, what was expected and what to do.

    Pages and the command line show `str(error)`; logs keep the trace.
    """


def unknown_name(kind: str, name: str, known: Iterable[str]) -> ExplorerError:
    """The one way to say that a name is not known: the nearest one and the whole list."""
    names = sorted(known)
    nearest = get_close_matches(name.lower(), names, n=1, cutoff=0.4)
    hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
    listed = ", ".join(names) if names else "none yet"
    return ExplorerError(f"There is no {kind} called '{name}'.{hint} Known: {listed}.")
