"""Exact nearest neighbours, prepared once for many questions."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

Metric = Literal["euclidean", "cosine"]
# Nearest images that anyone may ask to be told.
MAX_NEIGHBOURS = 24

# Up to so many dimensions a k-d tree is faster than looking at every point; above, slower.
TREE_DIMENSIONS = 3
# Every point is looked at in tiles of QUERIES x BLOCKS float32, which stay in the second cache.
BLOCKS, QUERIES = 4096, 16
# Twice the rounding of one float32 operation: room for the terms of second order.
ROUNDING = 2.0**-23


class Index:
    """`latents (N, D)`, ready to be asked for the nearest of them.

    Answers are exact: float32 products only rule out what their rounding error cannot make near;
    what is left is measured in float64. Points far from the origin lose nothing, since the products
    are of distances from the mean. Beside the latents it holds as many floats again.
    """

    def __init__(self, latents: np.ndarray, metric: Metric = "euclidean") -> None:
        self.latents = latents
        self.metric = metric
        self._tree: Any = None
        if metric == "euclidean" and 1 <= latents.shape[1] <= TREE_DIMENSIONS:
            from scipy.spatial import cKDTree

            self._tree = cKDTree(latents)
        else:
            self._prepare()

    def nearest(
        self, queries: np.ndarray, k: int, exclude: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest latents to each of `queries (Q, D)`.

        `exclude (Q,)` names for each query one index that does not count (a point itself). Returns
        indices `(Q, k)` and distances `(Q, k)` float64, nearest first; k is cut to what there is.
        The cosine distance is 1 - cos, from 0 to 2, and 1 where either has no length.
        """
        k = max(0, min(k, len(self.latents) - (exclude is not None)))
        queries = np.asarray(queries, np.float64)
        if k == 0 or not len(queries):
            return np.empty((len(queries), k), np.int64), np.empty((len(queries), k))
        if self._tree is not None:
            return self._from_tree(queries, k, exclude)
        found = []
        for start in range(0, len(queries), QUERIES):
            part = queries[start : start + QUERIES]
            out = None if exclude is None else exclude[start : start + QUERIES]
            for i, blocks in enumerate(self._blocks_near(part, k + (out is not None))):
                found.append(self._measured(part[i], blocks, k, None if out is None else out[i]))
        index, distance = zip(*found, strict=True)
        return np.stack(index), np.stack(distance)

    def _from_tree(
        self, queries: np.ndarray, k: int, exclude: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        more = k + (exclude is not None)
        distance, index = self._tree.query(queries, k=range(1, more + 1))
        if exclude is None:
            return index, distance
        drop = index == np.asarray(exclude)[:, None]
        drop[~drop.any(1), -1] = True  # hidden behind copies of itself
        return index[~drop].reshape(-1, k), distance[~drop].reshape(-1, k)

    # --- without a tree ---------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Slabs `(S, D + 1, B)` float32 of points B by B, whose product with (q, 1) is smaller the
        nearer they are: |x - q|^2 - |q|^2, or -cos. Block b is point b of every slab."""
        n, d = self.latents.shape
        self._width = max(1, min(BLOCKS, n))
        count = -(-n // self._width)
        self._centre = self.latents.mean(0, dtype=np.float64) if n else np.zeros(d)
        self._slabs = np.zeros((count, d + 1, self._width), np.float32)
        self._farthest = np.zeros(self._width)
        for i, slab in enumerate(self._slabs):
            points = self._placed(self.latents[i * self._width : (i + 1) * self._width])
            norms = np.linalg.norm(points, axis=1)
            euclidean = self.metric == "euclidean"
            slab[:d, : len(points)] = (-2 if euclidean else -1) * points.T
            slab[d, : len(points)] = np.square(norms) if euclidean else 0
            slab[d, len(points) :] = np.inf
            np.maximum(self._farthest[: len(points)], norms, out=self._farthest[: len(points)])

    def _placed(self, latents: np.ndarray) -> np.ndarray:
        """Latents in float64, where they are compared: around their mean, or of length 1."""
        if self.metric == "euclidean":
            return latents.astype(np.float64) - self._centre
        return directions(latents)

    def _blocks_near(self, queries: np.ndarray, k: int) -> list[np.ndarray]:
        """For each query the blocks that hold its k nearest points, and few others."""
        placed = self._placed(queries)
        asked = np.column_stack([placed, np.ones(len(placed))]).astype(np.float32)
        least = asked @ self._slabs[0]
        product = np.empty_like(least)
        for slab in self._slabs[1:]:
            np.minimum(least, np.matmul(asked, slab, out=product), out=least)
        # A sum of D + 1 products of rounded numbers is off by at most this.
        length = np.linalg.norm(placed, axis=1)[:, None]
        error = 2 * length * self._farthest + np.square(self._farthest)
        error *= (placed.shape[1] + 4) * ROUNDING
        if k > self._width:
            return [np.arange(self._width)] * len(queries)
        # At least one point in each of k blocks is no farther than this, and so are the k nearest.
        bound = np.partition(least + error, k - 1, axis=1)[:, k - 1 : k]
        return [np.flatnonzero(near) for near in least - error <= bound]

    def _measured(
        self, query: np.ndarray, blocks: np.ndarray, k: int, excluded: int | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest points of some blocks; of equally near ones the first."""
        index = (np.arange(len(self._slabs))[:, None] * self._width + blocks).ravel()
        index = index[index < len(self.latents)]
        if excluded is not None:
            index = index[index != excluded]
        candidates = self.latents[index]
        if self.metric == "euclidean":
            distance = np.linalg.norm(candidates.astype(np.float64) - query, axis=1)
        else:
            distance = np.clip(1 - directions(candidates) @ directions(query[None])[0], 0, 2)
        order = np.lexsort((index, distance))[:k]
        return index[order], distance[order]


def directions(latents: np.ndarray) -> np.ndarray:
    """Latents `(N, D)` at length 1, float64; those without length stay zero."""
    latents = latents.astype(np.float64)
    length = np.linalg.norm(latents, axis=1, keepdims=True)
    return latents / np.where(length == 0, 1, length)
