"""What is computed of an atlas once and kept beside it: layers of its maps, columns of its points.

Each is one safetensors file that names the weights it belongs to.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer import store
from explorer.errors import ExplorerError

if TYPE_CHECKING:
    from explorer.data import Dataset
    from explorer.latent.atlas import Atlas
    from explorer.loaded import Model

# Told how far a computation is: the share that is done, 0 to 1, and what is being done.
Report = Callable[[float, str], object]


def silent(share: float, doing: str) -> None:
    """A report to nobody."""


@dataclass(frozen=True)
class Opened:
    """A model with one of its atlases, latents complete, and the data set behind it."""

    artefact: store.Artefact
    model: Model
    atlas: Atlas
    dataset: Dataset


def open_atlas(model: str, dataset: str, count: int) -> Opened:
    """The atlas of the first `count` images of a data set by a model.

    Raises ExplorerError for names that are unknown and an atlas that is not there.
    """
    from explorer.latent.atlas import completed, load_for
    from explorer.loaded import from_artefact
    from explorer.training.images import load_named

    artefact = store.open_artefact(model)
    loaded, data = from_artefact(artefact), load_named(dataset)
    atlas = completed(load_for(artefact, dataset, count), loaded, data)
    return Opened(artefact, loaded, atlas, data)


def file_for(artefact: store.Artefact, dataset: str, count: int, name: str) -> Path:
    """Where the part `name` of an atlas is kept, `layers/umap.density` for instance."""
    from explorer.latent.atlas import folder_for

    return folder_for(artefact, f"{dataset}-{count}") / f"{name}.safetensors"


def write(opened: Opened, name: str, arrays: dict[str, np.ndarray], about: Any) -> None:
    """Keep arrays and what is said of them, atomically, with the checksum of the weights."""
    import torch

    file = file_for(opened.artefact, opened.dataset.name, len(opened.atlas), name)
    tensors = {key: torch.from_numpy(np.ascontiguousarray(a)) for key, a in arrays.items()}
    digest = opened.artefact.card.weights_sha256
    store.write_tensors(file, tensors, {"weights_sha256": digest, "about": json.dumps(about)})


def read(
    artefact: store.Artefact, dataset: str, count: int, name: str
) -> tuple[dict[str, np.ndarray], Any] | None:
    """Arrays and what is said of them; None where they are absent, damaged or of other weights."""
    file = file_for(artefact, dataset, count, name)
    if not file.exists():
        return None
    try:
        tensors, said = store.read_tensors(file)
        if said["weights_sha256"] != artefact.card.weights_sha256:
            return None
        return {key: tensor.numpy() for key, tensor in tensors.items()}, json.loads(said["about"])
    except (ExplorerError, KeyError, ValueError):
        return None
