"""Fashion-MNIST: 70,000 articles of clothing from a shop's catalogue, 28x28 grey.

Source: Xiao, Rasul & Vollgraf 2017, https://github.com/zalandoresearch/fashion-mnist (MIT).
"""

from __future__ import annotations

from pathlib import Path

from explorer.data.base import Dataset
from explorer.data.idx import Idx, load_idx
from explorer.data.registry import register

FASHION_MNIST = Idx(
    name="fashion-mnist",
    title="Fashion-MNIST",
    folder="FashionMNIST",
    source="Fashion-MNIST, 60,000 training and 10,000 test articles of clothing",
    classes=(
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
    noun="article",
    fit="shape",
)


@register(FASHION_MNIST.name)
def load(root: Path, download: bool) -> Dataset:
    return load_idx(FASHION_MNIST, root, download)
