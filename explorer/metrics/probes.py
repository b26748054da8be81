"""How useful latents are to a simple reader: accuracies on images that it has not learned from."""

from __future__ import annotations

import numpy as np

from explorer.errors import ExplorerError

K = 10


def knn_accuracy(
    train: np.ndarray,
    train_labels: np.ndarray,
    test: np.ndarray,
    test_labels: np.ndarray,
    *,
    k: int = K,
) -> float:
    """How often the vote of the `k` nearest latents tells the class, in [0, 1].

    Euclidean distances among latents `(N, D)` with classes `(N,)`; a tie goes to the lower class.
    Raises ExplorerError for unusable arrays and k beyond the rows of `train`.
    """
    from sklearn.neighbors import KNeighborsClassifier

    _check(train, train_labels, test, test_labels)
    if not 1 <= k <= len(train):
        raise ExplorerError(f"Of {len(train)} latents, the {k} nearest cannot vote.")
    return float(KNeighborsClassifier(k).fit(train, train_labels).score(test, test_labels))


def linear_probe_accuracy(
    train: np.ndarray,
    train_labels: np.ndarray,
    test: np.ndarray,
    test_labels: np.ndarray,
) -> float:
    """How often a logistic regression tells the class, in [0, 1].

    It learns from latents `(N, D)` scaled to unit variance, with scikit-learn's L2 penalty (C = 1);
    dimensions that do not vary are left out. Raises ExplorerError for unusable arrays.
    """
    from sklearn.linear_model import LogisticRegression

    _check(train, train_labels, test, test_labels)
    middle, spread = train.mean(0, dtype=np.float64), train.std(0, dtype=np.float64)
    varies = spread > 0
    if not varies.any():
        raise ExplorerError("The latents are the same for every image: they tell no class.")
    ready, judged = ((one - middle)[:, varies] / spread[varies] for one in (train, test))
    probe = LogisticRegression(max_iter=1000).fit(ready, train_labels)
    return float(probe.score(judged, test_labels))


def _check(
    train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray
) -> None:
    for latents, labels in ((train, train_labels), (test, test_labels)):
        if latents.ndim != 2 or labels.shape != (len(latents),) or not len(latents):
            raise ExplorerError(
                "Latents must be of shape (N, D) and labels of shape (N,), but they are "
                f"{latents.shape} and {labels.shape}."
            )
        if not np.isfinite(latents).all():
            raise ExplorerError("The latents hold values that are not finite numbers.")
    if train.shape[1] != test.shape[1]:
        raise ExplorerError("Latents to learn from and to judge must have the same dimensions.")
    if len(np.unique(train_labels)) < 2:
        raise ExplorerError("All images have the same label: there is no class to tell.")
