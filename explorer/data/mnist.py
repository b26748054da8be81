"""MNIST: 70,000 handwritten digits, 28x28 grey. Source: LeCun, Cortes & Burges."""

from __future__ import annotations

from pathlib import Path

from explorer.data.base import Dataset
from explorer.data.idx import Idx, load_idx
from explorer.data.registry import register

DIGITS = tuple("0123456789")
MNIST = Idx(
    name="mnist",
    title="MNIST",
    folder="MNIST",
    source="MNIST, 60,000 training and 10,000 test digits",
    classes=DIGITS,
    noun="digit",
    fit="ink",
    instead="use the data set 'mnist-5k', which needs no download",
)


@register(MNIST.name)
def load(root: Path, download: bool) -> Dataset:
    return load_idx(MNIST, root, download)
