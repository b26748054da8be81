"""A sweep on a real Dask cluster of two processes, one of which is killed on the way."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from explorer import store, sweeps
from explorer.training import pools
from explorer.training import sweep as running
from tests.sweeping import digests, epochs, planned, quiet, stamps
from tests.test_cli import refused

distributed = pytest.importorskip("distributed", reason="pip install -r requirements-cluster.txt")

EPOCHS = 20
ONE = ["--dataset", "mnist-5k", "--hidden", 32, "--latent-dim", 3, "--batch-size", 500]
ONE += ["--epochs", EPOCHS, "--json"]
LINE = ["sweep", *ONE, "--beta", "1,4", "--seed", "0,1,2", "--name", "mine"]


@pytest.fixture
def cluster(home):
    """Two worker processes of one thread each. Their nannies start another for one that dies."""
    opened = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with opened:
        yield opened


def kill_one(cluster, home, killed: list[dict]) -> None:
    """As soon as one member is done and two others are under way, kill the process of one of them;
    note what was done by then, and the members that were under way."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        done = stamps(home)
        under_way = {
            folder.name: len(epochs(home, folder.name))
            for folder in home.glob("mine-*")
            if folder.name not in done
        }
        if done and len(under_way) == 2 and min(under_way.values()) >= 2:
            worker = next(iter(cluster.workers.values()))
            os.kill(worker.pid, signal.SIGKILL)
            killed.append({"done": done, "under way": under_way})
            return
        time.sleep(0.01)


def test_a_killed_worker_loses_nothing_and_nothing_is_trained_twice(
    cluster, command, home, monkeypatch, tmp_path
):
    killed: list[dict] = []
    killer = threading.Thread(target=kill_one, args=(cluster, home, killed))
    killer.start()
    answer = command(*LINE, "--scheduler", cluster.scheduler_address)
    killer.join()
    assert answer.code == 0, answer.err
    assert answer.json["done"] == 6
    assert killed, "no moment to kill was found"
    assert len(killed[0]["done"]) < 5
    # Nothing is lost: each member has its card, its figures and all of its epochs, once.
    done = sweeps.read("mine").of("done")
    assert len(done) == len(digests(home)) == 6
    assert all(one.metrics for one in done)
    assert all(epochs(home, one.model) == list(range(1, EPOCHS + 1)) for one in done)
    # Nothing is trained twice: what was done keeps its very files.
    after = stamps(home)
    assert {model: after[model] for model in killed[0]["done"]} == killed[0]["done"]
    assert killed[0]["under way"].keys() <= after.keys()
    # On the cluster as in a pool: there is nothing left to do.
    again = command(*LINE, "--workers", 1)
    assert (again.code, again.json) == (0, answer.json)
    assert stamps(home) == after
    one = store.read_card(home / "mine-beta4-s2")
    monkeypatch.setenv("EXPLORER_HOME", str(tmp_path / "alone"))
    assert command("train", *ONE, "--beta", 4, "--seed", 2, "--name", "alone").code == 0
    assert digests(tmp_path / "alone") == {"alone": one.weights_sha256}


def test_a_scheduler_that_does_not_answer_is_one_sentence(command, home, monkeypatch):
    monkeypatch.setattr(pools, "PATIENCE", 1)
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        refused(command(*LINE, "--scheduler", address), address)


def test_a_sweep_that_was_stopped_on_a_cluster_goes_on_there(cluster, home):
    plan = planned(beta=(1.0, 2.0, 4.0), epochs=(EPOCHS,))
    pool = pools.cluster(cluster.scheduler_address)
    stopped = running.run(plan, pool, 1, quiet, stop=lambda: bool(epochs(home, "mine-beta1")))
    assert stopped.of("waiting")
    before = stamps(home)
    done = running.run(plan, pool, 1, quiet)
    assert len(done.of("done")) == 3
    assert {model: stamps(home)[model] for model in before} == before
    assert all(epochs(home, one.model) == list(range(1, EPOCHS + 1)) for one in done.members)
