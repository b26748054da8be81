"""How generated images compare with real ones, as two clouds of features `(N, F)`.

The features here are those of our own small classifier of the same images (the layer before its
last), not of Inception: values can be compared with one another on one data set, and with no
published FID.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from explorer.errors import ExplorerError

# Neighbours that say how far an image's surroundings reach.
K = 3
# Distances that are held at once: 8 MB, which a cache holds.
TABLE = 2**20


def frechet(real: np.ndarray, generated: np.ndarray) -> float:
    """|m_1 - m_2|^2 + tr(S_1 + S_2 - 2 (S_1 S_2)^(1/2)), of means and covariances; 0 for the same
    cloud, in squared units of the features.

    Raises ExplorerError for unusable arrays. Source: Heusel et al. 2017, "GANs trained by a two
    time-scale update rule", eq. 6.
    """
    real, generated = _usable(real, generated)
    apart = real.mean(0) - generated.mean(0)
    first, second = (np.atleast_2d(np.cov(one, rowvar=False)) for one in (real, generated))
    # tr (S_1 S_2)^(1/2) by way of the symmetric S_1^(1/2) S_2 S_1^(1/2), whose roots are real.
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second @ root), 0)).sum()
    distance = apart @ apart + np.trace(first) + np.trace(second) - 2 * shared
    return float(max(0.0, distance))


def precision_recall(real: np.ndarray, generated: np.ndarray, *, k: int = K) -> tuple[float, float]:
    """Precision and recall, in [0, 1]: the share of generated images that lie in the real ones'
    surroundings, and of real images in those of the generated.

    The surroundings of a cloud are the balls about its points that reach to their `k`-th nearest
    other point. Both clouds should be of one size. Raises ExplorerError for unusable arrays.
    Source: Kynkäänniemi et al. 2019, "Improved precision and recall metric for assessing generative
    models", eq. 1 and 2.
    """
    real, generated = _usable(real, generated)
    if not 1 <= k < min(len(real), len(generated)):
        raise ExplorerError(f"Too few images to ask for the {k}-th nearest of each.")
    return _covered(generated, real, k), _covered(real, generated, k)


def _covered(points: np.ndarray, cloud: np.ndarray, k: int) -> float:
    """The share of `points (N, F)` inside a ball about a point of `cloud (M, F)`."""
    reach = np.concatenate(
        [np.partition(apart, k, axis=1)[:, k] for apart in _squared(cloud, cloud)]
    )
    return float(np.mean(np.concatenate([(d <= reach).any(1) for d in _squared(points, cloud)])))


def _squared(points: np.ndarray, cloud: np.ndarray) -> Iterator[np.ndarray]:
    """Squared distances `(n, M)`, some points at a time; a point is at 0 from itself."""
    middle = cloud.mean(0)
    points, cloud = points - middle, cloud - middle
    norms = np.einsum("mf,mf->m", cloud, cloud)
    rows = max(1, TABLE // len(cloud))
    for start in range(0, len(points), rows):
        part = points[start : start + rows]
        apart = np.einsum("nf,nf->n", part, part)[:, None] + norms - 2 * part @ cloud.T
        yield np.maximum(apart, 0)


def _usable(real: np.ndarray, generated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    clouds = tuple(np.asarray(one, dtype=np.float64) for one in (real, generated))
    for one in clouds:
        if one.ndim != 2 or len(one) < 2 or one.shape[1] != clouds[0].shape[-1]:
            raise ExplorerError(
                "Features must be of shape (N, F), with the same F and N of 2 or more, but they "
                f"are {clouds[0].shape} and {clouds[1].shape}."
            )
        if not np.isfinite(one).all():
            raise ExplorerError("The features hold values that are not finite numbers.")
    return clouds[0], clouds[1]
