"""Commands on models that exist: list, measure, lay out, copy."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli.base import AsJson, DataRoot, DeviceName, Download, app, say
from explorer.errors import ExplorerError, unknown_name

if TYPE_CHECKING:
    from explorer.store import Card, Metric


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
def project(
    name: Annotated[str, typer.Argument(help="A model's id, or the path of its folder.")],
    dataset: Annotated[
        str | None,
        typer.Option(help="The images to lay out; default: those of training (mnist: mnist-5k)."),
    ] = None,
    count: Annotated[
        int, typer.Option(min=2, help="How many of them, from the first one on.")
    ] = 5000,
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
    from explorer.latent import atlas as atlases
    from explorer.latent.project import METHODS, ProjectionSpec, methods_for
    from explorer.loaded import from_artefact
    from explorer.spec import build
    from explorer.training.images import load_named, name_for_map

    artefact = store.open_artefact(name)
    methods = [method] if method else methods_for(artefact.card.spec.model.latent_dim)
    if method and method not in METHODS:
        raise unknown_name("projection", method, METHODS)
    name = dataset or name_for_map(artefact.id, artefact.card.spec.data)
    data = load_named(name, data_root, download)
    model = from_artefact(artefact, device)
    atlas = atlases.encode(model, data, count)
    folder = atlases.folder_for(artefact, atlas.name)
    if (folder / atlases.PARAMETERS).exists():
        with suppress(ExplorerError):  # a damaged atlas is made anew
            before = atlases.completed(atlases.load(folder), model, data)
            if before.weights_sha256 == atlas.weights_sha256:
                atlas = before
    for one in methods:
        values = {"method": one, "seed": seed, "neighbours": neighbours}
        values |= {"min_dist": min_dist, "perplexity": perplexity}
        atlas = atlases.with_projection(atlas, build(ProjectionSpec, values))
    atlases.save(atlas, folder)
    made = {"id": artefact.id, "dataset": data.name, "images": len(atlas), "projections": methods}
    say(as_json, made | {"folder": str(folder)})


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
