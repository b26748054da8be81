"""Answers whose content may first have to be made: by the worker, once, for everyone.

Until it is there a route answers 202 with how far the job is; the page asks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from explorer.errors import ExplorerError
from explorer.serve.jobs import foreign, same_site, waiting, who
from explorer.serve.respond import aside, respond
from explorer.serve.worker import worker

# A task of the worker, by its name, and what it is told.
Task = tuple[str, dict[str, Any]]


async def when_made(
    request: Request,
    missing: Callable[[], Task | None],
    body: Callable[[], bytes],
    media_type: str,
    decided_by: Callable[[], bytes] | None = None,
) -> Response:
    """`body` as `respond` gives it, once `missing` names no task that has to be done before.

    A task is started for our own pages alone. One that failed is said once, with its reason, and
    tried again when it is asked for again.
    """
    try:
        task = await asyncio.get_running_loop().run_in_executor(aside, missing)
        if task is None:
            return await respond(request, body, media_type, aside, decided_by)
        if not same_site(request):
            return foreign()
        name, arguments = task
        return waiting(worker.request(name, arguments, who(request)))
    except ExplorerError as error:
        return PlainTextResponse(str(error), status_code=404)
