"""Images as one PNG, or as an animated GIF."""

from __future__ import annotations

import io
from math import ceil

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo


def mosaic_png(images: np.ndarray, columns: int, about: str = "") -> bytes:
    """Images `(n, H, W, C)` uint8, grey or colour, row by row as PNG bytes; cells left over are
    black. `about` is kept in the file as its description."""
    n, height, width, channels = images.shape
    rows = ceil(n / columns)
    full = np.zeros((rows * columns, height, width, channels), np.uint8)
    full[:n] = images
    tiled = full.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    mosaic = tiled.reshape(rows * height, columns * width, channels)
    text = PngInfo()
    if about:
        text.add_text("Description", about)
    stream = io.BytesIO()
    picture = Image.fromarray(mosaic[..., 0] if channels == 1 else mosaic)
    picture.save(stream, "PNG", pnginfo=text)
    return stream.getvalue()


# The longer side of an animated picture, in pixels, where it can be reached by whole factors.
GIF_SIDE = 224


def animation_gif(images: np.ndarray, milliseconds: int, loop: bool, bounce: bool) -> bytes:
    """Images `(n, H, W, C)` uint8 one after the other as GIF bytes, each shown so long; again and
    again (`loop`) or once, and back again from the last to the first if it is to `bounce`.

    Pixels are enlarged by a whole factor and stay sharp. Grey values are exact; colours become the
    256 nearest of each image.
    """
    factor = max(1, GIF_SIDE // max(images.shape[1:3]))
    large = images.repeat(factor, axis=1).repeat(factor, axis=2)
    frames = [Image.fromarray(one[..., 0] if one.shape[2] == 1 else one) for one in large]
    frames += frames[-2:0:-1] if bounce else []
    stream = io.BytesIO()
    again = {"loop": 0} if loop else {}
    frames[0].save(
        stream, "GIF", save_all=True, append_images=frames[1:], duration=milliseconds, **again
    )
    return stream.getvalue()
