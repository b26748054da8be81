"""Start-up of the server: mend its two faults, then read the first model before anyone asks."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from explorer.errors import ExplorerError
from explorer.serve.server import collect_no_garbage_after_runs, send_at_once
from explorer.serve.worker import worker

log = logging.getLogger(__name__)
# The view that a first visit opens.
DEFAULT_MODEL, DEFAULT_DATASET = "mnist-vae-2d", "mnist-5k"


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


def warm_up() -> None:
    """Prepare, then start the worker, which would only slow the first page down before."""
    try:
        prepare()
    finally:
        worker.start()


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """For `st.App(lifespan=...)`: runs once, before the server accepts."""
    collect_no_garbage_after_runs()
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    yield
    worker.close()


send_at_once()
