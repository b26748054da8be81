"""The settings of a training run as options of a command, written once in `explorer.spec`.

Every field of a spec with a description becomes an option of the same name. What a person leaves
out stays out, so that a family can fill in its own defaults.
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
from explorer.spec import ModelSpec, ObjectiveSpec, Spec, TrainSpec

Settings = dict[str, Any]
PANELS: dict[type[Spec], str] = {
    ModelSpec: "The model",
    ObjectiveSpec: "The objective",
    TrainSpec: "The run",
}


def setting_fields() -> dict[str, FieldInfo]:
    """Every setting that a person can choose, by its name."""
    fields = {name: field for part in PANELS for name, field in part.model_fields.items()}
    return {name: field for name, field in fields.items() if field.description}


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command` one option for each setting; it gets those that were used as `settings`."""
    own = inspect.signature(command, eval_str=True)
    fields = setting_fields()
    options = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_kind(name, field)
        )
        for name, field in fields.items()
    ]
    kept = [
        p.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, p in own.parameters.items()
        if name != "settings"
    ]

    @wraps(command)
    def with_options(**values: Any) -> None:
        given = {name: values.pop(name) for name in fields}
        used = {name: _read(name, v) for name, v in given.items() if v is not None}
        command(settings=used, **values)

    parameters = [*kept, *options]
    with_options.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {p.name: p.annotation for p in parameters}
    return with_options


def _kind(name: str, field: FieldInfo) -> Any:
    """The type that the command line reads; words and lists are checked by the spec itself."""
    plain = field.annotation if field.annotation in (int, float, bool) else str
    default = field.default
    shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
    panel = next(title for part, title in PANELS.items() if name in part.model_fields)
    said = f"{field.description} \\[{shown}]"
    option = typer.Option(help=said, rich_help_panel=panel)
    return Annotated[typing.Optional[plain], option]  # noqa: UP045


def _read(name: str, value: Any) -> Any:
    field = setting_fields()[name]
    return _widths(value, name) if typing.get_origin(field.annotation) is tuple else value


def _widths(text: str, setting: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ExplorerError(
            f"The {setting} must be whole numbers with commas between, like 512,512, but was "
            f"'{text}'."
        ) from error
