"""What a model can be shown with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from explorer.spec import MAX_LATENT_DIM

if TYPE_CHECKING:
    from explorer.view.state import ViewState


@dataclass(frozen=True)
class Shown:
    """What a model can be shown with, read from cards, without torch.

    `sets` are the images that a map can hold: a data set and how many of its images, the one that
    opens first in front; `totals` how many each data set has. `projections` are the methods, `kept`
    the keys of the maps that were made of each set, `colours` and `trust` the columns and layers by
    name with their titles, `classes` those that a conditional model can be told;
    `latent_dim` is how many dimensions its latent has.
    """

    sets: tuple[tuple[str, int], ...]
    totals: Mapping[str, int]
    projections: tuple[str, ...]
    kept: Mapping[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    latent_dim: int = MAX_LATENT_DIM
    colours: Mapping[str, str] = field(default_factory=lambda: {"label": "Class"})
    trust: Mapping[str, str] = field(default_factory=dict)

    @property
    def dataset(self) -> str:
        return self.sets[0][0]

    @property
    def count(self) -> int:
        return self.sets[0][1]

    def first(self, dataset: str, count: int) -> str:
        """The map that opens first: one that was made, else the first method."""
        return (*self.kept.get((dataset, count), ()), *self.projections)[0]

    def made(self, view: ViewState) -> tuple[str, ...]:
        """The maps that were made of the images of a view."""
        return self.kept.get((view.dataset, view.count), ())

    def counts(self, dataset: str) -> tuple[int, ...]:
        """How many images of a data set a map can hold, the first choice in front."""
        return tuple(count for name, count in self.sets if name == dataset)
