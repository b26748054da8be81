"""`python -m explorer evaluate`: measure models on the whole test split of their data."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli.base import AsJson, DataRoot, DeviceName, Download, app
from explorer.errors import ExplorerError, unknown_name

if TYPE_CHECKING:  # the command line lists its help without loading torch
    from explorer.metrics.catalogue import Evidence
    from explorer.spec import DataSpec
    from explorer.store import Artefact, Card, Metric


# Ids, not paths, with any of these are patterns.
WILD = frozenset("*?[")
# Models held open at a time: UDR goes back and forth between those of one setting.
KEPT = 16


@app.command()
def evaluate(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Models' ids, patterns like 'mnist-beta-*', or paths of folders."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every shipped model.")] = False,
    metrics: Annotated[
        str, typer.Option(help="'basic', 'all' or a list of figures: 'mig,sap'.")
    ] = "basic",
    dataset: Annotated[
        str | None, typer.Option(help="Default: the data set that the model was trained on.")
    ] = None,
    importance_samples: Annotated[
        int | None,
        typer.Option(min=0, help="S of the importance-weighted bound. Default: the card's."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of all that is drawn. Default: the card's.")
    ] = None,
    save: Annotated[bool, typer.Option("--save", help="Write the figures into the card.")] = False,
    as_table: Annotated[
        bool, typer.Option("--table", help="One table in Markdown, a column a model.")
    ] = False,
    device: DeviceName = "auto",
    data_root: DataRoot = None,
    download: Download = False,
    as_json: AsJson = False,
) -> None:
    """Measure models, or all shipped ones, on the whole test split."""
    from explorer import store
    from explorer.cli.table import by_figure
    from explorer.metrics.catalogue import select

    if everything == bool(names):
        raise ExplorerError("Name one model, or say --all for every shipped one.")
    if as_json and as_table:
        raise ExplorerError("Ask for --json or for --table, not for both.")
    wanted = select(metrics)
    artefacts = _named(names) if names else _shipped()
    shipped = next((one.id for one in artefacts if one.shipped), None)
    if save and shipped:
        raise ExplorerError(
            f"'{shipped}' is shipped and read-only; name the folder by its path to save."
        )
    given = {"importance_samples": importance_samples, "seed": seed}
    changes = {key: value for key, value in given.items() if value is not None}
    opened = Opened(changes, dataset, data_root, download, device)
    cards, reports = [], []
    for artefact in artefacts:
        figures, left_out = opened.figures(artefact, artefacts, wanted)
        evidence = opened.evidence(artefact)
        card = _with(artefact.card, figures, evidence)
        cards.append(card)
        if save:
            store.write_card(artefact.folder, card)
        report: dict[str, Any] = {"id": artefact.id, "on": evidence.on}
        report["metrics"] = {key: one.model_dump() for key, one in figures.items()}
        reports.append(report if metrics == "basic" else report | {"left_out": left_out})
        if not as_json and not as_table:
            _tell(artefact.id, evidence.on, figures, left_out)
    if as_table:
        typer.echo(by_figure(cards, wanted))
    if as_json:
        alone = names is not None and len(names) == 1 and not WILD & set(names[0])
        typer.echo(json.dumps(reports[0] if alone else {"models": reports}))


@dataclass
class Opened:
    """The models of one command with their images, opened when they are needed; `changes` to how
    their cards say that figures are taken."""

    changes: dict[str, int]
    dataset: str | None
    data_root: Path | None
    download: bool
    device: str
    kept: dict[Path, Evidence] = field(default_factory=dict)

    def figures(
        self, artefact: Artefact, among: list[Artefact], wanted: tuple[str, ...]
    ) -> tuple[dict[str, Metric], dict[str, str]]:
        """Its figures, and why others that are wanted are left out."""
        from explorer.metrics.catalogue import rank, take

        evidence = self.evidence(artefact)
        figures, left_out = take(evidence, wanted)
        if "udr" in wanted:
            others = [one for one in among if one is not artefact and _alike(one, artefact)]
            try:
                figures["udr"] = rank(evidence, [self.evidence(one) for one in others])
            except ExplorerError as error:
                left_out["udr"] = str(error)
        return figures, left_out

    def evidence(self, artefact: Artefact) -> Evidence:
        """What the figures of an artefact are taken from; the last models' are kept."""
        if artefact.folder not in self.kept:
            while len(self.kept) >= KEPT:
                self.kept.pop(next(iter(self.kept)))
            self.kept[artefact.folder] = self._open(artefact)
        return self.kept[artefact.folder]

    def _open(self, artefact: Artefact) -> Evidence:
        from explorer.data import check_shape
        from explorer.loaded import network_of
        from explorer.metrics.catalogue import Evidence
        from explorer.models.vq_vae import VQVAE
        from explorer.spec import DataSpec
        from explorer.store import open_artefact
        from explorer.training.images import open_data, refuse_changed

        spec = artefact.card.spec
        which = spec.data
        if self.dataset is not None:
            which = DataSpec(name=self.dataset, codes_of=spec.data.codes_of)
        data = open_data(which, self.data_root, self.download)
        check_shape(spec.model, data)
        if self.dataset is None:
            refuse_changed(spec.data, data)
        codes = network_of(open_artefact(which.codes_of), self.device) if which.codes_of else None
        return Evidence(
            artefact=artefact,
            network=network_of(artefact, self.device),
            dataset=data,
            how=artefact.card.evaluation.model_copy(update=self.changes),
            judge=_judge(which, self.device),
            decoder=codes if isinstance(codes, VQVAE) else None,
        )


def _judge(data: DataSpec, device: str) -> Any:
    from explorer.loaded import network_of
    from explorer.metrics.judges import judge_of

    artefact = judge_of(data)
    return None if artefact is None else network_of(artefact, device)


def _alike(one: Artefact, other: Artefact) -> bool:
    """Whether two models differ in nothing but their seed."""
    return one.card.spec.model_copy(update={"seed": other.card.spec.seed}) == other.card.spec


def _with(card: Card, figures: dict[str, Metric], evidence: Evidence) -> Card:
    """The card with these figures. Others stay where they were taken of the same images in the
    same way, and go where they were not."""
    same = card.metrics_on == evidence.on and card.evaluation == evidence.how
    return card.model_copy(
        update={
            "metrics": (card.metrics if same else {}) | figures,
            "metrics_on": evidence.on,
            "evaluation": evidence.how,
        }
    )


def _named(names: list[str]) -> list[Artefact]:
    """The models of these ids, paths and patterns, each once, in the order in which they come."""
    from explorer import store

    found: dict[Path, Artefact] = {}
    for name in names:
        if os.sep in name or not WILD & set(name):
            fits = [store.open_artefact(name)]
        else:
            known = store.find().artefacts
            fits = [one for one in known if fnmatchcase(one.id, name)]
            if not fits:
                raise unknown_name("model", name, (one.id for one in known))
        found |= {one.folder: one for one in fits}
    return list(found.values())


def _shipped() -> list[Artefact]:
    """Every shipped model; damaged folders are named to the person."""
    from explorer import store

    # A model of the same name in the user's home does not hide a shipped one here.
    shelf = store.find([(store.PRETRAINED, True)])
    for fault in shelf.faults:
        typer.echo(fault, err=True)
    return shelf.artefacts


def _tell(name: str, on: str, figures: dict[str, Metric], left_out: dict[str, str]) -> None:
    typer.echo(f"{name} on {on}:")
    for key, metric in figures.items():
        note = f" ({metric.note})" if metric.note else ""
        typer.echo(f"  {key:<18} {metric.value:>10.4g} {metric.unit}{note}")
    reasons: dict[str, list[str]] = {}
    for key, reason in left_out.items():
        reasons.setdefault(reason, []).append(key)
    for reason, keys in reasons.items():
        typer.echo(f"  without {', '.join(keys)}: {reason}")
