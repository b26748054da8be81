"""Which dimension of a latent knows of which factor of the images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.errors import ExplorerError
from explorer.latent.opened import Opened
from explorer.metrics.arrays import entropies, mutual_information, usable


@dataclass(frozen=True)
class Knowledge:
    """`share (D, K)`: the mutual information of each dimension with each factor, of what there is
    to know of it, I(z_j; v_k) / H(v_k) in [0, 1]; `names` of the K factors, over `images`."""

    share: np.ndarray
    names: tuple[str, ...]
    images: int


def knowledge(opened: Opened) -> Knowledge:
    """What the dimensions of a model know of the factors that the images of its atlas were drawn
    from; where none are known, of their classes.

    Raises ExplorerError for images without either.
    """
    atlas, dataset = opened.atlas, opened.dataset
    if dataset.factors is not None:
        names, values = dataset.factors.names, dataset.factors.values[atlas.rows].numpy()
    elif len(dataset.classes) > 1:
        names, values = ("class",), atlas.labels.astype(np.int64)[:, None]
    else:
        raise ExplorerError(f"Neither factors nor classes of {dataset.title} are known.")
    codes, factors = usable(atlas.mean, values)
    share = mutual_information(codes, factors) / entropies(factors)
    return Knowledge(share, names, len(codes))
