"""The manifold as a Streamlit component: what is asked for goes in, what was kept comes out."""

from __future__ import annotations

from pathlib import Path

from explorer.view import shell
from explorer.view.mounted import mounted
from explorer.view.state import ViewState

HERE = Path(__file__).parent


def manifold(models: shell.Shelf, view: ViewState) -> None:
    """The whole latent plane of a 2-D model; a place that is kept there is kept on every page."""
    card = models.cards[view.model]
    mounted(
        HERE,
        view,
        projection="raw",
        subject=view.subject,
        spaced=view.spaced,
        reach=view.reach,
        zoom=view.zoom,
        height=card.spec.model.image_shape[1],
        title=card.title,
    )
