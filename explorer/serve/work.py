"""The worker process's own side: `python -m explorer.serve.work --tasks module:NAME`.

It reads one JSON object a line from stdin: a job (`task`, `arguments`), `stop` for the one that it
is doing, or `warm` for it to get ready in its idle time. It answers with one JSON object a line on
stdout: `began`; `share`, `doing` and the length of the raw preview bytes that follow the line;
`end` (done, failed, cancelled) with `error`. It ends when stdin closes, whatever it is doing: then
its server is gone.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from queue import SimpleQueue
from typing import IO, Any

from explorer.errors import ExplorerError

log = logging.getLogger(__name__)

NICENESS, LOWEST = 10, 19
# The thread that compiles beforehand.
COMPILER = "warm-up"
# Seconds between two reports that say the same words: each one wakes the server.
EVERY = 0.05


class Stopped(BaseException):
    """Raised inside a task that was cancelled; not an Exception, so that no task swallows it."""


class Channel:
    """Writes messages to the server, whole ones only, from any thread."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out, self._lock = out, threading.Lock()

    def say(self, preview: bytes = b"", **message: Any) -> None:
        line = json.dumps(message | {"preview": len(preview)}).encode() + b"\n"
        try:
            with self._lock:
                self._out.write(line + preview)
                self._out.flush()
        except OSError:  # nobody listens any more
            os._exit(0)


class Reporter:
    """What a task calls now and then: its share in [0, 1], what it is doing in words, a preview.

    Raises Stopped once the job was cancelled.
    """

    def __init__(self, channel: Channel, stop: threading.Event) -> None:
        self._channel, self._stop = channel, stop
        self._last, self._doing = float("-inf"), ""

    def __call__(self, share: float, doing: str, preview: bytes | None = None) -> None:
        if self._stop.is_set():
            raise Stopped
        now = time.monotonic()
        if preview is None and doing == self._doing and now - self._last < EVERY:
            return
        self._last, self._doing = now, doing
        share = min(1.0, max(0.0, float(share)))
        self._channel.say(preview or b"", share=share, doing=doing)


def named(dotted: str) -> Any:
    """What `module:name` names; its module is imported."""
    module, _, name = dotted.partition(":")
    return getattr(import_module(module), name)


def perform(
    tasks: dict[str, str], message: dict[str, Any], channel: Channel, stop: threading.Event
) -> None:
    """Do one job and say how it ended."""
    try:
        function = named(tasks[message["task"]])
        channel.say(began=True)
        function(Reporter(channel, stop), **message["arguments"])
        channel.say(end="done")
    except Stopped:
        channel.say(end="cancelled")
    except ExplorerError as error:
        channel.say(end="failed", error=str(error))
    except Exception:
        log.exception("the job '%s' failed", message["task"])
        why = f"The job '{message['task']}' failed; the server's log says why."
        channel.say(end="failed", error=why)


def listen(lines: IO[bytes], inbox: SimpleQueue[dict[str, Any]], stop: threading.Event) -> None:
    """Put each message into the inbox, and end the process when the server is gone."""
    for line in lines:
        message = json.loads(line)
        if "stop" in message:
            stop.set()
            continue
        if "task" in message:
            stop.clear()
        inbox.put(message)
    os._exit(0)


# --- idle time ----------------------------------------------------------------------------------


def preparation(tasks: dict[str, str]) -> Iterator[bool]:
    """Import what jobs need, one step at a time, then compile UMAP in a thread.

    A job that comes waits for one import at most, and shares the compiler with the thread. There is
    no cache on disk to compile into: most of UMAP's functions are not marked for one.
    """
    modules = sorted({dotted.partition(":")[0] for dotted in tasks.values()})
    for module in [*modules, "numba", "sklearn.manifold", "pynndescent", "umap"]:
        try:
            import_module(module)
        except Exception:  # the job that needs it will say so
            log.exception("could not import %s beforehand", module)
            return
        yield True
    in_thread(compile_umap, name=COMPILER)


def step_back() -> None:
    """Give this thread the lowest priority, where the system lets it be raised again: a job may
    wait for what it compiles. Linux alone tells the threads of a process apart."""
    if sys.platform != "linux":
        return
    own = os.getpriority(os.PRIO_PROCESS, 0)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, own + 1)
        os.setpriority(os.PRIO_PROCESS, 0, own)
    except PermissionError:
        return
    os.setpriority(os.PRIO_PROCESS, 0, LOWEST)


def hurry() -> None:
    """A job has come: what is being compiled gets the job's own priority."""
    if sys.platform != "linux":
        return
    for thread in threading.enumerate():
        if thread.name == COMPILER and thread.native_id is not None:
            with suppress(PermissionError, ProcessLookupError):
                own = os.getpriority(os.PRIO_PROCESS, 0)
                os.setpriority(os.PRIO_PROCESS, thread.native_id, own)


def compile_umap() -> None:
    """Two tiny fits, by exact neighbours and by those of pynndescent (over 4,096 points)."""
    step_back()
    import numpy as np
    import umap

    try:  # numba's own thread pool ends the process when two threads use it at once
        import_module("numba.np.ufunc.omppool")
    except ImportError:
        return
    started = time.monotonic()
    points = np.random.default_rng(0).normal(size=(64, 8)).astype(np.float32)
    for approximate in (False, True):
        umap.UMAP(
            n_neighbors=5,
            n_epochs=2,
            random_state=0,
            n_jobs=1,
            force_approximation_algorithm=approximate,
        ).fit(points)
    log.info("compiled UMAP in %.0f s", time.monotonic() - started)


def jobs(
    inbox: SimpleQueue[dict[str, Any]], warm: Callable[[], Iterator[bool]]
) -> Iterator[dict[str, Any]]:
    """The jobs as they come. Once it is said to warm up, steps of `warm()` are done while there is
    none."""
    steps: Iterator[bool] = iter(())
    while True:
        while inbox.empty() and next(steps, False):
            pass
        message = inbox.get()
        if "warm" in message:
            steps = warm()
        else:
            yield message


# --- the process --------------------------------------------------------------------------------


def own_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Stdin and stdout for the server alone: a task that prints writes to the log instead."""
    lines, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return lines, out


def in_thread(work: Callable[..., None], *arguments: Any, name: str | None = None) -> None:
    threading.Thread(target=work, args=arguments, name=name, daemon=True).start()


def main() -> None:
    """Serve until stdin closes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", required=True)
    words = parser.parse_args()
    lines, out = own_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for the server, which tells us
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s worker: %(message)s")
    tasks, channel, stop = named(words.tasks), Channel(out), threading.Event()
    inbox: SimpleQueue[dict[str, Any]] = SimpleQueue()
    in_thread(listen, lines, inbox, stop)
    for message in jobs(inbox, lambda: preparation(tasks)):
        hurry()
        perform(tasks, message, channel, stop)


if __name__ == "__main__":
    main()
