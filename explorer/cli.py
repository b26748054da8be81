"""The commands behind `python -m explorer`, each a thin front of the package."""

from __future__ import annotations

import json
import shlex
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from explorer.errors import ExplorerError, unknown_name

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


@app.command()
def train(
    name: Annotated[str, typer.Option(help="The id of the new model.")],
    family: Annotated[
        str, typer.Option("--model", help="The model family, for example vae.")
    ] = "vae",
    dataset: Annotated[str, typer.Option(help="The data set to train on.")] = "mnist",
    latent_dim: Annotated[int, typer.Option(help="Number of latent dimensions.")] = 2,
    hidden: Annotated[str, typer.Option(help="Widths of the hidden layers.")] = "512,512",
    channels: Annotated[str, typer.Option(help="Channels of the convolutions.")] = "32,64",
    activation: Annotated[str, typer.Option(help="relu, gelu or silu.")] = "gelu",
    reconstruction: Annotated[str, typer.Option(help="bce or mse.")] = "bce",
    beta: Annotated[float, typer.Option(help="Weight of the KL term.")] = 1.0,
    warmup_steps: Annotated[int, typer.Option(help="Steps over which beta rises from 0.")] = 0,
    epochs: Annotated[int, typer.Option(help="Passes over the training images.")] = 30,
    batch_size: Annotated[int, typer.Option(help="Images per step.")] = 128,
    learning_rate: Annotated[float, typer.Option(help="Peak learning rate of Adam.")] = 1e-3,
    schedule: Annotated[str, typer.Option(help="constant or one-cycle.")] = "constant",
    weight_decay: Annotated[float, typer.Option(help="Decoupled weight decay.")] = 0.0,
    augment: Annotated[str, typer.Option(help="none, binarise, shift or binarise+shift.")] = "none",
    precision: Annotated[str, typer.Option(help="float32 or bfloat16.")] = "float32",
    seed: Annotated[int, typer.Option(help="Seed of weights, order and noise.")] = 0,
    device: DeviceName = "auto",
    data_root: DataRoot = None,
    download: Download = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run of this name where it stopped.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train a model. Ctrl-C stops with a checkpoint; --resume goes on from it."""
    settings = dict(locals())  # each option is named after the setting that it fills
    from explorer.data import load_dataset
    from explorer.device import resolve
    from explorer.spec import TrainSpec, build, grouped
    from explorer.training import run as runs
    from explorer.training.malloc import keep_freed_memory

    keep_freed_memory()
    chosen = resolve(device)
    if resume:
        run = runs.reopen(name)
        if run.finished:
            _say(as_json, {"id": name, "state": "already finished"})
            return
        data = load_dataset(run.spec.data.name, data_root, download)
    else:
        data = load_dataset(dataset, data_root, download)
        settings |= {"data": {"name": dataset}, "image_shape": data.image_shape}
        settings |= {key: _widths(settings[key], key) for key in ("hidden", "channels")}
        spec = build(TrainSpec, grouped(settings))
        run = runs.create(name, spec, _command_line())
    done = _follow(runs.follow(run, data, chosen, _stop_on_signal()), run, as_json)
    _say(as_json, _outcome(run, done))
    if done.reason == "interrupted":
        raise typer.Exit(130)


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


def _stop_on_signal() -> Any:
    """A `stop()` that turns true at the first Ctrl-C or SIGTERM; the second one ends at once."""
    asked: list[int] = []

    def ask(signum: int, frame: Any) -> None:
        asked.append(signum)
        signal.signal(signum, signal.SIG_DFL)

    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, ask)
    return lambda: bool(asked)


def _widths(text: str, setting: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ExplorerError(
            f"The {setting} must be whole numbers with commas between, like 512,512, but was "
            f"'{text}'."
        ) from error


def _command_line() -> str:
    """The command as a person would type it again; the data root belongs to the machine."""
    words = sys.argv[1:]
    kept = [
        word
        for index, word in enumerate(words)
        if not word.startswith("--data-root") and (index == 0 or words[index - 1] != "--data-root")
    ]
    return "python -m explorer " + shlex.join(kept)


def _say(as_json: bool, result: dict[str, Any]) -> None:
    if as_json:
        typer.echo(json.dumps(result))
        return
    for key, value in result.items():
        typer.echo(f"{key.replace('_', ' ')}: {value}")


@app.command()
def models(as_json: AsJson = False) -> None:
    """List the models that can be opened: your own first, then the shipped ones."""
    from explorer.store import find

    shelf = find()
    rows = [
        {
            "id": artefact.id,
            "family": artefact.card.spec.model.family,
            "latent_dim": artefact.card.spec.model.latent_dim,
            "dataset": artefact.card.spec.data.name,
            "shipped": artefact.shipped,
            "folder": str(artefact.folder),
            "metrics": {k: m.model_dump() for k, m in artefact.card.metrics.items()},
        }
        for artefact in shelf.artefacts
    ]
    if as_json:
        typer.echo(json.dumps({"models": rows, "faults": shelf.faults}))
        return
    for row in rows:
        origin = "shipped" if row["shipped"] else "yours"
        typer.echo(
            f"{row['id']:<24} {row['family']:<12} {row['latent_dim']:>4} latent dimensions, "
            f"{row['dataset']}, {origin}"
        )
    for fault in shelf.faults:
        typer.echo(fault, err=True)


@app.command()
def evaluate(
    name: Annotated[str, typer.Argument(help="A model's id, or the path of its folder.")],
    dataset: Annotated[
        str | None, typer.Option(help="Default: the data set that the model was trained on.")
    ] = None,
    importance_samples: Annotated[
        int, typer.Option(min=0, help="S of the importance-sampled bound; 0 leaves it out.")
    ] = 100,
    seed: Annotated[int, typer.Option(help="Seed of the posterior samples.")] = 0,
    save: Annotated[bool, typer.Option("--save", help="Write the figures into the card.")] = False,
    device: DeviceName = "auto",
    data_root: DataRoot = None,
    download: Download = False,
    as_json: AsJson = False,
) -> None:
    """Measure a model on the whole test split."""
    from explorer import store
    from explorer.data import check_shape, load_dataset
    from explorer.loaded import from_artefact
    from explorer.metrics.elbo import measure

    artefact = store.open_artefact(name)
    if save and artefact.shipped:
        raise ExplorerError(
            f"'{artefact.id}' is shipped and read-only; name the folder by its path to save."
        )
    data = load_dataset(dataset or artefact.card.spec.data.name, data_root, download)
    check_shape(artefact.card.spec.model, data)
    test = data.split("test")
    model = from_artefact(artefact, device)
    metrics = measure(model.network, test, importance_samples, seed)
    on = f"{len(test):,} test images of {data.title}"
    if save:
        update = {"metrics": metrics, "metrics_on": on}
        store.write_card(artefact.folder, artefact.card.model_copy(update=update))
    if as_json:
        figures = {key: metric.model_dump() for key, metric in metrics.items()}
        typer.echo(json.dumps({"id": artefact.id, "on": on, "metrics": figures}))
        return
    typer.echo(f"{artefact.id} on {on}:")
    for key, metric in metrics.items():
        typer.echo(f"  {key:<18} {metric.value:>10.4g} {metric.unit} ({metric.note})")


@app.command()
def project(
    name: Annotated[str, typer.Argument(help="A model's id, or the path of its folder.")],
    dataset: Annotated[str, typer.Option(help="The images to lay out.")] = "mnist-5k",
    method: Annotated[
        str | None, typer.Option(help="raw, pca, umap or tsne; default: all that fit.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same picture.")] = 0,
    neighbours: Annotated[int, typer.Option(min=2, help="UMAP: neighbours of each point.")] = 15,
    min_dist: Annotated[float, typer.Option(min=0, max=1, help="UMAP: least distance.")] = 0.1,
    perplexity: Annotated[float, typer.Option(min=1, help="t-SNE: perplexity.")] = 30.0,
    device: DeviceName = "auto",
    data_root: DataRoot = None,
    download: Download = False,
    as_json: AsJson = False,
) -> None:
    """Lay a data set out on the plane as a model sees it, and keep the map beside the model."""
    from explorer import store
    from explorer.data import load_dataset
    from explorer.latent import atlas as atlases
    from explorer.latent.project import METHODS, ProjectionSpec, methods_for
    from explorer.loaded import from_artefact
    from explorer.spec import build

    artefact = store.open_artefact(name)
    methods = [method] if method else methods_for(artefact.card.spec.model.latent_dim)
    if method and method not in METHODS:
        raise unknown_name("projection", method, METHODS)
    data = load_dataset(dataset, data_root, download)
    model = from_artefact(artefact, device)
    atlas = atlases.encode(model, data)
    folder = atlases.folder_for(artefact, atlas.name)
    if (folder / atlases.PARAMETERS).exists():
        with suppress(ExplorerError):  # a damaged atlas is made anew
            before = atlases.load(folder)
            if before.weights_sha256 == atlas.weights_sha256:
                atlas = before
    for one in methods:
        values = {"method": one, "seed": seed, "neighbours": neighbours}
        values |= {"min_dist": min_dist, "perplexity": perplexity}
        atlas = atlases.with_projection(atlas, build(ProjectionSpec, values))
    atlases.save(atlas, folder)
    made = {"id": artefact.id, "dataset": dataset, "images": len(atlas), "projections": methods}
    _say(as_json, made | {"folder": str(folder)})


@app.command()
def export(
    name: Annotated[str, typer.Argument(help="A model's id, or the path of its folder.")],
    destination: Annotated[Path, typer.Argument(help="The folder to put the copy into.")],
    half: Annotated[bool, typer.Option("--half", help="Store float16 weights.")] = False,
    title: Annotated[str | None, typer.Option(help="A title for people.")] = None,
    description: Annotated[str | None, typer.Option(help="One sentence for the card.")] = None,
    as_json: AsJson = False,
) -> None:
    """Copy a finished model without its checkpoints, to ship or to hand on."""
    from explorer import store

    artefact = store.open_artefact(name)
    folder = store.export(artefact, destination, half)
    words = {"title": title, "description": description}
    update = {key: value for key, value in words.items() if value is not None}
    if update:
        store.write_card(folder, store.read_card(folder).model_copy(update=update))
    _say(as_json, {"id": artefact.id, "folder": str(folder)})
