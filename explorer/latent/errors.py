"""Anomalies by reconstruction error: where an image stands among those of an atlas.

An autoencoder has learned to draw what it was trained on, so what it draws badly is unlike that. It
is no likelihood: what is simple (an empty image) is drawn well although nobody ever showed it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from explorer.errors import unknown_name

if TYPE_CHECKING:  # pages read what can be altered without torch
    from explorer.loaded import Model

# Bars of the histogram.
BINS = 60
BATCH = 500
# Images of the data set that are altered to be compared with it.
COMPARED = 1000
# Ways to make an image one that the model was not trained on; each `(N, C, H, W) -> the same`.
ALTERED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "upside-down": lambda x: x[:, :, ::-1, ::-1],
    "mirrored": lambda x: x[:, :, :, ::-1],
    "negative": lambda x: 1 - x,
}
ALTERED_TITLES = {
    "upside-down": "Upside down",
    "mirrored": "Mirrored",
    "negative": "Negative",
}


def altered(images: np.ndarray, how: str) -> np.ndarray:
    """Images `(N, C, H, W)` altered in a way of ALTERED. Raises ExplorerError for another."""
    if how not in ALTERED:
        raise unknown_name("way to alter an image", how, ALTERED)
    return np.ascontiguousarray(ALTERED[how](images))


def reconstructed(
    model: Model, images: np.ndarray, labels: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """What a model makes of images `(N, C, H, W)`: the same in its words, and the errors `(N,)`,
    squared, mean over pixels. A conditional model is told `labels (N,)`."""
    pictures = []
    for start in range(0, len(images), BATCH):
        part = slice(start, start + BATCH)
        told = None if labels is None or not model.conditional else labels[part]
        pictures.append(model.decode(model.encode(images[part], told).mean, told))
    drawn = np.concatenate(pictures)
    return drawn, np.square(images - drawn).mean((1, 2, 3))


@dataclass(frozen=True)
class Standing:
    """Where an error stands: the `share` of N images with a smaller one, 0 to 1, and in words."""

    error: float
    share: float
    words: str


def standing(errors: np.ndarray, error: float, noun: str = "image") -> Standing:
    """Where an `error` stands among `errors (N,)`; equal ones count half."""
    n, below = len(errors), int((errors < error).sum())
    share = (below + 0.5 * int((errors == error).sum())) / n
    if error > errors.max():
        words = f"Its error is larger than that of every one of the {n:,} {noun}s"
        words += f", {error / errors.max():.2g} times the largest" if errors.max() > 0 else ""
    elif error < errors.min():
        words = f"Its error is smaller than that of every one of the {n:,} {noun}s"
    elif share >= 0.5:
        words = f"Its error is larger than that of {_percent(share)} of the {n:,} {noun}s"
    else:
        words = f"Its error is smaller than that of {_percent(1 - share)} of the {n:,} {noun}s"
    return Standing(float(error), share, f"{words}: {verdict(share)}.")


def verdict(share: float) -> str:
    """What a place among the errors means."""
    if share >= 0.99:
        return "it stands out"
    return "drawn worse than most" if share >= 0.9 else "nothing unusual"


def _percent(share: float) -> str:
    """A share of 0.5 to 1 as a percentage, with digits enough to tell it from 100 %."""
    digits = 0 if share < 0.99 else 1 if share < 0.999 else 2
    return f"{100 * share:.{digits}f} %"


def bars(*errors: np.ndarray) -> np.ndarray:
    """The edges `(BINS + 1,)` of bars that hold all errors of several arrays, each bar the same
    factor wide: strange images have errors of tens of times the usual ones."""
    every = np.concatenate(errors).astype(float)
    above = every[every > 0]
    low, high = (above.min(), above.max()) if len(above) else (1e-12, 1e-12)
    return np.geomspace(low, max(high, 1.01 * low), BINS + 1)


def histogram(errors: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """How many errors `(N,)` fall between the edges that `bars` found for them; an error of 0,
    which has no logarithm, is in the first bar."""
    return np.histogram(np.maximum(errors.astype(float), edges[0]), edges)[0]


def ranked(errors: np.ndarray, members: np.ndarray, worst: bool = True) -> np.ndarray:
    """Those of `members (M,)`, positions in `errors (N,)`, by their error, the largest or the
    smallest first; equal ones in their order."""
    order = np.argsort(-errors[members] if worst else errors[members], kind="stable")
    return members[order]


def auroc(usual: np.ndarray, strange: np.ndarray) -> float:
    """How often a strange image has the larger error than a usual one, over all pairs; ties count
    half: 0.5 is chance, 1 tells them apart without a fault."""
    usual = np.sort(usual)
    below = np.searchsorted(usual, strange, "left") + np.searchsorted(usual, strange, "right")
    return float(below.mean() / 2 / len(usual))
