"""Pictures decoded once into a file that is mapped into memory.

A folder of JPEGs is too slow to decode anew for every batch and too large to hold. Here each is
decoded once; afterwards a batch is a few kilobytes read from the file, or from the machine's page
cache, and memory stays free.

    <place>/prepared-<key>/pixels.npy   (N, C, H, W) uint8, one slot for every name
                           facts.json   the slots that could not be filled, and why

The folder is built under another name and renamed when it is whole. The key stands for the names,
their order and the recipe; a changed list of names is prepared anew, and the old folder removed.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from explorer.data.base import Rendered
from explorer.data.pictures import Progress, Read, read_each
from explorer.errors import ExplorerError

PIXELS, FACTS = "pixels.npy", "facts.json"
_OURS = re.compile(r"prepared-[0-9a-f]{16}")
_BUILDING = re.compile(r"\.prepared-[0-9a-f]{16}\.tmp-.*")
DAY = 24 * 3600


@dataclass(frozen=True)
class Recipe:
    """How a file becomes `shape` (C, H, W) bytes; `words` change whenever `read` does."""

    words: str
    shape: tuple[int, int, int]
    read: Read


@dataclass(frozen=True)
class Prepared:
    """`pixels (N, C, H, W)` uint8 in the order of the names, and why a slot is blank, by slot."""

    pixels: np.ndarray
    broken: dict[int, str]

    def rendered(self, slots: Tensor) -> Rendered:
        """The pictures in these slots, read from the file when they are asked for."""
        channels, height, width = self.pixels.shape[1:]
        return Rendered(self._draw, (channels, height, width), slots)

    def _draw(self, index: Tensor) -> Tensor:
        return torch.from_numpy(self.pixels[index.cpu().numpy()]).to(index.device)


def prepare(folder: Path, names: Sequence[str], recipe: Recipe, report: Progress) -> Prepared:
    """The pictures `folder/name`, decoded now or at an earlier call.

    A picture that could not be read is tried again once its file has changed. Raises ExplorerError
    when there is no room for the prepared file.
    """
    key = hashlib.sha256(os.fsencode("\n".join([recipe.words, str(recipe.shape), *names])))
    place = _place(folder.parent)
    target = place / f"prepared-{key.hexdigest()[:16]}"
    shape = (len(names), *recipe.shape)
    found = _read(target, shape, folder, names)
    if found is None:
        _build(target, shape, folder, names, recipe, report)
        found = _read(target, shape, folder, names)
    if found is None:
        raise ExplorerError(
            f"The prepared images in '{target}' cannot be read back; check the disk and try again."
        )
    with suppress(OSError):  # another process may be tidying too
        _tidy(place, target)
    return found


def _place(folder: Path) -> Path:
    """Beside the data, or in the user's home where the data may only be read."""
    if os.access(folder, os.W_OK):
        return folder
    home = Path(os.environ.get("EXPLORER_HOME") or "~/.latent-explorer").expanduser()
    # Folders that begin with "_" are not taken for models.
    return home / "_prepared" / hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]


def _read(
    target: Path, shape: tuple[int, ...], folder: Path, names: Sequence[str]
) -> Prepared | None:
    """What was prepared; None when it is absent, damaged or a broken picture was replaced."""
    try:
        pixels = np.load(target / PIXELS, mmap_mode="r", allow_pickle=False)
        facts = json.loads((target / FACTS).read_text(encoding="utf-8"))
        broken = {int(slot): str(why) for slot, (why, _) in facts.items()}
        same = all(_state(folder / names[int(s)]) == state for s, (_, state) in facts.items())
    except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError):
        return None
    if not same or pixels.shape != shape or pixels.dtype != np.uint8:
        return None
    return Prepared(np.asarray(pixels), broken)


def _build(
    target: Path,
    shape: tuple[int, ...],
    folder: Path,
    names: Sequence[str],
    recipe: Recipe,
    report: Progress,
) -> None:
    """Decode everything into a folder beside `target`, then rename it into place."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{target.name}.tmp-", dir=target.parent))
        try:
            facts = _fill(
                building / PIXELS, shape, [folder / name for name in names], recipe, report
            )
            (building / FACTS).write_text(json.dumps(facts), encoding="utf-8")
            building.chmod(0o755)
            shutil.rmtree(target, ignore_errors=True)  # damaged, or of a picture replaced since
            try:
                building.rename(target)
            except OSError:
                if not (target / FACTS).exists():  # else another process was faster
                    raise
        finally:
            shutil.rmtree(building, ignore_errors=True)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        why = "the disk is full" if full else error.strerror or str(error)
        raise ExplorerError(
            f"The images could not be prepared in '{target.parent}': {why}; "
            f"{prod(shape) / 1e9:.1f} GB are needed there once."
        ) from error


def _fill(
    file: Path, shape: tuple[int, ...], sources: list[Path], recipe: Recipe, report: Progress
) -> dict[int, tuple[str, list[int]]]:
    """Write the pixels; return why a slot stayed blank and how its file looked, by slot.

    Written as a stream, because a full disk is an error there; through a memory map it would end
    the process.
    """
    broken: dict[int, tuple[str, list[int]]] = {}
    blank = bytes(prod(recipe.shape))
    with file.open("wb") as stream:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, header)
        for slot, outcome in enumerate(read_each(sources, recipe.read, report)):
            if isinstance(outcome, str):
                broken[slot] = (outcome, _state(sources[slot]))
                stream.write(blank)
            else:
                stream.write(outcome.tobytes())
        stream.flush()
        os.fsync(stream.fileno())
    return broken


def _state(file: Path) -> list[int]:
    """Size and time of a file, to see whether it was replaced."""
    try:
        facts = file.stat()
    except OSError:
        return []
    return [facts.st_size, facts.st_mtime_ns]


def _tidy(place: Path, current: Path) -> None:
    """Remove what other lists of names left here, and what a killed process left a day ago."""
    for entry in place.iterdir():
        old = _OURS.fullmatch(entry.name) and (entry / FACTS).exists() and entry != current
        left = _BUILDING.fullmatch(entry.name) and time.time() - entry.stat().st_mtime > DAY
        if old or left:
            shutil.rmtree(entry, ignore_errors=True)
