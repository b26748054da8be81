"""`python -m explorer`: what it prints, what it refuses, and what it leaves behind."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys

import pytest
import torch

from explorer import store
from explorer.loaded import load
from explorer.training import run as runs
from tests.support import CPU, is_one_sentence, part, train_spec

QUICK = ["--dataset", "mnist-5k", "--hidden", "16", "--epochs", "1"]


def refused(answer, *words: str) -> None:
    """One sentence on stderr, exit code 2, nothing on stdout."""
    assert answer.code == 2, answer
    assert answer.out == ""
    assert answer.err.startswith("Error: ")
    assert answer.err.count("\n") == 1, answer.err
    assert is_one_sentence(answer.err)
    for word in words:
        assert word in answer.err


# --- train ------------------------------------------------------------------------------------


BAD_TRAINING = {
    "unknown family": (["--model", "vea"], "Did you mean 'vae'?"),
    "unknown data set": (["--dataset", "mnist5k"], "Did you mean 'mnist-5k'?"),
    "no latent dimension": (["--latent-dim", "0"], "latent dim"),
    "too many latent dimensions": (["--latent-dim", "100000"], "16384"),
    "beta below zero": (["--beta", "-1"], "beta"),
    "beta not a number": (["--beta", "nan"], "finite"),
    "widths that are words": (["--hidden", "wide"], "512,512"),
    "widths with a point": (["--hidden", "12.5"], "512,512"),
    "a width of nothing": (["--hidden", "512,0"], "0 units"),
    "a width below zero": (["--hidden", "-4"], "-4 units"),
    "a width beyond memory": (["--hidden", "1000000000,1000000000"], "1000000000 units"),
    "channels that are words": (["--model", "conv-vae", "--channels", "a"], "channels"),
    "too many convolutions": (["--model", "conv-vae", "--channels", "4,4,4"], "multiple of 8"),
    "unknown objective": (["--reconstruction", "l1"], "'bce' or 'mse'"),
    "unknown activation": (["--activation", "tanh"], "'relu', 'gelu' or 'silu'"),
    "unknown augmentation": (["--augment", "mirror"], "'binarise+shift'"),
    "no epochs": (["--epochs", "0"], "epochs"),
    "no batch": (["--batch-size", "0"], "batch size"),
    "rate of zero": (["--learning-rate", "0"], "learning rate"),
    "seed below zero": (["--seed", "-1"], "seed"),
    "unknown device": (["--device", "gpu"], "Known: auto, cpu"),
    "a name with a slash": (["--name", "../up"], "cannot name a model"),
    "a name with capitals": (["--name", "MyVAE"], "cannot name a model"),
    "the name of the data folder": (["--name", "data"], "cannot name a model"),
}


@pytest.mark.parametrize(("words", "said"), BAD_TRAINING.values(), ids=BAD_TRAINING)
def test_an_impossible_training_is_one_sentence_and_leaves_nothing(command, home, words, said):
    refused(command("train", "--name", "a", *QUICK, *words), said)
    assert not home.exists()


def test_a_data_root_without_the_data_is_one_sentence_and_leaves_nothing(command, home, tmp_path):
    for root in (tmp_path / "nowhere", tmp_path):
        words = ["--name", "a", "--dataset", "mnist", "--data-root", root]
        refused(command("train", *words), str(root), "--download", "mnist-5k")
    assert not home.exists()
    assert not (tmp_path / "nowhere").exists()


def test_a_device_that_the_machine_lacks_is_one_sentence_and_leaves_nothing(
    command, home, monkeypatch
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    refused(command("train", "--name", "a", *QUICK, "--device", "cuda"), "no cuda device")
    assert not home.exists()
    assert command("train", "--name", "a", *QUICK, "--device", "cpu", "--json").code == 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_the_same_holds_for_the_real_command_as_a_process(home):
    words = [sys.executable, "-m", "explorer", "train", "--name", "a", *QUICK, "--device", "cuda"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: ")
    assert is_one_sentence(done.stderr)
    assert not home.exists()


def test_training_prints_one_json_object_and_makes_a_model_that_opens(command, home):
    answer = command("train", "--name", "made", *QUICK, "--latent-dim", 5, "--json")
    assert answer.code == 0
    assert answer.json["state"] == "finished"
    assert answer.json["folder"] == str(home / "made")
    card = load("made", "cpu").card
    assert card.spec.model.latent_dim == 5
    assert card.training.best_validation == pytest.approx(
        answer.json["best_validation_nats"], abs=1e-3
    )


def test_the_options_of_the_command_reach_the_spec(command, home):
    words = "--model conv-vae --latent-dim 3 --hidden 16,8 --channels 4,8 --activation relu "
    words += "--reconstruction mse --beta 0.5 --warmup-steps 7 --epochs 1 --batch-size 500 "
    words += "--learning-rate 0.002 --schedule one-cycle --weight-decay 0.01 --augment binarise "
    words += "--precision bfloat16 --seed 11"
    answer = command("train", "--name", "all", "--dataset", "mnist-5k", *words.split(), "--json")
    assert answer.code == 0
    spec = store.read_card(home / "all").spec
    assert spec == train_spec(
        "conv-vae",
        hidden=(16, 8),
        activation="relu",
        objective={"reconstruction": "mse", "beta": 0.5, "warmup_steps": 7},
        epochs=1,
        batch_size=500,
        learning_rate=0.002,
        schedule="one-cycle",
        weight_decay=0.01,
        augment="binarise",
        precision="bfloat16",
        seed=11,
    )


def test_the_command_on_a_card_makes_the_same_weights_again(command, home, tmp_path):
    command("train", "--name", "first", *QUICK, "--data-root", tmp_path, "--json")
    card = store.read_card(home / "first")
    assert "--data-root" not in card.command
    assert str(tmp_path) not in card.command
    shutil.move(home / "first", home / "moved")
    words = shlex.split(card.command)
    assert words[:3] == ["python", "-m", "explorer"]
    assert command(*words[3:]).code == 0
    assert store.read_card(home / "first").weights_sha256 == card.weights_sha256


def test_a_taken_name_is_one_sentence_and_the_model_stays(command, own):
    before = store.sha256(own.folder / store.WEIGHTS)
    refused(command("train", "--name", own.id, *QUICK), "already a model")
    assert store.sha256(own.folder / store.WEIGHTS) == before


def test_resuming_a_finished_run_is_harmless(command, home):
    assert command("train", "--name", "done", *QUICK, "--json").code == 0
    before = {f: f.read_bytes() for f in sorted((home / "done").rglob("*")) if f.is_file()}
    answer = command("train", "--resume", "--name", "done", "--json")
    assert (answer.code, answer.json["state"]) == (0, "already finished")
    assert {f: f.read_bytes() for f in sorted((home / "done").rglob("*")) if f.is_file()} == before


def test_resuming_an_unknown_run_is_one_sentence_and_leaves_nothing(command, home):
    refused(command("train", "--resume", "--name", "ghost"), "no run 'ghost'", "without --resume")
    assert not home.exists()


@pytest.mark.parametrize(
    "words", [("--learning-rate", "0.1"), ("--path", "pictures"), ("--codes-of", "codes")]
)
def test_resuming_with_other_settings_is_one_sentence(command, home, words):
    answer = command("train", "--resume", "--name", "ghost", *words)
    refused(answer, f"resumed with its own settings; leave {words[0]} out")
    assert not home.exists()


def test_resuming_without_the_data_leaves_the_run_as_it_was(command, home, digits, tmp_path):
    spec = train_spec()
    spec = spec.model_copy(update={"data": spec.data.model_copy(update={"name": "mnist"})})
    run = runs.create("begun", spec, "")
    stop = iter([False, True])
    list(runs.follow(run, part(digits, 300, 50), CPU, lambda: next(stop)))
    before = run.checkpoint.read_bytes()
    refused(command("train", "--resume", "--name", "begun", "--data-root", tmp_path), "--download")
    assert run.checkpoint.read_bytes() == before


# --- the other commands -----------------------------------------------------------------------


def test_models_lists_own_and_shipped_ones_and_names_damaged_folders(command, own, shipped, home):
    shutil.copytree(own.folder, shipped / "theirs")
    store.write_card(shipped / "theirs", own.card.model_copy(update={"id": "theirs"}))
    (home / "odd").mkdir()
    answer = command("models", "--json")
    assert answer.code == 0
    listed = [(row["id"], row["shipped"], row["latent_dim"]) for row in answer.json["models"]]
    assert listed == [("small-vae", False, 4), ("theirs", True, 4)]
    assert len(answer.json["faults"]) == 1

    answer = command("models")
    assert answer.out.splitlines()[0].split()[:2] == ["small-vae", "vae"]
    assert answer.out.count("\n") == 2
    assert str(home / "odd") in answer.err


def test_models_without_any_is_an_empty_list(command, shipped):
    assert command("models", "--json").json == {"models": [], "faults": []}


def test_evaluate_prints_figures_on_all_test_images_and_saves_them_on_request(command, own):
    words = ["evaluate", own.id, "--importance-samples", 2, "--json"]
    answer = command(*words)
    assert answer.code == 0
    assert answer.json["on"] == "1,000 test images of MNIST, 5,000 digits"
    assert {"negative_elbo", "kl", "mse", "is_nll"} <= answer.json["metrics"].keys()
    assert store.read_card(own.folder).metrics == {}
    assert command(*words, "--save").json == answer.json
    saved = store.read_card(own.folder)
    assert {k: m.model_dump() for k, m in saved.metrics.items()} == answer.json["metrics"]
    assert saved.metrics_on == answer.json["on"]


def test_evaluate_for_people_names_each_figure_with_its_unit(command, own):
    answer = command("evaluate", own.id, "--importance-samples", 0)
    assert answer.code == 0
    assert "negative_elbo" in answer.out
    assert "nats per image" in answer.out
    assert "is_nll" not in answer.out


def test_the_figures_of_a_shipped_model_cannot_be_overwritten(command, own, shipped):
    shutil.move(own.folder, shipped / own.id)
    card = (shipped / own.id / "card.json").read_bytes()
    words = ["--importance-samples", 0, "--save", "--json"]
    refused(command("evaluate", own.id, *words), "read-only")
    assert (shipped / own.id / "card.json").read_bytes() == card


def test_project_prints_one_json_object_and_keeps_the_map(command, own):
    answer = command("project", own.id, "--method", "pca", "--json")
    assert answer.code == 0
    assert answer.json["projections"] == ["pca"]
    assert answer.json["images"] == 5000
    folder = own.folder / "atlas" / "mnist-5k-5000"
    assert answer.json["folder"] == str(folder)
    assert json.loads((folder / "atlas.json").read_text())["projections"]["pca"]["seed"] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["small-vea"], "Did you mean 'small-vae'?"),
        (["small-vae", "--method", "tnse"], "Did you mean 'tsne'?"),
        (["small-vae", "--method", "raw"], "Only a 2-D latent"),
        (["small-vae", "--dataset", "cifar"], "no data set called 'cifar'"),
        (["small-vae", "--method", "umap", "--seed", "-1"], "seed"),
    ],
)
def test_an_impossible_projection_is_one_sentence_and_leaves_no_map(
    command, own, shipped, words, said
):
    refused(command("project", *words), said)
    assert not (own.folder / "atlas").exists()


def test_an_unknown_model_is_one_sentence_in_every_command(command, own, shipped, tmp_path):
    for words in (["evaluate", "smal-vae"], ["project", "smal-vae"], ["export", "smal-vae", "x"]):
        refused(command(*words), "Did you mean 'small-vae'?")


def test_export_writes_a_half_precision_copy_with_a_title_that_opens_by_its_path(
    command, own, tmp_path
):
    words = ["--half", "--title", "A small VAE", "--description", "For a test.", "--json"]
    answer = command("export", own.id, tmp_path / "out", *words)
    assert answer.code == 0
    copy = load(answer.json["folder"], "cpu")
    assert (copy.card.title, copy.card.description) == ("A small VAE", "For a test.")
    refused(command("export", own.id, tmp_path / "out"), "already exists")


@pytest.mark.parametrize(
    "words",
    [["train"], ["train", "--name", "a", "--epochs", "many"], ["fly"], ["models", "--wings"]],
)
def test_a_word_that_no_command_knows_is_code_2_and_leaves_nothing(command, home, words):
    answer = command(*words)
    assert answer.code == 2
    assert answer.out == ""
    assert "Traceback" not in answer.err
    assert not home.exists()


def test_every_option_of_every_command_is_explained(command):
    for name in ("train", "evaluate", "project", "export", "models"):
        answer = command(name, "--help")
        assert answer.code == 0
        assert "Usage:" in answer.out
    assert "--resume" in command("train", "--help").out
