"""A run that was stopped, or killed, and resumed is bit for bit the run that was not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from itertools import islice

import pytest

from explorer import store
from explorer.training import checkpoint, loop
from explorer.training import run as runs
from explorer.training.loop import Trainer
from tests.support import CPU, equal, finish, is_one_sentence, part, train_spec

# 640 images in batches of 70: ten steps an epoch, the last one smaller.
CASES = {
    "mlp": {},
    "conv": {"family": "conv-vae"},
    "autoencoder": {"family": "autoencoder"},
    "warm-up, one cycle, binarise": {
        "objective": {"beta": 2.0, "warmup_steps": 15},
        "schedule": "one-cycle",
        "augment": "binarise",
        "weight_decay": 0.01,
    },
    "conv, one cycle, binarise, bfloat16": {
        "family": "conv-vae",
        "schedule": "one-cycle",
        "augment": "binarise",
        "precision": "bfloat16",
    },
    "noise and dropout": {"family": "denoising-autoencoder"},
    "batch norm": {"family": "conv-autoencoder", "dropout": 0.1},
    "moving averages of a codebook": {"family": "vq-vae"},
    "classes": {"family": "conditional-vae", "label_embedding": 2},
    "extras": {"family": "sparse-autoencoder"},
    "cycles": {"objective": {"annealing": "cyclical", "warmup_steps": 3, "cycles": 3}},
}


@pytest.fixture(autouse=True)
def every_step(monkeypatch):
    """Put each step into the history, so that the histories can be compared."""
    monkeypatch.setattr(loop, "REPORT_EVERY", 0.0)


@pytest.fixture
def images(digits):
    return part(digits, 640, 100)


def spec_of(case: str):
    return train_spec(batch_size=70, epochs=3, **CASES[case])


def history(run: runs.Run) -> list[dict]:
    """What was logged, without what depends on the clock."""
    records = [json.loads(line) for line in (run.folder / store.HISTORY).open()]
    for record in records:
        record.pop("seconds", None)
        record.pop("images_per_second", None)
    return records


def assert_same(one: runs.Run, other: runs.Run) -> None:
    cards = [store.read_card(run.folder) for run in (one, other)]
    weights = [store.read_tensors(run.folder / store.WEIGHTS)[0] for run in (one, other)]
    assert equal(*weights)
    assert cards[0].weights_sha256 == cards[1].weights_sha256
    assert history(one) == history(other)
    assert cards[0].training.log == cards[1].training.log
    assert cards[0].training.best_epoch == cards[1].training.best_epoch
    assert cards[0].training.best_validation == cards[1].training.best_validation


def stop_after(steps: int):
    """`stop()` for so many steps of this process."""
    asked = iter(range(steps))
    return lambda: next(asked, None) is None


@pytest.mark.parametrize("case", CASES)
def test_a_run_interrupted_at_many_steps_equals_one_that_was_not(images, case):
    whole = finish("whole", spec_of(case), images)
    pieces = runs.create("pieces", spec_of(case), "made by a test")
    # At the start, mid-epoch, at an epoch's end, across one, and mid-epoch twice.
    for steps in (0, 1, 6, 3, 0, 5, 7, 2, 4):
        run = runs.reopen("pieces")
        *_, done = runs.follow(run, images, CPU, stop_after(steps))
        assert done.reason == "interrupted"
        assert run.checkpoint.exists()
    *_, done = runs.follow(runs.reopen("pieces"), images, CPU)
    assert done.reason == "finished"
    assert_same(pieces, whole)
    assert not pieces.checkpoint.exists()


def test_the_best_epoch_of_before_the_stop_is_still_the_best(digits):
    """Forty images are learnt by heart: the best epoch comes long before the stop."""
    images = part(digits, 40, 300)
    spec = train_spec(hidden=(256,), epochs=120, learning_rate=3e-3)
    whole = finish("whole", spec, images)
    assert store.read_card(whole.folder).training.best_epoch < 100
    pieces = runs.create("pieces", spec, "made by a test")
    list(runs.follow(pieces, images, CPU, stop_after(110)))
    list(runs.follow(runs.reopen("pieces"), images, CPU))
    assert_same(pieces, whole)


@pytest.mark.parametrize("events", [1, 5, 10, 11, 12, 13, 22, 23, 24, 30, 35])
def test_a_run_killed_after_any_event_equals_one_that_was_not(images, monkeypatch, events):
    """Leaving the generator is what a kill leaves behind: the files as they are at that moment.

    An epoch is ten Step events, then Epoch and Sample: 10 is an epoch's last step, not yet
    measured.
    """
    whole = finish("whole", spec_of("mlp"), images)
    monkeypatch.setattr(runs, "CHECKPOINT_EVERY", 0.0)
    killed = runs.create("killed", spec_of("mlp"), "made by a test")
    leaving = runs.follow(killed, images, CPU)
    list(islice(leaving, events))
    leaving.close()
    if events > 1:
        assert killed.checkpoint.exists()
    list(runs.follow(runs.reopen("killed"), images, CPU))
    assert_same(killed, whole)


def test_a_history_line_cut_short_by_a_kill_is_dropped(images):
    whole = finish("whole", spec_of("mlp"), images)
    killed = runs.create("killed", spec_of("mlp"), "made by a test")
    list(runs.follow(killed, images, CPU, stop_after(13)))
    with (killed.folder / store.HISTORY).open("a") as stream:
        stream.write('{"event": "step", "step": 14, "aver')
    list(runs.follow(runs.reopen("killed"), images, CPU))
    assert_same(killed, whole)


def test_the_moments_of_a_channels_last_weight_are_put_back_as_they_lay(images, tmp_path):
    spec = spec_of("conv")
    before, after = (Trainer(spec, *images.fit_and_validation(), CPU) for _ in range(2))
    list(before.events(stop_after(5)))
    checkpoint.save(before, tmp_path / "c")
    checkpoint.restore(after, tmp_path / "c")
    states = before.optimizer.state_dict()["state"], after.optimizer.state_dict()["state"]
    assert states[0].keys() == states[1].keys() != set()
    for index, state in states[0].items():
        assert equal(state, states[1][index])
        for key in ("exp_avg", "exp_avg_sq"):
            assert state[key].stride() == states[1][index][key].stride()


def test_a_checkpoint_of_other_settings_is_refused_in_one_sentence(images, tmp_path):
    one, other = (
        Trainer(train_spec(seed=seed), *images.fit_and_validation(), CPU) for seed in (0, 1)
    )
    checkpoint.save(one, tmp_path / "c")
    with pytest.raises(store.ExplorerError, match="other settings") as caught:
        checkpoint.restore(other, tmp_path / "c")
    assert is_one_sentence(caught.value)


@pytest.mark.parametrize("size", [0, 100, 5000])
def test_a_checkpoint_cut_short_is_one_sentence_that_names_it(images, size):
    run = runs.create("cut", spec_of("mlp"), "made by a test")
    list(runs.follow(run, images, CPU, stop_after(3)))
    os.truncate(run.checkpoint, size)
    with pytest.raises(store.ExplorerError, match="cut short") as caught:
        list(runs.follow(runs.reopen("cut"), images, CPU))
    assert str(run.checkpoint) in str(caught.value)
    assert is_one_sentence(caught.value)


# --- real processes ---------------------------------------------------------------------------

# `python -m explorer` with a checkpoint at each event, so that a kill finds one.
EAGER = (
    "import sys; from explorer.__main__ import main; from explorer.training import run; "
    "run.CHECKPOINT_EVERY = 0; sys.exit(main())"
)
WORDS = ["--dataset", "mnist-5k", "--hidden", "32", "--epochs", "12", "--seed", "3"]


@pytest.fixture
def start(home):
    """Start a command as a process of its own, and wait until it has logged so many epochs."""
    processes = []

    def begin(*words: str, program: tuple[str, ...], epochs: int) -> subprocess.Popen:
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            [sys.executable, *program, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        processes.append(process)
        file = home / "run" / store.HISTORY
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if file.exists() and file.read_text().count('"event": "epoch"') >= epochs:
                return process
            time.sleep(0.005)
        raise AssertionError(f"no {epochs} epochs were logged: {process.communicate()}")

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def test_ctrl_c_leaves_a_checkpoint_and_code_130_and_resume_finishes_with_the_same_bits(
    start, command, home
):
    assert command("train", "--name", "whole", *WORDS, "--json").code == 0
    process = start(
        "train", "--name", "run", *WORDS, "--json", program=("-m", "explorer"), epochs=2
    )
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    answer = json.loads(out)
    assert answer["state"] == "interrupted"
    assert answer["resume"] == "python -m explorer train --resume --name run"
    assert (home / "run" / runs.CHECKPOINT).exists()

    resumed = command("train", "--resume", "--name", "run", "--json")
    assert (resumed.code, resumed.json["state"]) == (0, "finished")
    digests = {store.read_card(home / name).weights_sha256 for name in ("run", "whole")}
    assert len(digests) == 1


def test_a_killed_process_leaves_a_run_that_resumes_to_the_same_bits(start, command, home):
    assert command("train", "--name", "whole", *WORDS, "--json").code == 0
    process = start("train", "--name", "run", *WORDS, "--json", program=("-c", EAGER), epochs=3)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (home / "run" / store.CARD).exists()

    resumed = command("train", "--resume", "--name", "run", "--json")
    assert (resumed.code, resumed.json["state"]) == (0, "finished")
    assert resumed.json["images_per_second"] > 0
    digests = {store.read_card(home / name).weights_sha256 for name in ("run", "whole")}
    assert len(digests) == 1
