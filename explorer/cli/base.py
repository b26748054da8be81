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

# What is trained, and on what.
Family = Annotated[str, typer.Option("--model", help="The model family, for example vae.")]
TrainedOn = Annotated[str, typer.Option("--dataset", help="The data set to train on.")]
FolderPath = Annotated[
    str | None, typer.Option("--path", help="Of the data set folder: where its images are.")
]
FolderSize = Annotated[
    int | None, typer.Option("--size", help="Of the data set folder: the side of its images.")
]
FolderGrey = Annotated[
    bool, typer.Option("--grey", help="Of the data set folder: grey instead of colour.")
]
CodesOf = Annotated[
    str | None,
    typer.Option("--codes-of", help="Of a code-prior: the VQ-VAE whose codes it learns."),
]


def say(as_json: bool, result: dict[str, Any]) -> None:
    """A result for a program, or line by line for a person."""
    if as_json:
        typer.echo(json.dumps(result))
        return
    for key, value in result.items():
        typer.echo(f"{key.replace('_', ' ')}: {value}")
