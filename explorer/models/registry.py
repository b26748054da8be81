"""Every model family by its name. A new family is one short file and one line in `__init__.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch

from explorer.errors import ExplorerError, unknown_name
from explorer.models.network import Kind, Network
from explorer.spec import MAX_WIDTH, ModelSpec, ObjectiveSpec

_FAMILIES: dict[str, type[Network]] = {}
AnyNetwork = TypeVar("AnyNetwork", bound=Network)


def register(
    name: str, title: str, **defaults: Any
) -> Callable[[type[AnyNetwork]], type[AnyNetwork]]:
    """Class decorator: the family answers to `name` in `ModelSpec.family`.

    `title` is its name for people, `defaults` are settings that it has when nobody says.
    """

    def add(family: type[AnyNetwork]) -> type[AnyNetwork]:
        family.title, family.defaults = title, defaults
        _FAMILIES[name] = family
        return family

    return add


def names(kind: Kind = "model") -> list[str]:
    """The families of a kind."""
    return sorted(name for name, family in _FAMILIES.items() if family.kind == kind)


def family(name: str) -> type[Network]:
    """The class of a family. Raises ExplorerError for an unknown name."""
    if name not in _FAMILIES:
        raise unknown_name("model family", name, _FAMILIES)
    return _FAMILIES[name]


def build(spec: ModelSpec, objective: ObjectiveSpec, seed: int = 0) -> Network:
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
