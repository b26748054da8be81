"""A class at one server: many users drag at once, and every answer is checked.

    python benchmarks/classroom.py [--users 30] [--seconds 60] [--json]

Each simulated user speaks the app's own protocols over the `websockets` package (the one that the
server itself uses): a Streamlit session, opened as a page opens it and kept open, whose script runs
once; and the decode channel, ten requests a second, one in flight. Half of the users drag over the
2-D plane (`place`), half send latents to the convolutional decoder (`latent`). Every user has
latents of their own, and all expected images are decoded beforehand in this process, without any
server: an answer with another number than was asked for is crossed, one that differs from its
expected image by more than one grey level is wrong. The server's memory is read after a first
round of the same load and at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import struct
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import websockets

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import explorer
from benchmarks.stage import machine, server, spread, wait_for

RATE = 10
PLANE, CONV = "mnist-vae-2d", "mnist-conv-vae-32"
# Answers that round the other way on another batch size differ by one grey level.
TOLERANCE = 1
WARM_SECONDS = 2.0


@dataclass
class User:
    """One person: a model, latents of their own, the images to expect, and what came back."""

    number: int
    model: str
    z: np.ndarray
    expected: np.ndarray
    times: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    crossed: int = 0
    wrong: int = 0

    def request(self, step: int) -> tuple[int, str]:
        """The number and the text of a request; numbers are unique in the whole class."""
        seq, z = self.number * 1_000_000 + step, [self.z[step].tolist()]
        if self.model == PLANE:
            asked = {"kind": "place", "dataset": "mnist-5k", "projection": "raw", "xy": z}
        else:
            asked = {"kind": "latent", "z": z}
        return seq, json.dumps({"seq": seq, "model": self.model, **asked})

    def check(self, frame: bytes, seq: int, step: int) -> None:
        """Compare an answer with the image that it must hold."""
        answered, n, height, width, channels = struct.unpack("<5I", frame[:20])
        size = n * height * width * channels
        if answered != seq:
            self.crossed += 1
        elif n != 1:
            self.errors.append(json.loads(frame[20 + size :])["error"])
        else:
            pixels = np.frombuffer(frame[20 : 20 + size], np.uint8).astype(int)
            if np.abs(pixels - self.expected[step].ravel()).max() > TOLERANCE:
                self.wrong += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=60, help="of dragging, each at 10/s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with server() as app:
        wait_for(app.address)
        result = asyncio.run(lesson(app.address, app.pid, options.users, options.seconds))
    print(json.dumps(result) if options.json else table(result))
    if result["errors"] or result["wrong"] or result["crossed"]:
        sys.exit(1)


async def lesson(address: str, pid: int, count: int, seconds: float) -> dict[str, Any]:
    """Everyone joins, all drag for two seconds, then for as long as asked."""
    process, steps = psutil.Process(pid), max(1, round(seconds * RATE))
    url = address.replace("http", "ws", 1)
    joining = time.perf_counter()
    pages = await asyncio.gather(*(join(url) for _ in range(count)))
    joined = time.perf_counter() - joining
    await drag_all(url, people(count, round(WARM_SECONDS * RATE), seed=1))
    users = people(count, steps, seed=2)
    before, cpu = process.memory_info().rss, sum(process.cpu_times()[:2])
    started = time.perf_counter()
    await drag_all(url, users)
    took = time.perf_counter() - started
    after, busy = process.memory_info().rss, sum(process.cpu_times()[:2]) - cpu
    for page in pages:
        page.cancel()
    await asyncio.gather(*pages, return_exceptions=True)
    faults = [fault for user in users for fault in user.errors]
    return {
        "machine": machine(),
        "users": count,
        "seconds": round(took, 1),
        "joined_s": round(joined, 2),
        "asked": count * steps,
        "answered": sum(len(user.times) for user in users),
        "ms": spread([one for user in users for one in user.times]),
        "errors": len(faults),
        "first_error": faults[0] if faults else None,
        "wrong": sum(user.wrong for user in users),
        "crossed": sum(user.crossed for user in users),
        "rss_mb": [round(size / 2**20, 1) for size in (before, after)],
        "growth_mb": round((after - before) / 2**20, 1),
        "server_cores": round(busy / took, 2),
    }


def people(count: int, steps: int, seed: int) -> list[User]:
    """Users whose latents all differ, with their expected images uint8 (steps, H, W, C)."""
    generator, users = np.random.default_rng(seed), []
    for number in range(count):
        model = explorer.load((PLANE, CONV)[number % 2], "cpu")
        z = generator.normal(size=(steps, model.latent_dim)).astype(np.float32)
        images = model.decode(z).transpose(0, 2, 3, 1)
        users.append(User(number, model.id, z, np.rint(images * 255).astype(np.uint8)))
    return users


async def join(url: str) -> asyncio.Task[None]:
    """Open a page's Streamlit session, wait for its script, and keep the session open."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    socket = await websockets.connect(
        f"{url}/_stcore/stream", subprotocols=["streamlit"], max_size=None
    )
    await socket.send(BackMsg(rerun_script={"query_string": ""}).SerializeToString())
    finished = asyncio.get_running_loop().create_future()

    async def listen() -> None:
        async with socket:
            async for message in socket:
                kind = ForwardMsg.FromString(message).WhichOneof("type")
                if kind == "script_finished" and not finished.done():
                    finished.set_result(None)

    page = asyncio.create_task(listen())
    await asyncio.wait({page, finished}, return_when=asyncio.FIRST_COMPLETED, timeout=120)
    if not finished.done():
        sys.exit("A page's script did not finish within two minutes.")
    return page


async def drag_all(url: str, users: list[User]) -> None:
    """All users at once, each starting at another moment of the first tenth of a second."""
    await asyncio.gather(*(drag(url, user, i / len(users)) for i, user in enumerate(users)))


async def drag(url: str, user: User, phase: float) -> None:
    """One request every tenth of a second; a late answer delays the next request."""
    with suppress(websockets.ConnectionClosed):
        async with websockets.connect(f"{url}/explorer/decode", max_size=None) as socket:
            start = time.perf_counter() + phase / RATE
            for step in range(len(user.z)):
                await asyncio.sleep(max(0.0, start + step / RATE - time.perf_counter()))
                seq, text = user.request(step)
                sent = time.perf_counter()
                await socket.send(text)
                frame = await socket.recv()
                user.times.append(1000 * (time.perf_counter() - sent))
                user.check(frame, seq, step)
            return
    user.errors.append("The connection was closed.")


def table(result: dict[str, Any]) -> str:
    times, (before, after) = result["ms"], result["rss_mb"]
    return "\n".join(
        [
            result["machine"],
            f"{result['users']} users, {RATE} updates/s each for {result['seconds']} s, all joined "
            f"in {result['joined_s']} s",
            f"answered {result['answered']:,} of {result['asked']:,}: p50 {times.get('p50')} ms, "
            f"p95 {times.get('p95')} ms",
            f"errors {result['errors']}, wrong {result['wrong']}, crossed {result['crossed']}",
            f"server: {result['server_cores']} cores, memory {before} -> {after} MB "
            f"({result['growth_mb']:+} MB)",
        ]
    )


if __name__ == "__main__":
    main()
