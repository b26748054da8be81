"""How long work tells how far it is."""

from __future__ import annotations

from typing import Protocol


class Report(Protocol):
    """Told now and then the share done, in [0, 1], what is being done, and at times a preview: the
    places so far of a map, `(N, 2)` float32 as bytes. What it raises ends the work."""

    def __call__(self, share: float, doing: str, preview: bytes | None = None) -> object: ...


def silent(share: float, doing: str, preview: bytes | None = None) -> None:
    """A report to nobody."""
