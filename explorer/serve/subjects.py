"""Routes about what a person starts from: pictures of one's own, and any subject by its text."""

from __future__ import annotations

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from explorer import own
from explorer.serve.address import class_of, opened
from explorer.serve.jobs import foreign, same_site
from explorer.serve.respond import aside, headed, made_on, respond


async def keep(request: Request) -> Response:
    """Keep the picture file in the body (PNG, JPEG, WebP); JSON with the `name` that it has now."""
    if not same_site(request):
        return foreign()
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > own.MAX_BYTES:  # the rest need not be read
            return PlainTextResponse(own.TOO_LARGE, 413)
    return await made_on(aside, lambda: JSONResponse({"name": own.keep(bytes(data))}))


async def show(request: Request) -> Response:
    """The subject that `at` names (see `latent.origin`), in one model: after the head the pixels
    of its image, if it has one.

    JSON: `z`, `sigma` (null without a posterior), `label` (class told, or null), `words`, `place`
    on the map, `exact` (else placed among neighbours), `shape` [H, W, C] (null without an image).
    """

    def body() -> bytes:
        from explorer.latent.subject import subject
        from explorer.serve.answer import to_bytes

        one, key = opened(request), request.path_params["projection"]
        found = subject(one, request.query_params.get("at", ""), key, class_of(request))
        places, exact = one.map(key).places_of(found.z[None])
        if found.place is not None:
            places, exact = found.place[None], True
        sigma = None if found.logvar is None else np.exp(0.5 * found.logvar)
        pixels = None if found.image is None else to_bytes(found.image[None])[0]
        said = {
            "z": _listed(found.z),
            "sigma": None if sigma is None else _listed(sigma),
            "label": found.label,
            "words": found.words,
            "place": _listed(places[0]),
            "exact": exact,
            "shape": None if pixels is None else pixels.shape,
        }
        return headed(0 if pixels is None else 1, said) + (
            b"" if pixels is None else pixels.tobytes()
        )

    return await respond(request, body, "application/octet-stream")


def _listed(values: np.ndarray) -> list[float]:
    """Numbers as text that gives the same float32 again."""
    return [float(f"{value:.9g}") for value in values]
