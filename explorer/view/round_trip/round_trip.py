"""Round trips as a Streamlit component."""

from __future__ import annotations

from pathlib import Path

from explorer.view import settings, shell
from explorer.view.mounted import mounted
from explorer.view.state import ViewState

HERE = Path(__file__).parent


def draw(models: shell.Shelf, view: ViewState) -> None:
    """Mount the component; it tells the page of `trips`, and of `row`, `place` or `own`, as the
    address has them."""
    shown = models.shown[view.model]
    settings.told_above(view, shown)
    mounted(
        HERE,
        view,
        total=shown.totals[view.dataset],
        subject=view.subject,
        trips=view.trips,
    )
