"""Exact nearest neighbours in latent space, vectorised."""

from __future__ import annotations

import numpy as np

# Rows of the distance table held at once: bounds memory at about CHUNK x N x 8 bytes.
CHUNK = 512


def nearest(
    latents: np.ndarray, queries: np.ndarray, k: int, exclude: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of `latents (N, D)` to each of `queries (Q, D)`, by Euclidean distance.

    `exclude (Q,)` names for each query one index that does not count (a point itself). Returns
    indices `(Q, k)` and distances `(Q, k)`, nearest first; k is cut to what there is.
    """
    available = len(latents) - (exclude is not None)
    k = max(0, min(k, available))
    latents = latents.astype(np.float64)
    norms = np.einsum("nd,nd->n", latents, latents)
    indices = np.empty((len(queries), k), np.int64)
    distances = np.empty((len(queries), k))
    for start in range(0, len(queries), CHUNK):
        part = queries[start : start + CHUNK].astype(np.float64)
        squared = norms - 2 * part @ latents.T + np.einsum("qd,qd->q", part, part)[:, None]
        if exclude is not None:
            squared[np.arange(len(part)), exclude[start : start + CHUNK]] = np.inf
        rows = np.arange(len(part))[:, None]
        # The product form loses digits where distances are tiny: measure the candidates directly.
        candidates = np.argpartition(squared, min(k, len(latents) - 1), axis=1)[:, : k + 1]
        if k == 0:
            continue
        exact = np.linalg.norm(latents[candidates] - part[:, None], axis=2)
        exact[~np.isfinite(squared[rows, candidates])] = np.inf
        order = np.argsort(exact, axis=1, kind="stable")[:, :k]
        indices[start : start + CHUNK] = candidates[rows, order]
        distances[start : start + CHUNK] = exact[rows, order]
    return indices, distances
