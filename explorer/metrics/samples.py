"""What can be said of generated images without looking at them: what a classifier reads in them,
whether they lie where real images do, and how near they come to one.

Source: for the last, Alaa et al. 2022, "How faithful is your synthetic data?" (authenticity), which
compares the distance to the nearest real image with that image's own to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from explorer.latent.trust import DATA

if TYPE_CHECKING:
    from explorer.latent.opened import Opened

# A reading is sure above this probability.
CONFIDENT = 0.9


@dataclass(frozen=True)
class Judged:
    """Facts of n samples, `(n,)` each.

    `reads` are the classes that our classifier reads with probability `sure`, None where there is
    no classifier. `among`: whether as many encodings lie around the latent, as near, as around
    each other (`Opened.crowd`). `nearest` is the row of the real image with the nearest latent, at
    `distance`; and `own` how far that image is from the next real one.
    """

    reads: np.ndarray | None
    sure: np.ndarray | None
    among: np.ndarray
    nearest: np.ndarray
    distance: np.ndarray
    own: np.ndarray

    def counts(self, classes: int) -> np.ndarray:
        """How many samples are read as each class, `(K,)`; all 0 without a classifier."""
        reads = np.empty(0, np.int64) if self.reads is None else self.reads
        return np.bincount(reads, minlength=classes)

    @property
    def confident(self) -> float | None:
        """The share of samples that the classifier is sure of."""
        return None if self.sure is None else float((self.sure > CONFIDENT).mean())


def judged(opened: Opened, z: np.ndarray, images: np.ndarray) -> Judged:
    """The facts of samples `z (n, D)` and what they decode to, `(n, C, H, W)` in [0, 1]."""
    reads, sure = read(opened, images)
    atlas = opened.atlas
    index, distance = atlas.index.nearest(z, 1)
    index = index[:, 0]
    _, own = atlas.index.nearest(atlas.mean[index], 1, exclude=index)
    return Judged(
        reads=reads,
        sure=sure,
        among=opened.crowd.standings(z) == DATA,
        nearest=atlas.rows[index],
        distance=distance[:, 0],
        own=own[:, 0],
    )


def read(opened: Opened, images: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The class `(n,)` that our classifier reads in each image, and its probability `(n,)`."""
    if opened.judge is None:
        return None, None
    import torch

    with torch.inference_mode():
        x = torch.from_numpy(images).to(opened.judge.device)
        sure, reads = opened.judge.probabilities(x).max(1)
    return reads.cpu().numpy(), sure.cpu().numpy()
