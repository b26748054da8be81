"""The worker compiles only when nobody asks for anything."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient

from explorer.serve import warm
from explorer.serve.decode import decode
from explorer.serve.quiet import Activity, Noticing, activity
from explorer.serve.warm import QUIET, pause, warm_when_quiet

ROOT = Path(__file__).resolve().parents[2]


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_each_request_and_each_message_of_a_socket_is_noted():
    clock = Clock()
    noted = Activity(clock)
    hello = Route("/", lambda request: PlainTextResponse("hello"))
    routes = [hello, WebSocketRoute("/decode", decode)]
    app = Starlette(routes=routes, middleware=[Middleware(Noticing, noted=noted)])
    with TestClient(app) as client:
        for ask in (lambda: client.get("/"), lambda: client.get("/nowhere")):
            clock.now += 30
            assert noted.quiet_seconds == 30
            ask()
            assert noted.quiet_seconds == 0
        with client.websocket_connect("/decode") as socket:
            for _ in range(2):
                clock.now += 30
                socket.send_text("nothing that can be read")
                assert b"error" in socket.receive_bytes()
                assert noted.quiet_seconds == 0


APP = """
import app
from starlette.testclient import TestClient
from explorer.serve.quiet import activity
activity._last = float("-inf")
assert TestClient(app.app).get("/explorer/thumbs/none/0").status_code == 404
assert activity.quiet_seconds < 60, activity.quiet_seconds
"""


def test_the_app_notes_what_it_is_asked():
    done = subprocess.run(
        [sys.executable, "-c", APP], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


class Watched:
    """Time that passes while the watch waits, in which people ask at certain seconds."""

    def __init__(self, asks: list[float], until: float) -> None:
        self.clock = Clock()
        self.start = self.clock.now
        self.noted = Activity(self.clock)
        self.asks, self.until = asks, until
        self.warmed: list[float] = []

    def wait(self, seconds: float) -> bool:
        assert seconds > 0
        end = self.clock.now + seconds
        for ask in self.asks:
            if self.clock.now < self.start + ask <= end:
                self.noted._last = self.start + ask
        self.clock.now = end
        return end - self.start > self.until

    def warm(self) -> None:
        self.warmed.append(self.clock.now - self.start)


def warmed(asks: list[float], until: float = 70) -> list[float]:
    """The seconds after the start at which a worker is warmed up."""
    watched = Watched(asks, until)
    warm_when_quiet(watched, watched.noted, watched)
    return watched.warmed


def test_the_worker_is_warmed_up_after_so_many_quiet_seconds_and_not_before():
    assert warmed([])[0] == QUIET == 20
    assert warmed([5, 19.5, 21])[0] == 41
    assert warmed([float(second) for second in range(0, 70, 2)]) == []


def test_the_watch_looks_again_when_it_may_be_quiet_and_never_without_a_pause():
    assert (pause(0), pause(12), pause(20), pause(500)) == (20, 8, 20, 20)


def test_the_watch_ends_with_the_server():
    ended = threading.Event()
    watch = threading.Thread(target=warm_when_quiet, args=(None, Activity(), ended), daemon=True)
    watch.start()
    watch.join(0.2)
    assert watch.is_alive()
    ended.set()
    watch.join(30)
    assert not watch.is_alive()


def test_the_server_prepares_once_a_plane_is_there_or_nobody_comes(monkeypatch):
    prepared, noted, ended = threading.Event(), Activity(), threading.Event()
    monkeypatch.setattr(warm, "prepare", prepared.set)
    monkeypatch.setattr(warm.worker, "start", lambda: None)
    monkeypatch.setattr(warm, "VISITED", 3600.0)
    waits = threading.Thread(target=warm.warm_up, args=(noted, ended), daemon=True)
    waits.start()
    assert not prepared.wait(0.3)
    noted.visited.set()
    waits.join(30)
    assert prepared.is_set()
    prepared.clear()
    monkeypatch.setattr(warm, "VISITED", 0.01)
    warm.warm_up(Activity(), ended)
    assert prepared.is_set()
    prepared.clear()
    ended.set()
    warm.warm_up(Activity(), ended)
    assert not prepared.is_set()


def test_a_decode_channel_tells_that_a_plane_is_there():
    activity.visited.clear()
    with (
        TestClient(Starlette(routes=[WebSocketRoute("/decode", decode)])) as client,
        client.websocket_connect("/decode"),
    ):
        assert activity.visited.wait(10)
