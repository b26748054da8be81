"""Tasks for the tests of the worker, done in its real process.

A `script` is a named pipe: the task does what the test writes into it, line by line, so that a
test decides when each step happens and waits for nothing but events.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from explorer.errors import ExplorerError

TASKS = {
    name: f"tests.serve.chores:{name}"
    for name in ("write", "follow", "deaf", "refuse", "fail", "chat", "tell")
}


def write(report, path: str, text: str) -> None:
    """Write a text atomically."""
    report(0.5, "writing")
    part = Path(path).with_suffix(".part")
    part.write_text(text)
    part.replace(path)


def follow(report, script: str) -> None:
    """Report what each line of the script says, until it is closed."""
    report(0.0, f"process {os.getpid()}")
    with open(script) as lines:
        for line in lines:
            words = json.loads(line)
            preview = bytes.fromhex(words.pop("preview", ""))
            report(**words, preview=preview or None)


def deaf(report, script: str) -> None:
    """Never report, whoever asks it to stop."""
    with open(script) as lines:
        for _ in lines:
            pass


def refuse(report) -> None:
    raise ExplorerError("The atlas is empty; encode some images first.")


def fail(report) -> None:
    report(1 / 0, "dividing")


def chat(report) -> None:
    """Print as libraries do, which must not end up among the messages."""
    print("not a message")
    os.write(1, b"nor this\n")
    report(0.5, "chatting")


def tell(report, path: str) -> None:
    """Write down what the process is like."""
    about = {"nice": os.nice(0), "threads": os.environ["OMP_NUM_THREADS"], "pid": os.getpid()}
    Path(path).write_text(json.dumps(about))
