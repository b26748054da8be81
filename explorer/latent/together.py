"""Maps of several models laid out together, so that the same image lies at about the same place.

Each model's latents get a UMAP of their own, and a term pulls the same image of neighbouring models
together while all are laid out: unlike a turn of finished maps this moves points within a map.

Source: the aligned UMAP of umap-learn (`umap.AlignedUMAP`; McInnes, Healy & Melville 2018).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from explorer import store
from explorer.errors import ExplorerError
from explorer.latent.atlas import Atlas, complete, load_for
from explorer.latent.report import Report, silent
from explorer.loaded import from_artefact
from explorer.training.images import load_named

# The method of these maps: between their places it is gone as on any other UMAP.
KEY = "umap"
# All models at once take so much longer than one.
MOST, FEWEST = 5000, 50
NEIGHBOURS, MIN_DIST, SEED = 15, 0.1, 0
# The share of the time at which nothing is heard any more.
BEGIN = 0.05


def name_of(atlases: Sequence[Atlas]) -> str:
    """The name of the maps of some atlases, whatever their order: another one for other weights."""
    parts = sorted(f"{one.model_id} {one.weights_sha256} {one.name}" for one in atlases)
    return hashlib.sha256(
        "\n".join([*parts, f"{NEIGHBOURS} {MIN_DIST} {SEED}"]).encode()
    ).hexdigest()[:16]


def kept(atlases: Sequence[Atlas]) -> dict[str, np.ndarray] | None:
    """The maps `(N, 2)` of some atlases by their models; None where they were not made."""
    try:
        tensors, _ = store.read_tensors(_file(atlases))
    except ExplorerError:
        return None
    maps = {name: tensor.numpy() for name, tensor in tensors.items()}
    whole = all(one.model_id in maps and len(maps[one.model_id]) == len(one) for one in atlases)
    return maps if whole else None


def laid_out(atlases: Sequence[Atlas], report: Report = silent) -> dict[str, np.ndarray]:
    """Lay out the latents of two or more atlases of the same images, `(N, 2)` float32 by model.

    Raises ExplorerError for atlases of other images, and of too many or too few.
    """
    import umap

    ordered = sorted(atlases, key=lambda one: one.model_id)
    rows = ordered[0].rows
    if any(
        not np.array_equal(one.rows, rows) or one.dataset != ordered[0].dataset for one in ordered
    ):
        raise ExplorerError("Only models with maps of the same images are laid out together.")
    if not (len(ordered) >= 2 and FEWEST <= len(rows) <= MOST):
        raise ExplorerError(
            f"Two or more models are laid out together, on {FEWEST} to {MOST:,} images; turn their "
            "maps to match instead."
        )
    report(BEGIN, f"laying out {len(ordered)} models together")
    same = {i: i for i in range(len(rows))}
    method = umap.AlignedUMAP(n_neighbors=NEIGHBOURS, min_dist=MIN_DIST, random_state=SEED)
    method.fit([one.mean for one in ordered], relations=[same] * (len(ordered) - 1))
    maps = [np.ascontiguousarray(xy, np.float32) for xy in method.embeddings_]
    if not all(np.isfinite(xy).all() for xy in maps):
        raise ExplorerError("UMAP finds no place for some of these images.")
    return {one.model_id: xy for one, xy in zip(ordered, maps, strict=True)}


def make(report: Report, *, models: list[str], dataset: str, count: int) -> None:
    """Lay out the atlases of so many images by some models together and keep their maps.

    Raises ExplorerError for names that are unknown, and as `laid_out` does.
    """
    report(0.0, "reading the latents")
    atlases = []
    for model in models:
        artefact = store.open_artefact(model)
        atlas, data = load_for(artefact, dataset, count), load_named(dataset)
        atlases.append(complete(artefact, atlas, from_artefact(artefact), data))
    maps = laid_out(atlases, report)
    tensors = {name: torch.from_numpy(xy) for name, xy in maps.items()}
    store.write_tensors(_file(atlases), tensors)


def _file(atlases: Sequence[Atlas]) -> Path:
    return store.home() / ".together" / f"{name_of(atlases)}.safetensors"
