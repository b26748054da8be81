"""Models whose maps were laid out together, opened with those maps."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.requests import Request

from explorer.errors import ExplorerError
from explorer.latent.opened import Opened
from explorer.serve.address import atlas_of
from explorer.serve.catalogue import Catalogue, catalogue

if TYPE_CHECKING:
    from explorer.serve.prepared import Task

# Models laid out together that are held open; one set takes as much as its maps.
SETS = 4
# By the stamps of what they were laid out from.
_held: OrderedDict[tuple[str, ...], dict[str, Opened]] = OrderedDict()


def held(ones: Sequence[Opened]) -> list[Opened] | None:
    """The same models with the maps that were laid out together, if they are held; never waits."""
    found = _held.get(_key(ones))
    return None if found is None else [found[one.model.id] for one in ones]


def together(ones: Sequence[Opened]) -> list[Opened]:
    """The same models with the maps that were laid out together. Raises ExplorerError where they
    were not made."""
    from explorer.latent.together import KEY, kept

    if (found := held(ones)) is not None:
        return found
    maps = kept([one.atlas for one in ones])
    if maps is None:
        raise ExplorerError("These models were not laid out together yet; open the page for it.")
    made = {}
    for one in ones:
        atlas = one.atlas
        projections = atlas.projections | {KEY: maps[one.model.id]}
        stamp = f"{one.stamp} together {_key(ones)}"
        again = replace(
            one, atlas=replace(atlas, projections=projections), stamp=stamp, prepared=set()
        )
        again.prepare(KEY)
        _ = again.crowd
        made[one.model.id] = again
    _held[_key(ones)] = made
    while len(_held) > SETS:
        _held.popitem(last=False)
    return [made[one.model.id] for one in ones]


def _key(ones: Sequence[Opened]) -> tuple[str, ...]:
    return tuple(sorted(f"{one.model.id} {one.stamp}" for one in ones))


def opened_by(request: Request, catalogue: Catalogue = catalogue) -> Opened:
    """The model that an address names, with its map among those that it asks for in `together`."""
    wanted = atlas_of(request)
    ones = [catalogue.open(name, wanted["dataset"], wanted["count"]) for name in _names(request)]
    found = {one.model.id: one for one in together(ones)}
    if wanted["model"] not in found:
        raise ExplorerError("An address names its own model among those laid out together.")
    return found[wanted["model"]]


def task(request: Request) -> Task | None:
    """The task that lays out the models that an address names in `together`; None where it is done.

    Raises ExplorerError for models that there are not.
    """
    from explorer.latent.together import kept

    wanted, names = atlas_of(request), sorted(_names(request))
    ones = [catalogue.open(name, wanted["dataset"], wanted["count"]) for name in names]
    if kept([one.atlas for one in ones]) is not None:
        return None
    return "together", {"models": names, "dataset": wanted["dataset"], "count": wanted["count"]}


def _names(request: Request) -> list[str]:
    from explorer.serve.requests import MAX_THROUGH

    names = request.query_params.get("together", "").split(",")
    if not 2 <= len(set(names)) == len(names) <= MAX_THROUGH:
        raise ExplorerError(f"Two to {MAX_THROUGH} different models are laid out together.")
    return names
