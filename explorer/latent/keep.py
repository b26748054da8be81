"""What is computed of an atlas once and kept beside it: layers of its maps, columns of its points,
and facts, which are a few numbers.

Arrays are one safetensors file each, that names the weights it belongs to; a fact is a small JSON
file. Shipped models bring their facts.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from pydantic import ValidationError

from explorer import store
from explorer.errors import ExplorerError
from explorer.latent.map_files import beside
from explorer.spec import Spec

if TYPE_CHECKING:
    from explorer.latent.atlas import Atlas

log = logging.getLogger(__name__)
Fact = TypeVar("Fact", bound=Spec)


def file_for(artefact: store.Artefact, dataset: str, count: int, name: str) -> Path:
    """Where the part `name` of an atlas is kept, `layers/umap.density` for instance."""
    from explorer.latent.atlas import folder_for

    return folder_for(artefact, f"{dataset}-{count}") / f"{name}.safetensors"


def write(
    artefact: store.Artefact, atlas: Atlas, name: str, arrays: dict[str, np.ndarray], about: Any
) -> None:
    """Keep arrays and what is said of them, atomically, with the checksum of the weights."""
    import torch

    file = file_for(artefact, atlas.dataset, len(atlas), name)
    tensors = {key: torch.from_numpy(np.ascontiguousarray(a)) for key, a in arrays.items()}
    digest = artefact.card.weights_sha256
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


def once(
    artefact: store.Artefact,
    atlas: Atlas,
    name: str,
    by: dict[str, Any],
    kind: type[Fact],
    measure: Callable[[], Fact],
) -> Fact:
    """A fact about an atlas with all its latents: as it was kept, else measured now and kept.

    `by` says how it is measured. One of other weights or latents, one measured in another way and a
    damaged file are as if they were not there; one that cannot be written is measured each time.
    """
    from explorer.latent.atlas import folder_for

    part = f"facts/{name}.json"
    stamp = {"weights_sha256": atlas.weights_sha256, "points_sha256": atlas.sha256, "by": by}
    for file in beside(artefact, atlas.name, part):
        with suppress(ExplorerError, ValidationError, KeyError, TypeError):
            said = store.read_json(file)
            if said["stamp"] == stamp:
                return kind.model_validate(said["fact"])
    fact = measure()
    try:
        said = {"stamp": stamp, "fact": fact.model_dump(mode="json")}
        store.write_json(folder_for(artefact, atlas.name) / part, said)
    except ExplorerError as error:
        log.warning("a fact is not kept: %s", error)
    return fact
