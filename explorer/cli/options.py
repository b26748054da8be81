"""The settings of a training run, or of a projection, as options of a command, written once in
their specs.

Every field of a spec with a description becomes an option of the same name. What a person leaves
out stays out, so that a family can fill in its own defaults. A sweep takes several values of each.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer
from pydantic.fields import FieldInfo

from explorer.errors import ExplorerError
from explorer.latent.spec import ProjectionSpec
from explorer.spec import ModelSpec, ObjectiveSpec, Spec, TrainSpec, build, option

Settings = dict[str, Any]
# The specs of a command, each with the title over its options.
Panels = dict[type[Spec], str]
RUN: Panels = {ModelSpec: "The model", ObjectiveSpec: "The objective", TrainSpec: "The run"}
PROJECTION: Panels = {ProjectionSpec: "The projection"}


def setting_fields(panels: Panels) -> dict[str, FieldInfo]:
    """Every setting that a person can choose, by its name."""
    fields = {name: field for part in panels for name, field in part.model_fields.items()}
    return {name: field for name, field in fields.items() if field.description}


def with_settings(
    panels: Panels, several: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one option for each setting; it gets those that were used as `settings`: the
    value of each, or a tuple of values where it takes `several`."""
    return lambda command: _with_settings(command, panels, several)


def _with_settings(
    command: Callable[..., None], panels: Panels, several: bool
) -> Callable[..., None]:
    own = inspect.signature(command, eval_str=True)
    fields = setting_fields(panels)
    options = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=_kind(name, panels, several),
        )
        for name in fields
    ]
    kept = [
        p.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, p in own.parameters.items()
        if name != "settings"
    ]

    @wraps(command)
    def with_options(**values: Any) -> None:
        given = {name: values.pop(name) for name in fields}
        read = values_of if several else _read
        used = {
            name: read(name, fields[name], value)
            for name, value in given.items()
            if value is not None
        }
        command(settings=used, **values)

    parameters = [*kept, *options]
    with_options.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {p.name: p.annotation for p in parameters}
    return with_options


def _kind(name: str, panels: Panels, several: bool) -> Any:
    """The type that the command line reads; words and lists are checked by the spec itself."""
    field = setting_fields(panels)[name]
    plain = field.annotation if field.annotation in (int, float, bool) and not several else str
    default = field.default
    shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
    panel = next(title for part, title in panels.items() if name in part.model_fields)
    said = f"{field.description} \\[{shown}]"
    lists = "A,B;C,D" if isinstance(default, tuple) else "A,B"
    metavar = lists if several else None
    choice = typer.Option(help=said, rich_help_panel=panel, metavar=metavar)
    return Annotated[typing.Optional[plain], choice]  # noqa: UP045


def _read(name: str, field: FieldInfo, value: Any) -> Any:
    return _widths(value, name) if typing.get_origin(field.annotation) is tuple else value


def values_of(name: str, field: FieldInfo, text: str) -> tuple[Any, ...]:
    """The values, each once, that a text lists: with commas between, or with semicolons where each
    is a list itself. Raises ExplorerError for one that the setting cannot have."""
    if typing.get_origin(field.annotation) is tuple:
        return tuple(dict.fromkeys(_widths(part, name) for part in text.split(";")))
    part = next(part for part in RUN if name in part.model_fields)
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise ExplorerError(f"{option(name)} has no value; give one, or several with commas.")
    return tuple(dict.fromkeys(getattr(build(part, {name: word}), name) for word in words))


def _widths(text: str, setting: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ExplorerError(
            f"The {setting} must be whole numbers with commas between, like 512,512, but was "
            f"'{text}'."
        ) from error
