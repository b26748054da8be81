"""Projections of latents `(N, D)` to the plane `(N, 2)`. A 2-D latent is shown raw, always.

The heavy libraries (scikit-learn, umap-learn with numba, openTSNE) are imported when asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from explorer.errors import ExplorerError, unknown_name
from explorer.spec import Spec

# Latents turned into doubles at once.
PART = 10_000


class ProjectionSpec(Spec):
    """A method with the parameters that decide its picture; the same spec gives the same map."""

    method: str
    seed: int = Field(default=0, ge=0, lt=2**31)
    neighbours: int = Field(default=15, ge=2)
    min_dist: float = Field(default=0.1, ge=0, le=1)
    perplexity: float = Field(default=30.0, ge=1)


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


def raw(latents: np.ndarray, spec: ProjectionSpec) -> np.ndarray:
    """The latent itself, for two dimensions."""
    if latents.shape[1] != 2:
        raise ExplorerError(
            f"Only a 2-D latent can be shown raw; this one has {latents.shape[1]} dimensions. "
            "Choose pca, umap or tsne."
        )
    return latents


def pca(latents: np.ndarray, spec: ProjectionSpec) -> np.ndarray:
    """The two directions of largest variance."""
    plane = principal_plane(latents)
    return np.concatenate([plane.places(part) for part in _parts(latents)])


def umap(latents: np.ndarray, spec: ProjectionSpec) -> np.ndarray:
    """Source: McInnes, Healy & Melville 2018. A fixed seed makes it single-threaded."""
    import umap as library

    return library.UMAP(
        n_neighbors=spec.neighbours, min_dist=spec.min_dist, random_state=spec.seed, n_jobs=1
    ).fit_transform(latents)


def tsne(latents: np.ndarray, spec: ProjectionSpec) -> np.ndarray:
    """Source: van der Maaten & Hinton 2008, in openTSNE's implementation."""
    import openTSNE

    return np.asarray(
        openTSNE.TSNE(perplexity=spec.perplexity, random_state=spec.seed, n_jobs=1).fit(latents)
    )


METHODS: dict[str, Callable[[np.ndarray, ProjectionSpec], np.ndarray]] = {
    "raw": raw,
    "pca": pca,
    "umap": umap,
    "tsne": tsne,
}


def methods_for(latent_dim: int) -> list[str]:
    """The projections that make sense for a latent: raw alone in 2-D, else the three maps."""
    return ["raw"] if latent_dim == 2 else ["umap", "tsne", "pca"]


def project(latents: np.ndarray, spec: ProjectionSpec) -> np.ndarray:
    """Coordinates `(N, 2)` float32 of latents `(N, D)`.

    Raises ExplorerError for an unknown method, or a method that does not fit the latent.
    """
    if spec.method not in METHODS:
        raise unknown_name("projection", spec.method, METHODS)
    if latents.shape[1] == 2 and spec.method != "raw":
        raise ExplorerError(
            "A 2-D latent is shown raw: projecting it again would only hide its geometry. "
            "Choose the projection 'raw'."
        )
    if latents.shape[1] == 1 and spec.method != "raw":
        latents = np.column_stack([latents, np.zeros(len(latents), latents.dtype)])
    coordinates = METHODS[spec.method](latents, spec)
    return np.ascontiguousarray(coordinates, dtype=np.float32)
