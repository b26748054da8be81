"""The route of the heat map: what each dimension knows of each factor."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response

from explorer.latent.factors import knowledge
from explorer.serve.address import opened
from explorer.serve.dimensions import MAX_ROWS, walkable
from explorer.serve.points import unmade
from explorer.serve.prepared import when_made


async def factors(request: Request) -> Response:
    """JSON: `rows`, the living dimensions in the order of their KL, as a traversal has them; the
    `names` of the factors; `share`, for each row what it knows of each factor, in [0, 1]; and of
    how many `images`."""

    def body() -> bytes:
        one = walkable(opened(request))
        known, found = knowledge(one), one.dimensions
        order = found.order("kl")
        rows = order[~found.dead[order]][:MAX_ROWS]
        said = {
            "rows": rows.tolist(),
            "names": known.names,
            "share": known.share[rows].round(4).tolist(),
            "images": known.images,
        }
        return json.dumps(said).encode()

    return await when_made(request, lambda: unmade(request), body, "application/json")
