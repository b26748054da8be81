"""One exception family whose message is written for people."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

# Names that a sentence lists when there are too many to list them all.
LISTED = 6


class ExplorerError(Exception):
    """Says in one sentence what was wrong, what was expected and what to do.

    Pages and the command line show `str(error)`; logs keep the trace.
    """


def unknown_name(kind: str, name: str, known: Iterable[str]) -> ExplorerError:
    """The one way to say that a name is not known: the nearest one, and all that a reader can take
    in (of a long list the LISTED nearest, and how many more there are)."""
    names = sorted(filter(None, known))  # the empty name of a choice of nothing helps nobody
    nearest = get_close_matches(name.lower(), names, n=1, cutoff=0.4)
    hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
    listed = ", ".join(names) if names else "none yet"
    if len(names) > 2 * LISTED:
        like = sorted(get_close_matches(name.lower(), names, n=LISTED, cutoff=0))
        listed = f"{', '.join(like)} and {len(names) - LISTED} more"
    return ExplorerError(f"There is no {kind} called '{name}'.{hint} Known: {listed}.")
