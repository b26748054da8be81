"""`python -m explorer sweep`: train every combination of some settings, to the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli.base import (
    AsJson,
    CodesOf,
    DataRoot,
    DeviceName,
    Download,
    Family,
    FolderGrey,
    FolderPath,
    FolderSize,
    TrainedOn,
    app,
    say,
)
from explorer.cli.options import RUN, Settings, with_settings
from explorer.cli.train import command_line, stop_on_signal

if TYPE_CHECKING:
    from explorer.sweeps import Sweep
    from explorer.training.sweep import Progress


@app.command()
@with_settings(RUN, several=True)
def sweep(
    settings: Settings,
    family: Family = "vae",
    dataset: TrainedOn = "mnist",
    path: FolderPath = None,
    size: FolderSize = None,
    grey: FolderGrey = False,
    codes_of: CodesOf = None,
    name: Annotated[
        str | None,
        typer.Option(help="The name of the sweep. Default: made of family, data and settings."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Models trained at a time. Default: one a core; on a GPU one."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Train on the Dask cluster with this scheduler, like tcp://host:8786; its workers "
            "share EXPLORER_HOME and the data."
        ),
    ] = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Try members again that failed before.")
    ] = False,
    device: DeviceName = "auto",
    data_root: DataRoot = None,
    download: Download = False,
    as_json: AsJson = False,
) -> None:
    """Train a model for every combination of settings: --beta 0.25,1,4 --seed 0,1 makes six.

    Any setting takes several values with commas; one that is a list itself takes semicolons, as in
    --hidden '512,512;256'.

    Each model is measured and mapped, and the page Compare shows them all. Ctrl-C stops with
    checkpoints; the same command goes on, and trains nothing twice.
    """
    from explorer import sweeps
    from explorer.data import data_root as root_of
    from explorer.device import resolve
    from explorer.spec import DataSpec, build
    from explorer.training import pools
    from explorer.training import sweep as running
    from explorer.training.images import open_data

    which = {"name": dataset, "path": path, "size": size, "grey": grey, "codes_of": codes_of}
    data = build(DataSpec, which)
    images = open_data(data, data_root, download)
    for fault in images.faults:
        typer.echo(fault, err=True)
    plan = running.plan(
        *(name, family, _in_order(settings), data, images, command_line()),
        *(root_of(data_root).absolute(), device),
    )
    pool = pools.cluster(scheduler) if scheduler else pools.processes
    most = workers or (1 if scheduler or resolve(device).type != "cpu" else pools.cores())
    with _bar(len(plan.sweep.members), as_json) as show:
        done = running.run(plan, pool, most, show, stop_on_signal(), retry)
    say(as_json, _result(done, str(sweeps.folder_of(done.name)), as_json))
    if done.of("waiting"):
        raise typer.Exit(130)
    if done.of("failed"):
        raise typer.Exit(1)


def _in_order(settings: Settings) -> Settings:
    """Settings in the order in which the command names them: the first that varies is the axis."""
    from explorer.spec import option

    def place(setting: str) -> int:
        words = [word.partition("=")[0] for word in sys.argv]
        return words.index(option(setting)) if option(setting) in words else len(words)

    return {setting: settings[setting] for setting in sorted(settings, key=place)}


@contextmanager
def _bar(members: int, quietly: bool) -> Iterator[Callable[[Progress], None]]:
    """A progress bar over all members, with the time that is left."""
    from tqdm import tqdm

    form = "{percentage:3.0f}%|{bar}| {desc} [{elapsed}<{remaining}]"
    with tqdm(total=members, bar_format=form, disable=quietly, file=sys.stderr) as bar:
        begun = False

        def show(progress: Progress) -> None:
            nonlocal begun
            if not begun:  # what was done before tells nothing of the speed
                bar.initial, begun = progress.share, True
            bar.n = progress.share
            bar.set_description_str(f"{progress.ended} of {progress.all} models", refresh=False)
            bar.refresh()

        yield show


def _result(done: Sweep, folder: str, as_json: bool) -> dict[str, Any]:
    """What is said at the end of a sweep."""
    states = {state: len(done.of(state)) for state in ("done", "failed", "waiting")}
    failed = {member.model: member.error for member in done.of("failed")}
    result: dict[str, Any] = {"name": done.name, "folder": folder, **states}
    if as_json:
        result["errors"] = failed
    else:
        for model, error in failed.items():
            typer.echo(f"{model} failed: {error}", err=True)
    if done.of("waiting"):
        result["resume"] = done.command
    if done.of("done"):
        result["compare"] = f"/compare?among=sweep:{done.name}"
    return result
