"""The worker: a real process that does one job at a time, and what becomes of each job."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from explorer.errors import ExplorerError
from explorer.serve import worker as module
from explorer.serve.worker import Child, Job, Worker
from tests.support import is_one_sentence

ROOT = Path(__file__).resolve().parents[2]
CHORES = "tests.serve.chores:TASKS"
# Long enough for a loaded machine; a test that works never waits so long.
PATIENCE = 60


class Script:
    """The test's end of the pipe that a task follows."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = str(path)

    def begin(self):
        """Wait until the task has opened its end."""
        return open(self.path, "w", buffering=1)


@pytest.fixture
def worker():
    made = Worker(CHORES)
    yield made
    made.close()


@pytest.fixture
def script(tmp_path):
    return Script(tmp_path / "script")


def end(worker: Worker, job: Job) -> Job:
    return worker.wait(job.id, lambda job: job.ended, PATIENCE)


def process_of(worker: Worker, job: Job) -> int:
    """The process that does a `follow`, which says it in its first report."""
    job = worker.wait(job.id, lambda job: job.doing.startswith("process "), PATIENCE)
    return int(job.doing.removeprefix("process "))


def test_a_job_is_done_in_a_process_of_its_own_and_is_remembered(worker, tmp_path):
    job = end(worker, worker.request("tell", {"path": str(tmp_path / "told")}, "ann"))
    assert (job.state, job.share, job.error) == ("done", 1.0, None)
    told = json.loads((tmp_path / "told").read_text())
    assert told["pid"] != os.getpid()
    assert told["nice"] == min(19, os.nice(0) + 10)
    assert worker.find(job.id).state == "done"
    assert worker.find("another") is None


@pytest.mark.parametrize(("cores", "threads"), [(1, "1"), (4, "1"), (6, "3"), (16, "8")])
def test_the_process_uses_one_core_unless_there_are_many(monkeypatch, cores, threads):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    given = module.environment()
    assert (given["OMP_NUM_THREADS"], given["NUMBA_NUM_THREADS"]) == (threads, threads)
    assert given["PYTHONPATH"].split(os.pathsep)[0] == str(ROOT)


def test_progress_and_previews_arrive_as_the_task_gives_them(worker, script):
    job = worker.request("follow", {"script": script.path}, "ann")
    with script.begin() as task:
        task.write('{"share": 0.25, "doing": "epoch 1", "preview": "00ff0a"}\n')
        job = worker.wait(job.id, lambda job: job.preview_number == 1, PATIENCE)
        assert (job.state, job.share, job.doing) == ("running", 0.25, "epoch 1")
        assert job.preview == b"\x00\xff\x0a"
        large = os.urandom(300_000)
        task.write(f'{{"share": 0.5, "doing": "epoch 2", "preview": "{large.hex()}"}}\n')
        job = worker.wait(job.id, lambda job: job.preview_number == 2, PATIENCE)
        assert job.preview == large
        task.write('{"share": 0.75, "doing": "epoch 3"}\n')
        job = worker.wait(job.id, lambda job: job.share == 0.75, PATIENCE)
        assert (job.preview, job.preview_number) == (large, 2)
    job = end(worker, job)
    assert (job.state, job.preview, job.preview_number) == ("done", None, 2)


def test_the_time_left_is_told_once_there_is_something_to_tell_it_from():
    def left(share: float, told: float, now: float) -> float | None:
        job = Job("a", "write", {}, "running", share=share, began=100.0, told=told)
        return job.seconds_left_at(now)

    assert left(0.25, told=110, now=110) == 30
    assert left(0.25, told=110, now=112) == 28  # it counts down between reports
    assert left(1.0, told=110, now=110) == 0
    assert left(0.25, told=110, now=141) is None  # longer than it let expect
    assert left(0.01, told=110, now=110) is None  # too early, by share
    assert left(0.25, told=100.5, now=100.5) is None  # and by time
    assert left(0.0, told=0.0, now=130) is None
    assert Job("a", "write", {}).seconds_left_at(130) is None
    ended = Job("a", "write", {}, "done", share=1.0, began=100.0, told=110)
    assert ended.seconds_left_at(110) is None


def test_the_same_request_is_the_same_job_while_it_waits_or_runs(worker, script, tmp_path):
    running = worker.request("follow", {"script": script.path}, "ann")
    one = worker.request("write", {"path": str(tmp_path / "a"), "text": "a"}, "ann")
    same = worker.request("write", {"text": "a", "path": str(tmp_path / "a")}, "bob")
    other = worker.request("write", {"path": str(tmp_path / "a"), "text": "b"}, "bob")
    assert worker.request("follow", {"script": script.path}, "bob").id == running.id
    assert same.id == one.id != other.id
    assert [worker.find(job.id).before for job in (running, one, other)] == [0, 1, 2]
    script.begin().close()
    assert end(worker, other).state == "done"
    assert worker.find(one.id).state == "done"
    again = worker.request("write", {"path": str(tmp_path / "a"), "text": "a"}, "ann")
    assert again.id != one.id
    assert end(worker, again).state == "done"


def test_a_cancelled_job_stops_at_its_next_report_and_its_process_does_the_next(
    worker, script, tmp_path
):
    running = worker.request("follow", {"script": script.path}, "ann")
    pid = process_of(worker, running)
    following = worker.request("tell", {"path": str(tmp_path / "told")}, "bob")
    with suppress(BrokenPipeError), script.begin() as task:
        worker.leave(running.id, "ann")
        assert worker.find(running.id).state == "cancelled"
        while True:  # until the task hears of it, stops and closes its end
            task.write('{"share": 0.5, "doing": "epoch 1"}\n')
    assert end(worker, following).state == "done"
    assert json.loads((tmp_path / "told").read_text())["pid"] == pid
    assert worker.find(running.id).state == "cancelled"


def test_a_cancelled_job_that_never_reports_is_ended_with_its_process(
    worker, script, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "GRACE", 0.01)
    told = str(tmp_path / "told")
    end(worker, worker.request("tell", {"path": told}, "ann"))
    pid = json.loads(Path(told).read_text())["pid"]
    running = worker.request("deaf", {"script": script.path}, "ann")
    with script.begin():
        following = worker.request("tell", {"path": told}, "ann")
        worker.leave(running.id, "ann")
        assert worker.find(running.id).state == "cancelled"
        assert worker.find(following.id).before == 1  # the process is not free yet
        assert end(worker, following).state == "done"
    assert json.loads(Path(told).read_text())["pid"] != pid
    again = worker.request("deaf", {"script": script.path}, "ann")
    script.begin().close()
    assert end(worker, again).state == "done"
    assert worker.find(running.id).state == "cancelled"


def test_a_cancelled_job_that_had_to_wait_is_never_begun(worker, script, tmp_path):
    running = worker.request("follow", {"script": script.path}, "ann")
    first, second = (
        worker.request("write", {"path": str(tmp_path / name), "text": name}, "ann")
        for name in ("first", "second")
    )
    assert worker.find(second.id).before == 2
    worker.leave(first.id, "ann")
    assert worker.find(first.id).state == "cancelled"
    assert worker.find(second.id).before == 1
    script.begin().close()
    assert end(worker, second).state == "done"
    assert worker.find(running.id).state == "done"
    assert not (tmp_path / "first").exists()


def test_a_job_that_two_want_goes_on_until_both_have_left(worker, script):
    job = worker.request("follow", {"script": script.path}, "ann")
    worker.request("follow", {"script": script.path}, "bob")
    worker.leave(job.id, "ann")
    with script.begin() as task:
        task.write('{"share": 0.5, "doing": "going on"}\n')
        worker.wait(job.id, lambda job: job.doing == "going on", PATIENCE)
        worker.touch(job.id, "ann")
        worker.leave(job.id, "bob")
        assert worker.find(job.id).state == "running"
        worker.leave(job.id, "ann")
        assert worker.find(job.id).state == "cancelled"


def test_one_who_was_not_heard_of_for_long_does_not_hold_a_job(worker, script, monkeypatch):
    job = worker.request("follow", {"script": script.path}, "ann")
    worker.request("follow", {"script": script.path}, "gone")
    monkeypatch.setattr(module, "INTERESTED", 0.0)
    worker.leave(job.id, "ann")
    assert worker.find(job.id).state == "cancelled"


def test_to_touch_or_leave_an_ended_or_unknown_job_does_nothing(worker, tmp_path):
    job = end(worker, worker.request("write", {"path": str(tmp_path / "a"), "text": ""}, "ann"))
    for job_id in (job.id, "unknown"):
        worker.touch(job_id, "ann")
        worker.leave(job_id, "ann")
    assert worker.find(job.id).state == "done"


@pytest.mark.parametrize(
    ("task", "error"),
    [
        ("refuse", "The atlas is empty; encode some images first."),
        ("fail", "The job 'fail' failed; the server's log says why."),
    ],
)
def test_a_job_that_fails_says_so_in_a_sentence_and_can_be_asked_for_again(worker, task, error):
    job = end(worker, worker.request(task, {}, "ann"))
    assert (job.state, job.error) == ("failed", error)
    again = worker.request(task, {}, "ann")
    assert again.id != job.id
    assert end(worker, again).state == "failed"


def test_the_log_keeps_the_trace_of_an_unforeseen_error(worker, capfd):
    end(worker, worker.request("fail", {}, "ann"))
    worker.close()
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_what_a_task_prints_goes_to_the_log_and_not_among_the_messages(worker, capfd):
    assert end(worker, worker.request("chat", {}, "ann")).state == "done"
    worker.close()
    assert "nor this" in capfd.readouterr().err


def test_a_killed_process_fails_its_job_alone_and_the_job_can_be_done_again(
    worker, script, tmp_path
):
    job = worker.request("follow", {"script": script.path}, "ann")
    following = worker.request("write", {"path": str(tmp_path / "a"), "text": "whole"}, "bob")
    os.kill(process_of(worker, job), signal.SIGKILL)
    job = end(worker, job)
    assert job.state == "failed"
    assert is_one_sentence(job.error)
    assert end(worker, following).state == "done"
    assert (tmp_path / "a").read_text() == "whole"
    again = worker.request("follow", {"script": script.path}, "ann")
    script.begin().close()
    assert end(worker, again).state == "done"


def test_an_idle_process_that_was_killed_is_replaced_when_it_is_needed(worker, tmp_path):
    told = str(tmp_path / "told")
    end(worker, worker.request("tell", {"path": told}, "ann"))
    pid = json.loads(Path(told).read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):  # it was waited for already
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert end(worker, worker.request("tell", {"path": told}, "ann")).state == "done"
    assert json.loads(Path(told).read_text())["pid"] != pid


@pytest.mark.parametrize("executable", ["/bin/false", "/there/is/none"])
def test_where_no_process_can_be_started_each_job_fails_once(worker, monkeypatch, executable):
    monkeypatch.setattr(sys, "executable", executable)
    for n in range(2):
        job = end(worker, worker.request("write", {"path": str(n), "text": ""}, "ann"))
        assert job.state == "failed"
        assert is_one_sentence(job.error)


def test_too_many_waiting_jobs_are_refused_in_a_sentence(worker, script):
    running = worker.request("follow", {"script": script.path}, "ann")
    waiting = [worker.request("refuse", {"n": n}, "ann") for n in range(8)]
    with pytest.raises(ExplorerError, match="8 jobs are waiting") as refused:
        worker.request("refuse", {"n": 8}, "ann")
    assert is_one_sentence(refused.value)
    assert worker.request("refuse", {"n": 7}, "bob").id == waiting[7].id
    worker.leave(waiting[3].id, "ann")
    assert worker.find(worker.request("refuse", {"n": 8}, "ann").id).before == 8
    assert worker.find(running.id).before == 0


def test_an_unknown_task_is_refused_before_any_process_hears_of_it(monkeypatch):
    monkeypatch.setattr(module, "Child", None)  # it would fail if it were called
    with pytest.raises(ExplorerError, match="no task called 'wrote'"):
        Worker(CHORES).request("wrote", {}, "ann")


def test_only_the_last_ended_jobs_are_remembered(worker, script, monkeypatch):
    monkeypatch.setattr(module, "REMEMBERED", 2)
    ended = [end(worker, worker.request("refuse", {}, "ann")) for _ in range(3)]
    assert [worker.find(job.id) is not None for job in ended] == [False, True, True]


def test_closing_ends_the_process_and_cancels_what_is_left(worker, script):
    running = worker.request("follow", {"script": script.path}, "ann")
    waiting = worker.request("refuse", {}, "ann")
    pid = process_of(worker, running)
    worker.close()
    assert not Path(f"/proc/{pid}").exists()
    assert [worker.find(job.id).state for job in (running, waiting)] == ["cancelled"] * 2


SERVER = """
import sys
from explorer.serve.worker import Worker
worker = Worker("tests.serve.chores:TASKS")
job = worker.request("follow", {"script": sys.argv[1]}, "ann")
job = worker.wait(job.id, lambda job: job.doing.startswith("process "), 60)
print(job.doing.removeprefix("process "), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, None])
def test_the_process_ends_with_its_server_also_in_the_middle_of_a_job(script, how):
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, script.path],
        **dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE),
        cwd=ROOT,
        text=True,
    )
    pid = int(server.stdout.readline())
    assert Path(f"/proc/{pid}").exists()
    if how is None:
        server.stdin.close()  # the server ends by itself
    else:
        server.send_signal(how)
    server.wait()
    # The process has the same stderr: it is at its end when both are gone.
    assert "Traceback" not in server.stderr.read()
    server.stdout.close()
    server.stderr.close()


def test_the_process_is_told_to_warm_up_once_and_only_while_it_is_free(worker, script, monkeypatch):
    said, say = [], Child.say

    def listen(child, message):
        said.append((child.process.pid, *message))
        say(child, message)

    monkeypatch.setattr(Child, "say", listen)
    running = worker.request("follow", {"script": script.path}, "ann")
    pid = process_of(worker, running)
    worker.warm()
    assert (pid, "warm") not in said
    script.begin().close()
    end(worker, running)
    worker.warm()
    worker.warm()
    assert said.count((pid, "warm")) == 1
    # A job that comes begins at once, in the same process.
    running = worker.request("follow", {"script": script.path}, "ann")
    assert process_of(worker, running) == pid
    os.kill(pid, signal.SIGKILL)  # another takes its place
    assert end(worker, running).state == "failed"
    worker.warm()
    assert [who != pid for who, what, *_ in said if what == "warm"] == [False, True]


@pytest.mark.parametrize("executable", ["/bin/false", "/there/is/none"])
def test_where_no_process_can_be_started_none_is_warmed_up(worker, monkeypatch, executable):
    monkeypatch.setattr(sys, "executable", executable)
    for _ in range(3):
        worker.warm()
    assert end(worker, worker.request("refuse", {}, "ann")).state == "failed"
