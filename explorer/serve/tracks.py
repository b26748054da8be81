"""The ways through latent space that were asked for of late, found once and shared by everyone."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.latent.opened import Opened
from explorer.latent.walk import Walk
from explorer.serve.catalogue import Catalogue

if TYPE_CHECKING:
    from explorer.latent.paths import Track

# Ways held in memory: one of a VQ-VAE takes 1.6 MB.
KEPT = 128


@dataclass(frozen=True)
class Asked:
    """A way `walk` in a model with an atlas; `home` is the model on whose map the ends were chosen,
    None for the same one."""

    model: str
    dataset: str
    count: int | None
    home: str | None
    walk: Walk


_found: OrderedDict[tuple, Track] = OrderedDict()
_lock = threading.Lock()


def known(catalogue: Catalogue, asked: Asked) -> bool:
    """Whether a way was found already, of models as they are now; never waits."""
    one = catalogue.peek(asked.model, asked.dataset, asked.count)
    home = catalogue.peek(asked.home or asked.model, asked.dataset, asked.count)
    return one is not None and home is not None and _key(one, home, asked) in _found


def track_of(catalogue: Catalogue, asked: Asked) -> tuple[Opened, Track]:
    """The model and the way in it. Raises ExplorerError for names that name nothing."""
    from explorer.latent.paths import track

    one = home = catalogue.open(asked.model, asked.dataset, asked.count)
    if asked.home not in (None, asked.model):
        home = catalogue.open(asked.home, asked.dataset, asked.count)
    key = _key(one, home, asked)
    found = _found.get(key)
    if found is None:
        found = track(asked.walk, one, home)
    with _lock:
        _found[key] = found
        _found.move_to_end(key)
        while len(_found) > KEPT:
            _found.popitem(last=False)
    return one, found


def _key(one: Opened, home: Opened, asked: Asked) -> tuple:
    return one.stamp, home.stamp, asked
