"""What the server has open: models, atlases and their maps, read once and shared by everyone.

An entry is read again when its card changes on disk, so a model that was trained anew under the
same id is never answered with old weights.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from explorer import store
from explorer.errors import ExplorerError
from explorer.latent.index import projections_of
from explorer.latent.index import stamp as atlas_stamp
from explorer.latent.opened import Opened

if TYPE_CHECKING:
    from explorer.data import Dataset
    from explorer.loaded import Model

# Models held in memory at once; the least recently used goes first.
CAPACITY = 16


@dataclass
class Entry:
    """One thing held, as it was when its files had this stamp. Its own lock lets one thread open it
    while others are answered from what is open already."""

    stamp: object
    value: Any = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Catalogue:
    """Opens on demand, keeps what was used last; safe to share between threads."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[tuple, Entry] = OrderedDict()
        self._lock = threading.Lock()

    def model(self, model_id: str) -> Model:
        """A loaded model. Raises ExplorerError for an unknown id or damaged files."""
        artefact = store.locate(model_id)

        def load() -> Model:
            from explorer.loaded import from_artefact

            return from_artefact(store.open_artefact(model_id))

        return self._get(("model", model_id), artefact.stamp, load)

    def open(self, model_id: str, dataset: str, count: int | None = None) -> Opened:
        """A model with its atlas of a data set, and of so many images where there are several.

        Raises ExplorerError when either is missing.
        """
        place = store.locate(model_id)
        stamp = (place.stamp, atlas_stamp(place))
        if count is None:  # one atlas is held once, however it was asked for
            maps = projections_of(store.open_artefact(model_id))
            count = next((one.images for one in maps if one.dataset == dataset), None)

        def load() -> Opened:
            from explorer.latent.atlas import completed, load_for

            artefact, model = store.open_artefact(model_id), self.model(model_id)
            atlas = load_for(artefact, dataset, count)
            data = self.dataset(dataset)
            return Opened(artefact, model, completed(atlas, model, data), data, str(stamp))

        return self._get(("atlas", model_id, dataset, count), stamp, load)

    def peek(self, model_id: str, dataset: str, count: int | None) -> Opened | None:
        """What `open` would give if it is held already; never reads an array, never waits."""
        try:
            artefact = store.locate(model_id)
        except ExplorerError:
            return None
        wanted = ("atlas", model_id, dataset)
        with self._lock:
            entries = [
                entry
                for key, entry in self._entries.items()
                if key[:3] == wanted and count in (None, key[3])
            ]
        stamp = (artefact.stamp, atlas_stamp(artefact))
        return next((one.value for one in entries if one.stamp == stamp), None)

    def dataset(self, name: str) -> Dataset:
        """A data set in memory. Raises ExplorerError when it is unknown or absent."""
        from explorer.training.images import load_named

        return self._get(("dataset", name), None, lambda: load_named(name))

    def _get(self, key: tuple, stamp: object, load: Callable[[], Any]) -> Any:
        """What is held under a key, loaded by the first who asks while others of the key wait."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or entry.stamp != stamp:
                entry = self._entries[key] = Entry(stamp)
            self._entries.move_to_end(key)
        with entry.lock:
            if entry.value is None:
                try:
                    entry.value = load()
                except BaseException:
                    with self._lock:
                        if self._entries.get(key) is entry:
                            del self._entries[key]
                    raise
                with self._lock:
                    while len(self._entries) > self._capacity:
                        self._entries.popitem(last=False)
            return entry.value


catalogue = Catalogue()
