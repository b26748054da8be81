"""Binary routes beside the pages: points of a map, thumbnails, decoded grids, scripts.

Each answer is fetched once and kept by the browser: its ETag is a hash of what decides it.
"""

from __future__ import annotations

import json
import struct
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from explorer.errors import ExplorerError
from explorer.serve import jobs, selection
from explorer.serve.catalogue import catalogue
from explorer.serve.decode import decode
from explorer.serve.respond import respond

PREFIX = "/explorer"
VIEW = Path(__file__).resolve().parent.parent / "view"
# Bytes per thumbnail request, one round trip: 512 images of 28x28 grey, 32 of 64x64 in colour.
THUMB_BYTES = 512 * 28 * 28
MAX_GRID = 40
MAX_CLASS_DIGITS = 3


class Revalidated(StaticFiles):
    """Files that the browser keeps but asks about, so that a new version is never half-loaded."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


def routes() -> list[BaseRoute]:
    """All routes of the app, for `st.App(routes=...)`."""
    import plotly

    package = Path(plotly.__file__).parent / "package_data"
    return [
        WebSocketRoute(f"{PREFIX}/decode", decode),
        Route(f"{PREFIX}/points/{{model}}/{{dataset}}/{{projection}}", points),
        Route(f"{PREFIX}/thumbs/{{dataset}}/{{chunk:int}}", thumbs),
        Route(f"{PREFIX}/grid/{{model}}/{{dataset}}/{{projection}}", grid),
        Route(f"{PREFIX}/jobs/{{id}}", jobs.show),
        Route(f"{PREFIX}/jobs/{{id}}/preview", jobs.preview),
        Route(f"{PREFIX}/jobs/{{id}}/leave", jobs.leave, methods=["POST"]),
        Route(f"{PREFIX}/group/{{model}}/{{dataset}}/{{projection}}", selection.group),
        Route(f"{PREFIX}/group/{{model}}/{{dataset}}/{{projection}}/group.csv", selection.csv),
        Route(f"{PREFIX}/group/{{model}}/{{dataset}}/{{projection}}/group.png", selection.png),
        Route(
            f"{PREFIX}/posterior/{{model}}/{{dataset}}/{{projection}}/{{row:int}}",
            selection.posterior,
        ),
        Route(f"{PREFIX}/search/{{model}}/{{dataset}}", selection.search),
        Mount(f"{PREFIX}/assets", Revalidated(directory=VIEW)),
        Mount(f"{PREFIX}/plotly", Revalidated(directory=package)),
    ]


async def points(request: Request) -> Response:
    """All points of a map: uint32 n and length of a JSON header, the header, then the columns
    x float32, y float32, row int32, label uint8 (n each). The header is padded to 4 bytes."""

    def body() -> bytes:
        names = request.path_params
        opened = catalogue.open(names["model"], names["dataset"])
        dataset = catalogue.dataset(names["dataset"])
        themap = opened.map(names["projection"])
        xy = themap.coordinates
        channels, height, width = dataset.image_shape
        header = json.dumps(
            {
                "axes": themap.axes,
                "classes": dataset.classes,
                "noun": dataset.noun,
                "origins": dataset.origins,
                "shape": [height, width, channels],
                "total": len(dataset),
                "variational": opened.model.network.has_prior,
                "thumb_chunk": thumb_chunk(dataset.image_shape),
            }
        ).encode()
        header += b" " * (-len(header) % 4)
        columns = [
            xy[:, 0].astype("<f4"),
            xy[:, 1].astype("<f4"),
            opened.atlas.rows.astype("<i4"),
            opened.atlas.labels.astype("u1"),
        ]
        start = struct.pack("<2I", len(xy), len(header)) + header
        return start + b"".join(column.tobytes() for column in columns)

    return await respond(request, body, "application/octet-stream")


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


def thumb_chunk(shape: tuple[int, int, int]) -> int:
    """How many images of a shape (C, H, W) travel together."""
    return max(1, THUMB_BYTES // prod(shape))


async def grid(request: Request) -> Response:
    """A PNG of decodes at the centres of nx x ny cells over x0..x1, y0..y1 (y upwards)."""

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
        label = class_of(query.get("label", ""))
        opened = catalogue.open(names["model"], names["dataset"])
        stamp = opened.model.card.weights_sha256
        view = (names["model"], names["dataset"], names["projection"])
        return grid_png(stamp, *view, (x0, x1, y0, y1), (nx, ny), label)

    return await respond(request, body, "image/png")


def class_of(text: str) -> int | None:
    """The class that an address names, None for none. Raises ExplorerError for other words."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_CLASS_DIGITS):
        raise ExplorerError("A class is named by its number, like label=3.")
    return int(text)


@lru_cache(maxsize=64)
def grid_png(
    stamp: str,
    model: str,
    dataset: str,
    projection: str,
    box: tuple[float, float, float, float],
    cells: tuple[int, int],
    label: int | None = None,
) -> bytes:
    """The decoded grid as PNG bytes, computed once per model state (`stamp`) and box."""
    import numpy as np

    from explorer.serve.answer import to_bytes
    from explorer.serve.picture import mosaic_png

    opened = catalogue.open(model, dataset)
    (x0, x1, y0, y1), (nx, ny) = box, cells
    x = x0 + (np.arange(nx) + 0.5) / nx * (x1 - x0)
    y = y1 - (np.arange(ny) + 0.5) / ny * (y1 - y0)
    places = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    themap = opened.map(projection)
    labels = None
    if opened.model.conditional:
        given = label is not None
        labels = np.full(len(places), label) if given else themap.labels_at(places)
    images = to_bytes(opened.model.decode(themap.latents_at(places), labels))
    return mosaic_png(images, nx)
