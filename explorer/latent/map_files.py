"""Maps on disk: one file for each projection, `maps/<key>.safetensors` in the folder of an atlas.

It holds the places `xy (N, 2)` float32, and in its header what the map is and how far it can be
believed. The header is read without the array, so that listing maps needs neither numpy nor torch.
A map of other weights or another number of images, and a damaged file, is as if it were not there.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from explorer import store
from explorer.errors import ExplorerError
from explorer.latent.spec import ProjectionSpec, spec_of
from explorer.spec import Spec

if TYPE_CHECKING:
    import numpy as np

# A header tells of one array and one record: anything longer is not ours.
MAX_HEADER = 2**16


class Quality(Spec):
    """How far a map can be believed (`explorer.metrics.projection`): ranks of `neighbours`
    neighbours among all `images`, at `points` of them that `seed` has chosen."""

    trustworthiness: float
    continuity: float
    neighbours: int
    images: int
    points: int
    seed: int

    @property
    def sentence(self) -> str:
        """Both figures with how they were measured."""
        where = "all" if self.points == self.images else f"{self.points:,}"
        return (
            f"trustworthiness {self.trustworthiness:.3f}, continuity {self.continuity:.3f} "
            f"({self.neighbours} nearest of {self.images:,} points, at {where} of them)"
        )


class Record(Spec):
    """What is known of a kept map; `note` says what was cut to fit the number of points."""

    spec: ProjectionSpec
    weights_sha256: str
    quality: Quality
    seconds: float
    note: str = ""


def beside(artefact: store.Artefact, atlas_name: str, part: str) -> tuple[Path, ...]:
    """Where a part of an atlas may lie: in the user's home, and beside the model."""
    home = store.home() / ".atlas" / artefact.id
    return tuple(root / atlas_name / part for root in (home, artefact.folder / "atlas"))


def folders(artefact: store.Artefact, atlas_name: str) -> tuple[Path, ...]:
    """Where the maps of an atlas may lie."""
    return beside(artefact, atlas_name, "maps")


def keep(folder: Path, xy: np.ndarray, record: Record) -> None:
    """Write a map `(N, 2)` atomically."""
    import torch

    tensors = {"xy": torch.from_numpy(xy)}
    store.write_tensors(_file(folder, record.spec.key), tensors, {"map": record.model_dump_json()})


def read(maps: Sequence[Path], key: str, weights_sha256: str, images: int) -> np.ndarray | None:
    """The places `(N, 2)` of a map, or None when there is none that fits."""
    spec_of(key)  # a key becomes a file name
    for folder in maps:
        if _record(_file(folder, key), weights_sha256, images):
            try:
                # A copy: the array read is the file itself, and ends with it.
                return store.read_tensors(_file(folder, key))[0]["xy"].numpy().copy()
            except ExplorerError:
                continue
    return None


def record_of(maps: Sequence[Path], key: str, weights_sha256: str, images: int) -> Record | None:
    """What is known of a map, or None when there is none that fits."""
    spec_of(key)
    found = (_record(_file(folder, key), weights_sha256, images) for folder in maps)
    return next((record for record in found if record), None)


def listed(maps: Sequence[Path], weights_sha256: str, images: int) -> set[str]:
    """The keys of all maps that fit."""
    files = [file for folder in maps for file in folder.glob("*.safetensors")]
    return {file.stem for file in files if _record(file, weights_sha256, images)}


def _file(folder: Path, key: str) -> Path:
    return folder / f"{key}.safetensors"


def _record(file: Path, weights_sha256: str, images: int) -> Record | None:
    """The record in a file's header, when it is whole and fits.

    Source: the safetensors format, 8 bytes for the length of a JSON header, then the arrays.
    """
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(min(length, MAX_HEADER)))
        record = Record.model_validate_json(header["__metadata__"]["map"])
        fits = (
            header["xy"]["shape"] == [images, 2]
            and header["xy"]["dtype"] == "F32"
            and file.stat().st_size == 8 + length + 8 * images
            and record.weights_sha256 == weights_sha256
            and record.spec.key == file.stem
        )
    except (OSError, struct.error, ValueError, KeyError, TypeError, ValidationError):
        return None
    return record if fits else None
