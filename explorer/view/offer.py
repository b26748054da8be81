"""What a model can be shown with: images, maps, colours and layers of trust, read from its card and
the small files beside its maps."""

from __future__ import annotations

from collections.abc import Sequence

from explorer import store
from explorer.latent import columns, layers
from explorer.latent.index import Maps
from explorer.latent.names import METHOD_TITLES
from explorer.latent.project import methods_for
from explorer.view.shown import Shown

# Maps of so many images are offered where a data set has more: one that opens at once, one of all.
COUNTS = (5_000, 70_000)
# MNIST's maps open on the 5,000 images that a package carries; all of it can be asked for.
WHOLE = {"mnist": 70_000}


def shown_with(card: store.Card, maps: Sequence[Maps]) -> Shown:
    """What the model of a card can be shown with; `maps` are its atlases, the first opens first."""
    first, spec = maps[0], card.spec
    totals = {one.dataset: one.total for one in maps}
    if spec.data.name in WHOLE and spec.data.path is None:
        totals.setdefault(spec.data.name, WHOLE[spec.data.name])
    sets = dict.fromkeys((one.dataset, one.images) for one in maps)
    for name, total in totals.items():
        more = [count for count in (*COUNTS, total) if count <= total]
        sets |= dict.fromkeys((name, count) for count in more if name == first.dataset)
        sets |= dict.fromkeys([(name, total)])
    methods = methods_for(spec.model.latent_dim)
    described = columns.offered(card, first.factors)
    return Shown(
        sets=tuple(sets),
        totals=totals,
        projections=tuple(method for method in METHOD_TITLES if method in methods),
        kept={(one.dataset, one.images): one.projections for one in maps},
        classes=first.classes if spec.model.classes else (),
        latent_dim=spec.model.latent_dim,
        colours={name: one.title for name, one in described.items()},
        trust=layers.offered(card, first.dataset),
    )
