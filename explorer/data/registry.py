"""Every data set by its name. A new source is one file and one import in `__init__.py`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from explorer.data.base import Dataset
from explorer.errors import ExplorerError, unknown_name


@dataclass(frozen=True)
class Options:
    """What a set of one's own images has to be told: where they lie and what to make of them.

    `size` is the side of the square images, None for the set's own choice; `grey` gives one
    channel instead of three.
    """

    path: Path | None = None
    size: int | None = None
    grey: bool = False


Loader = Callable[[Path, bool], Dataset]
OwnLoader = Callable[[Options], Dataset]
_LOADERS: dict[str, Loader] = {}
# Loader of one's own images, and a stamp of them that changes when they do.
_OWN_LOADERS: dict[str, tuple[OwnLoader, Callable[[Options], str]]] = {}


def register(name: str) -> Callable[[Loader], Loader]:
    """Decorator: `loader(root, download) -> Dataset` answers to `name`."""

    def add(loader: Loader) -> Loader:
        _LOADERS[name] = loader
        return loader

    return add


def register_own(name: str, stamp: Callable[[Options], str]) -> Callable[[OwnLoader], OwnLoader]:
    """Decorator: `loader(options) -> Dataset` answers to `name`, anew when the stamp changes."""

    def add(loader: OwnLoader) -> OwnLoader:
        _OWN_LOADERS[name] = loader, stamp
        return loader

    return add


def names() -> list[str]:
    return sorted([*_LOADERS, *_OWN_LOADERS])


def data_root(root: str | Path | None = None) -> Path:
    """Where data sets lie: the argument, else EXPLORER_DATA, else `~/.latent-explorer/data`."""
    chosen = root or os.environ.get("EXPLORER_DATA") or Path.home() / ".latent-explorer" / "data"
    return Path(chosen).expanduser()


def load_dataset(
    name: str,
    root: str | Path | None = None,
    download: bool = False,
    *,
    path: str | Path | None = None,
    size: int | None = None,
    grey: bool = False,
) -> Dataset:
    """The data set `name`, read once per process; `path`, `size` and `grey` are for 'folder'.

    A folder is looked through at every call and read again when a file in it has changed.
    Raises ExplorerError for an unknown name, for images that are not there (it says how to get
    them), for damaged files and for options that the data set does not take. Nothing is downloaded
    unless `download` is true.
    """
    where = Path(os.path.abspath(os.path.expanduser(path))) if path else None
    options = Options(where, size, grey)
    if name in _OWN_LOADERS:
        return _load_own(name, options, _OWN_LOADERS[name][1](options))
    if name not in _LOADERS:
        raise unknown_name("data set", name, names())
    if options != Options():
        raise ExplorerError(
            f"'{name}' has images of its own size; --size, --grey and a path belong to the data "
            "set 'folder'."
        )
    return _load_once(name, data_root(root), download)


@lru_cache(maxsize=8)
def _load_once(name: str, root: Path, download: bool) -> Dataset:
    return _LOADERS[name](root, download)


# Few, since each may hold gigabytes, and what a folder held before a change is never asked again.
@lru_cache(maxsize=2)
def _load_own(name: str, options: Options, stamp: str) -> Dataset:
    return _OWN_LOADERS[name][0](options)
