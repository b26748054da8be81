"""What lies over and under the points of a map: columns that colour them, layers of trust.

Each is computed once by the worker and kept on disk; until it is there the answer is 202 with how
far it is.
"""

from __future__ import annotations

import base64
import io
import json
import struct
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from explorer import store
from explorer.serve.address import atlas_of, class_of
from explorer.serve.catalogue import catalogue
from explorer.serve.prepared import Task, when_made

if TYPE_CHECKING:
    from explorer.latent.columns import Column
    from explorer.latent.layers import Grid

BINS = 10


async def column(request: Request) -> Response:
    """A column of an atlas as groups of points: uint32 length of a JSON header, the header
    {title, unit, kind, groups: names}, then the group of each point, uint8 (n)."""

    def wanted() -> dict[str, Any]:
        return atlas_of(request) | {"column": request.path_params["column"]}

    def kept() -> Column | None:
        from explorer.latent.columns import kept

        return kept(store.open_artefact(wanted()["model"]), **_beside_model(wanted()))

    def missing() -> Task | None:
        return None if kept() else ("column", wanted())

    def body() -> bytes:
        found = kept()
        assert found is not None, "made before"
        return column_bytes(found)

    return await when_made(request, missing, body, "application/octet-stream")


async def layer(request: Request) -> Response:
    """A layer of trust over a map, as JSON: `picture` (a data URL), `box` {x0, x1, y0, y1} that it
    covers, and `legend`, which explains it. A conditional model draws the class `label`, or at each
    place that of the nearest point."""
    names = request.path_params

    def wanted() -> dict[str, Any]:
        from explorer.latent.layers import told

        atlas, asked = atlas_of(request), class_of(request)
        label = told(store.open_artefact(atlas["model"]).card, names["layer"], asked)
        chosen = {key: names[key] for key in ("projection", "layer")}
        return atlas | chosen | {"label": label}

    def kept() -> Grid | None:
        from explorer.latent.layers import kept

        return kept(store.open_artefact(wanted()["model"]), **_beside_model(wanted()))

    def missing() -> Task | None:
        return None if kept() else ("layer", wanted())

    def body() -> bytes:
        found = kept()
        assert found is not None, "made before"
        label = wanted()["label"]
        classes = catalogue.dataset(names["dataset"]).classes
        return layer_json(found, None if label is None else classes[label])

    return await when_made(request, missing, body, "application/json")


def _beside_model(wanted: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if name != "model"}


def column_bytes(found: Column) -> bytes:
    """See `column`. Numbers come as the BINS ranges that they fall into."""
    from explorer.latent.columns import binned

    if found.kind == "number":
        groups, edges = binned(found.values, BINS)
        titles = range_words(edges.tolist())
    else:
        groups, titles = found.values.astype("u1"), list(found.categories)
    said = {"title": found.title, "unit": found.unit, "kind": found.kind, "groups": titles}
    header = json.dumps(said).encode()
    return struct.pack("<I", len(header)) + header + groups.tobytes()


def range_words(edges: list[float]) -> list[str]:
    """Names of the ranges between edges, the first and the last open: `below 1.2`, `1.2 to 1.9`,
    `above 1.9`. As many digits as tell the edges apart."""
    digits = 2
    while digits < 9 and len({f"{edge:.{digits}g}" for edge in edges}) < len(set(edges)):
        digits += 1
    said = [f"{float(f'{edge:.{digits}g}'):g}".replace("-", "\N{MINUS SIGN}") for edge in edges]
    middle = [f"{low} to {high}" for low, high in pairwise(said[1:-1])]
    return [f"below {said[1]}", *middle, f"above {said[-2]}"]


def layer_json(found: Grid, told: str | None = None) -> bytes:
    """See `layer`; the legend says which class the model was told."""
    from PIL import Image

    from explorer.latent.tint import picture

    rgba, legend = picture(found)
    if told is not None:
        legend["about"] += f" Every place is drawn as {told}, the chosen class."
    stream = io.BytesIO()
    # Enlarged smoothly where between two cells there is a value between; categories keep borders.
    smooth = Image.Resampling.NEAREST if legend["scale"] == "category" else Image.Resampling.BICUBIC
    image = Image.fromarray(rgba)
    image.resize((4 * image.width, 4 * image.height), smooth).save(stream, "PNG")
    url = "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
    return json.dumps({"picture": url, "box": found.box._asdict(), "legend": legend}).encode()
