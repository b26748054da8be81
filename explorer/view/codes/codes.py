"""The painting of codes as a Streamlit component."""

from __future__ import annotations

from pathlib import Path

from explorer.view import shell
from explorer.view.mounted import mounted
from explorer.view.state import ViewState

HERE = Path(__file__).parent


def draw(models: shell.Shelf, view: ViewState) -> None:
    """Mount the component; it tells the page of `codes`, `kept`, `source`, `seed` and
    `temperature`, and of `row` or `own`, as the address has them."""
    chosen = shell.on_an_image(view)
    mounted(
        HERE,
        view,
        label=None,
        subject=chosen.subject,
        row=chosen.row,
        own=chosen.own,
        total=models.shown[view.model].totals[view.dataset],
        codes=view.codes,
        kept=view.kept,
        source=view.source,
        seed=view.seed,
        temperature=view.temperature,
    )
