"""How a route answers: its work on a thread, a fault as a sentence, nothing twice."""

from __future__ import annotations

import asyncio
import hashlib
import json
import struct
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from explorer.errors import ExplorerError

# For what is no decode: an atlas that takes seconds to open makes no pointer wait.
aside = ThreadPoolExecutor(max_workers=2, thread_name_prefix="aside")


async def respond(
    request: Request,
    body: Callable[[], bytes],
    media_type: str,
    thread: Executor = aside,
    decided_by: Callable[[], bytes] | None = None,
) -> Response:
    """Run `body` on a thread; answer with an ETag, 304 when the browser has it already.

    Where `decided_by` says briefly what decides the body, a 304 does without the body. A fault that
    a person can mend is a 404 with its sentence.
    """

    def made() -> Response:
        content = None if decided_by else body()
        decided = decided_by() if decided_by else content
        etag = f'"{hashlib.sha256(decided or b"").hexdigest()[:32]}"'
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(content or body(), media_type=media_type, headers=headers)

    return await made_on(thread, made)


async def made_on(thread: Executor, make: Callable[[], Response]) -> Response:
    """The response that `make` gives on a thread; a fault that a person can mend is a 404."""
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, make)
    except ExplorerError as error:
        return PlainTextResponse(str(error), status_code=404)


def headed(n: int, said: dict[str, Any]) -> bytes:
    """The start of a binary answer: uint32 n and length of the JSON, the JSON padded to 4 bytes."""
    header = json.dumps(said).encode()
    header += b" " * (-len(header) % 4)
    return struct.pack("<2I", n, len(header)) + header


def as_file(name: str) -> dict[str, str]:
    """The header that makes a browser save an answer under this name."""
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-cache"}
