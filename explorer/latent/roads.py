"""The way from one latent to another that stays where training latents are.

Method: the latents (of more than MOST a seeded sample) are joined each to its NEAREST nearest into
a graph, whose edges cost their length to the power of POWER, so that many short hops are cheaper
than one long one; parts of the graph that hang apart are joined where they are nearest to each
other. Both ends are joined to it likewise, and to each other. The cheapest way (Dijkstra) is then
smoothed (`geometry.smoothed`).

Source: such power-weighted shortest paths follow the density: Bijral, Ratliff & Srebro 2011,
"Semi-supervised learning with density based distances"; Groisman, Jonckheere & Sapienza 2022,
"Nonhomogeneous Euclidean first-passage percolation and distance learning" (Fermat distance).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from explorer.latent.geometry import smoothed
from explorer.latent.neighbours import Index

MOST = 5000
SEED = 0
NEAREST = 10
POWER = 3
# A hop without length would be no edge at all.
SHORTEST = 1e-12


class Roads:
    """The graph of training latents `(N, D)`; `nodes (n, D)` are those that it joins, all of them
    or MOST drawn from `seed`."""

    def __init__(self, latents: np.ndarray, seed: int = SEED) -> None:
        if len(latents) > MOST:
            drawn = np.random.default_rng(seed).choice(len(latents), MOST, replace=False)
            latents = latents[np.sort(drawn)]
        self.nodes = latents
        self._index = Index(latents)

    @cached_property
    def graph(self) -> Any:
        """What the edges cost, as a symmetric scipy.sparse.csr_array `(n, n)` in one piece."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        n = len(self.nodes)
        to, hop = self._index.nearest(self.nodes, NEAREST, np.arange(n))
        start = np.repeat(np.arange(n), to.shape[1])
        edges = csr_array((self._cost(hop.ravel()), (start, to.ravel())), (n, n))
        edges = edges.maximum(edges.T)
        parts, part = connected_components(edges, directed=False)
        while parts > 1:
            bridges = [self._bridge(part == one) for one in np.argsort(np.bincount(part))[:-1]]
            i, j, length = (np.array(column) for column in zip(*bridges, strict=True))
            more = csr_array((self._cost(length), (i, j)), (n, n))
            edges = edges.maximum(more).maximum(more.T)
            parts, part = connected_components(edges, directed=False)
        return edges

    def between(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The cheapest way from latent `a (D,)` to `b (D,)` over the nodes, smoothed: `(P, D)`."""
        return smoothed(self.hops_between(a, b))

    def hops_between(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The two ends `(D,)` and the nodes between that the cheapest way visits: `(P, D)`."""
        from scipy.sparse import block_array, csr_array
        from scipy.sparse.csgraph import dijkstra

        ends, n = np.stack([a, b]).astype(np.float64), len(self.nodes)
        to, hop = self._index.nearest(ends, NEAREST)
        row = np.repeat([0, 1], to.shape[1])
        joins = csr_array((self._cost(hop.ravel()), (row, to.ravel())), (2, n))
        direct = self._cost(np.linalg.norm(ends[:1] - ends[1:], axis=1))
        across = csr_array((np.repeat(direct, 2), ([0, 1], [1, 0])), (2, 2))
        whole = block_array([[self.graph, joins.T], [joins, across]], format="csr")
        _, before = dijkstra(whole, indices=n, return_predecessors=True)
        visited = [n + 1]
        while visited[-1] != n:
            visited.append(int(before[visited[-1]]))
        points = np.concatenate([self.nodes.astype(np.float64), ends])[visited[::-1]]
        # An end that is a node itself is not visited twice.
        moves = np.append(np.any(np.diff(points, axis=0) != 0, axis=1), True)
        return points[moves] if moves.sum() > 1 else points[[0, -1]]

    @staticmethod
    def _cost(length: np.ndarray) -> np.ndarray:
        return np.maximum(length, SHORTEST) ** POWER

    def _bridge(self, inside: np.ndarray) -> tuple[int, int, float]:
        """The shortest hop from a part of the nodes, bool `(n,)`, to the others."""
        own, others = np.flatnonzero(inside), np.flatnonzero(~inside)
        to, hop = Index(self.nodes[others]).nearest(self.nodes[own], 1)
        nearest = int(np.argmin(hop[:, 0]))
        return int(own[nearest]), int(others[to[nearest, 0]]), float(hop[nearest, 0])
