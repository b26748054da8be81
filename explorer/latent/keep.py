"""What is computed of an atlas once and kept beside it: layers of its maps, columns of its points.

Each is one safetensors file that names the weights it belongs to.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer import store
from explorer.errors import ExplorerError

if TYPE_CHECKING:
    from explorer.latent.opened import Opened


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
