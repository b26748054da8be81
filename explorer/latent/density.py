"""How densely latents lie: a k-nearest-neighbour estimate, in any number of dimensions."""

from __future__ import annotations

import math

import numpy as np

from explorer.latent.neighbours import Index

# The bandwidth: the distance to this neighbour. It adapts, narrow among crowds and wide at the rim,
# and varies by about 1 / sqrt(NEAR) = 20 % by chance.
NEAR = 20


def log_density(index: Index, queries: np.ndarray, exclude: np.ndarray | None = None) -> np.ndarray:
    """ln p `(Q,)` at `queries (Q, D)` from N indexed latents `(N, D)`, in nats per unit^D.

    p = k / (N V_D r_k^D), where r_k is the distance to the k-th nearest latent, k = NEAR, and V_D
    the volume of the unit ball. `exclude (Q,)` names for each query the latent that is itself.
    Raises no error for few latents: k is then their number.
    Source: Loftsgaarden & Quesenberry 1965.
    """
    _, distance = index.nearest(queries, NEAR, exclude)
    k, (n, dimensions) = distance.shape[1], index.latents.shape
    if k == 0:
        return np.full(len(queries), -np.inf)
    # More than k copies of one latent would be infinitely dense.
    radius = np.maximum(distance[:, -1], np.finfo(np.float32).tiny)
    ball = dimensions / 2 * math.log(math.pi) - math.lgamma(dimensions / 2 + 1)
    count = n - (exclude is not None)
    return math.log(k / count) - ball - dimensions * np.log(radius)
