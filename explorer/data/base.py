"""What a data set is here: all of its images in memory as bytes, with a train and a test split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from explorer.errors import ExplorerError
from explorer.spec import ModelSpec

SplitName = Literal["train", "test", "all"]
# How a picture from elsewhere is made into such an image; see `explorer.data.fit`.
Fit = Literal["ink", "shape", "photo"]


@dataclass(frozen=True)
class Rendered:
    """Images that are drawn when they are asked for, in the place of a tensor of bytes.

    `draw(index (n,) int64) -> (n, C, H, W)` uint8 on the device of `index`, the same for the same
    index always; `index` says which images these are. Indexing stays lazy and gives a smaller
    `Rendered`, so that three quarters of a million images need no memory; `materialised` draws.
    """

    draw: Callable[[Tensor], Tensor]
    image_shape: tuple[int, int, int]
    index: Tensor

    def __len__(self) -> int:
        return len(self.index)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return (len(self.index), *self.image_shape)

    def __getitem__(self, index: Tensor | slice) -> Rendered:
        return replace(self, index=self.index[index])

    def to(self, device: torch.device) -> Rendered:
        return replace(self, index=self.index.to(device))


Pixels = Tensor | Rendered


def materialised(pixels: Pixels) -> Tensor:
    """The bytes `(N, C, H, W)` uint8 themselves, drawn if they were not yet."""
    return pixels.draw(pixels.index) if isinstance(pixels, Rendered) else pixels


@dataclass(frozen=True)
class Images:
    """Images `(N, C, H, W)` uint8 0-255 with labels `(N,)` int64 and their rows in the data set."""

    pixels: Pixels
    labels: Tensor
    rows: Tensor

    def __len__(self) -> int:
        return len(self.pixels)

    def float(self, start: int = 0, stop: int | None = None) -> Tensor:
        """Images `start:stop` as float32 in [0, 1]."""
        return unit(self.pixels[start:stop])

    def bytes(self) -> Tensor:
        """All of them as uint8 `(N, C, H, W)`."""
        return materialised(self.pixels)

    def to(self, device: torch.device) -> Images:
        return Images(self.pixels.to(device), self.labels.to(device), self.rows.to(device))

    def take(self, index: Tensor | slice) -> Images:
        return Images(self.pixels[index], self.labels[index], self.rows[index])


def unit(pixels: Pixels) -> Tensor:
    """Bytes 0-255 to float32 in [0, 1]."""
    return materialised(pixels).to(torch.float32).div_(255)


@dataclass(frozen=True)
class Factors:
    """What is known of every image beside its class: `values (N, F)` int64, named `names`.

    `sizes` says how many values each factor takes (0 .. size - 1). Generated sets know the factors
    that they were drawn from, CelebA its 40 attributes.
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    values: Tensor


@dataclass(frozen=True)
class Dataset:
    """A whole data set: rows `0 .. train_size-1` are the training split, the rest the test split.

    `source` says in a few words where the images come from, for cards and captions.
    """

    name: str
    title: str
    source: str
    pixels: Pixels
    labels: Tensor
    train_size: int
    classes: tuple[str, ...]
    validation_size: int
    noun: str = "image"
    fit: Fit = "photo"
    # What an image is called in captions, for one stretch of rows after the other: (the row where
    # the stretch stops, a name with "{index}" for the image's 0-based place within the stretch).
    origins: tuple[tuple[int, str], ...] = ()
    factors: Factors | None = None
    # Of how many codes, when the "pixels" are a VQ-VAE's code numbers.
    codes: int = 0
    # Changes when the images do; empty for sets that are always the same.
    stamp: str = ""
    # What was found but could not be used, in sentences.
    faults: tuple[str, ...] = ()
    # Whether the rows are in a seeded random order, so that the first so many are a fair sample.
    shuffled: bool = False

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        channels, height, width = self.pixels.shape[1:]
        return channels, height, width

    def picture(self, row: int) -> Tensor:
        """One image `(C, H, W)` as float32 in [0, 1]."""
        return unit(self.pixels[row : row + 1])[0]

    def split(self, name: SplitName) -> Images:
        start, stop = {
            "train": (0, self.train_size),
            "test": (self.train_size, len(self)),
            "all": (0, len(self)),
        }[name]
        rows = torch.arange(start, stop)
        return Images(self.pixels[start:stop], self.labels[start:stop], rows)

    def fit_and_validation(self) -> tuple[Images, Images]:
        """The training split in two: images to fit, and the last ones kept to choose the best by.

        The test split takes no part in any choice.
        """
        train = self.split("train")
        cut = len(train) - self.validation_size
        return train.take(slice(0, cut)), train.take(slice(cut, len(train)))


def check_shape(spec: ModelSpec, dataset: Dataset) -> None:
    """Raises ExplorerError when a model of this spec cannot take the images of this data set."""
    if dataset.image_shape != spec.image_shape:
        raise ExplorerError(
            f"The model takes images of {spec.image_shape}, but '{dataset.name}' has "
            f"{dataset.image_shape} (channels, height, width)."
        )


def from_arrays(pixels: np.ndarray, labels: np.ndarray) -> tuple[Tensor, Tensor]:
    """`(N, H, W)` or `(N, C, H, W)` bytes and integer labels as contiguous tensors."""
    if pixels.ndim == 3:
        pixels = pixels[:, None]
    return (
        torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.uint8)),
        torch.from_numpy(np.ascontiguousarray(labels, dtype=np.int64)),
    )
