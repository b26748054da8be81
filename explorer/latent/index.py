"""Which maps a model has, read from small JSON files alone: the first paint waits for no array."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from explorer import store
from explorer.errors import ExplorerError
from explorer.latent import map_files
from explorer.latent.names import METHOD_TITLES, name_for_map
from explorer.latent.spec import spec_of

PARAMETERS = "atlas.json"
# Above so many images an atlas takes long to draw and to encode.
MANY = 20_000


class FactorNames(NamedTuple):
    """The factors or attributes of a data set, and how many values each takes."""

    names: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()


NO_FACTORS = FactorNames()


@dataclass(frozen=True)
class Maps:
    """One atlas of a model: its folder, data set, number of images, the keys of its projections in
    order (those kept since included), the names of the classes, and of how many images it holds the
    first ones or a random sample."""

    folder: Path
    dataset: str
    images: int
    projections: tuple[str, ...]
    classes: tuple[str, ...] = ()
    total: int = 0
    sample: str = "first"
    factors: FactorNames = NO_FACTORS


def folders(artefact: store.Artefact) -> list[Path]:
    """The atlas folders of a model: those in the user's home first, then the model's own."""
    return [
        folder
        for root in _roots(artefact.id, artefact.folder)
        if root.is_dir()
        for folder in sorted(root.iterdir())
        if (folder / PARAMETERS).exists()
    ]


def _roots(artefact_id: str, folder: Path) -> tuple[Path, Path]:
    return store.home() / ".atlas" / artefact_id, folder / "atlas"


def stamps(place: store.Place) -> dict[Path, int]:
    """The folder of each atlas of a model, and when it was written, in nanoseconds."""
    found = {}
    for root in _roots(place.folder.name, place.folder):
        with suppress(OSError), os.scandir(root) as entries:
            for entry in entries:
                with suppress(OSError):
                    file = os.path.join(entry.path, PARAMETERS)
                    found[Path(entry.path)] = os.stat(file).st_mtime_ns
    return found


def projections_of(artefact: store.Artefact) -> list[Maps]:
    """The atlases that belong to a model's present weights; damaged ones are left out.

    A page that asks for no other opens the first: of the model's own data set, with the most
    kinds of maps, and not of MANY images.
    """
    found = []
    for folder in folders(artefact):
        try:
            about = store.read_json(folder / PARAMETERS)
            if about["weights_sha256"] != artefact.card.weights_sha256 or not about["projections"]:
                continue
            images = int(about["images"])
            lie = map_files.folders(artefact, folder.name)
            since = map_files.listed(lie, about["weights_sha256"], images)
            made = tuple(sorted({*about["projections"], *since}, key=_order))
            classes = tuple(str(name) for name in about.get("classes", ()))
            total, sample = int(about.get("total", images)), str(about.get("sample", "first"))
            dataset = str(about["dataset"])
            known = dict(about.get("factors", {}))
            factors = FactorNames(tuple(map(str, known)), tuple(map(int, known.values())))
            found.append(Maps(folder, dataset, images, made, classes, total, sample, factors))
        except (ExplorerError, KeyError, TypeError, ValueError):
            continue
    own = name_for_map(artefact.id, artefact.card.spec.data)

    def last(maps: Maps) -> tuple[int, bool, int]:
        """What opens first: not too many images, the model's own data set, the most maps."""
        methods = {spec_of(key).method for key in maps.projections}
        return (maps.images if maps.images > MANY else 0, maps.dataset != own, -len(methods))

    return sorted(found, key=last)


def _order(key: str) -> tuple[int, str]:
    return list(METHOD_TITLES).index(spec_of(key).method), key
