"""Routes about what is chosen on a map: a group of points, the posterior of an image, a search.

Binary answers are little-endian: uint32 n, uint32 length of the JSON, the JSON (padded with spaces
to 4 bytes), then what each says. Pixels are uint8 (H, W, C), one image after the other, `shape` in
the JSON is [H, W, C]. Positions count the points of `/points`, in their order.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from explorer.latent.opened import Opened
from explorer.serve.address import class_of, decimal, opened, optional, whole
from explorer.serve.answer import SHOWN, to_bytes
from explorer.serve.catalogue import catalogue
from explorer.serve.respond import as_file, aside, headed, made_on, respond

if TYPE_CHECKING:
    from explorer.latent.groups import Group

# Images in a picture of a group: 20 x 20.
MOSAIC = 400
LONGEST_NAME = 80


async def group(request: Request) -> Response:
    """The group inside `polygon` (see `latent.polygon`), of `classes` (`0,3`) if that is given.

    n positions, uint32, follow the JSON, then the mean image and the decoded mean latent. JSON:
    `count`, `of`, `counts` by class, `averaged`, `mean` (the mean latent), `as` (class told, or
    null), `typical` rows, `words` {count, mean, decoded}, `shape`.
    """

    def body() -> bytes:
        from explorer.latent.groups import facts

        one, members = _group(request)
        found = facts(members, one.atlas, one.model, catalogue.dataset(members.dataset))
        said = {
            "count": found.count,
            "of": members.of,
            "counts": found.per_label.tolist(),
            "averaged": found.averaged,
            "mean": np.round(found.mean_latent.astype(float), 4).tolist(),
            "as": found.told,
            "typical": found.typical,
            "words": found.words,
        }
        images = np.stack([found.mean_image, found.decoded])
        return _packed(found.count, said, images, members.positions.astype("<u4").tobytes())

    return await respond(request, body, "application/octet-stream", aside)


async def csv(request: Request) -> Response:
    """All members of a group as a file, written as it is read. `name` names the file."""

    def made() -> Response:
        from explorer.latent.groups import csv_parts

        one, members = _group(request)
        classes = catalogue.dataset(members.dataset).classes
        parts = csv_parts(members, one.map(members.projection), classes)
        stem = f"{members.model}-{members.projection}-{_slug(members.name)}-{len(members)}"
        return StreamingResponse(parts, media_type="text/csv", headers=as_file(f"{stem}.csv"))

    return await made_on(aside, made)


async def png(request: Request) -> Response:
    """The images of a group, or MOSAIC of them by a seeded sample, as one picture. How many of how
    many stands in its file name and in its description."""

    def made() -> Response:
        import torch

        from explorer.serve.picture import mosaic_png

        one, members = _group(request)
        sample = members.sample(MOSAIC)
        rows = torch.from_numpy(one.atlas.rows[sample])
        images = catalogue.dataset(members.dataset).split("all").take(rows).bytes()
        columns = int(np.ceil(np.sqrt(len(sample))))
        about = (
            f"{len(sample):,} of the {len(members):,} images of the group '{members.name}' on the "
            f"{members.projection} map of {members.model} ({members.dataset})."
        )
        content = mosaic_png(images.permute(0, 2, 3, 1).numpy(), columns, about)
        stem = f"{members.model}-{members.projection}-{_slug(members.name)}"
        file = f"{stem}-{len(sample)}-of-{len(members)}.png"
        return Response(content, media_type="image/png", headers=as_file(file))

    return await made_on(aside, made)


async def posterior(request: Request) -> Response:
    """The posterior of the image that `at` names (see `latent.origin`), from `n` samples with
    `seed` at `temperature`.

    A conditional model draws the class `label`, or the image's own.

    The mean image and the standard deviation image follow the JSON, the latter scaled so that 255
    is `deviation_max`. JSON: `at`, `seed`, `temperature`, `sigma` (first 8), `places` (n x 2),
    `exact`, `as`, `deviation_max`, `words`, `shape`.
    """

    def body() -> bytes:
        from explorer.latent.posterior import SAMPLES, spread
        from explorer.latent.subject import subject

        names = request.path_params
        seed, n = optional(request, "seed") or 0, optional(request, "n") or SAMPLES
        temperature = decimal(request, "temperature", 1.0)
        one, key, at = opened(request), names["projection"], request.query_params.get("at", "")
        start = subject(one, at, key, class_of(request))
        found = spread(one.map(key), one.model, start, n=n, seed=seed, temperature=temperature)
        peak = float(found.deviation.max())
        said = {
            "at": at,
            "seed": seed,
            "temperature": temperature,
            "sigma": np.round(found.sigma[:SHOWN].astype(float), 4).tolist(),
            "places": np.round(found.places.astype(float), 4).tolist(),
            "exact": found.exact,
            "as": found.told,
            "deviation_max": round(peak, 4),
            "words": found.words,
        }
        images = np.stack([found.mean, found.deviation / peak if peak else found.deviation])
        return _packed(n, said, images)

    return await respond(request, body, "application/octet-stream", aside)


async def search(request: Request) -> Response:
    """What the words `q` name (see `latent.search`): n positions, uint32, follow the JSON, which
    has `words`."""

    def body() -> bytes:
        from explorer.latent.search import find

        names = request.path_params
        atlas = opened(request).atlas
        classes = catalogue.dataset(names["dataset"]).classes
        text = request.query_params.get("q", "")
        found = find(text, classes, atlas.labels, atlas.rows)
        positions = found.positions.astype("<u4").tobytes()
        return headed(len(found.positions), {"words": found.words}) + positions

    return await respond(request, body, "application/octet-stream", aside)


def _group(request: Request) -> tuple[Opened, Group]:
    """The model and the group that an address names. Raises ExplorerError when it names none."""
    from explorer.latent.groups import gather
    from explorer.latent.polygon import polygon_of_text

    names, query = request.path_params, request.query_params
    polygon = polygon_of_text(query.get("polygon", ""))
    chosen = query.get("classes", "")
    classes = tuple(whole(text, "class") for text in chosen.split(",")) if chosen else ()
    one = opened(request)
    themap = one.map(names["projection"])
    return one, gather(themap, polygon, classes, query.get("name", "")[:LONGEST_NAME] or "group")


def _packed(n: int, said: dict[str, Any], images: np.ndarray, between: bytes = b"") -> bytes:
    """A binary answer with images `(2, C, H, W)` in [0, 1] behind `between`."""
    pixels = to_bytes(images)
    return headed(n, said | {"shape": pixels.shape[1:]}) + between + pixels.tobytes()


def _slug(name: str) -> str:
    """A name that any disk takes: `Ones & sevens` as `ones-sevens`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "group"
