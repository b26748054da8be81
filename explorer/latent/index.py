"""Which maps a model has, read from small JSON files alone: the first paint waits for no array."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from explorer import store
from explorer.errors import ExplorerError
from explorer.latent.names import METHOD_TITLES

PARAMETERS = "atlas.json"


@dataclass(frozen=True)
class Maps:
    """One atlas of a model: its folder, data set, number of images, projections in order, and the
    names of the classes."""

    folder: Path
    dataset: str
    images: int
    projections: tuple[str, ...]
    classes: tuple[str, ...] = ()


def folders(artefact: store.Artefact) -> list[Path]:
    """The atlas folders of a model: those in the user's home first, then the model's own."""
    roots = [store.home() / ".atlas" / artefact.id, artefact.folder / "atlas"]
    return [
        folder
        for root in roots
        if root.is_dir()
        for folder in sorted(root.iterdir())
        if (folder / PARAMETERS).exists()
    ]


def projections_of(artefact: store.Artefact) -> list[Maps]:
    """The atlases that belong to a model's present weights; damaged ones are left out."""
    found = []
    for folder in folders(artefact):
        try:
            about = store.read_json(folder / PARAMETERS)
            if about["weights_sha256"] != artefact.card.weights_sha256 or not about["projections"]:
                continue
            made = tuple(name for name in METHOD_TITLES if name in about["projections"])
            classes = tuple(str(name) for name in about.get("classes", ()))
            images = int(about["images"])
            found.append(Maps(folder, str(about["dataset"]), images, made, classes))
        except (ExplorerError, KeyError, TypeError, ValueError):
            continue
    return found
