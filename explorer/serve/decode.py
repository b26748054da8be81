"""The decode channel: one WebSocket that answers every live decode.

A request is one JSON object with a sequence number `seq` and a `kind`:

    latent  model, z (n x D)                        decode these latents
    traverse  model, z (D), dimensions (k), ranges (k x 2), steps    decode walks along dimensions
    place   model, dataset, projection, xy (n x 2)  decode these places of a map
    image   model, dataset, row                     encode and decode this image of the data set
    own     model, dataset, own or drawing          the same of a picture of one's own; the image
                                                    that the model sees comes after the decoded one
    walk    model, dataset, walk, at (n)            what lies at these shares of a way
    codes   model, codes (n x cells)                decode these maps of codes of a VQ-VAE
    noise   model, dataset, at, noise, amount       an image with noise, as the model and as a
                                                    median filter clean it, and clean
    transfer  model, dataset, projection, at or z or drawing, to    an image, and what this model
                                                    and each of `to` make of it

A latent may name a map (dataset, projection) too, to be told where it stands on it. `detail: true`
asks also for trust with its reason, nearest real images and class, for a pointer that rests;
`count: 70000` names one of several maps of a data set by its number of images, and without it the
first of them answers; `beside: 17` brings that real image after the decoded ones.

The answer is binary, little-endian: uint32 seq, n, height, width, channels; then the pixels, uint8
(n, height, width, channels); then JSON. A request that cannot be answered gets n = 0 and an `error`
sentence. A message of several MB closes the socket (`server.maxMessageSize`). The script of a page
is never run.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from explorer.errors import ExplorerError
from explorer.serve.catalogue import catalogue
from explorer.serve.quiet import activity
from explorer.serve.requests import (
    MAX_SEQUENCE,
    AnyRequest,
    CodesRequest,
    LatentRequest,
    OnMap,
    OwnRequest,
    TransferRequest,
    TraverseRequest,
    WalkRequest,
    asked_by,
    parse,
)
from explorer.serve.respond import aside
from explorer.serve.together import held, together
from explorer.serve.tracks import known, track_of
from explorer.spec import sentence

log = logging.getLogger(__name__)

MAX_MESSAGE = 256 * 1024
# A pointer moves at most about 120 times a second; a burst of one second is forgiven.
MAX_RATE, BURST = 240.0, 240.0
# Who floods is not read again for this long, so that refusing takes nobody else's time.
PENALTY_SECONDS = 0.05
# A refusal may quote what was sent, but not at any length.
MAX_REASON = 1200


# One warm thread: a fresh thread costs a convolutional decode its cached primitives.
executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="decode")


class RateLimit:
    """A token bucket: `rate` requests a second, with a burst."""

    def __init__(self, rate: float = MAX_RATE, burst: float = BURST) -> None:
        self.rate, self.burst, self.tokens, self.last = rate, burst, burst, time.monotonic()

    def allows(self) -> bool:
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.last) * self.rate)
        self.last = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def origin_allowed(origin: str | None, host: str | None) -> bool:
    """A browser may speak to us only from our own pages, or from EXPLORER_ORIGINS (a list)."""
    if origin is None:  # not a browser
        return True
    others = map(str.strip, os.environ.get("EXPLORER_ORIGINS", "").split(","))
    try:
        own = urlsplit(origin).netloc == host
    except ValueError:  # not an address
        return False
    return own or origin in filter(None, others)


async def decode(websocket: WebSocket) -> None:
    """Answer decode requests until the client goes away."""
    if not origin_allowed(websocket.headers.get("origin"), websocket.headers.get("host")):
        await websocket.close(code=1008, reason="origin not allowed")
        return
    await websocket.accept()
    activity.visited.set()
    limit, loop = RateLimit(), asyncio.get_running_loop()
    try:
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text") or (message.get("bytes") or b"").decode("utf-8", "replace")
            if not limit.allows():
                answer = refusal(_sequence(text), "Too many requests a second; slow down.")
                await asyncio.sleep(PENALTY_SECONDS)
            else:
                answer = await answered(text, loop)
            await websocket.send_bytes(answer)
    except WebSocketDisconnect:
        return


async def answered(text: str, loop: asyncio.AbstractEventLoop) -> bytes:
    """The answer to one request. What it needs is opened and measured beside the decode thread, so
    that the first visitor of a model keeps nobody else waiting."""
    request = read(text)
    if isinstance(request, bytes):
        return request
    if is_cold(request):
        await loop.run_in_executor(aside, warm, request)
    return await loop.run_in_executor(executor, decoded, request)


def is_cold(request: AnyRequest) -> bool:
    """Whether something has to be opened or measured before this can be answered."""
    if isinstance(request, WalkRequest):
        return not known(catalogue, asked_by(request))
    if any(_lacks(need) for need in needs(request)):
        return True
    if not (isinstance(request, TransferRequest) and request.together):
        return False
    ones = [catalogue.peek(one.model, one.dataset, one.count) for one in request.models]
    return held([one for one in ones if one is not None]) is None


def warm(request: AnyRequest) -> None:
    """Open and measure what a request needs; what cannot be is said by its answer."""
    with suppress(ExplorerError):
        if isinstance(request, WalkRequest):
            track_of(catalogue, asked_by(request))
        for need in needs(request):
            opened = catalogue.open(need.model, need.dataset, need.count)
            if need.projection is not None:
                opened.prepare(need.projection)
                if need.anywhere:
                    _ = opened.crowd
        if isinstance(request, TransferRequest) and request.together:
            together([catalogue.open(one.model, one.dataset, one.count) for one in request.models])


@dataclass(frozen=True)
class Need:
    """An atlas that a request needs, and the map of it on which it wants to know where something
    stands; `anywhere` where that is no image's posterior mean."""

    model: str
    dataset: str
    count: int | None
    projection: str | None = None
    anywhere: bool = False


def needs(request: AnyRequest) -> list[Need]:
    """What a request needs, beside ways and models alone."""
    if isinstance(request, TransferRequest):
        return [
            Need(
                one.model,
                one.dataset,
                one.count,
                None if request.together else one.projection,
                True,
            )
            for one in request.models
        ]
    if isinstance(request, CodesRequest | TraverseRequest) or request.dataset is None:
        return []
    atlas = Need(request.model, request.dataset, request.count)
    if isinstance(request, OnMap | LatentRequest) and request.detail:
        anywhere = isinstance(request, LatentRequest | OwnRequest)
        return [replace(atlas, projection=request.projection, anywhere=anywhere)]
    return [atlas]


def _lacks(need: Need) -> bool:
    opened = catalogue.peek(need.model, need.dataset, need.count)
    if opened is None or need.projection is None:
        return opened is None
    return need.projection not in opened.prepared or (need.anywhere and not opened.has_crowd)


def read(text: str) -> AnyRequest | bytes:
    """The request that a message holds, or the refusal of one that is none."""
    if len(text) > MAX_MESSAGE:
        return refusal(0, f"A request may hold at most {MAX_MESSAGE // 1024} KiB.")
    try:
        return parse(text)
    except ValidationError as error:
        return refusal(_sequence(text), sentence(error))


def reply(text: str) -> bytes:
    """The answer to one message, whatever it holds."""
    request = read(text)
    return request if isinstance(request, bytes) else decoded(request)


def decoded(request: AnyRequest) -> bytes:
    """The answer to one request: pixels, or a refusal that says why."""
    try:
        return _answer(request)
    except ExplorerError as error:
        return refusal(request.seq, str(error))
    except Exception:
        log.exception("a decode request failed")
        return refusal(request.seq, "This could not be decoded; the server's log says why.")


def refusal(seq: int, why: str) -> bytes:
    """A frame without pixels and with a reason."""
    why = why if len(why) <= MAX_REASON else why[:MAX_REASON] + "…"
    return struct.pack("<5I", seq, 0, 0, 0, 0) + json.dumps({"error": why}).encode()


def _sequence(text: str) -> int:
    try:
        seq = json.loads(text[:MAX_MESSAGE]).get("seq", 0)
        return seq if isinstance(seq, int) and 0 <= seq <= MAX_SEQUENCE else 0
    except (ValueError, AttributeError, RecursionError):  # RecursionError: nested too deep
        return 0


def _answer(request: AnyRequest) -> bytes:
    from explorer.serve.answer import answer

    pixels, said = answer(request, catalogue)
    n, height, width, channels = pixels.shape
    header = struct.pack("<5I", request.seq, n, height, width, channels)
    # NaN and Infinity are no JSON: a browser could not read the answer at all.
    return header + pixels.tobytes() + json.dumps(said, allow_nan=False).encode()
