"""How a route answers: its work on one of two threads, a fault as a sentence, nothing twice."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from explorer.errors import ExplorerError
from explorer.serve.decode import executor

# For what may take seconds, as averaging 5,000 drawn faces does: no pointer waits behind it.
patient = ThreadPoolExecutor(max_workers=1, thread_name_prefix="patient")


async def respond(
    request: Request, body: Callable[[], bytes], media_type: str, thread: Executor = executor
) -> Response:
    """Run `body` on the decode thread, or on another; answer with an ETag, 304 when the browser has
    it already.

    A fault that a person can mend is a 404 with its sentence.
    """

    def made() -> Response:
        content = body()
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=media_type, headers=headers)

    return await made_on(thread, made)


async def made_on(thread: Executor, make: Callable[[], Response]) -> Response:
    """The response that `make` gives on a thread; a fault that a person can mend is a 404."""
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, make)
    except ExplorerError as error:
        return PlainTextResponse(str(error), status_code=404)
