"""The worker process's own side: what it says, what it does in its idle time, and how eagerly."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from queue import SimpleQueue

import pytest

from explorer.serve import work
from explorer.serve.work import Channel, Reporter, Stopped, hurry, jobs, step_back

ROOT = Path(__file__).resolve().parents[2]


def messages(stream: io.BytesIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_shares_outside_of_0_to_1_are_put_inside():
    stream = io.BytesIO()
    report = Reporter(Channel(stream), threading.Event())
    for n, share in enumerate((-1, float("nan"), 0.5, 2, float("inf"))):
        report(share, f"step {n}")
    assert [message["share"] for message in messages(stream)] == [0, 0, 0.5, 1, 1]


def test_of_many_quick_reports_few_are_sent_but_every_preview_and_every_change_of_words():
    stream = io.BytesIO()
    report = Reporter(Channel(stream), threading.Event())
    report._last = float("inf")  # as if all were in the same moment
    for n in range(100):
        report(n / 100, "early" if n < 50 else "late", b"x\n" if n == 75 else None)
        report._last = float("inf")
    lines = stream.getvalue().splitlines()
    assert lines.pop(3) == b"x"
    said = [json.loads(line) for line in lines]
    assert [message["share"] for message in said] == [0, 0.5, 0.75]


def test_a_report_after_the_job_was_cancelled_stops_the_task():
    stop = threading.Event()
    report = Reporter(Channel(io.BytesIO()), stop)
    report(0.1, "early")
    stop.set()
    with pytest.raises(Stopped):
        report(0.2, "late")


def test_idle_steps_are_done_once_they_are_asked_for_and_only_while_no_job_waits():
    inbox, done = SimpleQueue(), []

    def warm():
        for n in range(3):
            done.append(n)
            if n == 1:
                inbox.put({"task": "third"})
            yield True

    inbox.put({"task": "first"})
    coming = jobs(inbox, warm)
    assert next(coming) == {"task": "first"}
    inbox.put({"warm": True})
    inbox.put({"task": "second"})
    assert next(coming) == {"task": "second"}
    assert done == []
    assert next(coming) == {"task": "third"}
    assert done == [0, 1]
    inbox.put({"task": "fourth"})
    assert next(coming) == {"task": "fourth"}
    assert done == [0, 1]


def test_a_word_to_warm_up_does_not_take_back_that_a_job_is_to_stop(monkeypatch):
    monkeypatch.setattr(os, "_exit", lambda code: None)  # the end of the lines ends the process
    stop, inbox = threading.Event(), SimpleQueue()
    work.listen(io.BytesIO(b'{"task": "a"}\n{"stop": true}\n{"warm": true}\n'), inbox, stop)
    assert stop.is_set()
    assert [inbox.get(), inbox.get()] == [{"task": "a"}, {"warm": True}]
    work.listen(io.BytesIO(b'{"task": "b"}\n'), inbox, stop)
    assert not stop.is_set()


def in_a_thread(function):
    """What a function gives on a thread of its own, whose priority ends with it."""
    got = []
    thread = threading.Thread(target=lambda: got.append(function()), name=work.COMPILER)
    thread.start()
    thread.join()
    return got[0]


def priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def may_be_raised() -> bool:
    def lower_and_raise() -> bool:
        own = priority()
        os.setpriority(os.PRIO_PROCESS, 0, own + 1)
        try:
            os.setpriority(os.PRIO_PROCESS, 0, own)
        except PermissionError:
            return False
        return True

    return in_a_thread(lower_and_raise)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells threads apart")
def test_what_compiles_steps_back_as_far_as_it_can_return_and_returns_when_a_job_comes():
    own, raised = priority(), may_be_raised()

    def compile_something() -> tuple[int, int]:
        step_back()
        before = priority()
        here.set()
        assert job.wait(60)
        return before, priority()

    here, job = threading.Event(), threading.Event()

    def come() -> None:
        assert here.wait(60)
        hurry()
        job.set()

    comes = threading.Thread(target=come)
    comes.start()
    before, after = in_a_thread(compile_something)
    comes.join()
    assert (before, after) == ((work.LOWEST, own) if raised else (own + 1, own + 1))
    assert priority() == own


WARMTH = """
import time
import numpy as np
from numba.core import event
from explorer.latent.project import ProjectionSpec, project
from explorer.serve.work import compile_umap, preparation
for _ in preparation({"write": "tests.serve.chores:write"}):
    pass
import sys, threading
assert {"umap", "tests.serve.chores"} <= set(sys.modules)
[thread] = [t for t in threading.enumerate() if t.name == "warm-up"]
thread.join()
compiled = []
class Listener(event.Listener):
    def on_start(self, e): compiled.append(str(e.data["dispatcher"]))
    def on_end(self, e): pass
event.register("numba:compile", Listener())
points = np.random.default_rng(0).normal(size=(5000, 20)).astype(np.float32)
for n in (1000, 5000):
    project(points[:n], ProjectionSpec(method="umap"))
assert not compiled, compiled
"""


@pytest.mark.slow
@pytest.mark.timeout(1200)  # a minute of one core, and a loaded machine gives little of it
def test_after_the_idle_time_a_map_by_umap_compiles_nothing():
    done = subprocess.run(
        [sys.executable, "-c", WARMTH], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
