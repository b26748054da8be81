"""40,000 drawn faces, 64x64 RGB, with eight independent factors that are known of each.

Every face is drawn, of no real person: an offline stand-in for CelebA in lessons on
disentanglement. The faces are a fixed sample of the grid of all 1,270,080 combinations of the
factors, in the order of numpy's RandomState(0) permutation of it: the first 36,000 are the
training split, of which the last 2,000 choose the best weights, the last 4,000 the test split.
They are drawn when they are asked for. The label is the hair style.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from explorer.data.base import Dataset, Factors, Rendered
from explorer.data.face_drawing import SIZE, SIZES, draw
from explorer.data.face_hair import STYLES
from explorer.data.registry import register

NAMES = tuple(SIZES)
COUNT, TRAIN, VALIDATION = 40_000, 36_000, 2_000
COMBINATIONS = math.prod(SIZES.values())


def factors_of(index: Tensor) -> Tensor:
    """Factor values `(n, 8)` int64 of the grid's indices `(n,)`; the last factor changes fastest.

    Index i is the mixed-radix number whose digits are the values, in the order of `NAMES`.
    """
    values = []
    for size in reversed(SIZES.values()):
        values.append(index % size)
        index = index // size
    return torch.stack(values[::-1], dim=1)


def index_of(values: Tensor) -> Tensor:
    """The grid's indices `(n,)` int64 of factor values `(n, 8)`: the inverse of `factors_of`."""
    index = torch.zeros_like(values[:, 0])
    for column, size in zip(values.unbind(1), SIZES.values(), strict=True):
        index = index * size + column
    return index


def draw_index(index: Tensor) -> Tensor:
    """Faces `(n, 3, 64, 64)` uint8 of the grid's indices `(n,)`, always the same for the same."""
    return draw(factors_of(index))


@register("faces")
def load(root: Path, download: bool) -> Dataset:
    order = np.random.RandomState(0).permutation(COMBINATIONS)[:COUNT]
    index = torch.tensor(order, dtype=torch.int64)
    values = factors_of(index)
    return Dataset(
        name="faces",
        title="Drawn faces",
        source=f"{COUNT:,} of {COMBINATIONS:,} faces drawn from eight factors; no real person",
        pixels=Rendered(draw_index, (3, SIZE, SIZE), index),
        labels=values[:, NAMES.index("hair style")].clone(),
        train_size=TRAIN,
        classes=STYLES,
        validation_size=VALIDATION,
        noun="face",
        origins=((COUNT, "drawn face {index}"),),
        shuffled=True,
        factors=Factors(NAMES, tuple(SIZES.values()), values),
    )
