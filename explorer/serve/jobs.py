"""What a browser asks about jobs of the worker: how far, a preview, and that it has left.

Any route that needs long work asks `worker.request` for it, if `same_site`, and answers with
`waiting`; the page then polls `/explorer/jobs/<id>` and asks the route again when it is done.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from explorer.serve.decode import origin_allowed
from explorer.serve.worker import Job, worker

MAX_WHO = 64
MAX_DIGITS = 9
NOT_KEPT = {"Cache-Control": "no-store"}


async def show(request: Request) -> Response:
    """A job as it stands; `who` stays interested in it."""
    job_id = request.path_params["id"]
    if name := who(request):
        worker.touch(job_id, name)
    job = worker.find(job_id)
    return _unknown() if job is None else JSONResponse(said(job), headers=NOT_KEPT)


async def preview(request: Request) -> Response:
    """The latest preview with its number in `X-Preview-Number`; 204 if `after` is no older."""
    job = worker.find(request.path_params["id"])
    if job is None:
        return _unknown()
    after = request.query_params.get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) <= MAX_DIGITS):
        return PlainTextResponse("A preview is asked for by a number, like after=3.", 404)
    if job.preview is None or job.preview_number <= int(after):
        return Response(status_code=204, headers=NOT_KEPT)
    headers = NOT_KEPT | {"X-Preview-Number": str(job.preview_number)}
    return Response(job.preview, media_type="application/octet-stream", headers=headers)


async def leave(request: Request) -> Response:
    """`who` wants a job no longer."""
    if not same_site(request):
        return foreign()
    worker.leave(request.path_params["id"], who(request))
    return Response(status_code=204)


def said(job: Job) -> dict[str, Any]:
    """What a page is told of a job; `left` in seconds, or null."""
    left = job.seconds_left
    return {
        "job": job.id,
        "state": job.state,
        "share": round(job.share, 4),
        "doing": job.doing,
        "left": None if left is None else round(left, 1),
        "before": job.before,
        "error": job.error,
        "preview": job.preview_number,
    }


def waiting(job: Job) -> Response:
    """The answer of a route whose content is being made: 202, or 409 with why it failed."""
    if job.state == "failed":
        return PlainTextResponse(job.error or "", 409, headers=NOT_KEPT)
    return JSONResponse(said(job), 202, headers=NOT_KEPT)


def same_site(request: Request) -> bool:
    """Whether a request comes from our own pages, or not from a browser at all.

    A picture or link in another website's page sends no Origin; its Sec-Fetch-Site tells.
    """
    origin = request.headers.get("origin")
    if origin is not None:
        return origin_allowed(origin, request.headers.get("host"))
    return request.headers.get("sec-fetch-site", "none") in ("same-origin", "none")


def foreign() -> Response:
    """The answer to another website's request to start or stop work."""
    return PlainTextResponse("Only this app's own pages may start or stop work here.", 403)


def who(request: Request) -> str:
    return request.query_params.get("who", "")[:MAX_WHO]


def _unknown() -> Response:
    return PlainTextResponse("There is no such job any more; ask for it again.", 404)
