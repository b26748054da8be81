"""How far a map can be believed: does it make false neighbours, does it tear true ones apart?

Source: Venna & Kaski 2001, "Neighborhood preservation in nonlinear projection methods", with the
normalisation of scikit-learn's `trustworthiness`. Both are 1 when the k nearest neighbours of
every point are the same in both spaces, and about 0.5 when the map is random. Distances are
Euclidean, so that maps made with another metric are held to the same rule.

Ranks are taken among all N points, but at no more than QUERIES of them, chosen by a seed: the mean
over those differs from that over all points by a standard error below 0.003.
"""

from __future__ import annotations

import numpy as np

K = 10
QUERIES = 1000
# Numbers of a distance table that are held at once: 64 MB.
TABLE = 2**23


def trustworthiness(
    latents: np.ndarray, xy: np.ndarray, k: int = K, queries: np.ndarray | None = None
) -> float:
    """1 - 2 / (Q k (2N - 3k - 1)) sum_i sum_j (r(i, j) - k), over the k nearest neighbours j of i
    on the map `xy (N, 2)` whose rank r among the neighbours of i in the latents `(N, D)` is above
    k: the false neighbours. `queries (Q,)` are the points i, all of them by default.

    k is cut to what N points allow, less than N/2; two points have no wrong neighbour.
    """
    return _kept(latents, xy, k, queries)


def continuity(
    latents: np.ndarray, xy: np.ndarray, k: int = K, queries: np.ndarray | None = None
) -> float:
    """The same with the spaces swapped: which of the nearest latents the map has moved away."""
    return _kept(xy, latents, k, queries)


def queries_of(n: int, seed: int = 0) -> np.ndarray:
    """The points, at most QUERIES of n, at which a map is measured."""
    if n <= QUERIES:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, QUERIES, replace=False))


def _kept(truth: np.ndarray, shown: np.ndarray, k: int, queries: np.ndarray | None) -> float:
    """How well the k neighbours in `shown (N, B)` rank among those in `truth (N, A)`."""
    n = len(truth)
    k = min(k, (n - 1) // 2)
    if k < 1:
        return 1.0
    points = np.arange(n) if queries is None else queries
    # Doubles about the mean: squared distances from products keep their digits.
    truth, shown = (space - space.mean(0, dtype=np.float64) for space in (truth, shown))
    penalty, rows = 0, max(1, TABLE // n)
    for start in range(0, len(points), rows):
        part = points[start : start + rows]
        near = np.argpartition(_distances(shown, part), k - 1, axis=1)[:, :k]
        apart = _distances(truth, part)
        for column in near.T:
            own = apart[np.arange(len(part)), column]
            rank = 1 + np.count_nonzero(apart < own[:, None], axis=1)
            penalty += int(np.maximum(rank - k, 0).sum())
    return 1 - 2 * penalty / (len(points) * k * (2 * n - 3 * k - 1))


def _distances(points: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Squared distances `(Q, N)` of `points[part]` to all `points (N, D)`; to itself none is."""
    squared = points[part] @ points.T
    squared *= -2
    squared += np.einsum("nd,nd->n", points, points)
    squared += np.einsum("qd,qd->q", points[part], points[part])[:, None]
    squared[np.arange(len(part)), part] = np.inf
    return squared
