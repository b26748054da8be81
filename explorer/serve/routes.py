"""All routes beside the pages, in one table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from explorer.serve import (
    anomalies,
    codes,
    dimensions,
    factors,
    jobs,
    overlays,
    points,
    portraits,
    samples,
    selection,
    subjects,
    trips,
    walks,
)
from explorer.serve.ahead import VIEW, FetchAhead
from explorer.serve.decode import decode
from explorer.serve.quiet import Noticing

PREFIX = "/explorer"
ATLAS = "{model}/{dataset}"
MAP = f"{ATLAS}/{{projection}}"
GET: dict[str, Any] = {
    f"points/{MAP}": points.points,
    f"quality/{MAP}": points.quality,
    f"grid/{MAP}": points.grid,
    f"python/{MAP}": points.python,
    f"alignment/{MAP}": points.alignment,
    "thumbs/{dataset}/{chunk:int}": points.thumbs,
    "images/{dataset}": points.images,
    f"column/{ATLAS}/{{column}}": overlays.column,
    f"layer/{MAP}/{{layer}}": overlays.layer,
    f"group/{MAP}": selection.group,
    f"group/{MAP}/group.csv": selection.csv,
    f"group/{MAP}/group.png": selection.png,
    f"posterior/{MAP}": selection.posterior,
    f"search/{ATLAS}": selection.search,
    f"dimensions/{ATLAS}": dimensions.dimensions,
    f"traversal/{ATLAS}": dimensions.traversal,
    f"factors/{ATLAS}": factors.factors,
    f"samples/{ATLAS}/{{sampler}}": samples.samples,
    f"samples/{ATLAS}/{{sampler}}/samples.png": samples.png,
    f"samples/{ATLAS}/{{sampler}}/samples.csv": samples.table,
    f"manifold/{ATLAS}": samples.manifold,
    f"subject/{MAP}": subjects.show,
    f"portrait/{MAP}": portraits.portrait,
    f"between/{ATLAS}": portraits.between,
    f"walk/{MAP}": walks.walk,
    f"walk/{MAP}/walk.gif": walks.gif,
    f"walk/{MAP}/walk.csv": walks.csv,
    f"codebook/{ATLAS}": codes.codebook,
    f"code-map/{MAP}": codes.of_subject,
    f"code-facts/{ATLAS}": codes.facts,
    "code-draws/{model}": codes.draws,
    f"denoising/{ATLAS}": trips.denoising,
    f"round-trip/{MAP}": trips.round_trip,
    f"errors/{ATLAS}": anomalies.standing,
    f"ranked/{ATLAS}": anomalies.ranked,
    "jobs/{id}": jobs.show,
    "jobs/{id}/preview": jobs.preview,
}


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
        *(Route(f"{PREFIX}/{path}", answer) for path, answer in GET.items()),
        Route(f"{PREFIX}/jobs/{{id}}/leave", jobs.leave, methods=["POST"]),
        Route(f"{PREFIX}/own", subjects.keep, methods=["POST"]),
        Mount(f"{PREFIX}/assets", Revalidated(directory=VIEW)),
        Mount(f"{PREFIX}/plotly", Revalidated(directory=package)),
    ]


def middleware() -> list[Middleware]:
    """What every answer of the app passes through, for `st.App(middleware=...)`."""
    return [Middleware(Noticing), Middleware(FetchAhead, prefix=PREFIX)]
