"""What the server has open: models, atlases and their maps, read once and shared by everyone.

An entry is read again when its card changes on disk, so a model that was trained anew under the
same id is never answered with old weights.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from explorer import store
from explorer.errors import ExplorerError
from explorer.latent.index import projections_of
from explorer.latent.index import stamp as atlas_stamp

if TYPE_CHECKING:
    from explorer.data import Dataset
    from explorer.latent.atlas import Atlas
    from explorer.latent.places import Map
    from explorer.latent.trust import Trust
    from explorer.loaded import Model
    from explorer.models.classifier import Classifier

# Models held in memory at once; the least recently used goes first.
CAPACITY = 16
# Maps of one atlas held in memory, likewise: anyone can ask for many parameters.
MAPS = 8


@dataclass(frozen=True)
class Opened:
    """A model with one atlas: all that a page asks about a map. `stamp` changes with either."""

    model: Model
    atlas: Atlas
    stamp: str = ""
    # The maps whose first click has nothing to wait for.
    prepared: set[str] = field(default_factory=set, compare=False)

    @cached_property
    def trust(self) -> Trust:
        from explorer.latent.round_trip import trust_of

        return trust_of(self.model, self.atlas)

    @cached_property
    def judge(self) -> Classifier | None:
        """Our classifier of these images, where there is one."""
        from explorer.latent.layers import judge_for
        from explorer.loaded import network_of
        from explorer.models.classifier import Classifier

        artefact = judge_for(self.model.card, self.atlas.dataset)
        judge = network_of(artefact, self.model.device.type) if artefact else None
        return judge if isinstance(judge, Classifier) else None

    @cached_property
    def map(self) -> Callable[[str], Map]:
        """`map(key)` is the map of a projection; one that is not known yet is looked for on disk.

        Raises ExplorerError when it was not made.
        """
        return lru_cache(MAPS)(self._read_map)

    def _read_map(self, key: str) -> Map:
        from explorer.latent.places import Map

        themap = Map(self.atlas, key)
        _ = themap.coordinates  # a map that was not made is not kept
        return themap

    def row_near(self, key: str, place: tuple[float, float]) -> int:
        """The row of the data set whose point lies nearest to a place of a map."""
        return int(self.atlas.rows[self.map(key).point_near(place)])

    def prepare(self, method: str) -> None:
        """Compute now what the first click on a map would wait for."""
        self.atlas.position(int(self.atlas.rows[0]))
        _ = self.trust, self.judge
        self.map(method).prepare()
        self.prepared.add(method)


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
        artefact = store.locate(model_id)
        stamp = (artefact.stamp, atlas_stamp(artefact))
        if count is None:  # one atlas is held once, however it was asked for
            maps = projections_of(store.open_artefact(model_id))
            count = next((one.images for one in maps if one.dataset == dataset), None)

        def load() -> Opened:
            from explorer.latent.atlas import completed, load_for

            model = self.model(model_id)
            atlas = load_for(store.open_artefact(model_id), dataset, count)
            return Opened(model, completed(atlas, model, self.dataset(dataset)), str(stamp))

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
