"""The heat map of factors and the figures of models as a Streamlit component."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from explorer.metrics.names import NAMES, Name
from explorer.store import Card
from explorer.view import shell
from explorer.view.chosen import chosen, comparison
from explorer.view.component import component
from explorer.view.state import ViewState

HERE = Path(__file__).parent
KEY = "factors"


def draw(models: shell.Shelf, view: ViewState) -> None:
    """Mount the component; the heat map is of the chosen model where it is one of those compared,
    else of the first of them. What it commits is another model, by its id."""
    ids = chosen(models, view)
    words = {one.model: one.words for one in comparison(models, view).members}
    model = view.model if view.model in ids else ids[0]
    shown = models.shown[model]
    data = {
        "model": model,
        "dataset": shown.dataset,
        "count": shown.count,
        "label": view.label,
        "models": [{"id": one, "words": words.get(one, one)} for one in ids],
        "figures": figures([models.cards[one] for one in ids]),
    }
    component(HERE, data, KEY, on_commit=_choose)


def _choose() -> None:
    """Show the model that a person has picked; the same image stays chosen."""
    models, name = shell.shelf(), st.session_state[KEY].commit
    if name in models.cards:
        view = shell.on_an_image(shell.current(models))
        shell.show(view.with_model(name, models.shown[name]))


def figures(cards: list[Card]) -> list[dict[str, Any]]:
    """One row for each figure that any of the cards has: its `title`, what it `tells`, and for each
    card its `value` as text with the `note`, or None."""
    rows = ((name, [card.metrics.get(key) for card in cards]) for key, name in NAMES.items())
    return [_row(name, metrics) for name, metrics in rows if any(metrics)]


def _row(name: Name, metrics: list[Any]) -> dict[str, Any]:
    cells = [
        None if one is None else {"value": f"{one.value:.4g}", "note": f"{one.unit}; {one.note}"}
        for one in metrics
    ]
    units = dict.fromkeys(one.unit for one in metrics if one is not None)
    return {"title": name.title, "unit": ", ".join(units), "tells": name.tells, "cells": cells}
