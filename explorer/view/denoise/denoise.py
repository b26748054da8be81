"""Denoising as a Streamlit component."""

from __future__ import annotations

from pathlib import Path

from explorer.view import settings, shell
from explorer.view.mounted import mounted
from explorer.view.state import ViewState

HERE = Path(__file__).parent


def draw(models: shell.Shelf, view: ViewState) -> None:
    """Mount the component; it tells the page of `noise`, `amount` and `seed`, and of `row` or
    `own`, as the address has them."""
    shown = models.shown[view.model]
    settings.told_above(view, shown)
    mounted(
        HERE,
        view,
        total=shown.totals[view.dataset],
        subject=shell.on_an_image(view).subject,
        noise=view.noise,
        amount=view.amount,
        seed=view.seed,
    )
