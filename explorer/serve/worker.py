"""The worker: one process beside the server that does long work, one job at a time.

It lives as long as the server. A job that is cancelled is asked to stop and does so at its next
report, which keeps what the process has compiled; one that does not stop within GRACE seconds
is ended with its process, and a new process goes on with the queue. Tasks write their results
atomically, so that nothing is ever half-written.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Literal

from explorer.errors import ExplorerError, unknown_name
from explorer.serve.work import named

log = logging.getLogger(__name__)

TASKS = "explorer.serve.tasks:TASKS"
ROOT = Path(__file__).resolve().parents[2]
# Jobs that may wait, and ended ones that are remembered.
MAX_QUEUED, REMEMBERED = 8, 64
# Seconds after which somebody who was not heard of is taken to have left.
INTERESTED = 10.0
# Seconds that a cancelled job has for stopping by itself.
GRACE = 2.0
# Before this share and these seconds, a guess of the time left would be wild.
MIN_SHARE, MIN_SECONDS = 0.02, 1.0
# On more cores than this, half of them work; on fewer, one.
FEW_CORES = 4

State = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class Job:
    """A piece of long work as it stood when it was asked for; ask again for a newer one.

    `share` is in [0, 1], `doing` says what is being done. `before` counts the jobs that come
    first. `error` is a sentence for people. `preview` is the latest the task gave, while it runs,
    and `preview_number` counts them. `began` and `told`, in seconds of the monotonic clock, are
    when the task began and when it last said its share.
    """

    id: str
    task: str
    arguments: dict[str, Any]
    state: State = "queued"
    share: float = 0.0
    doing: str = ""
    before: int = 0
    error: str | None = None
    preview: bytes | None = None
    preview_number: int = 0
    began: float | None = None
    told: float = 0.0

    @property
    def ended(self) -> bool:
        return self.state not in ("queued", "running")

    @property
    def seconds_left(self) -> float | None:
        return self.seconds_left_at(time.monotonic())

    def seconds_left_at(self, now: float) -> float | None:
        """The time left if it goes on as fast as so far; None when there is no telling: at the
        start, and when the job takes longer than its last report let expect."""
        if self.state != "running" or self.began is None:
            return None
        elapsed = self.told - self.began
        if self.share < MIN_SHARE or elapsed < MIN_SECONDS:
            return None
        end = self.began + elapsed / self.share
        return end - now if end >= now else None


class Child:
    """The process and the thread that hears it.

    `heard(child, message, preview)` is called for each message, `died(child)` once at its end.
    """

    def __init__(
        self,
        words: list[str],
        heard: Callable[[Child, dict[str, Any], bytes], None],
        died: Callable[[Child], None],
    ) -> None:
        self._heard, self._died = heard, died
        self.process = subprocess.Popen(
            [sys.executable, "-m", "explorer.serve.work", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._in: IO[bytes] = self.process.stdin
        self._out: IO[bytes] = self.process.stdout
        self._thread = threading.Thread(target=self._listen, name="worker", daemon=True)
        self._thread.start()

    def say(self, message: dict[str, Any]) -> None:
        """Raises OSError when the process is gone."""
        try:
            self._in.write(json.dumps(message).encode() + b"\n")
            self._in.flush()
        except ValueError as error:  # the pipe is closed already
            raise BrokenPipeError from error

    def kill(self) -> None:
        self.process.kill()

    def close(self) -> None:
        """End the process and wait until it is gone."""
        self.kill()
        self._thread.join()

    def _listen(self) -> None:
        try:
            for line in self._out:
                message = json.loads(line)
                self._heard(self, message, self._out.read(message["preview"]))
        except ValueError:  # it was killed in the middle of a line
            pass
        finally:
            self.kill()
            self.process.wait()
            for pipe in (self._in, self._out):
                with suppress(OSError):
                    pipe.close()
            self._died(self)


def environment() -> dict[str, str]:
    """The process's own: this package on its path, and few threads unless there are many cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = str(1 if (cores or 1) <= FEW_CORES else (cores or 1) // 2)
    path = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    few = {"OMP_NUM_THREADS": threads, "NUMBA_NUM_THREADS": threads}
    return few | os.environ | {"PYTHONPATH": os.pathsep.join(path)}


class Worker:
    """The queue of jobs and the process that does them; safe to use from any thread.

    `tasks` names the table of tasks as `module:NAME`.
    """

    def __init__(self, tasks: str = TASKS) -> None:
        self._tasks = tasks
        self._child: Child | None = None
        # The process that was told to warm up.
        self._warmed: Child | None = None
        self._jobs: dict[str, Job] = {}
        self._queue: deque[str] = deque()
        self._ended: deque[str] = deque()
        # What the process is at: running, or cancelled and not yet stopped.
        self._busy: str | None = None
        self._seen: dict[str, dict[str, float]] = {}
        self._changed = threading.Condition()

    def start(self) -> None:
        """Start the process, if it does not run. Raises OSError when the system refuses."""
        with self._changed:
            if self._child is None:
                words = ["--tasks", self._tasks]
                self._child = Child(words, self._on_message, self._on_death)

    def warm(self) -> None:
        """Let the process, if it is free, import and compile in its idle time what the first map
        needs; a job that comes begins at once. Once for each process."""
        with self._changed:
            if self._busy is not None or (self._child and self._child is self._warmed):
                return
            try:
                self.start()
                assert self._child is not None
                self._child.say({"warm": True})
                self._warmed = self._child
            except OSError as error:
                log.warning("the worker process is not warmed up: %s", error)

    def request(self, task: str, arguments: dict[str, Any], who: str) -> Job:
        """The job that does this: one that waits or runs already, else a new one.

        `who` is a token of the one who asks. Raises ExplorerError when there is no such task or
        too many jobs wait.
        """
        known = named(self._tasks)
        if task not in known:
            raise unknown_name("task", task, known)
        key = _key(task, arguments)
        with self._changed:
            active = [*([self._busy] if self._busy else []), *self._queue]
            jobs = [self._jobs[job_id] for job_id in active]
            same = [job for job in jobs if not job.ended and _key(job.task, job.arguments) == key]
            job = same[0] if same else self._enqueue(task, arguments)
            self._seen[job.id][who] = time.monotonic()
            self._next()
            return self._snapshot(job.id)

    def find(self, job_id: str) -> Job | None:
        """A job as it stands now; None when there is none, or it ended long ago."""
        with self._changed:
            return self._snapshot(job_id) if job_id in self._jobs else None

    def touch(self, job_id: str, who: str) -> None:
        """Note that somebody is still interested in a job."""
        with self._changed:
            if job_id in self._seen:
                now, seen = time.monotonic(), self._seen[job_id]
                fresh = {other: at for other, at in seen.items() if now - at < INTERESTED}
                self._seen[job_id] = fresh | {who: now}

    def leave(self, job_id: str, who: str) -> None:
        """Somebody wants a job no longer: it is cancelled if nobody else was seen of late."""
        with self._changed:
            if job_id not in self._seen:
                return
            self._seen[job_id].pop(who, None)
            now = time.monotonic()
            if all(now - at >= INTERESTED for at in self._seen[job_id].values()):
                self._cancel(job_id)

    def wait(self, job_id: str, until: Callable[[Job], bool], timeout: float) -> Job:
        """The job as soon as `until` holds of it. Raises TimeoutError after `timeout` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: until(self._snapshot(job_id)), timeout):
                raise TimeoutError(f"still waiting after {timeout} s: {self._snapshot(job_id)}")
            return self._snapshot(job_id)

    def close(self) -> None:
        """End the process; what was queued or running is cancelled."""
        with self._changed:
            child, self._child, self._busy = self._child, None, None
            self._queue.clear()
            for job_id in [job.id for job in self._jobs.values() if not job.ended]:
                self._finish(job_id, "cancelled")
        if child is not None:
            child.close()

    # --- with the lock held ---------------------------------------------------------------------

    def _snapshot(self, job_id: str) -> Job:
        job = self._jobs[job_id]
        if job.state != "queued":
            return job
        return replace(job, before=self._queue.index(job_id) + (self._busy is not None))

    def _set(self, job_id: str, **changes: Any) -> None:
        self._jobs[job_id] = replace(self._jobs[job_id], **changes)
        self._changed.notify_all()

    def _enqueue(self, task: str, arguments: dict[str, Any]) -> Job:
        if len(self._queue) >= MAX_QUEUED:
            raise ExplorerError(
                f"{MAX_QUEUED} jobs are waiting already; try again when one of them is done."
            )
        job = Job(secrets.token_hex(8), task, json.loads(json.dumps(arguments)))
        self._jobs[job.id], self._seen[job.id] = job, {}
        self._queue.append(job.id)
        return job

    def _next(self) -> None:
        """Give the process its next job, if it is free."""
        if self._busy is not None or not self._queue:
            return
        job = self._jobs[self._queue.popleft()]
        self._set(job.id, state="running", doing="starting")
        for _ in range(2):  # one that died idle is replaced once
            try:
                self.start()
                assert self._child is not None
                self._child.say({"task": job.task, "arguments": job.arguments})
            except OSError as error:
                log.warning("the worker process is gone: %s", error)
                self._child = None
            else:
                self._busy = job.id
                return
        self._end(job.id, "failed", _death(job))

    def _end(self, job_id: str, state: State, error: str | None) -> None:
        """The process is free again."""
        self._busy = None
        if not self._jobs[job_id].ended:
            self._finish(job_id, state, error)
        self._next()

    def _finish(self, job_id: str, state: State, error: str | None = None) -> None:
        share = 1.0 if state == "done" else self._jobs[job_id].share
        self._set(job_id, state=state, error=error, share=share, preview=None)
        del self._seen[job_id]
        self._ended.append(job_id)
        while len(self._ended) > REMEMBERED:
            del self._jobs[self._ended.popleft()]

    def _cancel(self, job_id: str) -> None:
        self._finish(job_id, "cancelled")
        if job_id != self._busy:
            self._queue.remove(job_id)
            return
        assert self._child is not None
        with suppress(OSError):  # its death is heard next
            self._child.say({"stop": True})
        timer = threading.Timer(GRACE, self._kill, (self._child, job_id))
        timer.daemon = True
        timer.start()

    # --- from other threads ---------------------------------------------------------------------

    def _kill(self, child: Child, job_id: str) -> None:
        """End the process if it is still at the job that it was to stop."""
        with self._changed:
            if child is self._child and job_id == self._busy:
                child.kill()

    def _on_message(self, child: Child, message: dict[str, Any], preview: bytes) -> None:
        with self._changed:
            if child is not self._child or self._busy is None:
                return
            job, now = self._jobs[self._busy], time.monotonic()
            if "end" in message:
                self._end(job.id, message["end"], message.get("error"))
            elif job.ended:
                return
            elif "began" in message:
                self._set(job.id, began=now)
            else:
                self._set(job.id, share=message["share"], doing=message["doing"], told=now)
                if preview:
                    self._set(job.id, preview=preview, preview_number=job.preview_number + 1)

    def _on_death(self, child: Child) -> None:
        """Fail what it was at and start anew; an idle one is started when it is needed."""
        with self._changed:
            if child is not self._child:
                return
            self._child = None
            if self._busy is None:
                return
            log.warning("the worker process ended (code %s)", child.process.returncode)
            with suppress(OSError):  # the next job tries again
                self.start()
            self._end(self._busy, "failed", _death(self._jobs[self._busy]))


def _key(task: str, arguments: dict[str, Any]) -> str:
    """What makes two requests the same. Raises ValueError or TypeError for what is not JSON."""
    return json.dumps([task, arguments], sort_keys=True, allow_nan=False)


def _death(job: Job) -> str:
    return (
        f"The job '{job.task}' was ended by the system, perhaps for want of memory; ask for it "
        "again."
    )


worker = Worker()
