"""What the server has open: models, atlases and their maps, read once and shared by everyone.

An entry is read again when its card changes on disk, so a model that was trained anew under the
same id is never answered with old weights.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from explorer import store

if TYPE_CHECKING:
    from explorer.data import Dataset
    from explorer.latent.atlas import Atlas
    from explorer.latent.places import Map
    from explorer.latent.trust import Trust
    from explorer.loaded import Model

# Models held in memory at once; the least recently used goes first.
CAPACITY = 16


@dataclass(frozen=True)
class Opened:
    """A model with one atlas: all that a page asks about a map."""

    model: Model
    atlas: Atlas

    @cached_property
    def trust(self) -> Trust:
        from explorer.latent.trust import calibrate

        return calibrate(self.atlas.mean, self.model.network.has_prior)

    @cached_property
    def maps(self) -> dict[str, Map]:
        from explorer.latent.places import Map

        return {method: Map(self.atlas, method) for method in self.atlas.projections}

    def map(self, method: str) -> Map:
        """The map of a projection. Raises ExplorerError when it was not made."""
        self.atlas.coordinates(method)
        return self.maps[method]

    def row_near(self, method: str, place: tuple[float, float]) -> int:
        """The row of the data set whose point lies nearest to a place of a map."""
        return int(self.atlas.rows[self.map(method).point_near(place)])


class Catalogue:
    """Opens on demand, keeps what was used last; safe to share between threads."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[tuple, Any] = OrderedDict()
        self._lock = threading.RLock()

    def model(self, model_id: str) -> Model:
        """A loaded model. Raises ExplorerError for an unknown id or damaged files."""
        artefact = store.locate(model_id)

        def load() -> Model:
            from explorer.loaded import from_artefact

            return from_artefact(store.open_artefact(model_id))

        return self._get(("model", model_id, artefact.stamp), load)

    def open(self, model_id: str, dataset: str) -> Opened:
        """A model with its atlas of a data set. Raises ExplorerError when either is missing."""
        artefact = store.locate(model_id)

        def load() -> Opened:
            from explorer.latent.atlas import completed, load_for

            model, atlas = self.model(model_id), load_for(store.open_artefact(model_id), dataset)
            return Opened(model, completed(atlas, model, self.dataset(dataset)))

        return self._get(("atlas", model_id, artefact.stamp, dataset), load)

    def dataset(self, name: str) -> Dataset:
        """A data set in memory. Raises ExplorerError when it is unknown or absent."""
        from explorer.training.images import load_named

        return self._get(("dataset", name), lambda: load_named(name))

    def _get(self, key: tuple, load: Callable[[], Any]) -> Any:
        with self._lock:
            if key not in self._entries:
                self._entries[key] = load()
                while len(self._entries) > self._capacity:
                    self._entries.popitem(last=False)
            self._entries.move_to_end(key)
            return self._entries[key]


catalogue = Catalogue()
