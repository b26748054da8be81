"""The route of the models side by side: all that one of them shows, in one answer."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from explorer.latent.opened import Opened
from explorer.latent.walk import Walk
from explorer.serve.address import class_of, opened, optional
from explorer.serve.answer import to_bytes
from explorer.serve.catalogue import catalogue
from explorer.serve.dimensions import walkable
from explorer.serve.points import unmade
from explorer.serve.prepared import when_made
from explorer.serve.respond import headed
from explorer.spec import build

# Points of a small map.
MOST_POINTS = 5000


async def portrait(request: Request) -> Response:
    """What a model makes of what is chosen, `at`, on the straight way from it to `other` (empty: an
    image of another class), and of the seed `seed`; see `latent.portrait`. The path names its own
    map; places are of the map `map` of the model `home`.

    n images (H, W, C) follow the JSON, padded to 4 bytes, then the map: x, y of MOST_POINTS points
    at most, float32, and the class of each, uint8. JSON: `shape`, `points`, `places` of the two
    ends on the map; `rows`, `labels` (their classes' names), `samples`, `steps`; `names` and `kl`
    of all dimensions (null without a posterior), `share` of the variance, `dead`, and `top`, those
    that are walked; `other`, `error`, `rate`, and `words` of the two ends.
    """

    def missing() -> Any:
        return unmade(request, request.path_params["projection"])

    def decided_by() -> bytes:
        given = {key: text for key, text in request.query_params.items() if key != "who"}
        return f"{opened(request).stamp} {_home(request).stamp} {given}".encode()

    def body() -> bytes:
        from explorer.latent.portrait import SAMPLES, STEPS
        from explorer.latent.portrait import portrait as made

        one, query = walkable(opened(request)), request.query_params
        values = {"a": query.get("at", ""), "b": query.get("other", ""), "label": class_of(request)}
        walk = build(Walk, values | {"projection": query.get("map", "raw")})
        found = made(one, _home(request), walk, optional(request, "seed") or 0)
        pixels = to_bytes(found.images)
        themap = one.map(request.path_params["projection"])
        places, _ = themap.places_of(np.stack([end.z for end in found.ends]))
        points = themap.coordinates[:MOST_POINTS]
        said = {
            "shape": pixels.shape[1:],
            "points": len(points),
            "places": np.round(places.astype(float), 4).tolist(),
            "rows": found.rows,
            "labels": [one.dataset.classes[int(one.dataset.labels[row])] for row in found.rows],
            "samples": SAMPLES,
            "steps": STEPS,
            "top": found.top.tolist(),
            "other": found.other,
            "error": found.error,
            "rate": found.rate,
            "words": [end.words for end in found.ends],
            "classes": one.dataset.classes,
            **_dimensions(one),
        }
        start = headed(len(pixels), said) + pixels.tobytes() + b"\0" * (-pixels.size % 4)
        labels = one.atlas.labels[:MOST_POINTS].astype("u1")
        return start + points.astype("<f4").tobytes() + labels.tobytes()

    return await when_made(request, missing, body, "application/octet-stream", decided_by)


async def between(request: Request) -> Response:
    """How empty it is between the classes, as JSON: `share` of a way and, there, how far the
    nearest encoded image is (`relative`), of so many `ways`; see `latent.between`."""

    def body() -> bytes:
        from explorer.latent.between import PLACES, WAYS, emptiness

        found = np.round(emptiness(walkable(opened(request))), 4)
        share = np.linspace(0, 1, PLACES).round(4)
        said = {"share": share.tolist(), "relative": found.tolist(), "ways": WAYS}
        return json.dumps(said).encode()

    return await when_made(request, lambda: unmade(request), body, "application/json")


def _home(request: Request) -> Opened:
    """The model on whose map places were chosen; without one, the model itself."""
    home = request.query_params.get("home")
    if not home:
        return opened(request)
    return catalogue.open(home, request.path_params["dataset"], optional(request, "count"))


def _dimensions(one: Opened) -> dict[str, Any]:
    from explorer.latent.dimensions import names

    found = one.dimensions
    return {
        "names": names(one.model.card.spec.model.family, len(found)),
        "kl": None if found.kl is None else np.round(found.kl, 5).tolist(),
        "share": np.round(found.share, 6).tolist(),
        "dead": found.dead.tolist(),
    }
