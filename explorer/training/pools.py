"""Where a sweep is trained: processes on this machine, or a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from multiprocessing import get_context

from explorer.errors import ExplorerError
from explorer.training.member import follow_parent

# Opens an executor of so many processes.
Pool = Callable[[int], AbstractContextManager[Executor]]
# Seconds in which a scheduler has to answer.
PATIENCE = 10


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def processes(workers: int) -> Iterator[Executor]:
    """A pool on this machine; each process has its share of the threads."""
    share = str(max(1, cores() // workers))
    given = os.environ.get("OMP_NUM_THREADS")
    # Read when a process starts, by OpenMP and by the numerical libraries.
    os.environ.setdefault("OMP_NUM_THREADS", share)
    try:
        with ProcessPoolExecutor(workers, get_context("spawn"), follow_parent) as executor:
            yield executor
    finally:
        if given is None:
            del os.environ["OMP_NUM_THREADS"]


def cluster(address: str) -> Pool:
    """The Dask cluster whose scheduler is at an address like `tcp://host:8786`, as a pool: its
    workers share the home and have this package. It has as many processes as it has.

    Raises ExplorerError when `distributed` is not installed or no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ExplorerError(
            "A sweep on a cluster needs the package distributed; install it with "
            "'pip install -r requirements-cluster.txt'."
        ) from error

    @contextmanager
    def opened(workers: int) -> Iterator[Executor]:
        try:
            client = Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ExplorerError(
                f"No Dask scheduler answers at '{address}'; give the address that it printed when "
                "it was started, like tcp://host:8786."
            ) from error
        with client, client.get_executor(pure=False) as executor:
            yield executor

    return opened
