"""A run's folder: names that are taken, runs that are done, data that does not fit."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from explorer import store
from explorer.errors import ExplorerError
from explorer.loaded import load
from explorer.training import run as runs
from explorer.training.loop import evaluate_loss
from tests.support import CPU, finish, is_one_sentence, part, train_spec


def test_a_finished_run_is_a_model_that_opens_with_the_validation_total_of_its_card(digits):
    run = finish("done", train_spec(epochs=2), digits)
    model = load("done", "cpu")
    _, validation = digits.fit_and_validation()
    measured = evaluate_loss(model.network, validation, seed=0).total
    assert model.card.training.best_validation == pytest.approx(measured, abs=1e-3)
    assert run.finished


def test_the_history_holds_each_epoch_with_its_parts(digits):
    run = finish("done", train_spec(epochs=2), part(digits, 300, 50))
    records = [json.loads(line) for line in (run.folder / store.HISTORY).open()]
    epochs = [record for record in records if record["event"] == "epoch"]
    assert [record["epoch"] for record in epochs] == [1, 2]
    for record in epochs:
        train = record["train"]
        assert train["total"] == pytest.approx(train["reconstruction"] + train["kl"], rel=1e-5)
        assert len(train["per_dimension_kl"]) == 3


def test_a_name_that_is_taken_by_a_model_is_refused(own):
    with pytest.raises(ExplorerError, match="already a model 'small-vae'") as caught:
        runs.create("small-vae", train_spec(), "")
    assert is_one_sentence(caught.value)


def test_a_name_that_is_taken_by_a_run_says_how_to_go_on_with_it(home):
    runs.create("begun", train_spec(), "")
    with pytest.raises(ExplorerError, match="add --resume") as caught:
        runs.create("begun", train_spec(seed=1), "")
    assert is_one_sentence(caught.value)
    assert runs.reopen("begun").spec.seed == 0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"spec": 3}', '{"spec": {"epochs": 0}}'])
def test_a_damaged_run_file_is_one_sentence(home, text):
    run = runs.create("begun", train_spec(), "")
    (run.folder / store.RUN).write_text(text)
    with pytest.raises(ExplorerError) as caught:
        runs.reopen("begun")
    assert is_one_sentence(caught.value)


def test_images_of_another_shape_than_the_models_are_refused_in_one_sentence(digits):
    run = runs.create("shapes", train_spec(), "")
    wide = replace(digits, pixels=torch.zeros(5000, 1, 32, 32, dtype=torch.uint8))
    with pytest.raises(ExplorerError, match=r"\(1, 28, 28\).*\(1, 32, 32\)") as caught:
        list(runs.follow(run, wide, CPU))
    assert is_one_sentence(caught.value)
    assert not run.checkpoint.exists()


def test_a_disk_that_is_full_from_the_start_leaves_no_folder(home, monkeypatch):
    def full(target, value):
        (home / "my-run").mkdir(parents=True)
        raise ExplorerError("full")

    monkeypatch.setattr(store, "write_json", full)
    with pytest.raises(ExplorerError, match="full"):
        runs.create("my-run", train_spec(), "train")
    assert not (home / "my-run").exists()
