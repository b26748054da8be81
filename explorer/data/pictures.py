"""From picture files to bytes: read one after the other, whatever they hold.

A file that cannot be used is no reason to stop: it becomes a sentence, and the rest goes on.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from os import cpu_count
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from PIL import Image, ImageOps

# What Pillow may try, whatever the ending says. More would let a file start other programs (EPS).
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
# Pixels of one picture; Pillow's own bound against small files that unfold to gigabytes.
MAX_PIXELS = 89_478_485
# Pictures decoded side by side; each thread may hold one of MAX_PIXELS.
THREADS = min(4, cpu_count() or 1)
# Files handed to the threads at a time: results that wait to be taken stay few.
CHUNK = 256
# Faults that are named before the rest is only counted.
NAMED_FAULTS = 20

Picture = TypeVar("Picture", np.ndarray, Image.Image)
Read = Callable[[Path], np.ndarray]
Progress = Callable[[int, int], object]  # (files done, files in all)


class UnusableError(Exception):
    """One picture that cannot be used. The message goes on after its name: "'a.png' is ..."."""


# --- one picture ------------------------------------------------------------------------------


def read_square(file: Path, size: int, grey: bool) -> np.ndarray:
    """The picture as `(C, size, size)` uint8: the shorter side scaled to `size`, the middle kept.

    With antialiasing. Raises what `read_picture` does.
    """
    # A JPEG is decoded at half, a quarter or an eighth where that leaves twice the size.
    picture = read_picture(file, enough=2 * size)
    return planes(square(picture.convert("L" if grey else "RGB"), size))


def read_picture(
    source: Path | BinaryIO,
    enough: int | None = None,
    formats: tuple[str, ...] = FORMATS,
) -> Image.Image:
    """The picture of a file, grey (L) or RGB: upright (EXIF orientation), 8 bit, on white where it
    is transparent.

    Of a JPEG sides of `enough` pixels may do. Raises UnusableError for animations, pages and
    pictures of more than MAX_PIXELS, and whatever Pillow raises.
    """
    with Image.open(source, formats=formats) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise UnusableError(
                f"has {width:,} x {height:,} pixels, more than the limit of {MAX_PIXELS:,}"
            )
        # MPO is a photo with a preview or a second view beside it, as phones write it.
        if getattr(image, "is_animated", False) and image.format != "MPO":
            raise UnusableError("is an animation or has several pages")
        if enough is not None:
            image.draft(None, (enough, enough))
        ImageOps.exif_transpose(image, in_place=True)
        picture = _on_white(_eight_bit(image))
        return picture.convert("L" if picture.mode in ("1", "L") else "RGB")


def square(picture: Image.Image, size: int) -> Image.Image:
    """The middle square of a picture, scaled to `size` pixels a side with antialiasing."""
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    box = (left, top, left + side, top + side)
    return picture.resize((size, size), Image.Resampling.BILINEAR, box)


def planes(image: Image.Image) -> np.ndarray:
    """A grey or RGB picture as `(C, H, W)` uint8."""
    array = np.asarray(image)
    return array[None] if array.ndim == 2 else np.ascontiguousarray(array.transpose(2, 0, 1))


def _eight_bit(image: Image.Image) -> Image.Image:
    """16-bit grey scaled to 8 bit; everything else as it is."""
    if image.mode == "F":
        raise UnusableError("holds decimal numbers, whose black and white are not known")
    if not image.mode.startswith("I"):
        return image
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65_535:
        raise UnusableError("holds numbers beyond 16 bits")
    return Image.fromarray(((values * 255 + 32_767) // 65_535).astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    picture = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)


# --- many -------------------------------------------------------------------------------------


def read_each(
    files: Sequence[Path], read: Read, report: Progress = lambda done, total: None
) -> Iterator[np.ndarray | str]:
    """What `read` makes of every file, in their order, or why one cannot be used.

    The reason goes on after the file's name and lacks the full stop. Memory holds a few hundred
    results, however many files there are.
    """
    names, done = iter(files), 0
    with ThreadPoolExecutor(THREADS) as pool, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd files; what matters is a reason here
        while chunk := list(islice(names, CHUNK)):
            for outcome in pool.map(lambda file: attempt(lambda: read(file)), chunk):
                yield outcome
                done += 1
            report(done, len(files))


def attempt(read: Callable[[], Picture]) -> Picture | str:
    """What `read` gives, or why a picture cannot be used."""
    try:
        return read()
    except UnusableError as error:
        return str(error)
    except Image.DecompressionBombError:
        return f"has more than the limit of {MAX_PIXELS:,} pixels"
    except FileNotFoundError:
        return "is missing"
    except PermissionError:
        return "may not be read"
    except MemoryError:
        return "needs more memory than there is"
    except Exception:  # on bytes they do not expect, Pillow's readers raise nearly every kind
        return "is damaged or of a kind that cannot be read"


def told(faults: Sequence[str]) -> tuple[str, ...]:
    """The first faults, then how many more there are."""
    more = len(faults) - NAMED_FAULTS
    if more <= 0:
        return tuple(faults)
    rest = "1 more file" if more == 1 else f"{more:,} more files"
    return (*faults[:NAMED_FAULTS], f"{rest} could not be used.")


def shown(name: str) -> str:
    """A file's name on one line, also where it holds line breaks or bytes that are no text."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name
    )


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """A bar on the standard error of a terminal, for what lasts longer than a second."""
    from tqdm import tqdm

    with tqdm(desc=title, unit="image", delay=1, file=sys.stderr, disable=None) as bar:

        def report(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield report
