"""Projections of latents `(N, D)` to the plane `(N, 2)`. A 2-D latent is shown raw, always.

The heavy libraries (scikit-learn, umap-learn with numba, openTSNE) are imported when asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from threading import RLock

import numpy as np

from explorer.errors import ExplorerError
from explorer.latent.names import METHOD_TITLES
from explorer.latent.report import Report, silent
from explorer.latent.spec import ProjectionSpec

# UMAP and t-SNE need a neighbourhood that is not the whole.
LEAST = 8
# The share of the time in which neighbours are found, of which nothing is heard, as measured on
# one core: t-SNE; UMAP with its 500 epochs; UMAP above so many points, where it makes 200.
SEARCH, UMAP_SEARCH, UMAP_SEARCH_MANY, MANY = 0.1, 0.05, 0.23, 10_000
# Iterations of t-SNE between two reports: some 30 pictures in all.
EVERY = 25

# Latents turned into doubles at once.
PART = 10_000


@dataclass(frozen=True)
class Plane:
    """The plane of the first two principal components, a linear map that goes both ways.

    `centre (D,)` is the mean of the latents, `directions (2, D)` orthonormal rows, `explained (2,)`
    the share of the variance along each. A 1-D latent has only one direction: the other is zero.
    """

    centre: np.ndarray
    directions: np.ndarray
    explained: np.ndarray

    def places(self, latents: np.ndarray) -> np.ndarray:
        """The places `(N, 2)` of latents `(N, D)`, seen straight from above the plane."""
        return (latents - self.centre) @ self.directions.T

    def latents(self, places: np.ndarray) -> np.ndarray:
        """The latents `(N, D)` on the plane at places `(N, 2)`; other directions stay at the mean,
        since a place says nothing of them."""
        return self.centre + places @ self.directions


def principal_plane(latents: np.ndarray) -> Plane:
    """The plane of largest variance of latents `(N, D)`: eigenvectors of their covariance, which
    costs one pass over the latents however many there are."""
    # Doubles, so that a map made long ago and the plane found again agree to the last float32.
    centre = latents.mean(0, dtype=np.float64)
    scatter = np.zeros((latents.shape[1], latents.shape[1]))
    for part in _parts(latents):
        scatter += (part - centre).T @ (part - centre)
    variance, vectors = np.linalg.eigh(scatter)
    variance, found = np.clip(variance[::-1], 0, None), vectors.T[::-1]
    # A direction's sign is arbitrary: make its largest component positive, so maps repeat.
    largest = found[np.arange(len(found)), np.abs(found).argmax(1)]
    found = (found * np.sign(largest)[:, None])[:2]
    directions, explained = np.zeros((2, latents.shape[1])), np.zeros(2)
    directions[: len(found)] = found
    explained[: len(found)] = variance[:2] / max(variance.sum(), np.finfo(np.float64).tiny)
    return Plane(centre, directions, explained)


def _parts(latents: np.ndarray) -> Iterator[np.ndarray]:
    """Latents `(N, D)` a part at a time, as doubles."""
    for start in range(0, len(latents), PART):
        yield latents[start : start + PART].astype(np.float64)


def umap(
    latents: np.ndarray, spec: ProjectionSpec, labels: np.ndarray | None, report: Report
) -> np.ndarray:
    """Source: McInnes, Healy & Melville 2018. A fixed seed makes it single-threaded."""
    import umap as library
    from tqdm.auto import tqdm

    epochs = Epochs(report, UMAP_SEARCH if len(latents) <= MANY else UMAP_SEARCH_MANY)
    try:
        return library.UMAP(
            n_neighbors=spec.neighbours,
            min_dist=spec.min_dist,
            metric=spec.metric,
            random_state=spec.seed,
            n_jobs=1,
            tqdm_kwds={"file": epochs, "bar_format": "{n}/{total}", "disable": False},
        ).fit_transform(latents, labels if spec.supervised else None)
    except BaseException:
        tqdm.set_lock(RLock())  # a report that raised has left the old one locked
        raise


class Epochs:
    """The stream that umap-learn draws its progress bar on, the one place where its epochs can be
    heard: up to ten times a second it writes `<epochs done>/<all>`."""

    def __init__(self, report: Report, search: float) -> None:
        self.report = report
        self.search = search

    def write(self, text: str) -> None:
        if done := re.search(r"(\d+)/(\d+)", text):
            share = int(done[1]) / int(done[2])
            report, self.report = self.report, silent  # what it raises it raises once: bars close
            report(self.search + (1 - self.search) * share, "placing points")
            self.report = report

    def flush(self) -> None:
        """Each text is heard at once."""


def tsne(
    latents: np.ndarray, spec: ProjectionSpec, labels: np.ndarray | None, report: Report
) -> np.ndarray:
    """Source: van der Maaten & Hinton 2008, in openTSNE's implementation."""
    import openTSNE

    done = 0

    def hear(iteration: int, error: float, embedding: np.ndarray) -> None:
        nonlocal done
        done += EVERY  # `iteration` starts again after the early exaggeration
        share = done / (method.early_exaggeration_iter + method.n_iter)
        places = np.asarray(embedding, np.float32).tobytes()
        report(SEARCH + (1 - SEARCH) * share, "placing points", places)

    method = openTSNE.TSNE(
        perplexity=spec.perplexity,
        metric=spec.metric,
        random_state=spec.seed,
        n_jobs=1,
        callbacks=hear,
        callbacks_every_iters=EVERY,
    )
    return np.asarray(method.fit(latents))


METHODS = {"umap": umap, "tsne": tsne}


def methods_for(latent_dim: int) -> list[str]:
    """The projections that make sense for a latent: raw alone in 2-D, else the three maps."""
    return ["raw"] if latent_dim == 2 else ["umap", "tsne", "pca"]


def refuse_misfit(method: str, latent_dim: int) -> None:
    """Raises ExplorerError for a 2-D latent that is not shown raw, or another that would be."""
    if latent_dim == 2 and method != "raw":
        raise ExplorerError(
            "A 2-D latent is shown raw: projecting it again would only hide its geometry. "
            "Choose the projection 'raw'."
        )
    if latent_dim != 2 and method == "raw":
        raise ExplorerError(
            f"Only a 2-D latent can be shown raw; this one has {latent_dim} dimensions. "
            "Choose pca, umap or tsne."
        )


def fitted(spec: ProjectionSpec, n: int) -> tuple[ProjectionSpec, str]:
    """The spec with the parameter that N points do not allow cut to the most that they do, and one
    sentence that says so (or an empty one).

    Raises ExplorerError for fewer than LEAST points, which have no neighbourhoods.
    """
    bounds = {"umap": ("neighbours", n - 1), "tsne": ("perplexity", (n - 1) // 3)}
    if spec.method not in bounds:
        return spec, ""
    title = METHOD_TITLES[spec.method]
    if n < LEAST:
        raise ExplorerError(f"{title} needs at least {LEAST} points, but there are {n}; use pca.")
    name, most = bounds[spec.method]
    if getattr(spec, name) <= most:
        return spec, ""
    said = f"{n} points allow {title} {name} of {most} at most, so that is what was used."
    return spec.model_copy(update={name: most}), said


def project(
    latents: np.ndarray,
    spec: ProjectionSpec,
    labels: np.ndarray | None = None,
    report: Report = silent,
) -> np.ndarray:
    """Coordinates `(N, 2)` float32 of latents `(N, D)`; `labels (N,)` are for supervised UMAP.

    Raises ExplorerError when the method or its parameters do not fit the latents.
    """
    flat = latents.shape[1] == 2
    refuse_misfit(spec.method, latents.shape[1])
    if spec.supervised and (labels is None or len(np.unique(labels)) < 2):
        raise ExplorerError("There are no classes to draw together here; leave --supervised out.")
    if latents.shape[1] == 1:
        latents = np.column_stack([latents, np.zeros(len(latents), latents.dtype)])
    spec, _ = fitted(spec, len(latents))
    if spec.method in METHODS:
        report(0.0, "finding neighbours")
        coordinates = METHODS[spec.method](latents, spec, labels, report)
    else:
        coordinates = latents if flat else principal_plane(latents).places(latents)
    if not np.isfinite(coordinates).all():
        raise ExplorerError(
            f"{METHOD_TITLES[spec.method]} finds no place for some of these points; choose another "
            "metric or projection."
        )
    return np.ascontiguousarray(coordinates, dtype=np.float32)
