"""Class and style as a Streamlit component: what is asked for goes in, what was set comes out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from explorer.latent.sample import normal
from explorer.view import shell
from explorer.view.mounted import mounted
from explorer.view.state import ViewState

HERE = Path(__file__).parent
# Samples beside each other, each drawn as every class; fewer where that would be too many images
# or numbers for one request.
COLUMNS, MOST_IMAGES, MOST_NUMBERS = 8, 256, 20_000


def classes(models: shell.Shelf, view: ViewState) -> None:
    """A conditional model's samples as every class, the style of an image, and mixed classes."""
    spec, names = models.cards[view.model].spec.model, models.shown[view.model].classes
    mounted(
        HERE,
        view,
        label=None,  # every class is drawn
        subject=view.subject,
        total=models.shown[view.model].totals[view.dataset],
        seed=view.seed,
        style=view.style,
        mix=view.mix or f"{min(3, len(names) - 1)},{min(8, len(names) - 1)},0.5",
        classes=names,
        z=latents(len(names), spec.latent_dim, view.seed),
    )


def latents(classes: int, dimensions: int, seed: int) -> list[list[float]]:
    """The latents of the columns: the first samples of the prior with this seed."""
    most = min(MOST_IMAGES // classes, MOST_NUMBERS // (classes * dimensions))
    z = normal(max(1, min(COLUMNS, most)), dimensions, np.random.default_rng(seed))
    return np.round(z.astype(float), 4).tolist()
