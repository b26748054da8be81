"""Every model family by its name. A new family is one short file and one line in `__init__.py`."""

from __future__ import annotations

from collections.abc import Callable

import torch

from explorer.errors import ExplorerError, unknown_name
from explorer.models.base import Autoencoder
from explorer.spec import MAX_WIDTH, ModelSpec, ObjectiveSpec

_FAMILIES: dict[str, type[Autoencoder]] = {}


def register(name: str) -> Callable[[type[Autoencoder]], type[Autoencoder]]:
    """Class decorator: the family answers to `name` in `ModelSpec.family`."""

    def add(family: type[Autoencoder]) -> type[Autoencoder]:
        _FAMILIES[name] = family
        return family

    return add


def names() -> list[str]:
    return sorted(_FAMILIES)


def family(name: str) -> type[Autoencoder]:
    """The class of a family. Raises ExplorerError for an unknown name."""
    if name not in _FAMILIES:
        raise unknown_name("model family", name, _FAMILIES)
    return _FAMILIES[name]


def build(spec: ModelSpec, objective: ObjectiveSpec, seed: int = 0) -> Autoencoder:
    """A freshly initialised network; the same seed gives the same weights.

    torch's layers draw from the global generator, so it is seeded inside a fork that leaves the
    caller's random state as it was. Raises ExplorerError for an impossible architecture.
    """
    kind = family(spec.family)
    for width in (*spec.hidden, *spec.channels):
        if not 1 <= width <= MAX_WIDTH:
            raise ExplorerError(
                f"A layer cannot have {width} units; give widths from 1 to {MAX_WIDTH}."
            )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = kind(spec, objective)
    if kind.channels_last:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model
