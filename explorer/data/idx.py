"""The data sets in MNIST's own file format (IDX): 70,000 grey images of 28x28 in ten classes.

Read through torchvision from `<root>/<folder>/raw`. Rows 0-59,999 are the training split, of which
the last 5,000 choose the best weights; rows 60,000-69,999 are the test split.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import numpy as np

from explorer.data.base import Dataset, Fit, from_arrays
from explorer.errors import ExplorerError

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
TRAIN, TEST, VALIDATION, SIDE = 60_000, 10_000, 5_000, 28
# What torchvision raises for absent and damaged files, and for a download that fails.
UNREADABLE = (
    *(RuntimeError, ValueError, LookupError, EOFError, AssertionError, TypeError),
    *(OSError, HTTPException),
)


@dataclass(frozen=True)
class Idx:
    """One of these data sets. `folder` is torchvision's name for it, of the class and on disk."""

    name: str
    title: str
    folder: str
    source: str
    classes: tuple[str, ...]
    noun: str
    fit: Fit
    # The rest of a sentence for someone without the files: what else there is.
    instead: str = ""


def load_idx(kind: Idx, root: Path, download: bool) -> Dataset:
    """All 70,000 images `(N, 1, 28, 28)`.

    Raises ExplorerError when files are absent (it says how to get them), damaged or cut short.
    """
    raw = root / kind.folder / "raw"
    try:
        parts = [_part(kind, root, train, download) for train in (True, False)]
    except UNREADABLE as error:
        if all(os.path.isfile(raw / file) for file in FILES):
            raise _damaged(kind, raw) from error
        raise _absent(kind, root, download) from error
    images = [part.data.numpy() for part in parts]
    labels = [part.targets.numpy() for part in parts]
    if (
        [x.shape for x in images] != [(TRAIN, SIDE, SIDE), (TEST, SIDE, SIDE)]
        or [y.shape for y in labels] != [(TRAIN,), (TEST,)]
        or any(y.max() >= len(kind.classes) for y in labels)
    ):
        raise _damaged(kind, raw)
    pixels, targets = from_arrays(np.concatenate(images), np.concatenate(labels))
    return Dataset(
        name=kind.name,
        title=kind.title,
        source=kind.source,
        pixels=pixels,
        labels=targets,
        train_size=TRAIN,
        classes=kind.classes,
        validation_size=VALIDATION,
        noun=kind.noun,
        fit=kind.fit,
        origins=(
            (TRAIN, f"{kind.title} training image {{index}}"),
            (TRAIN + TEST, f"{kind.title} test image {{index}}"),
        ),
    )


def _part(kind: Idx, root: Path, train: bool, download: bool) -> Any:
    """One split as torchvision reads it."""
    from explorer.data.vision import torchvision

    original = getattr(torchvision.datasets, kind.folder)
    # Under the same name, which is also the folder's. Files that old versions of torchvision wrote
    # (`processed/training.pt`) are passed over: nothing is unpickled.
    reader = type(kind.folder, (original,), {"_check_legacy_exist": lambda self: False})
    return reader(root=str(root), train=train, download=download)


def _absent(kind: Idx, root: Path, download: bool) -> ExplorerError:
    if download:
        return ExplorerError(
            f"{kind.title} could not be downloaded to '{root}'; check the internet connection, or "
            f"copy its four IDX files to '{root / kind.folder / 'raw'}'."
        )
    point = (
        f"There is no {kind.title} under '{root}'. Point --data-root or EXPLORER_DATA at the "
        f"folder that holds {kind.folder}/raw"
    )
    if kind.instead:
        return ExplorerError(f"{point}, add --download to fetch it, or {kind.instead}.")
    return ExplorerError(f"{point}, or add --download to fetch it.")


def _damaged(kind: Idx, raw: Path) -> ExplorerError:
    return ExplorerError(
        f"The {kind.title} files under '{raw}' are damaged or cut short; delete them and add "
        "--download to fetch them again, or copy them anew."
    )
