"""Data sets behind one registry: `load_dataset(name)` gives images in memory with their labels."""

from explorer.data import (  # noqa: F401  (each registers its loader)
    celeba,
    faces,
    fashion_mnist,
    folder,
    kmnist,
    mnist,
    mnist_5k,
    sprites,
)
from explorer.data.base import Dataset, Factors, Images, Rendered, check_shape, materialised, unit
from explorer.data.registry import data_root, load_dataset, names

__all__ = [
    "Dataset",
    "Factors",
    "Images",
    "Rendered",
    "check_shape",
    "data_root",
    "load_dataset",
    "materialised",
    "names",
    "unit",
]
