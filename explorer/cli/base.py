"""What all commands share: the program itself, common options, and how a result is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    help="Train, measure and open autoencoders. Figures are nats per image unless they say "
    "otherwise.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

DataRoot = Annotated[
    Path | None,
    typer.Option("--data-root", help="Folder that holds the data sets (default: EXPLORER_DATA)."),
]
Download = Annotated[bool, typer.Option("--download", help="Fetch the data set if it is absent.")]
DeviceName = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


def say(as_json: bool, result: dict[str, Any]) -> None:
    """A result for a program, or line by line for a person."""
    if as_json:
        typer.echo(json.dumps(result))
        return
    for key, value in result.items():
        typer.echo(f"{key.replace('_', ' ')}: {value}")
