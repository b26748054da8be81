"""Conditional VAEs: what counts as a class, what does not, and that it shapes the picture."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch.nn.functional import one_hot

from explorer.errors import ExplorerError
from explorer.models import build, family, names
from explorer.models.networks import class_weights
from explorer.spec import ModelSpec, ObjectiveSpec
from explorer.training.loop import Trainer
from tests.support import CPU, first, generator, is_one_sentence, network, train_spec

CONDITIONAL = [name for name in names() if family(name).conditional]
CASES = {f"{name} {width}": (name, width) for name in CONDITIONAL for width in (0, 4)}


@pytest.fixture(params=CASES)
def net(request):
    """Each conditional family, told the class one-hot and through an embedding."""
    name, width = CASES[request.param]
    return network(name, label_embedding=width)


@pytest.fixture
def images(digits):
    return first(digits, 12)


@pytest.fixture
def z():
    return torch.randn(12, 3, generator=generator())


def test_there_are_a_fully_connected_and_a_convolutional_one():
    assert CONDITIONAL == ["conditional-vae", "conv-conditional-vae"]


# --- classes as numbers and as weights --------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
def test_a_class_number_is_its_one_hot_weights(net, images, z, dtype):
    x, labels = images.float(), images.labels
    weights = one_hot(labels, 10).to(dtype)
    by_number, by_weight = net.posterior(x, labels), net.posterior(x, weights)
    assert torch.equal(by_number.mean, by_weight.mean)
    assert torch.equal(by_number.logvar, by_weight.logvar)
    assert torch.equal(net.decode(z, labels), net.decode(z, weights))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32])
def test_class_numbers_of_any_whole_type_are_the_same(net, images, z, dtype):
    labels = images.labels
    assert torch.equal(net.decode(z, labels.to(dtype)), net.decode(z, labels))


def test_the_class_changes_the_latent_and_the_picture(net, images, z):
    x, zeros = images.float(), torch.zeros(12, dtype=torch.int64)
    assert not torch.equal(net.posterior(x, zeros).mean, net.posterior(x, zeros + 1).mean)
    assert not torch.equal(net.decode(z, zeros), net.decode(z, zeros + 1))


@pytest.mark.parametrize("width", [0, 4])
def test_a_mixture_of_two_classes_lies_between_them(z, width):
    """Exactly so where the decoder is linear in what it is told: the logits are those mixed."""
    net = network("conditional-vae", label_embedding=width, hidden=())
    threes, eights = (one_hot(torch.full((12,), c), 10).float() for c in (3, 8))
    for share in (0.0, 0.25, 0.5, 1.0):
        mixed = net.logits(z, share * threes + (1 - share) * eights)
        expected = share * net.logits(z, threes) + (1 - share) * net.logits(z, eights)
        torch.testing.assert_close(mixed, expected, atol=1e-5, rtol=1e-5)


def test_a_small_change_of_the_mixture_is_a_small_change_of_the_picture(net, z):
    threes, eights = (one_hot(torch.full((12,), c), 10).float() for c in (3, 8))
    pictures = [net.decode(z, t * threes + (1 - t) * eights) for t in torch.linspace(0, 1, 101)]
    steps = torch.stack([(b - a).norm() for a, b in pairwise(pictures)])
    assert steps.max() < 0.05 * steps.sum()
    torch.testing.assert_close(pictures[0], net.decode(z, torch.full((12,), 8)))
    torch.testing.assert_close(pictures[-1], net.decode(z, torch.full((12,), 3)))


def test_an_embedding_tells_the_class_in_as_many_numbers_as_it_is_wide():
    plain, narrow = network("conditional-vae"), network("conditional-vae", label_embedding=4)
    for net, told in ((plain, 10), (narrow, 4)):
        assert net.encoder[0].in_features == 784 + told
        assert net.decoder[0].in_features == 3 + told
    assert narrow.embedding.weight.shape == (4, 10)
    assert not hasattr(plain, "embedding")
    h = narrow.join(torch.zeros(10, 2), torch.arange(10))
    assert torch.equal(h, torch.cat([torch.zeros(10, 2), narrow.embedding.weight.T], 1))


@pytest.mark.parametrize(("n", "classes"), [(10, 10), (2, 2)])
def test_as_many_rows_as_classes_are_not_mistaken_for_weights(n, classes):
    labels = torch.arange(n) % classes
    assert torch.equal(class_weights(labels, classes, n), one_hot(labels, classes).float())


def test_an_unconditional_family_passes_labels_over(images):
    net = network("vae")
    expected = net.posterior(images.float()).mean
    assert torch.equal(net.posterior(images.float(), images.labels + 1000).mean, expected)


# --- what is no class -------------------------------------------------------------------------

WRONG = {
    "none": (None, "give the class of each row as labels, numbers from 0 to 9"),
    "one too large": (torch.tensor([0, 1, 10]), "class numbers from 0 to 9"),
    "one below zero": (torch.tensor([0, -1, 2]), "class numbers from 0 to 9"),
    "numbers with a point": (torch.tensor([0.0, 1.0, 2.0]), "3 class numbers.*float32"),
    "too few": (torch.tensor([0, 1]), r"3 class numbers.*\(2,\)"),
    "too many": (torch.tensor([0, 1, 2, 3]), r"3 class numbers.*\(4,\)"),
    "a single number": (torch.tensor(3), r"3 class numbers.*\(\)"),
    "weights of other classes": (torch.ones(3, 9), r"shape \(3, 10\).*\(3, 9\)"),
    "weights of other rows": (torch.ones(2, 10), r"shape \(3, 10\).*\(2, 10\)"),
}


@pytest.mark.parametrize(("labels", "words"), WRONG.values(), ids=WRONG)
def test_wrong_labels_are_one_sentence_on_the_way_in_and_on_the_way_out(net, digits, labels, words):
    x, z = first(digits, 3).float(), torch.zeros(3, 3)
    for call in (lambda: net.posterior(x, labels), lambda: net.decode(z, labels)):
        with pytest.raises(ExplorerError, match=words) as caught:
            call()
        assert is_one_sentence(caught.value)


@pytest.mark.parametrize("name", CONDITIONAL)
@pytest.mark.parametrize("classes", [0, 1])
def test_fewer_than_two_classes_are_one_sentence(name, classes):
    with pytest.raises(ExplorerError, match="labelled images of at least two classes") as caught:
        build(ModelSpec(family=name, classes=classes), ObjectiveSpec())
    assert is_one_sentence(caught.value)


@pytest.mark.parametrize("name", CONDITIONAL)
def test_images_without_classes_are_refused_in_one_sentence(name, digits):
    unlabelled = replace(digits, classes=())
    with pytest.raises(ExplorerError, match="choose another data set, or a family") as caught:
        train_spec(name, dataset=unlabelled)
    assert is_one_sentence(caught.value)


# --- after training ---------------------------------------------------------------------------


@pytest.mark.parametrize("width", [0, 4])
def test_after_some_training_a_digit_is_drawn_better_when_told_its_own_class(digits, width):
    spec = train_spec(
        "conditional-vae",
        label_embedding=width,
        hidden=(64,),
        epochs=8,
        batch_size=50,
        learning_rate=3e-3,
    )
    trainer = Trainer(spec, *digits.fit_and_validation(), CPU)
    list(trainer.events())
    x, labels = trainer.validation.float(), trainer.validation.labels
    with torch.no_grad():
        z = trainer.model.posterior(x, labels).mean
        for wrong in range(1, 10):
            errors = [
                (x - trainer.model.decode(z, told)).square().mean((1, 2, 3))
                for told in (labels, (labels + wrong) % 10)
            ]
            assert (errors[0] < errors[1]).float().mean() > 0.75
            assert errors[0].mean() < 0.85 * errors[1].mean()
