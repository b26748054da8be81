"""What the server has open: models, atlases and their maps, read once and shared by everyone.

An entry is read again when its files change on disk, so a model that was trained anew under the
same id is answered with old weights for TRUSTED seconds at most.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer import store
from explorer.errors import ExplorerError
from explorer.latent.index import projections_of, stamps
from explorer.latent.opened import Opened

if TYPE_CHECKING:
    from explorer.data import Dataset
    from explorer.loaded import Model

# What is held in memory at once, the least recently used goes first: each model is one entry, and
# so are its atlas and its data set. A comparison of eight models takes 17.
CAPACITY = 48
# Seconds for which files are not looked at again: thirty people who drag ask 300 times a second.
TRUSTED = 1.0


@dataclass
class Entry:
    """One thing held, as it was when its files had this stamp. Its own lock lets one thread open it
    while others are answered from what is open already."""

    stamp: object
    value: Any = None
    lock: threading.Lock = field(default_factory=threading.Lock)


# When a model's card was written, and each of its atlases.
Listing = tuple[int, dict[Path, int]]


def _listing(model_id: str) -> Listing:
    """Raises ExplorerError for an unknown model."""
    place = store.locate(model_id)
    return place.stamp, stamps(place)


@dataclass(frozen=True)
class Chosen:
    """The atlas that answers a question: its number of images (as it was asked for, where there is
    none) and the folders that hold such a one."""

    images: int | None
    folders: tuple[Path, ...]

    def stamp(self, listing: Listing) -> tuple:
        """Changes with the model and with this atlas, not with its other ones."""
        card, written = listing
        return card, *((str(folder), written.get(folder)) for folder in self.folders)


NONE = Chosen(None, ())


class Catalogue:
    """Opens on demand, keeps what was used last; safe to share between threads.

    `clock` tells seconds.
    """

    def __init__(
        self, capacity: int = CAPACITY, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._capacity, self._clock = capacity, clock
        self._entries: OrderedDict[tuple, Entry] = OrderedDict()
        self._lock = threading.Lock()
        # What was asked for and found of late, and when its files were looked at.
        self._recent: dict[tuple, tuple[float, Any]] = {}
        # Which atlas answers a question, by what lay on disk then.
        self._chosen: dict[tuple, tuple[Listing | None, Chosen]] = {}

    def model(self, model_id: str) -> Model:
        """A loaded model. Raises ExplorerError for an unknown id or damaged files."""
        asked, now = ("model", model_id), self._clock()
        if (known := self._trusted(asked, now)) is not None:
            return known
        place = store.locate(model_id)

        def load() -> Model:
            from explorer.loaded import from_artefact

            return from_artefact(store.open_artefact(model_id))

        return self._trust(asked, now, self._get(asked, place.stamp, load))

    def open(self, model_id: str, dataset: str, count: int | None = None) -> Opened:
        """A model with its atlas of a data set, and of so many images where there are several.

        Raises ExplorerError when either is missing.
        """
        asked, now = ("atlas", model_id, dataset, count), self._clock()
        if (known := self._trusted(asked, now)) is not None:
            return known
        listing = _listing(model_id)
        chosen = self._choice(model_id, dataset, count, listing)
        stamp = chosen.stamp(listing)

        def load() -> Opened:
            from explorer.latent.atlas import complete, load_for

            artefact, model = store.open_artefact(model_id), self.model(model_id)
            atlas = load_for(artefact, dataset, chosen.images)
            data = self.dataset(dataset)
            whole = complete(artefact, atlas, model, data)
            return Opened(artefact, model, whole, data, str(stamp))

        # One atlas is held once, however it was asked for.
        key = ("atlas", model_id, dataset, chosen.images)
        return self._trust(asked, now, self._get(key, stamp, load))

    def peek(self, model_id: str, dataset: str, count: int | None) -> Opened | None:
        """What `open` would give if it is held already; never reads an array, never waits."""
        asked, now = ("atlas", model_id, dataset, count), self._clock()
        if (known := self._trusted(asked, now)) is not None:
            return known
        try:
            listing = _listing(model_id)
            chosen = self._choice(model_id, dataset, count, listing)
        except ExplorerError:
            return None
        with self._lock:
            entry = self._entries.get(("atlas", model_id, dataset, chosen.images))
        if entry is None or entry.value is None or entry.stamp != chosen.stamp(listing):
            return None
        return self._trust(asked, now, entry.value)

    def dataset(self, name: str) -> Dataset:
        """A data set in memory. Raises ExplorerError when it is unknown or absent."""
        from explorer.training.images import load_named

        return self._get(("dataset", name), None, lambda: load_named(name))

    def _trusted(self, asked: tuple, now: float) -> Any:
        """What was found when this was asked within the last TRUSTED seconds, else None."""
        then, value = self._recent.get(asked, (now, None))
        return value if now - then < TRUSTED else None

    def _trust(self, asked: tuple, now: float, value: Any) -> Any:
        with self._lock:
            kept = {key: one for key, one in self._recent.items() if now - one[0] < TRUSTED}
            self._recent = kept | {asked: (now, value)}
        return value

    def _choice(self, model_id: str, dataset: str, count: int | None, listing: Listing) -> Chosen:
        """The first atlas of a data set, or that of so many images; looked for among all only when
        one of them was written or removed."""
        asked = (model_id, dataset, count)
        then, chosen = self._chosen.get(asked, (None, NONE))
        if then == listing:
            return chosen
        listed = projections_of(store.open_artefact(model_id))
        maps = [one for one in listed if one.dataset == dataset]
        images = next((one.images for one in maps), None) if count is None else count
        chosen = Chosen(images, tuple(one.folder for one in maps if one.images == images))
        if chosen.folders:  # there are only so many
            self._chosen[asked] = (listing, chosen)
        return chosen

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
