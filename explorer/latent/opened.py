"""A model with one of its atlases, open: what pages, decodes and jobs ask about a map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from explorer import store

if TYPE_CHECKING:  # what is open already is asked for without torch
    from explorer.data import Dataset
    from explorer.latent.atlas import Atlas
    from explorer.latent.dimensions import Dimensions
    from explorer.latent.places import Map
    from explorer.latent.roads import Roads
    from explorer.latent.trust import Trust
    from explorer.loaded import Model
    from explorer.models.classifier import Classifier

# Maps of one atlas held in memory: anyone can ask for many parameters.
MAPS = 8


@dataclass(frozen=True)
class Opened:
    """A model with one of its atlases, latents complete, and the data set behind it.

    `stamp` changes with the files of either.
    """

    artefact: store.Artefact
    model: Model
    atlas: Atlas
    dataset: Dataset
    stamp: str = ""
    # The maps whose first click has nothing to wait for.
    prepared: set[str] = field(default_factory=set, compare=False)

    @cached_property
    def trust(self) -> Trust:
        from explorer.latent.round_trip import trust_once

        return trust_once(self.artefact, self.model, self.atlas)

    @cached_property
    def crowd(self) -> Trust:
        """Where the aggregate posterior lies, for latents that are no image's posterior mean."""
        from explorer.latent.round_trip import crowd_once

        if self.atlas.logvar is None:
            return self.trust
        return crowd_once(self.artefact, self.model, self.atlas)

    @property
    def has_crowd(self) -> bool:
        """Whether `crowd` was measured already."""
        return "crowd" in vars(self)

    @cached_property
    def roads(self) -> Roads:
        """The graph of the encoded images, for ways that stay among them."""
        from explorer.latent.roads import Roads

        return Roads(self.atlas.mean)

    @cached_property
    def usual_distance(self) -> float:
        """How far an encoded image usually is from the nearest other one."""
        from explorer.latent.paths import usual_distance

        return usual_distance(self.atlas.index)

    @cached_property
    def dimensions(self) -> Dimensions:
        from explorer.latent.dimensions import measure

        return measure(self.atlas.mean, self.atlas.logvar, self.model.network.has_prior)

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


def open_atlas(model: str, dataset: str, count: int) -> Opened:
    """The atlas of the first `count` images of a data set by a model.

    Raises ExplorerError for names that are unknown and an atlas that is not there.
    """
    from explorer.latent.atlas import complete, load_for
    from explorer.loaded import from_artefact
    from explorer.training.images import load_named

    artefact = store.open_artefact(model)
    loaded, data = from_artefact(artefact), load_named(dataset)
    atlas = complete(artefact, load_for(artefact, dataset, count), loaded, data)
    return Opened(artefact, loaded, atlas, data)
