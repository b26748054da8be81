"""`python -m explorer evaluate --metrics`: chosen figures of one model or several, saved, as JSON
and as a table."""

from __future__ import annotations

import shutil

import pytest

from explorer import store
from explorer.cli.table import by_figure
from explorer.metrics import catalogue
from explorer.metrics.names import BASIC, FURTHER
from explorer.store import Metric, open_artefact, read_card
from tests.support import finish, train_spec
from tests.test_cli import refused

QUICK = ("--importance-samples", 0)
PARTS = ("mutual_information", "total_correlation", "dimension_wise_kl")


@pytest.fixture(autouse=True)
def few_images(monkeypatch):
    """Enough to be measured at all, for the sake of time."""
    monkeypatch.setattr(catalogue, "COUNT", 600)


@pytest.fixture(scope="module")
def twins(digits, tmp_path_factory):
    """Three small models that differ in their seed alone, and one with another beta."""
    folder = tmp_path_factory.mktemp("twins")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLORER_HOME", str(folder))
        for name, seed, beta in (("one", 0, 1), ("two", 1, 1), ("three", 2, 1), ("other", 0, 4)):
            spec = train_spec(epochs=2, seed=seed, objective={"beta": beta})
            finish(f"twin-{name}", spec, digits)
    return folder


@pytest.fixture
def settled(twins, home):
    """The same in this test's home."""
    shutil.copytree(twins, home)
    return home


# --- one model --------------------------------------------------------------------------------


def test_all_figures_of_a_shipped_model_come_with_reasons_for_the_others(command):
    answer = command(
        "evaluate", "mnist-beta-vae-10-b4", "--dataset", "mnist-5k", *QUICK, "--metrics", "all",
        "--json",
    )  # fmt: skip
    assert answer.code == 0
    report = answer.json
    assert set(report) == {"id", "on", "metrics", "left_out"}
    assert {
        *PARTS,
        "gaussian_tc",
        "knn_accuracy",
        "frechet",
        "recall",
        "trustworthiness",
        "mse",
    } < (set(report["metrics"]))
    assert set(report["metrics"]) | set(report["left_out"]) >= set(FURTHER)
    assert report["left_out"]["mig"] == "The factors of MNIST, 5,000 digits are not known."
    assert "2 models that differ in their seed" in report["left_out"]["udr"]
    assert report["metrics"]["recall"]["unit"] == "% of test images"
    assert "600 test images" in report["metrics"]["frechet"]["note"]


def test_the_sprites_models_are_scored_by_their_factors(command):
    answer = command("evaluate", "sprites-beta-vae-10-b8", "--metrics", "mig,factor_vae", "--json")
    metrics = answer.json["metrics"]
    assert set(metrics) == {"mig", "factor_vae"}
    card = open_artefact("sprites-beta-vae-10-b8").card.metrics
    # Of 600 images for 10,000: the plug-in information has a larger bias.
    assert metrics["mig"]["value"] == pytest.approx(card["mig"].value, abs=0.05)
    assert metrics["factor_vae"]["value"] == pytest.approx(card["factor_vae"].value, abs=0.1)
    assert "600 test images" in metrics["mig"]["note"]


def test_a_seed_reaches_what_is_drawn(command, own):
    words = ("evaluate", own.id, "--metrics", "total_correlation,knn_accuracy", "--json")
    first, again, other = (command(*words, "--seed", seed).json["metrics"] for seed in (3, 3, 4))
    assert first == again
    assert "seed 3" in first["total_correlation"]["note"]
    assert first["total_correlation"]["value"] != other["total_correlation"]["value"]


def test_for_people_a_reason_stands_once(command, own):
    out = command("evaluate", own.id, "--metrics", "gaussian_tc,mig,sap,trustworthiness").out
    assert "gaussian_tc" in out
    assert "without mig, sap: The factors of MNIST, 5,000 digits are not known." in out
    assert "without trustworthiness: " in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--metrics", "migg"], "Did you mean 'mig'?"),
        (["--metrics", ","], "Name a figure"),
        (["--json", "--table"], "not for both"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(command, own, words, said):
    refused(command("evaluate", own.id, *words), said)


def test_a_pattern_that_fits_no_model_is_one_sentence(command, own):
    refused(command("evaluate", "smal-*"), "Did you mean 'small-vae'?")


# --- what is saved ----------------------------------------------------------------------------


def test_figures_are_added_to_those_of_the_same_images_and_settings(command, own):
    command("evaluate", own.id, *QUICK, "--save")
    before = read_card(own.folder).metrics
    command("evaluate", own.id, "--metrics", "gaussian_tc", "--save")
    after = read_card(own.folder).metrics
    assert set(after) == {*before, "gaussian_tc"}
    assert all(after[key] == metric for key, metric in before.items())
    # And a basic evaluation leaves them there.
    command("evaluate", own.id, "--save")
    assert read_card(own.folder).metrics == after


def test_figures_of_another_seed_take_the_place_of_all(command, own):
    command("evaluate", own.id, *QUICK, "--save")
    command("evaluate", own.id, "--metrics", "gaussian_tc", "--seed", 5, "--save")
    card = read_card(own.folder)
    assert set(card.metrics) == {"gaussian_tc"}
    assert card.evaluation.seed == 5


# --- several models ---------------------------------------------------------------------------


def test_models_of_other_seeds_are_ranked_among_each_other(command, settled):
    answer = command("evaluate", "twin-*", "--metrics", "udr,gaussian_tc", "--json")
    assert answer.code == 0
    reports = {one["id"]: one for one in answer.json["models"]}
    assert set(reports) == {"twin-one", "twin-two", "twin-three", "twin-other"}
    for name in ("twin-one", "twin-two", "twin-three"):
        udr = reports[name]["metrics"]["udr"]
        assert 0 < udr["value"] <= 1
        assert udr["note"].startswith("rank correlations with 2 models of other seeds")
    assert "at least 2 models" in reports["twin-other"]["left_out"]["udr"]
    assert all("gaussian_tc" in one["metrics"] for one in reports.values())


def test_names_patterns_and_paths_each_count_once_in_their_order(command, settled, tmp_path):
    shutil.copytree(settled / "twin-other", tmp_path / "away" / "twin-other")
    answer = command(
        "evaluate", "twin-two", "twin-t*", tmp_path / "away" / "twin-other",
        "--metrics", "gaussian_tc", "--json",
    )  # fmt: skip
    ids = [one["id"] for one in answer.json["models"]]
    assert ids[0] == "twin-two"
    assert sorted(ids) == ["twin-other", "twin-three", "twin-two"]
    alone = command("evaluate", "twin-two", "--metrics", "gaussian_tc", "--json").json
    assert alone == answer.json["models"][0]


def test_nothing_is_saved_when_one_of_several_is_shipped(command, settled):
    before = read_card(settled / "twin-one")
    refused(command("evaluate", "twin-one", "mnist-pca-2", "--save"), "'mnist-pca-2' is shipped")
    assert read_card(settled / "twin-one") == before


def test_a_table_has_a_row_for_each_figure_and_a_column_for_each_model(command, settled):
    wanted = ("kl", "gaussian_tc", "mig")
    words = ("evaluate", "twin-one", "twin-two", *QUICK, "--metrics", ",".join(wanted))
    lines = command(*words, "--table").out.splitlines()
    assert lines[0] == "| `twin-`… | `one` | `two` |"
    assert lines[1] == "| --- | --- | --- |"
    reports = command(*words, "--json").json["models"]
    cells = [f"{one['metrics']['gaussian_tc']['value']:.4g}" for one in reports]
    assert lines[3] == f"| Gaussian total correlation (nats) | {' | '.join(cells)} |"
    # The factors of digits are not known: no row.
    assert [line.split(" (")[0] for line in lines[2:]] == ["| KL", "| Gaussian total correlation"]


def test_a_figure_that_only_some_models_have_is_a_dash_in_the_table(own):
    card = own.card.model_copy(update={"metrics": {"kl": Metric(value=1.23456, unit="nats")}})
    other = own.card.model_copy(update={"id": "else"})
    lines = by_figure([card, other], tuple(BASIC)).splitlines()
    assert lines[0] == "|  | `small-vae` | `else` |"
    assert lines[2:] == ["| KL (nats) | 1.235 | - |"]


def test_the_shipped_ladders_have_their_further_figures():
    """As many as mean something for them, of 10,000 images."""
    shelf = store.find([(store.PRETRAINED, True)]).artefacts
    ladder = [one.card for one in shelf if one.id.startswith("mnist-beta-vae-10-b")]
    for card in ladder:
        parts = sum(card.metrics[name].value for name in PARTS)
        assert parts == pytest.approx(card.metrics["kl"].value, abs=2e-4)
        assert {"knn_accuracy", "frechet", "recall", "trustworthiness"} < set(card.metrics)
    for card in (one.card for one in shelf if one.id.startswith("sprites-beta-vae-10-b")):
        assert {"mig", "sap", "factor_vae", "beta_vae", "modularity"} < set(card.metrics)
