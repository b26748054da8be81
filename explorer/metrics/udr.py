"""Unsupervised disentanglement ranking: which of several models, trained alike but for the seed,
found dimensions that the others found too. No factors need be known.

Source: Duan et al. 2020, "Unsupervised model selection for variational disentangled representation
learning", section 4. It supposes that what is disentangled is alike in all models and what is
entangled is so in a way of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from explorer.errors import ExplorerError
from explorer.metrics.arrays import usable_codes

# Nats per image from which on a dimension counts as used.
USED = 0.01
# Weight of the L1 penalty, of codes with unit variance.
LASSO = 0.1

Similarity = Literal["spearman", "lasso"]


def udr(
    codes: Sequence[np.ndarray],
    kl: Sequence[np.ndarray] | None = None,
    *,
    similarity: Similarity = "spearman",
    used: float = USED,
) -> np.ndarray:
    """The UDR of each of M models, `(M,)` in [0, 1]: the median over the others of UDR_ij.

    `codes` are the posterior means `(N, D_i)` of the same N images by each model; `kl (D_i,)` the
    mean KL of each dimension in nats, of which those above `used` count (without `kl` all that
    vary). R(a, b) is how far dimension a of one model and b of the other are alike: the absolute
    rank correlation, or the absolute weight of a in a lasso regression of b. With r_b = max_a R,

        UDR_ij = (sum_b r_b^2 / sum_a R(a, b) + sum_a r_a^2 / sum_b R(a, b)) / (D_i + D_j).

    A model without any used dimension scores 0. Raises ExplorerError for fewer than two models,
    other numbers of rows, and codes that are unusable.
    """
    if len(codes) < 2:
        raise ExplorerError("UDR compares at least 2 models that differ in their seed alone.")
    if len({len(one) for one in codes}) > 1:
        raise ExplorerError("UDR compares models by the codes of the same images, row by row.")
    if kl is None:
        kl = [np.where(np.std(one, axis=0) > 0, np.inf, 0.0) for one in codes]
    ready = [
        _ready(usable_codes(one)[:, np.asarray(nats) > used], similarity)
        for one, nats in zip(codes, kl, strict=True)
    ]
    scores = np.zeros((len(ready), len(ready)))
    for i, one in enumerate(ready):
        for j, other in enumerate(ready):
            if i != j and one.shape[1] and other.shape[1]:
                scores[i, j] = _alike(_similar(one, other, similarity))
    apart = ~np.eye(len(ready), dtype=bool)
    return np.array([np.median(row[others]) for row, others in zip(scores, apart, strict=True)])


def _ready(codes: np.ndarray, similarity: Similarity) -> np.ndarray:
    """Codes, or their ranks, with mean 0 and variance 1; dimensions that are constant are left
    out."""
    if similarity == "spearman":
        from scipy.stats import rankdata

        codes = rankdata(codes, axis=0) if codes.shape[1] else codes
    spread = codes.std(0)
    return (codes - codes.mean(0))[:, spread > 0] / spread[spread > 0]


def _similar(one: np.ndarray, other: np.ndarray, similarity: Similarity) -> np.ndarray:
    """R `(A, B)`."""
    if similarity == "spearman":
        return np.abs(one.T @ other) / len(one)
    from sklearn.linear_model import Lasso

    return np.abs(np.atleast_2d(Lasso(alpha=LASSO).fit(one, other).coef_)).T


def _alike(similar: np.ndarray) -> float:
    """UDR_ij from R: how near each dimension is to having a single counterpart."""
    by_column = _divided(similar.max(0) ** 2, similar.sum(0)).sum()
    by_row = _divided(similar.max(1) ** 2, similar.sum(1)).sum()
    return float((by_column + by_row) / sum(similar.shape))


def _divided(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)
