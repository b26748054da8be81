"""Latent Explorer: train, load and walk the latent spaces of autoencoders.

import explorer

model = explorer.load("mnist-vae-2d")
posterior = model.encode(images)      # images (N, C, H, W) in [0, 1]
pictures = model.decode(posterior.mean)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from explorer.data import Dataset
    from explorer.latent.places import Map
    from explorer.loaded import Model
    from explorer.models.base import Posterior
    from explorer.store import Card

__all__ = [
    "Card",
    "Dataset",
    "Map",
    "Model",
    "Posterior",
    "cards",
    "dataset",
    "load",
    "load_map",
    "picture",
]

_HOMES = {
    "Card": "explorer.store",
    "Dataset": "explorer.data",
    "Map": "explorer.latent.places",
    "Model": "explorer.loaded",
    "Posterior": "explorer.models.base",
}


def load(name_or_path: str | Path, device: str = "auto") -> Model:
    """Load a model by its id (`mnist-vae-2d`) or by the path of its folder.

    Raises ExplorerError when there is none of that name, or its files are damaged.
    """
    from explorer.loaded import load as load_model

    return load_model(name_or_path, device)


def cards() -> list[Card]:
    """The cards of all models that can be opened: your own first, then the shipped ones."""
    from explorer.store import find

    return [artefact.card for artefact in find().artefacts if artefact.card.kind == "model"]


def dataset(name: str) -> Dataset:
    """The images of a map by the name that the map gives them: `mnist-5k`, `images-of-my-vae`.

    `.picture(row)` is one of them, `(C, H, W)` in [0, 1]. Raises ExplorerError when they are not
    on this machine.
    """
    from explorer.training.images import load_named

    return load_named(name)


def picture(source: str | Path, dataset: str) -> np.ndarray:
    """A picture file, or one drawn in the app by its name, as an image `(C, H, W)` float32 in
    [0, 1] of a data set: what its models see of it (`explorer.data.fit`).

    Raises ExplorerError for a file that is no such picture, OSError for one that is not there.
    """
    from pathlib import Path

    from explorer import own
    from explorer.data.fit import fitted
    from explorer.training.images import load_named

    kept = own.exists(str(source))
    found = own.read(str(source)) if kept else own.picture(Path(source).read_bytes())
    return fitted(found, load_named(dataset)).image


def load_map(model: str, dataset: str, projection: str, count: int | None = None) -> Map:
    """A map of a model: `load_map("mnist-vae-20", "mnist-5k", "umap").latents_at([(1.5, 2)])`.

    `count` chooses among maps of different numbers of images; without it the first that opens.
    Raises ExplorerError when the model has no map of this data set, or not this projection.
    """
    from explorer.latent.atlas import complete, load_for
    from explorer.latent.places import Map
    from explorer.store import open_artefact
    from explorer.training.images import load_named

    artefact = open_artefact(model)
    atlas = load_for(artefact, dataset, count)
    atlas.coordinates(projection)
    return Map(complete(artefact, atlas, load(model), load_named(dataset)), projection)


def __getattr__(name: str) -> object:
    """Public names are imported when they are asked for, so that `import explorer` stays light."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'explorer' has no attribute '{name}'")
