"""Routes about the codes of a VQ-VAE: its codebook, the map of an image, how likely a map is, and
maps that the prior has drawn.

Maps travel as lists of code numbers, row by row; in an address as `latent.codes` writes them.
"""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response

from explorer.errors import ExplorerError
from explorer.serve.address import decimal, opened, optional
from explorer.serve.catalogue import catalogue
from explorer.serve.respond import headed, respond

JSON, BINARY = "application/json", "application/octet-stream"


async def codebook(request: Request) -> Response:
    """How the images of an atlas use a codebook, and what each code looks like: after the head n
    pictures of its K codes, in the order of their numbers.

    JSON: `grid` [h, w], `counts` (K), `order` (most used first), `dead`, `images`, `perplexity`,
    `words`, `signs` that a code takes in an address, `prior` (its title, null without one),
    `typical` nats of a map (mean over the test images, null without a prior), `shape` [H, W, C].
    """

    def body() -> bytes:
        from explorer.latent import codes as grids
        from explorer.latent.sample import learned_prior
        from explorer.serve.answer import to_bytes

        one = opened(request)
        network = grids.codebook_of(one.model)
        maps = one.model.codes(one.atlas.mean)
        assert maps is not None
        size = network.spec.codebook_size
        book, prior = grids.used(maps, size), learned_prior(one.model.card)
        nats = prior.card.metrics.get("nats") if prior else None
        pixels = to_bytes(grids.looks(one.model, maps))
        said = {
            "grid": network.grid,
            "counts": book.counts.tolist(),
            "order": book.order.tolist(),
            "dead": book.dead,
            "images": len(maps),
            "perplexity": round(book.perplexity, 2),
            "words": book.words,
            "signs": grids.signs_for(size),
            "prior": prior.card.title if prior else None,
            "typical": nats.value if nats else None,
            "shape": pixels.shape[1:],
        }
        return headed(size, said) + pixels.tobytes()

    return await respond(request, body, BINARY)


async def of_subject(request: Request) -> Response:
    """The map of the image that the subject `at` names, as JSON: `codes`, `words`."""

    def body() -> bytes:
        from explorer.latent import codes as grids
        from explorer.latent.subject import subject

        one = opened(request)
        grids.codebook_of(one.model)
        found = subject(one, request.query_params.get("at", ""), request.path_params["projection"])
        maps = one.model.codes(found.z[None])
        assert maps is not None
        return json.dumps({"codes": maps[0].reshape(-1).tolist(), "words": found.words}).encode()

    return await respond(request, body, JSON)


async def facts(request: Request) -> Response:
    """What is known of the map `codes`, as JSON: `nats` of each cell under the prior (null without
    one), `back`: which codes an encoded picture of it has again, `reads` and `sure`, what our
    classifier reads in the picture: a class by its name, and its probability."""

    def body() -> bytes:
        from explorer.latent import codes as grids
        from explorer.serve.answer import read

        one = opened(request)
        network = grids.codebook_of(one.model)
        codes = grids.from_text(request.query_params.get("codes", ""), network)
        image = grids.decoded(one.model, codes[None])
        prior = grids.prior_of(one.model)
        nats = None if prior is None else grids.surprise(prior, codes[None])[0]
        said = {
            "nats": None if nats is None else [round(float(cost), 3) for cost in nats.flat],
            "back": (grids.encoded(one.model, image)[0] == codes).reshape(-1).tolist(),
        }
        found = read(image[0], one)
        if found:
            said |= found | {"reads": one.dataset.classes[found["reads"]]}
        return json.dumps(said).encode()

    return await respond(request, body, JSON)


async def draws(request: Request) -> Response:
    """`n` maps that the prior draws with a `seed` at a `temperature`, as JSON: `codes` of each, its
    `nats`, and `words`. With `codes` and the mask `kept` those cells stay."""

    def body() -> bytes:
        from explorer.latent import codes as grids

        model, query = catalogue.model(request.path_params["model"]), request.query_params
        network = grids.codebook_of(model)
        prior = grids.prior_of(model)
        if prior is None:
            raise ExplorerError(
                f"Nobody has trained a prior over the codes of '{model.id}' yet; do so with "
                f"`python -m explorer train --name {model.id}-prior --model code-prior --codes-of "
                f"{model.id}`."
            )
        text = query.get("codes", "")
        drawn = grids.draw(
            prior,
            optional(request, "n") or 1,
            optional(request, "seed") or 0,
            decimal(request, "temperature", 1.0),
            grids.from_text(text, network) if text else None,
            grids.mask_from_text(query.get("kept", ""), network) if text else None,
        )
        said = {
            "codes": drawn.codes.reshape(len(drawn.codes), -1).tolist(),
            "nats": [round(float(nats), 2) for nats in drawn.nats],
            "words": drawn.words,
        }
        return json.dumps(said).encode()

    return await respond(request, body, JSON)
