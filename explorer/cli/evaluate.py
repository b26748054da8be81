"""`python -m explorer evaluate`: measure models on the whole test split of their data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli.base import AsJson, DataRoot, DeviceName, Download, app
from explorer.errors import ExplorerError

if TYPE_CHECKING:  # the command line lists its help without loading torch
    from explorer.spec import DataSpec
    from explorer.store import Artefact, Metric, Shelf


@app.command()
def evaluate(
    name: Annotated[
        str | None, typer.Argument(help="A model's id, or the path of its folder.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every shipped model.")] = False,
    dataset: Annotated[
        str | None, typer.Option(help="Default: the data set that the model was trained on.")
    ] = None,
    importance_samples: Annotated[
        int | None,
        typer.Option(min=0, help="S of the importance-weighted bound. Default: the card's."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the posterior samples. Default: the card's.")
    ] = None,
    save: Annotated[bool, typer.Option("--save", help="Write the figures into the card.")] = False,
    device: DeviceName = "auto",
    data_root: DataRoot = None,
    download: Download = False,
    as_json: AsJson = False,
) -> None:
    """Measure a model, or all shipped ones, on the whole test split."""
    from explorer import store
    from explorer.store import Evaluation

    if everything == (name is not None):
        raise ExplorerError("Name one model, or say --all for every shipped one.")
    shelf = store.Shelf([store.open_artefact(name)], []) if name else _shipped()
    for fault in shelf.faults:
        typer.echo(fault, err=True)
    reports = []
    for artefact in shelf.artefacts:
        if save and artefact.shipped:
            raise ExplorerError(
                f"'{artefact.id}' is shipped and read-only; name the folder by its path to save."
            )
        given = {"importance_samples": importance_samples, "seed": seed}
        changes = {key: value for key, value in given.items() if value is not None}
        how = Evaluation(**{**artefact.card.evaluation.model_dump(), **changes})
        figures, on = _figures(artefact, how, dataset, data_root, download, device)
        if save:
            update = {"metrics": figures, "metrics_on": on, "evaluation": how}
            store.write_card(artefact.folder, artefact.card.model_copy(update=update))
        report = {"id": artefact.id, "on": on}
        reports.append(report | {"metrics": {key: m.model_dump() for key, m in figures.items()}})
        if not as_json:
            _tell(artefact.id, on, figures)
    if as_json:
        typer.echo(json.dumps(reports[0] if name else {"models": reports}))


def _figures(
    artefact: Artefact,
    how: Any,
    dataset: str | None,
    data_root: Path | None,
    download: bool,
    device: str,
) -> tuple[dict[str, Metric], str]:
    """The figures of one artefact, and what they were measured on."""
    from explorer.data import check_shape
    from explorer.loaded import network_of
    from explorer.metrics.measure import measure
    from explorer.models.vq_vae import VQVAE
    from explorer.spec import DataSpec
    from explorer.store import open_artefact
    from explorer.training.images import open_data, refuse_changed

    spec = artefact.card.spec
    which = spec.data if dataset is None else DataSpec(name=dataset, codes_of=spec.data.codes_of)
    data = open_data(which, data_root, download)
    check_shape(spec.model, data)
    if dataset is None:
        refuse_changed(spec.data, data)
    network = network_of(artefact, device)
    decoder = network_of(open_artefact(which.codes_of), device) if which.codes_of else None
    figures = measure(
        network,
        data.split("test"),
        how.importance_samples,
        how.seed,
        judge=_judge(which, device),
        decoder=decoder if isinstance(decoder, VQVAE) else None,
    )
    return figures, f"{len(data.split('test')):,} test images of {data.title}"


def _judge(data: DataSpec, device: str) -> Any:
    from explorer.loaded import network_of
    from explorer.metrics.judges import judge_of

    artefact = judge_of(data)
    return None if artefact is None else network_of(artefact, device)


def _shipped() -> Shelf:
    from explorer import store

    # A model of the same name in the user's home does not hide a shipped one here.
    return store.find([(store.PRETRAINED, True)])


def _tell(name: str, on: str, figures: dict[str, Metric]) -> None:
    typer.echo(f"{name} on {on}:")
    for key, metric in figures.items():
        note = f" ({metric.note})" if metric.note else ""
        typer.echo(f"  {key:<18} {metric.value:>10.4g} {metric.unit}{note}")
