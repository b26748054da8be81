"""A picture from elsewhere, drawn or uploaded, made into an image as a data set holds them.

Each data set names how (`Dataset.fit`):

    ink    one glyph, white on black, as MNIST was made: its longest side scaled to 20 of 28 pixels,
           its centre of mass in the middle (LeCun et al. 1998, section III.A)
    shape  white on black where it lies: only turned, padded to a square and scaled
    photo  the middle square, scaled

A picture that has the size of the images already is taken as it is, but for its polarity.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from PIL import Image

from explorer.data.base import Dataset
from explorer.data.pictures import planes, square

# The box of MNIST's digits, of the side of an image.
INK_BOX = 20 / 28
# Grey levels between background and brightest ink below which nothing is there: the noise of a
# blank sheet that was photographed.
FAINT = 0.1
# This share of the edge shows paper, whose levels differ by no more than UNEVEN.
EVEN, UNEVEN = 0.9, 0.25


@dataclass(frozen=True)
class Fitted:
    """An image `(C, H, W)` float32 in [0, 1] as a model sees it, and what was done to it."""

    image: np.ndarray
    words: str


def fitted(picture: Image.Image, dataset: Dataset) -> Fitted:
    """A picture, grey (L) or RGB, as an image of a data set."""
    channels, height, width = dataset.image_shape
    mode = "L" if channels == 1 else "RGB"
    if dataset.fit == "photo":
        image = planes(square(picture.convert(mode), height)).astype(np.float32) / 255
        return Fitted(image, f"Its middle square, scaled to {height} × {width} pixels.")
    grey, turned = light_on_dark(np.asarray(picture.convert("L"), np.float32) / 255)
    words = "Turned to white on black. " if turned else ""
    if grey.shape == (height, width):
        image, words = grey, words or "Taken as it is: it has the size that the model takes."
    elif dataset.fit == "shape":
        image = _scaled(_padded(grey), height, height)
        words += f"Scaled to {height} × {width} pixels."
    else:
        image, done = glyph(grey, height)
        words += done
    # In bytes, as the images that the models have learned from.
    image = (np.rint(255 * image) / 255).astype(np.float32)
    return Fitted(np.repeat(image[None], channels, 0), words.strip())


def light_on_dark(grey: np.ndarray) -> tuple[np.ndarray, bool]:
    """Grey values `(H, W)` in [0, 1] turned so that the background is dark, and whether they were.

    The background is what most of the edge of the picture shows.
    """
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    turned = bool(np.median(edge) > 0.5)
    return (1 - grey if turned else grey), turned


def glyph(grey: np.ndarray, side: int) -> tuple[np.ndarray, str]:
    """A light glyph on a dark ground `(H, W)` in [0, 1] as `(side, side)` in MNIST's manner, and in
    a sentence what was done. A picture without ink becomes black."""
    ink = ink_of(grey)
    if ink is None:
        blank = np.zeros((side, side), np.float32)
        return blank, "Nothing is drawn on it: the model sees a black image."
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    size = round(INK_BOX * side)
    height, width = (max(1, round(length * size / max(cut.shape))) for length in cut.shape)
    small = _scaled(cut, height, width)
    # MNIST's centres of mass lie within the pixel to the lower right of the middle, all of them.
    y, x = (ceil(side / 2 - centre) for centre in centre_of_mass(small))
    y, x = min(max(y, 0), side - height), min(max(x, 0), side - width)
    image = np.zeros((side, side), np.float32)
    image[y : y + height, x : x + width] = small
    words = (
        f"Scaled to {size} × {size} pixels and moved so that the middle of its ink is in the centre"
    )
    return image, f"{words}, as MNIST's digits are."


def ink_of(grey: np.ndarray) -> np.ndarray | None:
    """What is written on a dark ground `(H, W)`, from 0 (ground) to 1 (the brightest); None where
    nothing is. The ground is not even: what its edges vary by is none of the ink."""
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    ground = float(np.median(edge))
    floor = ground + min(float(np.quantile(edge - ground, EVEN)), UNEVEN)
    brightest = float(grey.max())
    if brightest - floor < FAINT:
        return None
    return np.clip((grey - floor) / (brightest - floor), 0, 1).astype(np.float32)


def centre_of_mass(ink: np.ndarray) -> tuple[float, float]:
    """The centre (y, x) of ink `(H, W)` in pixels from the upper left corner."""
    total = ink.sum(dtype=np.float64)
    y, x = (
        float(ink.sum(axis) @ (np.arange(ink.shape[1 - axis]) + 0.5) / total) for axis in (1, 0)
    )
    return y, x


def _padded(grey: np.ndarray) -> np.ndarray:
    """The picture in the middle of a black square."""
    height, width = grey.shape
    side = max(height, width)
    whole = np.zeros((side, side), np.float32)
    y, x = (side - height) // 2, (side - width) // 2
    whole[y : y + height, x : x + width] = grey
    return whole


def _scaled(grey: np.ndarray, height: int, width: int) -> np.ndarray:
    """Scaled with antialiasing."""
    picture = Image.fromarray(np.ascontiguousarray(grey, np.float32))
    resized = picture.resize((width, height), Image.Resampling.BILINEAR)
    return np.clip(np.asarray(resized, np.float32), 0, 1)
