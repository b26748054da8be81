"""The models as a table in Markdown, for documents that a test holds to the cards."""

from __future__ import annotations

import os
from collections.abc import Sequence

from explorer.metrics.names import FURTHER, NAMES
from explorer.store import Artefact, Card, Metric

# A column of its own: the heading, the figure's name in the card, and the digits shown.
COLUMNS = (
    ("-ELBO", "negative_elbo", 2),
    ("= reconstruction", "reconstruction", 2),
    ("+ KL", "kl", 2),
    ("above the floor", "above_grey_floor", 2),
    ("importance-weighted bound", "is_nll", 2),
    ("active units", "active_units", 0),
    ("squared error", "mse", 4),
)


def table(artefacts: list[Artefact]) -> str:
    """One row a model; figures that only some families have stand together in the last column."""
    headings = ["model", "family", *(heading for heading, _, _ in COLUMNS), "also"]
    rows = [headings, ["---"] * len(headings)]
    for artefact in artefacts:
        card = artefact.card
        own = [_cell(card, key, digits) for _, key, digits in COLUMNS]
        rows.append([f"`{card.id}`", card.spec.model.family, *own, _also(card)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def by_figure(cards: Sequence[Card], wanted: Sequence[str]) -> str:
    """One row a figure, one column a model, for models that are compared; figures that none of them
    has are left out. What their ids begin with alike stands once, in the first heading."""
    ids = [card.id for card in cards]
    # Letter by letter, as is meant here: ids are no paths.
    alike = os.path.commonprefix(ids) if len(ids) > 1 else ""  # noqa: RUF071
    ends = [one[len(alike) :] or one for one in ids]
    rows = [[f"`{alike}`…" if alike else "", *(f"`{end}`" for end in ends)]]
    rows.append(["---"] * len(rows[0]))
    for key in wanted:
        metrics = [card.metrics.get(key) for card in cards]
        units = {metric.unit: None for metric in metrics if metric}
        if units:
            cells = ["-" if metric is None else f"{metric.value:.4g}" for metric in metrics]
            rows.append([f"{NAMES[key].title} ({', '.join(units)})", *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(card: Card, key: str, digits: int) -> str:
    metric = card.metrics.get(key)
    return "-" if metric is None else f"{metric.value:.{digits}f}"


def _also(card: Card) -> str:
    known = {key for _, key, _ in COLUMNS} | set(FURTHER)
    others: dict[str, Metric] = {k: m for k, m in card.metrics.items() if k not in known}
    said = [f"{key.replace('_', ' ')} {m.value:.4g} {m.unit}" for key, m in others.items()]
    return "; ".join(said) or "-"
