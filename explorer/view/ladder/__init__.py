"""The models of a comparison side by side: images, samples, dimensions, maps and their price."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import streamlit as st

from explorer import store
from explorer.comparisons import Comparison, Member
from explorer.view import shell
from explorer.view.chosen import columns, comparison
from explorer.view.component import component
from explorer.view.ladder.charts import charts
from explorer.view.ladder.figures import IN_ITS_TERM, NOT_COMPARABLE, comparable, figures
from explorer.view.ladder.findings import finding
from explorer.view.state import ViewState

HERE = Path(__file__).parent


def draw(models: shell.Shelf, view: ViewState) -> None:
    """Mount the component; it tells the page of `row`, `own`, `second` and `seed`, and of the
    `model` that was chosen."""
    among = comparison(models, view)
    component(HERE, data(models, at_images(models, view, among), among), "ladder", on_commit=take)


def take() -> None:
    """Show what the component has committed, on the images that it showed."""
    models = shell.shelf()
    view = shell.current(models)
    seen = at_images(models, view, comparison(models, view))
    commit = dict(st.session_state["ladder"].commit or {})
    name = commit.pop("model", seen.model)
    if name != seen.model and name in models.cards:
        seen = shell.on_an_image(seen).with_model(name, models.shown[name])
    shell.show(seen)
    shell.take(models, commit)


def at_images(models: shell.Shelf, view: ViewState, among: Comparison) -> ViewState:
    """The view, if all models of a comparison know its images; else that of their first one."""
    if all((view.dataset, view.count) in models.shown[name].sets for name in among.models):
        return view
    first = among.models[0]
    return view.with_model(first, models.shown[first])


def data(models: shell.Shelf, view: ViewState, among: Comparison) -> dict[str, Any]:
    """What the component is shown: the view, the models with their figures, plots and words."""
    cards = {name: models.cards[name] for name in among.models}
    shown = columns(among, view.model)
    alike = comparable(list(cards.values()))
    return {
        **{name: getattr(view, name) for name in ("model", "dataset", "count", "projection")},
        **{name: getattr(view, name) for name in ("label", "second", "seed", "subject")},
        "total": models.shown[view.model].totals[view.dataset],
        "title": among.title,
        "varies": among.varies,
        "members": [_member(one, cards[one.model]) for one in among.members],
        "columns": [
            {"model": one.model, "words": one.words, "title": cards[one.model].title}
            | {"projection": models.shown[one.model].first(view.dataset, view.count)}
            for one in shown
        ],
        "left_out": len(among.members) - len(shown),
        "figures": [
            asdict(one) | {"apart": NOT_COMPARABLE if one.id in IN_ITS_TERM and not alike else ""}
            for one in figures(list(cards.values()))
        ],
        "charts": [asdict(one) for one in charts(among, list(cards.values()))],
        "finding": f"{among.question} {finding(among, cards)}".strip(),
    }


def _member(one: Member, card: store.Card) -> dict[str, Any]:
    """A model as plots and tables have it: its metrics by id, each with unit and note."""
    return {
        "model": one.model,
        "words": one.words,
        "value": one.value,
        "seed": one.seed,
        "family": card.spec.model.family,
        "on": card.metrics_on,
        "latent_dim": card.spec.model.latent_dim,
        "metrics": {name: metric.model_dump() for name, metric in card.metrics.items()},
    }
