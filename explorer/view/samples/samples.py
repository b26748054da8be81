"""Samples as a Streamlit component: what is asked for goes in, what was set comes out."""

from __future__ import annotations

from pathlib import Path

from explorer.store import Card
from explorer.view import shell
from explorer.view.mounted import mounted
from explorer.view.state import ViewState

HERE = Path(__file__).parent


def samples(models: shell.Shelf, view: ViewState) -> None:
    """Both samplers of a model side by side; what a person sets there goes to the address."""
    card, shown = models.cards[view.model], models.shown[view.model]
    codes = card.spec.model.family == "vq-vae"
    mounted(
        HERE,
        view,
        n=view.n,
        temperature=view.temperature,
        seed=view.seed,
        components=view.components,
        sampler=view.sampler,
        picked=view.picked,
        classes=shown.classes,
        conditional=bool(shown.classes),
        codes=codes,
        titles=titles(card),
    )


def titles(card: Card) -> dict[str, str]:
    """What the samplers of a model are called, short."""
    family = card.spec.model.family
    if family == "vq-vae":
        return {"prior": "Learned prior", "mixture": "Codes apart"}
    return {"prior": "N(0, Λ)" if family == "pca" else "N(0, I)", "mixture": "Gaussian mixture"}
