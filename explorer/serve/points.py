"""The points of a map and the images of a data set, as binary; decoded grids and Python to copy.

Each answer is fetched once and kept by the browser: its ETag is a hash of what decides it. Only
decodes run on the decode thread; everything else is read and hashed beside it.
"""

from __future__ import annotations

import json
import struct
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from explorer import store
from explorer.errors import ExplorerError, unknown_name
from explorer.latent.boxes import Box, centres
from explorer.latent.index import projections_of
from explorer.latent.opened import Opened
from explorer.serve import together
from explorer.serve.address import atlas_of, class_of, opened, optional, own_of, whole
from explorer.serve.catalogue import catalogue
from explorer.serve.prepared import Task, when_made
from explorer.serve.respond import aside, respond

if TYPE_CHECKING:
    from explorer.data import Dataset

# Bytes per thumbnail request, one round trip: 512 images of 28x28 grey, 32 of 64x64 in colour.
THUMB_BYTES = 512 * 28 * 28
MAX_ROWS = 512
MAX_GRID = 40
SPACINGS = ("linear", "normal")


async def points(request: Request) -> Response:
    """All points of a map: uint32 n and length of a JSON header, the header, then the columns
    x float32, y float32, row int32 (rising), label uint8 (n each). The header is padded to 4 bytes.

    With `count`, an atlas or a map that there is not yet is made first; without it the first atlas
    of the data set answers. What the first click needs is computed meanwhile. With `together`,
    model ids with commas between, it is the map that was laid out together with those of all.
    """
    projection = request.path_params["projection"]
    beside = "together" in request.query_params
    find = together.opened_by if beside else opened

    def missing() -> Task | None:
        return together.task(request) if beside else unmade(request, projection)

    def decided_by() -> bytes:
        one = find(request)
        decided = one.stamp.encode() + _header(one, request.path_params)
        aside.submit(_prepare, one, request.path_params)
        return decided + projection.encode()

    def body() -> bytes:
        one = find(request)
        xy, header = one.map(projection).coordinates, _header(one, request.path_params)
        columns = [
            xy[:, 0].astype("<f4"),
            xy[:, 1].astype("<f4"),
            one.atlas.rows.astype("<i4"),
            one.atlas.labels.astype("u1"),
        ]
        start = struct.pack("<2I", len(xy), len(header)) + header
        return start + b"".join(column.tobytes() for column in columns)

    return await when_made(request, missing, body, "application/octet-stream", decided_by)


def unmade(request: Request, projection: str | None = None) -> Task | None:
    """The task that makes the atlas, or the map of it, that an address names; None where it is
    there, or no number of images is asked for."""
    if optional(request, "count") is None:
        return None
    wanted = atlas_of(request)
    maps = projections_of(store.open_artefact(wanted["model"]))
    known = [m for m in maps if (m.dataset, m.images) == (wanted["dataset"], wanted["count"])]
    if not known:
        return "encode", wanted
    if projection and not any(projection in one.projections for one in known):
        return "project", wanted | {"projection": projection}
    return None


def _prepare(one: Opened, names: dict[str, str]) -> None:
    """Compute what the first click on a map would wait for; the first image of a generated set
    takes longer than others too."""
    one.prepare(names["projection"])
    catalogue.dataset(names["dataset"]).picture(int(one.atlas.rows[0]))


def _header(one: Opened, names: dict[str, str]) -> bytes:
    """What is said of a map beside its points, as JSON padded to 4 bytes."""
    header = json.dumps(
        {
            "axes": one.map(names["projection"]).axes,
            "count": len(one.atlas),
            "sample": one.atlas.sample,
            "variational": one.atlas.logvar is not None,
            **about_images(catalogue.dataset(names["dataset"])),
        }
    ).encode()
    return header + b" " * (-len(header) % 4)


def about_images(dataset: Dataset) -> dict[str, Any]:
    """What a browser has to know of a data set to fetch its images and to name them."""
    channels, height, width = dataset.image_shape
    return {
        "classes": dataset.classes,
        "noun": dataset.noun,
        "origins": dataset.origins,
        "shape": [height, width, channels],
        "total": len(dataset),
        "thumb_chunk": thumb_chunk(dataset.image_shape),
    }


async def quality(request: Request) -> Response:
    """How far a map can be believed, as JSON: trustworthiness, continuity, and how measured."""

    def body() -> bytes:
        from explorer.latent import maps

        one = opened(request)
        artefact = store.open_artefact(request.path_params["model"])
        found = maps.quality(artefact, one.atlas, request.path_params["projection"])
        return json.dumps(found.model_dump() | {"sentence": found.sentence}).encode()

    return await respond(request, body, "application/json")


async def alignment(request: Request) -> Response:
    """How a map lies on another one (see `latent.align`), as JSON: `matrix`, `shift`, `residual`,
    `shared`. The other is `onto`, "model/dataset/projection", of `onto_count` images."""

    def body() -> bytes:
        from explorer.latent.align import aligned

        names = request.query_params.get("onto", "").split("/")
        if len(names) != 3:
            raise ExplorerError("This address needs onto=model/dataset/projection.")
        model, dataset, key = names
        other = catalogue.open(model, dataset, optional(request, "onto_count"))
        here = opened(request).atlas
        found = aligned(here, request.path_params["projection"], other.atlas, key)
        said = {"matrix": found.matrix.tolist(), "shift": found.shift.tolist()}
        said |= {"residual": found.residual, "shared": found.shared}
        return json.dumps(said).encode()

    return await respond(request, body, "application/json")


async def thumbs(request: Request) -> Response:
    """One chunk of the images of a data set, uint8 (n, H, W, C), by their rows."""

    def body() -> bytes:
        dataset = catalogue.dataset(request.path_params["dataset"])
        size = thumb_chunk(dataset.image_shape)
        start = request.path_params["chunk"] * size
        part = dataset.split("all").take(slice(start, start + size)).bytes()
        if not len(part):
            raise ExplorerError(f"'{dataset.name}' ends before image {start}.")
        return part.permute(0, 2, 3, 1).contiguous().numpy().tobytes()

    return await respond(request, body, "application/octet-stream")


async def images(request: Request) -> Response:
    """The images of a data set at `rows` (3,17,4), uint8 (n, H, W, C), in that order."""

    def body() -> bytes:
        import torch

        dataset = catalogue.dataset(request.path_params["dataset"])
        texts = request.query_params.get("rows", "").split(",")
        if len(texts) > MAX_ROWS:
            raise ExplorerError(f"At most {MAX_ROWS} images are sent at once.")
        rows = [whole(text, "row") for text in texts]
        if max(rows) >= len(dataset):
            raise ExplorerError(f"'{dataset.name}' ends before image {max(rows)}.")
        part = dataset.split("all").take(torch.tensor(rows)).bytes()
        return part.permute(0, 2, 3, 1).contiguous().numpy().tobytes()

    return await respond(request, body, "application/octet-stream")


def thumb_chunk(shape: tuple[int, int, int]) -> int:
    """How many images of a shape (C, H, W) travel together."""
    return max(1, THUMB_BYTES // prod(shape))


async def grid(request: Request) -> Response:
    """A PNG of decodes at the centres of nx x ny cells over x0..x1, y0..y1 (y upwards).

    With `spaced=normal` these are shares of the Gaussian of a 2-D model (`latent.manifold`)."""

    def body() -> bytes:
        names, query = request.path_params, request.query_params
        try:
            x0, x1, y0, y1 = (float(query[key]) for key in ("x0", "x1", "y0", "y1"))
            nx, ny = int(query["nx"]), int(query["ny"])
        except (KeyError, ValueError) as error:
            raise ExplorerError("A grid needs the numbers x0, x1, y0, y1, nx and ny.") from error
        bounded = all(-1e6 < v < 1e6 for v in (x0, x1, y0, y1)) and x0 < x1 and y0 < y1
        if not bounded or not (1 <= nx <= MAX_GRID and 1 <= ny <= MAX_GRID):
            raise ExplorerError(
                f"A grid needs x0 < x1 and y0 < y1, and 1 to {MAX_GRID} cells a side."
            )
        label, count = class_of(request), optional(request, "count")
        view = (names["model"], names["dataset"], count, names["projection"])
        spaced = query.get("spaced", "linear")
        if spaced not in SPACINGS:
            raise unknown_name("spacing", spaced, SPACINGS)
        return grid_png(opened(request).stamp, *view, Box(x0, x1, y0, y1), (nx, ny), label, spaced)

    return await respond(request, body, "image/png")


@lru_cache(maxsize=64)
def grid_png(
    stamp: str,
    model: str,
    dataset: str,
    count: int | None,
    projection: str,
    box: Box,
    cells: tuple[int, int],
    label: int | None = None,
    spaced: str = "linear",
) -> bytes:
    """The decoded grid as PNG bytes, computed once per model state (`stamp`) and box."""
    import numpy as np

    from explorer.latent.manifold import frame_of, quantile_grid
    from explorer.serve.answer import to_bytes
    from explorer.serve.picture import mosaic_png

    one = catalogue.open(model, dataset, count)
    themap = one.map(projection)
    if spaced == "normal":
        places = quantile_grid(frame_of(one.model, one.atlas), box, *cells)
    else:
        places = centres(box, *cells)
    labels = None
    if one.model.conditional:
        given = label is not None
        labels = np.full(len(places), label) if given else themap.labels_at(places)
    return mosaic_png(to_bytes(one.model.decode(themap.latents_at(places), labels)), cells[0])


async def python(request: Request) -> Response:
    """The lines of Python that make the image of a `row`, a `place` (x,y) of a map or an `own`
    picture."""

    def body() -> bytes:
        from explorer.latent.share import python as lines
        from explorer.latent.subject import subject

        names, one = request.path_params, opened(request)
        text = request.query_params.get("place", "")
        try:
            x, y = (float(part) for part in text.split(",")) if text else (0.0, 0.0)
        except ValueError as error:
            raise ExplorerError("A place is two numbers with a comma between.") from error
        picture = own_of(request)
        label = class_of(request)
        if picture and label is None and one.model.conditional:
            label = subject(one, f"own:{picture}").label
        script = lines(
            names["model"],
            names["dataset"],
            names["projection"],
            count=optional(request, "count"),
            row=None if text or picture else optional(request, "row") or 0,
            place=(x, y) if text else None,
            own=picture,
            label=label,
            conditional=one.model.conditional,
            channels=one.model.card.spec.model.image_shape[0],
        )
        return script.encode()

    return await respond(request, body, "text/plain; charset=utf-8")
