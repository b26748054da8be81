"""Pictures of one's own, drawn or uploaded, kept under a name that their content gives.

They lie in `.own` of the home as PNG, at most MOST of them: the one that was kept longest ago goes
first. The name is the only way to one, so nobody finds another's by looking.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import threading
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from PIL import Image

from explorer import store
from explorer.errors import ExplorerError

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_BYTES = 20 * 1024 * 1024
# Pixels of the longer side of what is kept: eight times what the largest shipped model takes.
SIDE = 512
MOST = 5_000
TOO_LARGE = f"A picture may have at most {MAX_BYTES // 2**20} MB; save it smaller."
GONE = "This own picture is not kept here any more; draw or upload it again."
NAME = re.compile(r"[0-9a-f]{16}")
# One at a time: thirty of the largest at once would not fit into the memory of a small server.
_reading = threading.Lock()


def folder() -> Path:
    return store.home() / ".own"


def keep(data: bytes) -> str:
    """Keep a picture file; its name. The same picture has the same name. Raises what `picture`
    does."""
    return keep_picture(picture(data))


def picture(data: bytes) -> Image.Image:
    """The picture in a file (PNG, JPEG, WebP), grey or RGB, no larger than needed.

    Raises ExplorerError for what is no such picture, or a too large one.
    """
    if len(data) > MAX_BYTES:
        raise ExplorerError(TOO_LARGE)
    from explorer.data.pictures import attempt, read_picture

    with _reading:
        found = attempt(lambda: read_picture(io.BytesIO(data), 2 * SIDE, FORMATS))
    if isinstance(found, str):
        raise ExplorerError(f"This file {found}; choose another picture (PNG, JPEG or WebP).")
    if max(found.size) > SIDE:
        found.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return found


def keep_picture(picture: Image.Image) -> str:
    """Keep a grey or RGB picture; its name."""
    digest = hashlib.sha256(f"{picture.mode} {picture.size} ".encode() + picture.tobytes())
    name = digest.hexdigest()[:16]
    file = folder() / f"{name}.png"
    with suppress(FileNotFoundError):
        os.utime(file)
        return name
    store.write_atomically(file, lambda path: picture.save(path, "PNG"))
    _forget_oldest()
    return name


def exists(name: str) -> bool:
    return bool(NAME.fullmatch(name)) and (folder() / f"{name}.png").exists()


def read(name: str) -> Image.Image:
    """A kept picture, grey or RGB. Raises ExplorerError when it is not there (any more)."""
    file = folder() / f"{name}.png"
    try:
        if not NAME.fullmatch(name):
            raise FileNotFoundError
        picture = _opened(file, file.stat().st_mtime_ns)
    except OSError as error:
        raise ExplorerError(GONE) from error
    return picture


@lru_cache(maxsize=64)
def _opened(file: Path, written: int) -> Image.Image:
    with Image.open(file, formats=("PNG",)) as image:
        return image.copy()


def _forget_oldest() -> None:
    """Remove what was kept first of more than MOST."""
    files = [entry for entry in os.scandir(folder()) if entry.name.endswith(".png")]
    if len(files) <= MOST:
        return
    for entry in sorted(files, key=lambda one: one.stat().st_mtime_ns)[: len(files) - MOST]:
        with suppress(OSError):  # another one was quicker
            os.unlink(entry.path)
