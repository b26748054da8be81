"""`python -m explorer sweep`: its options, and real processes that are stopped and killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from explorer import store, sweeps
from explorer.training import pools
from explorer.training import sweep as running
from explorer.view.chosen import chosen, comparison
from explorer.view.shell import shelf
from explorer.view.state import from_query
from tests.support import is_one_sentence
from tests.sweeping import (
    children,
    digests,
    eager,
    epochs,
    none,
    once,
    planned,
    quiet,
    stamps,
    threads,
)
from tests.test_cli import refused

LINE = ["--dataset", "mnist-5k", "--hidden", 32, "--latent-dim", 3, "--batch-size", 500]
QUICK = [*LINE, "--epochs", 1]


def states(done: sweeps.Sweep) -> list[str]:
    return [one.state for one in done.members]


# --- the command ------------------------------------------------------------------------------


def test_a_sweep_trains_all_and_prints_a_link_that_compare_understands(command, home):
    line = ["sweep", *QUICK, "--beta", "0.25,4", "--seed", "0,1", "--name", "ladder"]
    answer = command(*line, "--workers", 2, "--json")
    assert answer.code == 0, answer.err
    assert answer.json == {
        "name": "ladder",
        "folder": str(home / "sweeps" / "ladder"),
        **{"done": 4, "failed": 0, "waiting": 0},
        "errors": {},
        "compare": "/compare?among=sweep:ladder",
    }
    assert answer.err == ""
    models = shelf()
    asked = {"among": "sweep:ladder"}
    view, unusable = from_query(asked, models.shown, models.default, "compare", None)
    assert not unusable
    shown = comparison(models, view)
    assert (shown.key, shown.numeric) == ("sweep:ladder", True)
    assert chosen(models, view) == (
        *("ladder-beta0.25-s0", "ladder-beta0.25-s1", "ladder-beta4-s0", "ladder-beta4-s1"),
    )
    assert sweeps.read("ladder").command.startswith("python -m explorer sweep --dataset mnist-5k")
    assert not children()
    # Once more: nothing is trained, and the same is said.
    before = stamps(home)
    again = command(*line, "--json")
    assert (again.code, again.json) == (0, answer.json)
    assert stamps(home) == before


def test_the_bar_shows_how_many_are_done_and_the_time_that_is_left(command):
    answer = command("sweep", *QUICK, "--beta", "1,4", "--name", "a", "--workers", 1)
    assert answer.code == 0, answer.err
    last = answer.err.replace("\n", "\r").rstrip("\r").split("\r")[-1]
    assert last.startswith("100%|")
    assert "2 of 2 models [" in last
    assert "<00:00]" in last
    assert "compare: /compare?among=sweep:a" in answer.out


def test_a_member_that_fails_is_told_at_the_end_with_code_1(command, home):
    line = [*QUICK, "--free-bits", "0,1", "--capacity", "0,5", "--name", "a"]  # both is too many
    answer = command("sweep", *line, "--workers", 1)
    assert answer.code == 1
    assert "done: 3" in answer.out
    assert "a-free-bits1-capacity5 failed: Free bits and capacity both set a floor" in answer.err
    assert "Traceback" not in answer.err
    again = command("sweep", *line, "--workers", 1, "--json")
    assert (again.code, list(again.json["errors"])) == (1, ["a-free-bits1-capacity5"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--beta", "4"], "several values"),
        (["--beta", "1,x"], "beta"),
        (["--beta", ","], "--beta has no value"),
        (["--beta", "1,-2"], "beta"),
        (["--hidden", "8;x"], "whole numbers"),
        (["--batch-norm", "maybe,off"], "batch norm"),
        (["--beta", "1,2", "--name", "../up"], "cannot name"),
        (["--beta", "1,2", "--model", "vea"], "Did you mean 'vae'"),
        (["--channels", "4;8"], "no use for --channels"),
    ],
)
def test_what_cannot_be_swept_is_one_sentence_and_leaves_nothing(command, home, words, said):
    refused(command("sweep", "--dataset", "mnist-5k", *words), said)
    assert not home.exists()


def test_lists_take_semicolons_and_switches_take_on_and_off_and_the_first_named_is_the_axis(
    command, home
):
    """Both stand in no spec's order: channels come before batch norm there."""
    line = [
        "--dataset",
        "mnist-5k",
        "--model",
        "conv-autoencoder",
        "--latent-dim",
        3,
        "--epochs",
        1,
    ]
    line += ["--batch-norm", "off,on,off", "--channels", "4;2", "--batch-size", 1000]
    assert command("sweep", *line, "--name", "a", "--workers", 2, "--json").code == 0
    done = sweeps.read("a")
    assert done.varies == {"batch_norm": (False, True), "channels": ((4,), (2,))}
    assert [one.model for one in done.members] == [
        *("a-batch-normoff-channels4", "a-batch-normoff-channels2"),
        *("a-batch-normon-channels4", "a-batch-normon-channels2"),
    ]
    specs = [store.read_card(home / one.model).spec.model for one in done.members]
    assert [(one.batch_norm, one.channels) for one in specs] == [
        *((False, (4,)), (False, (2,)), (True, (4,)), (True, (2,))),
    ]


def test_without_distributed_a_cluster_is_one_sentence_that_says_what_to_install(
    command, home, monkeypatch
):
    monkeypatch.setitem(sys.modules, "distributed", None)
    line = [*QUICK, "--beta", "1,2", "--scheduler", "tcp://127.0.0.1:8786"]
    refused(command("sweep", *line), "requirements-cluster.txt")


def test_the_help_says_how_a_setting_takes_several_values(command):
    out = " ".join(command("sweep", "--help").out.split())
    assert "--hidden '512,512;256'" in out
    assert "A,B;C,D" in out


# --- processes that die -----------------------------------------------------------------------


@pytest.fixture
def watchful(monkeypatch):
    """Report often enough to see a small model in training."""
    monkeypatch.setattr(running, "TICK", 0.02)


def test_a_pool_process_that_is_killed_loses_nothing_and_its_member_goes_on(
    home, watchful, monkeypatch, tmp_path
):
    plan = planned(beta=(1.0, 2.0), epochs=(10,))
    trained: list[int] = []

    def kill() -> None:
        trained.extend(epochs(home, "mine-beta2"))
        (child,) = children()
        child.kill()

    begun = once(lambda: len(epochs(home, "mine-beta2")) >= 2, kill)
    before: dict = {}

    def report(progress: object) -> None:
        begun(progress)
        if trained and not before:
            before.update(stamps(home))

    done = running.run(plan, eager, 1, report)
    assert 2 <= len(trained) < 10
    assert states(done) == ["done"] * 2
    assert "mine-beta1" in before
    assert {model: stamps(home)[model] for model in before} == before
    assert all(epochs(home, one.model) == list(range(1, 11)) for one in done.members)
    monkeypatch.setenv("EXPLORER_HOME", str(tmp_path / "whole"))
    running.run(planned(beta=(1.0, 2.0), epochs=(10,)), threads, 1, quiet)
    assert digests(tmp_path / "whole") == digests(home)


def test_a_member_whose_process_is_always_killed_has_failed_and_the_rest_goes_on(home, watchful):
    plan = planned(beta=(1.0, 2.0, 4.0), epochs=(10,))
    killed: set[int] = set()

    def report(progress: object) -> None:
        waiting = [one.model for one in sweeps.read("mine").of("waiting")]
        if waiting[:1] == ["mine-beta2"] and (home / "mine-beta2" / store.RUN).exists():
            for child in children():
                killed.add(child.pid)
                child.kill()

    done = running.run(plan, pools.processes, 1, report)
    assert len(killed) == 2
    assert states(done) == ["done", "failed", "done"]
    assert "killed twice" in done.members[1].error
    assert is_one_sentence(done.members[1].error)


@pytest.fixture
def start(home):
    """`start("--beta", "1,2")` begins a sweep called `mine` of two processes as a program of its
    own group, as a terminal does."""
    started = []

    def begin(*words: object) -> subprocess.Popen:
        line = ["sweep", *LINE, "--name", "mine", "--workers", 2, "--json", *words]
        process = subprocess.Popen(
            [sys.executable, "-m", "explorer", *map(str, line)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def until(condition, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


LONG = ["--beta", "1,2,4", "--epochs", 40]


def finished(home) -> set[str]:
    """The members of `mine` that are done by its file."""
    file = home / "sweeps" / "mine" / sweeps.FILE
    return {one.model for one in sweeps.read("mine").of("done")} if file.exists() else set()


def test_ctrl_c_stops_all_with_checkpoints_and_the_same_command_goes_on(start, command, home):
    process = start(*LONG)
    until(lambda: min(len(epochs(home, f"mine-beta{beta}")) for beta in (1, 2)) >= 2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of the group
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    answer = json.loads(out)
    assert answer["waiting"] > 0
    assert answer["resume"].startswith("python -m explorer sweep")
    cut = [one.model for one in sweeps.read("mine").of("waiting") if epochs(home, one.model)]
    assert cut
    assert all((home / model / "checkpoints" / "resume.safetensors").exists() for model in cut)
    answer = command("sweep", *LINE, "--name", "mine", *LONG, "--json")
    assert (answer.code, answer.json["done"]) == (0, 3), answer.err
    assert all(epochs(home, f"mine-beta{beta}") == list(range(1, 41)) for beta in (1, 2, 4))


def test_a_killed_sweep_leaves_no_process_behind_and_goes_on(start, command, home):
    process = start(*LONG)
    until(lambda: min(len(epochs(home, f"mine-beta{beta}")) for beta in (1, 2)) >= 2)
    pool = psutil.Process(process.pid).children(recursive=True)
    assert len(pool) >= 2
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(pool, timeout=60)
    assert not alive
    before = {model: at for model, at in stamps(home).items() if model in finished(home)}
    answer = command("sweep", *LINE, "--name", "mine", *LONG, "--json")
    assert (answer.code, answer.json["done"]) == (0, 3), answer.err
    assert all(epochs(home, f"mine-beta{beta}") == list(range(1, 41)) for beta in (1, 2, 4))
    assert {model: stamps(home)[model] for model in before} == before
    assert states(running.run(planned_as(LONG), none, 1, quiet)) == ["done"] * 3


def planned_as(words: list) -> running.Plan:
    """The plan of the command LINE with these words: --beta with three values and --epochs."""
    return planned(beta=tuple(map(float, words[1].split(","))), epochs=(words[3],))
