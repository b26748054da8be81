"""MNIST: 70,000 handwritten digits, 28x28 grey.

Source: LeCun, Cortes & Burges; read through torchvision. Rows 0-59,999 are the training split, of
which the last 5,000 choose the best weights; rows 60,000-69,999 are the test split.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from explorer.data.base import Dataset, from_arrays
from explorer.data.registry import register
from explorer.errors import ExplorerError

DIGITS = tuple("0123456789")


@register("mnist")
def load(root: Path, download: bool) -> Dataset:
    from explorer.data.vision import torchvision

    try:
        parts = [
            torchvision.datasets.MNIST(root=str(root), train=train, download=download)
            for train in (True, False)
        ]
    except RuntimeError as error:
        if "download" in str(error).lower() or "not found" in str(error).lower():
            raise _absent(root, download) from error
        raise _damaged(root) from error
    except (ValueError, LookupError, EOFError, OSError, AssertionError, TypeError) as error:
        raise _damaged(root) from error
    counts = [len(part.data) for part in parts]
    matched = all(len(part.data) == len(part.targets) for part in parts)
    if counts != [60_000, 10_000] or not matched:
        raise _damaged(root)
    pixels, labels = from_arrays(
        np.concatenate([part.data.numpy() for part in parts]),
        np.concatenate([part.targets.numpy() for part in parts]),
    )
    return Dataset(
        name="mnist",
        title="MNIST",
        source="MNIST, 60,000 training and 10,000 test digits",
        pixels=pixels,
        labels=labels,
        train_size=60_000,
        classes=DIGITS,
        validation_size=5_000,
        noun="digit",
        origins=(
            (60_000, "MNIST training image {index}"),
            (70_000, "MNIST test image {index}"),
        ),
    )


def _absent(root: Path, download: bool) -> ExplorerError:
    if download:
        return ExplorerError(
            f"MNIST could not be downloaded to '{root}'; check the internet connection, or copy "
            f"its four IDX files to '{root / 'MNIST' / 'raw'}'."
        )
    return ExplorerError(
        f"There is no MNIST under '{root}'. Point --data-root or EXPLORER_DATA at the folder that "
        "holds MNIST/raw, add --download to fetch it, or use the data set 'mnist-5k', which needs "
        "no download."
    )


def _damaged(root: Path) -> ExplorerError:
    return ExplorerError(
        f"The MNIST files under '{root / 'MNIST' / 'raw'}' are damaged or cut short; delete them "
        "and add --download to fetch them again, or copy them anew."
    )
