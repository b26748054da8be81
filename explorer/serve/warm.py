"""Start-up of the server: mend its two faults, read the first model before anyone asks, and warm
the worker up once nobody asks for anything."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from explorer.errors import ExplorerError
from explorer.serve.quiet import Activity, activity
from explorer.serve.server import (
    collect_no_garbage_after_runs,
    navigate_by_ourselves,
    send_at_once,
    take_short_turns,
)
from explorer.serve.worker import Worker, worker

log = logging.getLogger(__name__)
# The view that a first visit opens.
DEFAULT_MODEL, DEFAULT_DATASET = "mnist-vae-2d", "mnist-5k"
# Seconds without a request before the worker compiles UMAP, which takes some 40 s of a core: in
# the first minute of a lesson the room's maps are opened, and the server has few cores.
QUIET = 20.0
# Seconds in which a browser that opens with the server shows its page.
VISITED = 3.0


def prepare() -> None:
    """Import torch, open the default model and decode once, so that the first click is warm."""
    import torch

    # Decodes are small and many people share the server: more threads would only queue up.
    torch.set_num_threads(1)
    from explorer.serve.catalogue import catalogue

    try:
        catalogue.dataset(DEFAULT_DATASET)
        opened = catalogue.open(DEFAULT_MODEL, DEFAULT_DATASET)
        opened.model.decode(opened.atlas.mean[:1])
        opened.trust.standing(opened.atlas.mean[0])
    except ExplorerError as error:
        log.warning("nothing was opened beforehand: %s", error)


def warm_up(noted: Activity, ended: threading.Event) -> None:
    """Prepare, then start the worker.

    A browser that opens with the server fetches a hundred scripts first and has the page's own run.
    Importing torch beside them would make each wait for the interpreter.
    """
    noted.visited.wait(VISITED)
    try:
        if not ended.is_set():
            prepare()
    finally:
        if not ended.is_set():
            worker.start()


def warm_when_quiet(worker: Worker, noted: Activity, ended: threading.Event) -> None:
    """Warm the worker up whenever nobody has asked for anything for QUIET seconds, until the server
    has ended. One that is warm already is left alone; a new process is not."""
    while not ended.wait(pause(noted.quiet_seconds)):
        if noted.quiet_seconds >= QUIET:
            worker.warm()


def pause(quiet_seconds: float) -> float:
    """The seconds after which to look again."""
    left = QUIET - quiet_seconds
    return left if left > 0 else QUIET


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """For `st.App(lifespan=...)`: runs once, before the server accepts."""
    collect_no_garbage_after_runs()
    navigate_by_ourselves()
    take_short_turns()
    ended = threading.Event()
    activity.note()
    threading.Thread(target=warm_up, args=(activity, ended), name="warm-up", daemon=True).start()
    watch = (worker, activity, ended)
    threading.Thread(target=warm_when_quiet, args=watch, name="quiet", daemon=True).start()
    yield
    ended.set()
    worker.close()


send_at_once()
