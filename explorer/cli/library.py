"""Commands on models that exist: list, measure, lay out, copy."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli.base import AsJson, DataRoot, DeviceName, Download, app, say
from explorer.cli.options import PROJECTION, Settings, with_settings
from explorer.errors import ExplorerError, unknown_name

if TYPE_CHECKING:
    from explorer.data import Dataset
    from explorer.latent.atlas import Atlas
    from explorer.latent.map_files import Quality
    from explorer.latent.spec import ProjectionSpec
    from explorer.loaded import Model
    from explorer.store import Artefact, Card, Metric


@app.command()
def models(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="The shipped ones as a table in Markdown.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the models that can be opened: your own first, then the shipped ones."""
    from explorer.store import find

    shelf = find()
    if markdown:
        from explorer.cli.table import table

        typer.echo(table([artefact for artefact in shelf.artefacts if artefact.shipped]))
        return
    rows = [
        {
            "id": artefact.id,
            "kind": artefact.card.kind,
            "family": artefact.card.spec.model.family,
            "latent_dim": _latent_dim(artefact.card),
            "dataset": artefact.card.spec.data.name,
            "shipped": artefact.shipped,
            "folder": str(artefact.folder),
            "metrics": {k: m.model_dump() for k, m in artefact.card.metrics.items()},
            "metrics_on": artefact.card.metrics_on,
        }
        for artefact in shelf.artefacts
    ]
    if as_json:
        typer.echo(json.dumps({"models": rows, "faults": shelf.faults}))
        return
    for artefact in shelf.artefacts:
        card = artefact.card
        latent_dim = _latent_dim(card)
        size = f"{latent_dim}-D" if latent_dim else card.kind
        origin = "" if artefact.shipped else ", yours"
        figures = ", ".join(
            f"{HEADLINES[key]} {metric.value:.4g} {metric.unit}"
            for key, metric in headline(card).items()
        )
        typer.echo(
            f"{artefact.id:<26} {card.spec.model.family:<22} {size:>10}  {card.spec.data.name}"
            f"{origin}: {figures or 'not measured yet'}"
        )
    for fault in shelf.faults:
        typer.echo(fault, err=True)


def _latent_dim(card: Card) -> int | None:
    """Priors and classifiers have no latent."""
    return card.spec.model.latent_dim if card.kind == "model" else None


# What says most about a model, the first that it has; beside it the squared error.
HEADLINES = {
    "negative_elbo": "-ELBO",
    "accuracy": "accuracy",
    "nats_per_code": "cross-entropy",
    "denoised_mse": "squared error of denoised images",
    "mse": "squared error",
}


def headline(card: Card) -> dict[str, Metric]:
    """One or two figures of a card that say most about it, by name."""
    first = next((key for key in HEADLINES if key in card.metrics), "")
    return {key: card.metrics[key] for key in (first, "mse") if key in card.metrics}


@app.command()
@with_settings(PROJECTION)
def project(
    name: Annotated[str, typer.Argument(help="A model's id, or the path of its folder.")],
    settings: Settings,
    dataset: Annotated[
        str | None,
        typer.Option(help="The images to lay out; default: those of training (mnist: mnist-5k)."),
    ] = None,
    count: Annotated[
        str | None,
        typer.Option(help="How many of them, from the first one on, or 'all'. Default: 5000."),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="raw, pca, umap or tsne; default: all that fit, but for more than 20,000 images "
            "raw or pca."
        ),
    ] = None,
    device: DeviceName = "auto",
    data_root: DataRoot = None,
    download: Download = False,
    as_json: AsJson = False,
) -> None:
    """Lay a data set out on the plane as a model sees it, and keep the maps beside the model.

    How far to trust the images and each map is measured and kept too. A map that is there already,
    with the same parameters, is not made again.
    """
    from explorer import store
    from explorer.latent import atlas as atlases
    from explorer.latent.names import name_for_map
    from explorer.loaded import from_artefact
    from explorer.training.images import load_named

    artefact = store.open_artefact(name)
    name = dataset or name_for_map(artefact.id, artefact.card.spec.data)
    data = load_named(name, data_root, download)
    wanted = _counted(count, min(atlases.COUNT, len(data)), len(data))
    specs = _specs(artefact, method, settings, wanted)
    model = from_artefact(artefact, device)
    atlas = _encoded(artefact, model, data, wanted)
    made = {"id": artefact.id, "dataset": data.name, "images": len(atlas)}
    made |= {"projections": [spec.key for spec in specs]}
    made |= {"folder": str(atlases.folder_for(artefact, atlas.name))}
    found = {spec.key: _lay_out(atlas, artefact, spec, as_json) for spec in specs}
    if as_json:
        say(as_json, made | {"quality": {key: one.model_dump() for key, one in found.items()}})
        return
    say(as_json, made | {key: one.sentence for key, one in found.items()})


def _specs(
    artefact: Artefact, method: str | None, settings: Settings, images: int
) -> list[ProjectionSpec]:
    """The maps to make of so many images: by one method, or by all that fit."""
    from explorer.latent.index import MANY
    from explorer.latent.names import METHOD_TITLES
    from explorer.latent.project import methods_for, refuse_misfit
    from explorer.latent.spec import specs_of

    if method and method not in METHOD_TITLES:
        raise unknown_name("projection", method, METHOD_TITLES)
    latent_dim = artefact.card.spec.model.latent_dim
    fitting = methods_for(latent_dim)
    methods = [method] if method else fitting if images <= MANY else fitting[-1:]
    specs = specs_of(methods, settings)
    for spec in specs:
        refuse_misfit(spec.method, latent_dim)
    return specs


def _encoded(artefact: Artefact, model: Model, data: Dataset, count: int) -> Atlas:
    """The atlas of so many images, with a progress bar."""
    from explorer.data.pictures import progress_bar
    from explorer.latent.atlas import made

    with progress_bar("Encoding") as bar:

        def report(share: float, doing: str, preview: bytes | None = None) -> None:
            bar(round(share * count), count)

        return made(artefact, model, data, count, report)


def _lay_out(atlas: Atlas, artefact: Artefact, spec: ProjectionSpec, quietly: bool) -> Quality:
    """Make a map, with a progress bar, unless it is there; how far it can be believed."""
    from tqdm import tqdm

    from explorer.latent import maps

    if spec.key in maps.kept(artefact, atlas.name):
        return maps.quality(artefact, atlas, spec.key)
    with tqdm(total=100, unit="%", desc=spec.title, disable=quietly, file=sys.stderr) as bar:

        def report(share: float, doing: str, preview: bytes | None = None) -> None:
            bar.update(round(100 * share) - bar.n)
            bar.set_postfix_str(doing)

        record = maps.lay_out(atlas, artefact, spec, report)
        bar.update(100 - bar.n)
    if record.note:
        typer.echo(record.note, err=True)
    return record.quality


def _counted(count: str | None, default: int, total: int) -> int:
    """The number of images that an option means."""
    if count is None or count == "all":
        return total if count else default
    if not (count.isascii() and count.isdigit() and len(count) < 10):
        raise ExplorerError(f"--count takes a number of images or 'all', but was '{count}'.")
    return int(count)


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
    say(as_json, {"id": artefact.id, "folder": str(folder)})
