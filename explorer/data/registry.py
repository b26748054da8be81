"""Every data set by its name. A new source is one file and one import in `__init__.py`."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from explorer.data.base import Dataset
from explorer.errors import unknown_name

Loader = Callable[[Path, bool], Dataset]
_LOADERS: dict[str, Loader] = {}


def register(name: str) -> Callable[[Loader], Loader]:
    """Decorator: `loader(root, download) -> Dataset` answers to `name`."""

    def add(loader: Loader) -> Loader:
        _LOADERS[name] = loader
        return loader

    return add


def names() -> list[str]:
    return sorted(_LOADERS)


def data_root(root: str | Path | None = None) -> Path:
    """Where data sets lie: the argument, else EXPLORER_DATA, else `~/.latent-explorer/data`."""
    chosen = root or os.environ.get("EXPLORER_DATA") or Path.home() / ".latent-explorer" / "data"
    return Path(chosen).expanduser()


def load_dataset(name: str, root: str | Path | None = None, download: bool = False) -> Dataset:
    """The data set `name`, whole, in memory, read once per process.

    Raises ExplorerError for an unknown name, for images that are not there (it says how to get
    them) and for damaged files. Nothing is downloaded unless `download` is true.
    """
    if name not in _LOADERS:
        raise unknown_name("data set", name, _LOADERS)
    return _load_once(name, data_root(root), download)


@lru_cache(maxsize=8)
def _load_once(name: str, root: Path, download: bool) -> Dataset:
    return _LOADERS[name](root, download)
