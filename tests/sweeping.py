"""Small sweeps for the tests of sweeps: what they are made of, and what they leave behind."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path

import psutil

from explorer import store
from explorer.data import load_dataset
from explorer.spec import DataSpec
from explorer.training import run as runs
from explorer.training.member import follow_parent
from explorer.training.sweep import Plan, plan

SMALL = {"hidden": ((32,),), "latent_dim": (3,), "batch_size": (500,)}


def planned(name: str | None = "mine", family: str = "vae", **values: tuple) -> Plan:
    """A sweep of small models on the 5,000 digits, of one epoch unless told otherwise."""
    settings = SMALL | {"epochs": (1,)} | values
    data = DataSpec(name="mnist-5k")
    digits = load_dataset("mnist-5k")
    return plan(name, family, settings, data, digits, "made by a test", device="cpu")


@contextmanager
def threads(workers: int) -> Iterator[Executor]:
    """An executor in this process, which needs no start."""
    with ThreadPoolExecutor(workers) as executor:
        yield executor


def none(workers: int) -> Executor:
    raise AssertionError("there was nothing to do, but an executor was opened")


def begin_eagerly() -> None:
    """A process of a pool that writes a checkpoint at each event, so that a kill finds one."""
    follow_parent()
    runs.CHECKPOINT_EVERY = 0.0


@contextmanager
def eager(workers: int) -> Iterator[Executor]:
    with ProcessPoolExecutor(workers, get_context("spawn"), begin_eagerly) as executor:
        yield executor


def children() -> list[psutil.Process]:
    """The processes of the pools of this one."""
    found = []
    for one in psutil.Process(os.getpid()).children(recursive=True):
        with suppress(psutil.Error):  # it has just ended
            if "spawn_main" in " ".join(one.cmdline()):
                found.append(one)
    return found


def epochs(home: Path, model: str) -> list[int]:
    """The epochs in a member's history, each as often as it was trained."""
    file = home / model / store.HISTORY
    if not file.exists():
        return []
    records = []
    for line in file.read_text().splitlines():
        if line.endswith("}"):  # the last one may be half written
            records.append(json.loads(line))
    return [one["epoch"] for one in records if one["event"] == "epoch"]


def stamps(home: Path) -> dict[str, tuple[int, int]]:
    """Which file holds the weights of each model that is done, and when it was written: another
    training leaves another."""
    found = {}
    for card in home.glob("*/card.json"):
        file = (card.parent / store.WEIGHTS).stat()
        found[card.parent.name] = (file.st_ino, file.st_mtime_ns)
    return found


def digests(home: Path) -> dict[str, str]:
    cards = (store.read_card(file.parent) for file in home.glob("*/card.json"))
    return {card.id: card.weights_sha256 for card in cards}


def quiet(progress: object) -> None:
    """A report to nobody."""


def once(condition: Callable[[], bool], act: Callable[[], object]) -> Callable[[object], None]:
    """A report that acts the first time that a condition holds."""
    acted: list[bool] = []

    def report(progress: object) -> None:
        if not acted and condition():
            acted.append(True)
            act()

    return report
