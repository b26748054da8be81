"""`python -m explorer train`: start or resume a run and follow it to its end."""

from __future__ import annotations

import shlex
import signal
import sys
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
from explorer.errors import ExplorerError

if TYPE_CHECKING:
    from explorer.training.run import Run


@app.command()
@with_settings(RUN)
def train(
    name: Annotated[str, typer.Option(help="The id of the new model.")],
    settings: Settings,
    family: Family = "vae",
    dataset: TrainedOn = "mnist",
    path: FolderPath = None,
    size: FolderSize = None,
    grey: FolderGrey = False,
    codes_of: CodesOf = None,
    device: DeviceName = "auto",
    data_root: DataRoot = None,
    download: Download = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run of this name where it stopped.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train a model. Ctrl-C stops with a checkpoint; --resume goes on from it."""
    from explorer.device import resolve
    from explorer.spec import DataSpec, build
    from explorer.training import run as runs
    from explorer.training.compose import compose
    from explorer.training.images import open_data
    from explorer.training.malloc import keep_freed_memory

    keep_freed_memory()
    chosen = resolve(device)
    which = {"path": path, "size": size, "grey": grey, "codes_of": codes_of}
    if resume:
        run = _reopened(name, [*settings, *(word for word, value in which.items() if value)])
        if run.finished:
            say(as_json, {"id": name, "state": "already finished"})
            return
        data = open_data(run.spec.data, data_root, download)
    else:
        spec = build(DataSpec, {"name": dataset, **which})
        data = open_data(spec, data_root, download)
        for fault in data.faults:
            typer.echo(fault, err=True)
        run = runs.create(name, compose(family, settings, spec, data), command_line())
    done = _follow(runs.follow(run, data, chosen, stop_on_signal()), run, as_json)
    say(as_json, _outcome(run, done))
    if done.reason == "interrupted":
        raise typer.Exit(130)


def _reopened(name: str, given: list[str]) -> Run:
    """The run to go on with. Raises ExplorerError when settings were `given` beside its name."""
    from explorer.spec import option
    from explorer.training import run as runs

    if given:
        raise ExplorerError(
            f"A run is resumed with its own settings; leave {option(given[0])} out."
        )
    return runs.reopen(name)


def _outcome(run: Any, done: Any) -> dict[str, Any]:
    """What is said at the end of a run."""
    result: dict[str, Any] = {"id": run.id, "state": done.reason, "folder": str(run.folder)}
    result |= {
        "seconds": round(done.seconds, 1),
        "images_per_second": round(done.images_per_second),
    }
    if done.reason == "finished":
        return result | {
            "best_epoch": done.best_epoch,
            "best_validation_nats": done.best_validation,
        }
    return result | {"resume": f"python -m explorer train --resume --name {run.id}"}


def _follow(events: Any, run: Any, as_json: bool) -> Any:
    """Show a run's events as a progress bar; return the last one."""
    from tqdm import tqdm

    from explorer.training.events import Done, Epoch, Step

    total = run.spec.epochs
    with tqdm(total=None, unit="step", disable=as_json, file=sys.stderr) as bar:
        for event in events:
            if isinstance(event, Step):
                bar.total = event.total_steps
                bar.update(event.step - bar.n)
                bar.set_postfix_str(
                    f"{event.averages.total:.2f} nats, {event.images_per_second:,.0f} img/s"
                )
            elif isinstance(event, Epoch):
                mark = " (best so far)" if event.best else ""
                bar.write(
                    f"epoch {event.epoch}/{total}: train {event.train.total:.2f}, validation "
                    f"{event.validation.total:.2f} nats per image{mark}",
                    file=sys.stderr,
                )
            elif isinstance(event, Done):
                return event
    raise ExplorerError("The training ended without a result.")


def stop_on_signal() -> Any:
    """A `stop()` that turns true at the first Ctrl-C or SIGTERM; the second one ends at once."""
    asked: list[int] = []

    def ask(signum: int, frame: Any) -> None:
        asked.append(signum)
        signal.signal(signum, signal.SIG_DFL)

    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, ask)
    return lambda: bool(asked)


def command_line() -> str:
    """The command as a person would type it again; the data root belongs to the machine."""
    words = sys.argv[1:]
    kept = [
        word
        for index, word in enumerate(words)
        if not word.startswith("--data-root") and (index == 0 or words[index - 1] != "--data-root")
    ]
    return "python -m explorer " + shlex.join(kept)
