"""Sweeps on disk: the same model trained once for every combination of some settings.

A sweep is a folder `sweeps/<name>/` in the user's home:

    sweep.json       the settings that vary, and every member with its state and its figures
    table.parquet    one row per member

Its members are models like any other, beside it in the home. No torch; `explorer.training.sweep`
runs them.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from explorer import store
from explorer.errors import ExplorerError, unknown_name
from explorer.spec import Spec, sentence

FILE, TABLE = "sweep.json", "table.parquet"

Value = bool | int | float | str | tuple[int, ...]
State = Literal["done", "failed", "waiting"]


class Member(Spec):
    """One model of a sweep: the settings that were asked for, its seed, how far it is, and the
    figures of its card by their short ids. `error` says why it failed."""

    model: str
    settings: dict[str, Value]
    seed: int
    state: State = "waiting"
    error: str = ""
    metrics: dict[str, float] = Field(default_factory=dict)


class Sweep(Spec):
    """A family on a data set with every combination of what `varies`: settings by name, in the
    order in which they were named, each with its values."""

    name: str
    command: str
    family: str
    dataset: str
    varies: dict[str, tuple[Value, ...]]
    members: tuple[Member, ...]

    @property
    def axes(self) -> tuple[str, ...]:
        """The settings that vary. Seeds are repeats, and an axis only where nothing else varies."""
        return tuple(name for name in self.varies if name != "seed") or tuple(self.varies)

    def of(self, *states: State) -> tuple[Member, ...]:
        """The members in one of these states."""
        return tuple(member for member in self.members if member.state in states)


def folder_of(name: str) -> Path:
    """Raises ExplorerError for what cannot name a sweep."""
    return store.home() / store.SWEEPS / store.check_id(name)


def read(name: str) -> Sweep:
    """The sweep of this name. Raises ExplorerError when there is none, or its file is damaged."""
    file = folder_of(name) / FILE
    if not file.exists():
        raise unknown_name("sweep", name, _names())
    try:
        return Sweep.model_validate(store.read_json(file))
    except (ExplorerError, ValidationError) as error:
        fault = f" ({sentence(error).rstrip('.')})" if isinstance(error, ValidationError) else ""
        raise ExplorerError(
            f"The file '{file}' does not describe a sweep{fault}; remove it and run the sweep's "
            "command again, which trains no finished model twice."
        ) from error


def sweeps() -> list[Sweep]:
    """All sweeps that can be read, by name."""
    found = []
    for name in _names():
        with suppress(ExplorerError):
            found.append(read(name))
    return found


def _names() -> list[str]:
    return sorted(file.parent.name for file in (store.home() / store.SWEEPS).glob(f"*/{FILE}"))


def written(value: Value) -> str:
    """A value as it is written on the command line: `0.25`, `512,512`, `on`."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if isinstance(value, str) or float(short) == value else repr(value)


def said(setting: str, value: Value) -> str:
    """A setting and its value for people: `beta 4`, `10-D`, `hidden 512,512`."""
    if setting == "latent_dim":
        return f"{value}-D"
    return f"{setting.replace('_', ' ')} {written(value) or 'none'}"
