"""The classifier: it learns digits, says how sure it is, and takes no part among the models."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

import explorer
from explorer.errors import ExplorerError
from explorer.loaded import network_of
from explorer.models import build, names
from explorer.spec import ModelSpec, ObjectiveSpec
from tests.support import equal, first, generator, is_one_sentence, network, train_spec


@pytest.fixture
def net():
    return network("classifier")


@pytest.fixture
def images(digits):
    return first(digits, 24)


# --- learning ---------------------------------------------------------------------------------


def test_a_short_training_reads_most_digits_that_it_has_not_seen(put, digits):
    held_out = digits.split("test")
    read = network_of(put("judge")).probabilities(held_out.float()).argmax(1)
    right = (read == held_out.labels).float()
    assert right.mean() > 0.85
    for digit in range(10):  # chance is a tenth
        assert right[held_out.labels == digit].mean() > 0.6


def test_the_trained_classifier_is_surer_of_digits_than_of_noise(put, digits):
    judge = network_of(put("judge"))
    noise = torch.rand(200, 1, 28, 28, generator=generator())
    sure = judge.probabilities(digits.split("test").float()).amax(1)
    assert sure.median() > 0.9
    assert judge.probabilities(noise).amax(1).median() < sure.median()


# --- what it says -----------------------------------------------------------------------------


def test_probabilities_are_those_of_all_classes_and_sum_to_1(net, images):
    p = net.probabilities(images.float())
    assert p.shape == (24, 10)
    assert (p > 0).all()
    torch.testing.assert_close(p.sum(1), torch.ones(24))
    torch.testing.assert_close(p, net.out(net.features(images.float())).softmax(1))


@pytest.mark.parametrize(
    ("hidden", "width"), [((32,), 32), ((40, 20), 20), ((), 7 * 7 * 8)], ids=str
)
def test_features_are_what_the_last_layer_reads(images, hidden, width):
    net = network("classifier", hidden=hidden)
    assert net.features(images.float()).shape == (24, width)
    assert net.out.in_features == width


def test_an_image_alone_is_read_as_among_many(net, images):
    together = net.probabilities(images.float())
    alone = torch.cat([net.probabilities(x) for x in images.float().split(1)])
    torch.testing.assert_close(alone, together, atol=1e-5, rtol=1e-4)


def test_evaluation_mode_gives_the_same_bits_and_changes_nothing(net, images):
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    x = images.float()
    assert torch.equal(net.probabilities(x), net.probabilities(x))
    assert torch.equal(net.loss(x, images.labels).total, net.loss(x, images.labels).total)
    assert equal(net.state_dict(), before)


def test_the_dropout_of_the_settings_is_that_of_training(images):
    x, labels = images.float(), images.labels
    costs = {}
    for dropout in (0.0, 0.9):
        net = network("classifier", dropout=dropout).train()
        torch.manual_seed(0)
        costs[dropout] = [net.loss(x, labels).total.item() for _ in range(2)]
    assert costs[0.0][0] == costs[0.0][1]
    assert costs[0.9][0] != costs[0.9][1]


# --- the loss ---------------------------------------------------------------------------------


def test_the_loss_is_minus_the_log_of_the_right_classs_probability(net, images):
    loss, p = net.loss(images.float(), images.labels), net.probabilities(images.float())
    costs = [-math.log(p[i, label].item()) for i, label in enumerate(images.labels.tolist())]
    assert loss.reconstruction.tolist() == pytest.approx(costs, rel=1e-4)
    assert loss.total.item() == pytest.approx(sum(costs) / 24, rel=1e-4)
    assert loss.kl.tolist() == [0.0] * 24
    right = [p[i].argmax() == label for i, label in enumerate(images.labels)]
    assert loss.extras["accuracy"].item() == pytest.approx(sum(map(float, right)) / 24)


def test_it_reads_what_it_is_shown_and_not_what_stands_behind(net, images):
    x, labels = images.float(), images.labels
    shown = net.loss(x, labels, seen=1 - x).total
    assert torch.equal(shown, net.loss(1 - x, labels).total)
    assert not torch.equal(shown, net.loss(x, labels).total)


def test_images_without_labels_cannot_be_learned(net, images):
    with pytest.raises(ExplorerError, match="give the class of each image") as caught:
        net.loss(images.float())
    assert is_one_sentence(caught.value)


@pytest.mark.parametrize("classes", [0, 1])
def test_a_classifier_of_fewer_than_two_classes_is_one_sentence(classes):
    with pytest.raises(ExplorerError, match="labelled images of at least two classes") as caught:
        build(ModelSpec(family="classifier", classes=classes), ObjectiveSpec())
    assert is_one_sentence(caught.value)


def test_a_data_set_without_classes_is_refused_before_a_run(digits):
    unlabelled = replace(digits, labels=torch.zeros_like(digits.labels), classes=("pictures",))
    with pytest.raises(ExplorerError, match="labelled images") as caught:
        train_spec("classifier", dataset=unlabelled)
    assert is_one_sentence(caught.value)


# --- its place --------------------------------------------------------------------------------


def test_it_is_no_model_and_cannot_be_opened_as_one(put, shipped):
    assert "classifier" not in names()
    assert names("classifier") == ["classifier"]
    assert put("judge").card.kind == "classifier"
    assert explorer.cards() == []
    with pytest.raises(ExplorerError, match="'judge' is a classifier") as caught:
        explorer.load("judge", "cpu")
    assert is_one_sentence(caught.value)
