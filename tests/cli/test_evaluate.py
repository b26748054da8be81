"""`python -m explorer evaluate`: which models, which figures, and the same ones again."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from explorer import store
from explorer.data import load_dataset
from explorer.loaded import load, network_of
from explorer.metrics import measure
from explorer.spec import DataSpec
from explorer.store import Evaluation, open_artefact, read_card
from explorer.training.compose import compose
from tests.support import finish, is_one_sentence
from tests.test_cli import refused

QUICK = ("--importance-samples", 0)


@pytest.fixture(autouse=True)
def few_samples(monkeypatch):
    """A tenth of the usual samples for the classifier to read, for the sake of time."""
    monkeypatch.setattr(measure, "JUDGED", 1000)


def ship(put, shipped, *names: str) -> None:
    """Put models of the workshop into the place of `pretrained/`."""
    put(*names, into=shipped)


def taken_so(artefact: store.Artefact, **how) -> store.Artefact:
    """The artefact with other evaluation settings in its card."""
    card = artefact.card.model_copy(update={"evaluation": Evaluation(**how)})
    store.write_card(artefact.folder, card)
    return open_artefact(artefact.id)


# --- which models -----------------------------------------------------------------------------


def test_one_model_is_one_json_object_with_the_figures_and_what_they_are_of(command, own, digits):
    answer = command("evaluate", own.id, *QUICK, "--json")
    assert answer.code == 0
    assert set(answer.json) == {"id", "on", "metrics"}
    assert answer.json["id"] == "small-vae"
    assert answer.json["on"] == "1,000 test images of MNIST, 5,000 digits"
    figures = measure.measure(load(own.id, "cpu").network, digits.split("test"), 0)
    assert answer.json["metrics"] == {key: one.model_dump() for key, one in figures.items()}
    assert all(set(one) == {"value", "unit", "note"} for one in answer.json["metrics"].values())


def test_all_measures_every_shipped_model_and_no_other(command, own, put, shipped):
    ship(put, shipped, "linear", "codes", "prior", "judge")
    answer = command("evaluate", "--all", "--json")
    assert answer.code == 0
    assert set(answer.json) == {"models"}
    reports = {one["id"]: one["metrics"] for one in answer.json["models"]}
    assert list(reports) == ["linear", "codes", "judge", "prior"]
    assert "perplexity" in reports["codes"]
    assert "accuracy" in reports["judge"]
    assert "nats_per_code" in reports["prior"]
    alone = command("evaluate", "linear", "--json").json
    assert alone["metrics"] == reports["linear"]


def test_a_model_of_the_same_name_in_the_home_hides_no_shipped_one(command, put, shipped):
    ship(put, shipped, "told", "judge")
    alone = command("evaluate", "--all", "--json").json
    assert "read_as_asked" in alone["models"][0]["metrics"]
    put("told", "judge")
    assert command("evaluate", "--all", "--json").json == alone


def test_all_for_people_names_each_model_and_its_figures(command, put, shipped):
    ship(put, shipped, "linear", "few")
    answer = command("evaluate", "--all")
    assert answer.code == 0
    headings = [line for line in answer.out.splitlines() if line.endswith(":")]
    assert headings == [
        f"{name} on 1,000 test images of MNIST, 5,000 digits:" for name in ("linear", "few")
    ]
    assert answer.out.count("  mse ") == 2
    assert "of all latents (smaller than 0.01)" in answer.out


def test_all_names_a_damaged_model_and_measures_the_others(command, put, shipped):
    ship(put, shipped, "linear", "few")
    (shipped / "few" / "card.json").write_text("{")
    answer = command("evaluate", "--all", *QUICK, "--json")
    assert [one["id"] for one in answer.json["models"]] == ["linear"]
    assert "few" in answer.err
    assert is_one_sentence(answer.err)


def test_all_without_a_shipped_model_is_an_empty_list(command, own, shipped):
    assert command("evaluate", "--all", "--json").json == {"models": []}


@pytest.mark.parametrize("words", [[], ["small-vae", "--all"]])
def test_neither_or_both_of_a_name_and_all_is_one_sentence(command, own, shipped, words):
    refused(command("evaluate", *words), "Name one model, or say --all")


def test_a_model_can_be_named_by_the_path_of_its_folder(command, own, tmp_path):
    shutil.move(own.folder, tmp_path / "elsewhere")
    answer = command("evaluate", tmp_path / "elsewhere", *QUICK, "--json")
    assert answer.json["id"] == "small-vae"


# --- the same figures again -------------------------------------------------------------------


def test_figures_are_taken_as_the_card_says_unless_told_otherwise(command, own):
    taken_so(own, importance_samples=3, seed=5)
    notes = {k: m["note"] for k, m in command("evaluate", own.id, "--json").json["metrics"].items()}
    assert "S = 3 importance samples, seed 5" in notes["is_nll"]
    assert notes["reconstruction"] == "one posterior sample, seed 5"
    told = command("evaluate", own.id, "--seed", 6, "--importance-samples", 2, "--json").json
    assert "S = 2 importance samples, seed 6" in told["metrics"]["is_nll"]["note"]
    card = read_card(own.folder)
    assert (card.metrics, card.evaluation) == ({}, Evaluation(importance_samples=3, seed=5))


def test_saved_figures_are_those_that_a_second_evaluation_gives(command, own):
    words = ("--importance-samples", 2, "--seed", 9)
    first = command("evaluate", own.id, *words, "--save", "--json").json
    card = read_card(own.folder)
    assert card.evaluation == Evaluation(importance_samples=2, seed=9)
    assert {k: m.model_dump() for k, m in card.metrics.items()} == first["metrics"]
    assert card.metrics_on == first["on"]
    assert command("evaluate", own.id, "--json").json == first
    other = command("evaluate", own.id, "--seed", 10, "--json").json
    assert other["metrics"]["reconstruction"] != first["metrics"]["reconstruction"]
    assert other["metrics"]["mse"] == first["metrics"]["mse"]


@pytest.mark.parametrize("name", ["told", "codes", "prior", "judge", "linear"])
def test_the_figures_of_every_kind_are_saved_and_come_out_again(
    command, put, shipped, name, monkeypatch
):
    put(*{name, "codes"})
    ship(put, shipped, "judge")
    saved = command("evaluate", name, *QUICK, "--save", "--json").json
    metrics = open_artefact(name).card.metrics
    assert {key: one.model_dump() for key, one in metrics.items()} == saved["metrics"]
    assert command("evaluate", name, "--json").json == saved
    assert saved["metrics"]


def test_saving_changes_nothing_else_in_the_card(command, own):
    command("evaluate", own.id, *QUICK, "--save")
    before, after = own.card.model_dump(), read_card(own.folder).model_dump()
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {"metrics", "metrics_on", "evaluation"}
    assert load(own.id, "cpu").latent_dim == 4


# --- what classifiers, priors and conditional models need -------------------------------------


def test_a_classifier_tells_the_share_of_test_images_that_it_reads_right(command, put, digits):
    put("judge")
    images = digits.split("test")
    read = network_of(open_artefact("judge"), "cpu").probabilities(images.float()).argmax(1)
    answer = command("evaluate", "judge", "--json")
    share = 100 * (read == images.labels).float().mean().item()
    assert answer.json["metrics"]["accuracy"]["value"] == pytest.approx(share, abs=1e-3)


def test_a_prior_tells_its_nats_on_the_codes_of_the_test_images(command, put, shipped):
    put("prior", "codes")
    answer = command("evaluate", "prior", "--json").json
    assert answer["on"] == "1,000 test images of MNIST, 5,000 digits, codes of codes"
    assert sorted(answer["metrics"]) == ["nats", "nats_per_code"]
    per_code = answer["metrics"]["nats"]["value"] / 49
    assert answer["metrics"]["nats_per_code"]["value"] == pytest.approx(per_code, abs=1e-4)


def test_the_shipped_classifier_of_the_data_set_reads_what_is_drawn(command, put, shipped):
    put("told", "prior", "codes")
    ship(put, shipped, "judge")
    told = command("evaluate", "told", *QUICK, "--json").json["metrics"]["read_as_asked"]
    assert told["value"] > 70
    assert told["note"].startswith("1,000 samples of the prior")
    prior = command("evaluate", "prior", "--json").json["metrics"]["read_surely"]
    assert 0 <= prior["value"] <= 100
    assert "of 100 samples of the prior" in prior["note"]


@pytest.mark.parametrize(("learned", "reads"), [("mnist", True), ("kmnist", False)])
def test_a_classifier_of_all_digits_reads_those_of_the_5000_and_no_other_images(
    command, put, shipped, learned, reads
):
    put("told")
    ship(put, shipped, "judge")
    card = read_card(shipped / "judge")
    spec = card.spec.model_copy(update={"data": DataSpec(name=learned)})
    store.write_card(shipped / "judge", card.model_copy(update={"spec": spec}))
    metrics = command("evaluate", "told", *QUICK, "--json").json["metrics"]
    assert ("read_as_asked" in metrics) == reads


def test_a_classifier_of_ones_own_reads_nothing(command, put, shipped):
    """Figures must not depend on what else lies in a person's home."""
    put("told", "judge")
    assert "read_as_asked" not in command("evaluate", "told", *QUICK, "--json").json["metrics"]


def test_a_prior_without_its_vq_vae_is_one_sentence(command, put, shipped):
    put("prior")
    refused(command("evaluate", "prior"), "no model called 'codes'")


# --- other images -----------------------------------------------------------------------------


@pytest.fixture
def folder_of_digits(tmp_path, digits):
    """Forty digits as PNGs in a folder for each class."""
    path = tmp_path / "digits"
    for row in range(40):
        file = path / str(int(digits.labels[row])) / f"{row:02}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(digits.pixels[row, 0])).save(file)
    return path


def test_a_model_of_a_folder_is_measured_on_its_folder_or_on_a_data_set_of_that_shape(
    command, folder_of_digits, digits
):
    data = DataSpec(name="folder", path=str(folder_of_digits), size=28, grey=True)
    dataset = load_dataset("folder", path=folder_of_digits, size=28, grey=True)
    finish("mine", compose("vae", {"hidden": (16,), "epochs": 1}, data, dataset), dataset)
    assert command("evaluate", "mine", *QUICK, "--json").json["on"] == (
        "8 test images of Folder digits"
    )
    other = command("evaluate", "mine", *QUICK, "--dataset", "mnist-5k", "--json").json
    assert other["on"] == "1,000 test images of MNIST, 5,000 digits"
    expected = measure.measure(load("mine", "cpu").network, digits.split("test"), 0)["mse"].value
    assert other["metrics"]["mse"]["value"] == expected


def test_another_data_set_for_a_prior_means_the_codes_of_its_images(command, put, shipped):
    put("prior", "codes")
    named = command("evaluate", "prior", "--dataset", "mnist-5k", "--json").json
    assert named == command("evaluate", "prior", "--json").json


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--dataset", "faces"], "takes images of (1, 28, 28)"),
        (["--dataset", "mnist5k"], "Did you mean 'mnist-5k'?"),
        (["--dataset", "folder"], "needs a path"),
        (["--device", "gpu"], "Known: auto, cpu"),
    ],
)
def test_images_that_do_not_fit_are_one_sentence_and_the_card_stays(command, own, words, said):
    before = (own.folder / store.CARD).read_bytes()
    refused(command("evaluate", own.id, *words, "--save"), said)
    assert (own.folder / store.CARD).read_bytes() == before
