"""One model of a sweep, in whichever process it is given to: trained, measured and mapped.

Everything is told through files, so that it is the same in a pool on this machine and on a cluster
that shares the home: a member goes on from what lies in its folder, a file asks all to stop, and a
lock keeps two processes from the same member.
"""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from explorer import store
from explorer.data import Dataset
from explorer.device import resolve
from explorer.errors import ExplorerError
from explorer.latent.atlas import made
from explorer.latent.index import projections_of
from explorer.latent.names import name_for_map
from explorer.loaded import from_artefact, network_of
from explorer.metrics.judges import judge_of
from explorer.metrics.measure import measure
from explorer.models.vq_vae import VQVAE
from explorer.spec import TrainSpec
from explorer.sweeps import State
from explorer.training import run as runs
from explorer.training.images import load_named, open_data
from explorer.training.malloc import keep_freed_memory

# In the folder of a sweep: asks its members to stop; and where their locks lie.
STOP, LOCKS = "stop", "locks"
# Seconds between two looks for either.
LOOK = 0.2

# This process is to end; one training at a time in it, since dropout draws from torch's own
# generator, which all threads share.
_ending = threading.Event()
_turn = threading.Lock()


@dataclass(frozen=True)
class Task:
    """What a process is told: the sweep's `folder`, the member's id, its settings, the command that
    would train it alone, and where data and device are."""

    folder: Path
    model: str
    spec: TrainSpec
    command: str
    data_root: Path | None
    device: str


@dataclass(frozen=True)
class Outcome:
    """How a member stands: `waiting` when it was stopped on the way; `error` says why it failed."""

    state: State
    error: str = ""


def carry_out(task: Task) -> Outcome:
    """Do what a member still lacks: train it (on from its checkpoint), measure it, give it a map.

    A second process that is given the same member waits until the first has ended.
    """
    os.environ["EXPLORER_HOME"] = str(task.folder.parent.parent)
    keep_freed_memory()
    stop = _stop(task.folder / STOP)
    try:
        with _alone(task, stop):
            data = open_data(task.spec.data, task.data_root)
            for step in (_train, _evaluate, _lay_out):
                if stop() or not step(task, data, stop):
                    return Outcome("waiting")
    except ExplorerError as error:
        return Outcome("failed", str(error))
    return Outcome("done")


def follow_parent() -> None:
    """What a process of a pool does first: leave Ctrl-C to its parent, and end when that is gone,
    with a checkpoint."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    _ending.set()
    with _turn:
        os._exit(1)


def _stop(file: Path) -> Callable[[], bool]:
    """A `stop()` that is cheap enough to ask before every step."""
    asked, due = False, 0.0

    def stop() -> bool:
        nonlocal asked, due
        if not asked and time.monotonic() >= due:
            asked, due = _ending.is_set() or file.exists(), time.monotonic() + LOOK
        return asked

    return stop


@contextmanager
def _alone(task: Task, stop: Callable[[], bool]) -> Iterator[None]:
    """Wait until no other thread or process is at this member, or until `stop`."""
    while not (mine := _turn.acquire(timeout=LOOK)) and not stop():
        pass
    try:
        with locked(task.folder / LOCKS / task.model, stop):
            yield
    finally:
        if mine:
            _turn.release()


@contextmanager
def locked(file: Path, give_up: Callable[[], bool]) -> Iterator[bool]:
    """Hold a file's lock, which ends with the process however it ends; False when it is another's
    and waiting was given up."""
    with store.writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        stream = file.open("a")
    with stream:
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                mine = True
            except BlockingIOError:
                mine = False
            if mine or give_up():
                break
            time.sleep(LOOK)
        yield mine


def _train(task: Task, data: Dataset, stop: Callable[[], bool]) -> bool:
    if not (store.home() / task.model / store.RUN).exists():
        runs.create(task.model, task.spec, task.command)
    run = runs.reopen(task.model)
    if run.spec != task.spec:
        raise ExplorerError(
            f"There is already a model '{run.id}' with other settings; choose another --name for "
            "the sweep."
        )
    if not run.finished:
        for _ in runs.follow(run, data, resolve(task.device), stop):
            pass
    return run.finished


def _evaluate(task: Task, data: Dataset, stop: Callable[[], bool]) -> bool:
    """Figures over the whole test split, in the card."""
    artefact = store.open_artefact(task.model)
    if artefact.card.metrics:
        return True
    reader = judge_of(task.spec.data)
    judge: Any = network_of(reader, task.device) if reader else None
    codes_of = task.spec.data.codes_of
    decoder = network_of(store.open_artefact(codes_of), task.device) if codes_of else None
    images, how = data.split("test"), artefact.card.evaluation
    figures = measure(
        network_of(artefact, task.device),
        images,
        how.importance_samples,
        how.seed,
        judge=judge,
        decoder=decoder if isinstance(decoder, VQVAE) else None,
    )
    on = f"{len(images):,} test images of {data.title}"
    update = {"metrics": figures, "metrics_on": on}
    store.write_card(artefact.folder, artefact.card.model_copy(update=update))
    return True


def _lay_out(task: Task, data: Dataset, stop: Callable[[], bool]) -> bool:
    """The map that costs nothing, raw or PCA, with which every page opens; pages make others."""
    artefact = store.open_artefact(task.model)
    if artefact.card.kind == "model" and not projections_of(artefact):
        images = load_named(name_for_map(task.model, task.spec.data), task.data_root)
        made(artefact, from_artefact(artefact, task.device), images)
    return True
