"""A loss that is no longer a number: one sentence, finite weights, no model."""

from __future__ import annotations

import math

import pytest
import torch

from explorer import store
from explorer.training import run as runs
from explorer.training.events import DivergedError
from explorer.training.loop import Trainer
from tests.support import CPU, equal, is_one_sentence, part, train_spec

# Sixteen layers at a thousand times the usual rate overflow within a few steps.
EXPLOSIVE = {"hidden": (256,) * 16, "learning_rate": 1.0, "batch_size": 32, "epochs": 3}


def test_a_learning_rate_of_1_on_a_deep_network_is_one_sentence_and_leaves_finite_weights(digits):
    trainer = Trainer(train_spec(**EXPLOSIVE), *part(digits, 600, 100).fit_and_validation(), CPU)
    start = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    with pytest.raises(DivergedError, match="learning rate ten times smaller") as caught:
        list(trainer.events())
    assert is_one_sentence(caught.value)
    assert equal(trainer.model.state_dict(), start)  # no epoch was good yet


def test_a_run_that_diverges_writes_no_card_and_keeps_the_last_good_weights(
    digits, home, monkeypatch
):
    """The first epoch is good; then one weight becomes infinite."""
    trainers, good = [], {}
    inner = Trainer._end_of_epoch

    def end_of_epoch(self, epoch, train):
        yield from inner(self, epoch, train)
        trainers.append(self)
        good.update({name: tensor.clone() for name, tensor in self.model.state_dict().items()})
        with torch.no_grad():
            next(self.model.parameters())[0, 0] = math.inf

    monkeypatch.setattr(Trainer, "_end_of_epoch", end_of_epoch)
    run = runs.create("boom", train_spec(epochs=3), "made by a test")
    with pytest.raises(DivergedError) as caught:
        list(runs.follow(run, part(digits, 600, 100), CPU))
    assert is_one_sentence(caught.value)
    assert len(trainers) == 1
    assert equal(trainers[0].model.state_dict(), good)
    assert not (run.folder / store.CARD).exists()
    assert not (run.folder / store.WEIGHTS).exists()
    kept, _ = store.read_tensors(run.folder / "checkpoints" / "last-good.safetensors")
    assert equal(kept, good)
    assert store.find([(home, False)]) == store.Shelf([], [])


def test_the_command_line_tells_it_in_one_sentence(command, home):
    words = ["--hidden", ",".join(["256"] * 16), "--learning-rate", 1, "--batch-size", 32]
    answer = command("train", "--name", "boom", "--dataset", "mnist-5k", "--json", *words)
    assert answer.code == 2
    assert answer.err.startswith("Error: Training stopped")
    assert is_one_sentence(answer.err)
    assert answer.out == ""
