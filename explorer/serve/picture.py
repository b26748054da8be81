"""Images as one PNG."""

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
