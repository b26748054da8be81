"""Which further figures a model has, what is said of them, and why others are left out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from explorer.data import load_dataset
from explorer.errors import ExplorerError
from explorer.loaded import network_of
from explorer.metrics import catalogue, measure, probes
from explorer.metrics.catalogue import TAKERS, Evidence, encoded, rank, select, take
from explorer.metrics.disentanglement import mig
from explorer.metrics.names import BASIC, FURTHER, NAMES
from explorer.models import names
from explorer.store import Evaluation, open_artefact
from tests.support import first, is_one_sentence, network, part

SHIPPED = "mnist-beta-vae-10-b4"
GROUPED = {"mig", "sap", "modularity", "factor_vae", "beta_vae"}


def evidence(artefact, dataset, net=None, **given) -> Evidence:
    net = net or network_of(artefact, "cpu")
    return Evidence(artefact, net, dataset, Evaluation(importance_samples=2), **given)


@pytest.fixture(scope="module")
def shown(digits):
    """A shipped model of the beta ladder with the 5,000 digits and the classifier of them."""
    judge = network_of(open_artefact("mnist-classifier"), "cpu")
    return evidence(open_artefact(SHIPPED), digits, judge=judge)


@pytest.fixture(scope="module")
def sprites():
    whole = load_dataset("sprites")
    return part(whole, 2000, 0, 1500)


# --- which there are --------------------------------------------------------------------------


def test_every_figure_has_a_name_and_a_taker():
    assert {name for ids in TAKERS for name in ids} | {"udr"} == set(FURTHER)
    assert not set(BASIC) & set(FURTHER)
    assert all(one.title and is_one_sentence(one.tells) for one in NAMES.values())


@pytest.mark.parametrize("family", names())
def test_every_basic_figure_of_a_family_is_named(family, digits):
    assert set(measure.measure(network(family), first(digits, 60), 2)) <= set(BASIC)


def test_figures_are_chosen_by_their_ids():
    assert select("mig, sap,mig") == ("mig", "sap")
    assert select("all") == tuple(NAMES)
    assert select("basic,udr") == (*BASIC, "udr")
    for words, said in (("migg", "Did you mean 'mig'?"), (" , ", "Name a figure")):
        with pytest.raises(ExplorerError) as refused:
            select(words)
        assert said in str(refused.value)


# --- a model of digits ------------------------------------------------------------------------


def test_the_parts_of_the_kl_sum_to_the_kl_of_the_card(shown):
    figures, left_out = take(
        shown, ("kl", "mutual_information", "total_correlation", "dimension_wise_kl")
    )
    values = [one.value for one in figures.values()]
    assert values[0] == pytest.approx(sum(values[1:]), abs=5e-5)
    assert all(one.unit == "nats per image" for one in figures.values())
    assert "at most ln 1,000 = 6.91" in figures["mutual_information"].note
    assert left_out == {}


def test_latents_tell_the_digit_as_far_as_the_functions_say(shown, digits):
    figures, _ = take(shown, ("knn_accuracy", "linear_probe_accuracy"))
    mean, _ = encoded(shown.network, digits.split("all"))
    labels = digits.labels.numpy()
    expected = probes.knn_accuracy(mean[:4000], labels[:4000], mean[4000:], labels[4000:])
    assert figures["knn_accuracy"].value == pytest.approx(100 * expected, abs=1e-4)
    assert "4,000 training images" in figures["knn_accuracy"].note
    assert 80 < figures["linear_probe_accuracy"].value < figures["knn_accuracy"].value


def test_samples_are_compared_in_our_own_classifiers_features(shown):
    figures, _ = take(shown, ("frechet", "precision", "recall"))
    assert "of our own classifier, not of Inception" in figures["frechet"].note
    assert "1,000 samples of the prior" in figures["frechet"].note
    assert 50 < figures["precision"].value <= 100
    assert 0 < figures["recall"].value < figures["precision"].value
    real, drawn = shown.clouds
    assert real.shape == drawn.shape == (1000, 128)


def test_the_shipped_map_is_measured_as_it_was_when_it_was_made(shown):
    figures, _ = take(shown, ("trustworthiness",))
    assert 0.9 < figures["trustworthiness"].value < 1
    assert figures["trustworthiness"].note.startswith("umap map, 10 nearest of 5,000 images")


def test_what_digits_do_not_tell_has_a_reason(shown):
    figures, left_out = take(shown, tuple(FURTHER))
    factors = GROUPED | {name for name in FURTHER if name.startswith("dci")}
    assert set(left_out) == factors
    assert set(left_out.values()) == {"The factors of MNIST, 5,000 digits are not known."}
    assert set(figures) == set(FURTHER) - factors - {"udr"}


@pytest.mark.parametrize(
    ("name", "ids", "said"),
    [
        ("mnist-ae-2d", ("mutual_information", "frechet"), ("no KL", "no prior")),
        ("mnist-ae-2d", ("trustworthiness",), ("two dimensions",)),
        ("mnist-classifier", ("gaussian_tc", "knn_accuracy"), ("A classifier has no latent",) * 2),
        (SHIPPED, ("frechet",), ("No classifier of ours",)),
        (SHIPPED, ("codes_used",), ("no such figure",)),
    ],
)
def test_a_figure_that_means_nothing_is_left_out_with_its_reason(name, ids, said, digits):
    figures, left_out = take(evidence(open_artefact(name), digits), ids)
    assert figures == {}
    for one, words in zip(ids, said, strict=True):
        assert words in left_out[one]
        assert is_one_sentence(left_out[one])


def test_many_images_are_a_seeded_sample_of_the_split(shown, digits, monkeypatch):
    monkeypatch.setattr(catalogue, "COUNT", 100)
    once, again = (evidence(shown.artefact, digits) for _ in range(2))
    rows = once.test.images.rows
    assert torch.equal(rows, again.test.images.rows)
    assert len(rows) == len(set(rows.tolist())) == 100
    assert rows.min() >= digits.train_size
    assert len(once.train.mean) == 100


# --- a model of images with known factors -------------------------------------------------------


def test_the_factors_of_sprites_are_scored_by_their_own_rows(sprites):
    one = evidence(open_artefact("sprites-beta-vae-10-b4"), sprites)
    figures, left_out = take(one, tuple(GROUPED | {"frechet"}))
    assert set(figures) == GROUPED
    assert "No classifier of ours reads Sprites" in left_out["frechet"]
    rows = range(sprites.train_size, len(sprites))
    factors = np.stack([sprites.factors.values[row].numpy() for row in rows])
    codes, _ = encoded(one.network, sprites.split("test"))
    assert figures["mig"].value == pytest.approx(mig(codes, factors), abs=1e-5)
    assert figures["factor_vae"].value > 0.4
    assert "chance is 0.20" in figures["factor_vae"].note
    assert "of 1,500 test images" in figures["mig"].note
    # With the factors of other rows nothing is left to be found.
    assert figures["mig"].value > 3 * mig(codes, factors[::-1])


def test_trees_learn_from_the_dimensions_that_vary_where_there_are_many(monkeypatch):
    faces = part(load_dataset("faces"), 50, 0, 200)
    one = evidence(open_artefact("faces-conv-vae-256"), faces)
    asked = {}

    def few(codes, factors, **given):
        asked["shape"] = codes.shape
        return dci(codes[:, :3], factors[:, -2:], trees=2, **given)

    dci = catalogue.scores.dci
    monkeypatch.setattr(catalogue.scores, "dci", few)
    figures, _ = take(one, ("dci_completeness",))
    vary = (one.test.mean.std(0) >= 0.05).sum()
    assert asked["shape"] == (200, vary)
    assert f"{vary} of 256 dimensions" in figures["dci_completeness"].note
    assert "100 test images to learn from, 100 others to judge" in figures["dci_completeness"].note


# --- several models -----------------------------------------------------------------------------


def test_a_model_ranks_1_beside_itself_and_lower_beside_others(shown, digits):
    weaker = evidence(open_artefact("mnist-beta-vae-10-b16"), digits)
    assert rank(shown, [shown]).value > rank(shown, [weaker]).value
    assert "with 2 models of other seeds" in rank(shown, [shown, weaker]).note
    with pytest.raises(ExplorerError, match="at least 2 models"):
        rank(shown, [])


def test_models_without_a_kl_are_not_ranked(digits):
    plain = evidence(open_artefact("mnist-ae-2d"), digits)
    with pytest.raises(ExplorerError, match="this family has none"):
        rank(plain, [plain])
