"""Routes of the sliders: what each dimension of a latent space carries, and all as one picture."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from explorer.errors import ExplorerError
from explorer.latent.opened import Opened
from explorer.serve.address import class_of, opened, optional
from explorer.serve.answer import to_bytes
from explorer.serve.points import about_images, unmade
from explorer.serve.prepared import when_made
from explorer.serve.requests import MAX_STEPS
from explorer.serve.respond import respond

# Rows of a table: more would make a picture that no program opens.
MAX_ROWS = 256
STEPS = 13
# Images decoded at once for a table.
TOGETHER = 256


async def dimensions(request: Request) -> Response:
    """All dimensions of a model, over the images of an atlas, which is encoded first if there is
    none of so many images. JSON: `names`, `kl` and `sigma`
    (null without a posterior), `share` of the variance, `low` and `high` of a slider, `centre` and
    `unit` of its scale, `why` a dead one is dead ("" of a living one), the `order` by KL; `prior`:
    whether there is one; and what `about_images` says of the data set."""

    def body() -> bytes:
        from explorer.latent.dimensions import names

        one = walkable(opened(request))
        found, family = one.dimensions, one.model.card.spec.model.family
        said: dict[str, Any] = {
            "names": names(family, len(found)),
            "family": family,
            "kl": _listed(found.kl),
            "sigma": _listed(found.sigma),
            "share": _listed(found.share),
            "low": _listed(found.low),
            "high": _listed(found.high),
            "centre": _listed(found.centre),
            "unit": _listed(found.unit),
            "why": [found.why_dead(dimension) for dimension in range(len(found))],
            "order": found.order("kl").tolist(),
            "images": len(one.atlas),
            "prior": one.model.network.has_prior,
            "conditional": one.model.conditional,
            **about_images(one.dataset),
        }
        return json.dumps(said).encode()

    return await when_made(request, lambda: unmade(request), body, "application/json")


async def traversal(request: Request) -> Response:
    """A PNG with one row for each dimension and `steps` images in it, from -3 to 3 units of its
    scale, the others held where `at` (see `latent.origin`) and what was `moved` put them. Rows come
    in `order`, with dead dimensions if `dead=yes`, at most MAX_ROWS."""

    def decided_by() -> bytes:
        return f"{opened(request).stamp} {request.query_params}".encode()

    def body() -> bytes:
        from explorer.serve.picture import mosaic_png

        one, query = walkable(opened(request)), request.query_params
        found, steps = one.dimensions, optional(request, "steps") or STEPS
        if not 2 <= steps <= MAX_STEPS:
            raise ExplorerError(f"A table has 2 to {MAX_STEPS} steps.")
        order = found.order("index" if query.get("order") == "index" else "kl")
        rows = order if query.get("dead") == "yes" else order[~found.dead[order]]
        rows = rows[:MAX_ROWS]
        if not len(rows):
            raise ExplorerError("Every dimension of this model is dead; ask for dead ones too.")
        images = _table(one, request, rows, found.scale(steps)[rows])
        names = request.path_params
        about = f"Traversal of {names['model']} ({names['dataset']}), {len(rows)} of {len(found)}."
        return mosaic_png(images, steps, about)

    return await respond(request, body, "image/png", decided_by=decided_by)


def walkable(one: Opened) -> Opened:
    """A model whose latent has dimensions to walk along. Raises ExplorerError for a VQ-VAE."""
    if one.model.card.spec.model.family == "vq-vae":
        raise ExplorerError(
            f"'{one.model.id}' has no dimensions to move: its latent is a grid of codes, which can "
            "be painted on the page Generate."
        )
    return one


def _table(one: Opened, request: Request, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The decoded walks, uint8 `(K * S, H, W, C)`."""
    from explorer.latent.dimensions import traverse
    from explorer.latent.moves import moved, moves_of_text
    from explorer.latent.subject import subject

    query = request.query_params
    asked = (query.get("at", ""), query.get("projection", "raw"), class_of(request))
    found = subject(one, *asked)
    z = moved(found.z, moves_of_text(query.get("moved", "")))
    walks = traverse(z, rows.tolist(), values).reshape(-1, len(z))
    parts = []
    for at in range(0, len(walks), TOGETHER):
        part = walks[at : at + TOGETHER]
        labels = None if found.label is None else np.full(len(part), found.label)
        parts.append(to_bytes(one.model.decode(part, labels)))
    return np.concatenate(parts)


def _listed(values: np.ndarray | None) -> list[float] | None:
    """Numbers for JSON, to six significant digits."""
    return None if values is None else [float(f"{value:.6g}") for value in values.tolist()]
