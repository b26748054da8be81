"""The figures of a card, family by family, against independent computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import nn

from explorer.loaded import network_of
from explorer.metrics import elbo, measure
from explorer.metrics.denoising import denoising_errors
from explorer.metrics.measure import CONFIDENT
from explorer.models import Autoencoder, Posterior, family, names
from explorer.spec import ModelSpec, ObjectiveSpec
from explorer.store import open_artefact
from explorer.training.images import open_data
from tests.support import first, generator, network

KL_FIGURES = {"kl", "negative_elbo", "is_nll"}


def values(*given, **named) -> dict[str, float]:
    return {key: metric.value for key, metric in measure.measure(*given, **named).items()}


class Exemplars(Autoencoder):
    """Told a class, it draws one real image of it, whatever the latent; `turn` draws another's."""

    conditional = True
    has_prior = True

    def __init__(self, pictures: torch.Tensor, turn: int = 0) -> None:
        super().__init__(ModelSpec(classes=10), ObjectiveSpec())
        self.pictures = nn.Parameter(torch.logit(pictures.clamp(1e-4, 1 - 1e-4)))
        self.turn = turn

    def posterior(self, x, labels=None):
        return Posterior(torch.zeros(len(x), 2), torch.zeros(len(x), 2))

    def logits(self, z, labels=None):
        return self.pictures[(labels + self.turn) % 10]


@pytest.fixture
def judge(put):
    return network_of(put("judge"), "cpu")


@pytest.fixture
def images(digits):
    return first(digits, 120)


# --- which figures ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", names())
def test_a_family_has_the_figures_that_mean_something_for_it(name, images):
    kind, figures = family(name), set(values(network(name), images, 2))
    assert {"mse", "reconstruction"} <= figures
    assert KL_FIGURES & figures == (KL_FIGURES if kind.has_prior else set())
    assert ("active_units" in figures) == (name != "vq-vae")
    assert ("perplexity" in figures) == ("codes_used" in figures) == (name == "vq-vae")
    assert ("silent" in figures) == (name == "sparse-autoencoder")
    assert ("denoising_ratio" in figures) == ("denoising" in name)
    assert "read_as_asked" not in figures


def noisy(net, **noise):
    """A trained network as if it had been trained on noisy images."""
    net.objective = net.objective.model_copy(update=noise)
    return net


@pytest.mark.parametrize("name", ["told", "codes"])
def test_any_family_with_noise_has_figures_of_denoising(put, name, images):
    net = noisy(network_of(put(name), "cpu"), noise="masking", noise_amount=0.2)
    figures = values(net, images, 0)
    ours, median = denoising_errors(net, images)
    assert figures["denoised_mse"] == pytest.approx(ours, abs=1e-5)
    assert figures["median_filter_mse"] == pytest.approx(median, abs=1e-5)
    assert figures["denoising_ratio"] == pytest.approx(ours / median, abs=1e-5)
    assert figures["denoised_mse"] > figures["mse"]


def test_every_figure_of_every_family_says_its_unit(images):
    for name in names():
        figures = measure.measure(network(name), images, 2, seed=8)
        assert all(metric.unit for metric in figures.values())
        assert all(math.isfinite(metric.value) for metric in figures.values())


@pytest.mark.parametrize("name", ["conditional-vae", "vq-vae", "denoising-autoencoder"])
def test_the_same_seed_gives_the_same_figures(name, images):
    net = network(name)
    assert measure.measure(net, images, 2, seed=4) == measure.measure(net, images, 2, seed=4)


def test_another_seed_is_another_noise(put, images):
    net = noisy(network_of(put("few"), "cpu"), noise="gaussian", noise_amount=0.5)
    one, other = (values(net, images, 0, seed=s)["denoised_mse"] for s in (1, 2))
    assert one != other
    assert one == pytest.approx(other, rel=0.05)


# --- codes, components, silence ---------------------------------------------------------------


def test_the_use_of_a_codebook_is_counted_over_all_images(put, digits, monkeypatch):
    net = network_of(put("codes"), "cpu")
    monkeypatch.setattr(elbo, "BATCH", 70)
    images = first(digits, 200)
    figures = values(net, images, 0)
    _, counts = np.unique(net.codes(images.float()).numpy(), return_counts=True)
    p = counts / counts.sum()
    assert figures["codes_used"] == pytest.approx(100 * len(counts) / 16)
    assert figures["perplexity"] == pytest.approx(np.exp(-(p * np.log(p)).sum()), abs=1e-3)
    assert 1 < figures["perplexity"] < len(counts)


def test_a_codebook_of_which_one_code_is_used_says_so(images):
    net = network("vq-vae", codebook_size=16)
    with torch.no_grad():
        net.codebook[1:] += 1000
    figures = values(net, images, 0)
    assert figures["codes_used"] == pytest.approx(100 / 16)
    assert figures["perplexity"] == pytest.approx(1, abs=1e-4)


def test_the_error_of_pca_is_that_of_scikit_learn(put, digits):
    net = network_of(put("linear"), "cpu")
    fitted = digits.split("train").take(slice(0, 1500)).float().flatten(1).numpy()
    test = first(digits, 300).float().flatten(1).numpy()
    sklearn = PCA(6, svd_solver="full").fit(fitted)
    rebuilt = sklearn.inverse_transform(sklearn.transform(test)).clip(0, 1)
    figures = values(net, first(digits, 300), 0)
    assert figures["mse"] == pytest.approx(np.square(rebuilt - test).mean(), abs=1e-5)
    assert sorted(figures) == ["active_units", "mse", "reconstruction"]


def test_the_silent_share_is_that_of_latents_near_zero_over_all_images(put, digits):
    net = network_of(put("few"), "cpu")
    latents = net.posterior(first(digits, 300).float()).mean.numpy()
    share = np.mean(np.abs(latents) < 0.01)
    assert values(net, first(digits, 300), 0)["silent"] == pytest.approx(share, abs=1e-4)
    assert 0.05 < share < 0.99


# --- what the classifier reads ----------------------------------------------------------------


def test_the_accuracy_is_the_share_of_images_that_are_read_right(judge, digits):
    images = digits.split("test")
    right = sum(
        int(judge.probabilities(x).argmax()) == int(y)
        for x, y in zip(images.float().split(1), images.labels, strict=True)
    )
    figures = measure.measure(judge, images)
    assert list(figures) == ["accuracy"]
    assert figures["accuracy"].value == pytest.approx(100 * right / len(images), abs=1e-4)
    assert figures["accuracy"].unit == "% of images"


@pytest.mark.parametrize("turn", [0, 1])
def test_samples_are_read_as_asked_as_often_as_the_classifier_reads_that_class(
    judge, digits, monkeypatch, turn
):
    monkeypatch.setattr(measure, "JUDGED", 1000)
    rows = [int((digits.labels == c).nonzero()[3]) for c in range(10)]
    net = Exemplars(digits.split("all").take(torch.tensor(rows)).float(), turn)
    read = judge.probabilities(torch.sigmoid(net.pictures)).argmax(1)
    expected = np.mean([int(read[(c + turn) % 10]) == c for c in range(10)])
    figures = values(net, first(digits, 20), 0, judge=judge)
    assert figures["read_as_asked"] == pytest.approx(100 * expected)
    assert (expected > 0.8) == (turn == 0)


def test_a_trained_conditional_vae_draws_mostly_what_it_is_asked(put, judge, images, monkeypatch):
    monkeypatch.setattr(measure, "JUDGED", 2000)
    trained = network_of(put("told"), "cpu")
    untrained = network("conditional-vae", latent_dim=2, hidden=(128,))
    asked = {
        name: values(net, images, 0, judge=judge)["read_as_asked"]
        for name, net in (("trained", trained), ("untrained", untrained))
    }
    assert asked["untrained"] < 30
    assert asked["trained"] > 70


def test_samples_come_from_the_seed(put, judge, images, monkeypatch):
    monkeypatch.setattr(measure, "JUDGED", 2000)
    net = network_of(put("told"), "cpu")
    one, again, other = (
        values(net, images, 0, seed=seed, judge=judge)["read_as_asked"] for seed in (1, 1, 2)
    )
    assert one == again != other


def test_without_a_classifier_or_a_class_nothing_is_read(put, judge, images):
    assert "read_as_asked" not in values(network_of(put("told")), images, 0)
    assert "read_as_asked" not in values(network("vae"), images, 0, judge=judge)


# --- priors -----------------------------------------------------------------------------------


@pytest.fixture
def prior(put):
    return network_of(put("prior", "codes"), "cpu")


@pytest.fixture
def code_grids(prior):
    return open_data(open_artefact("prior").card.spec.data).split("test")


def test_the_figures_of_a_prior_are_means_of_its_nats(prior, code_grids, monkeypatch):
    monkeypatch.setattr(elbo, "BATCH", 300)
    nats = [prior.nats(prior.prepare(code_grids.pixels[i : i + 1])).item() for i in range(1000)]
    figures = values(prior, code_grids)
    assert sorted(figures) == ["nats", "nats_per_code"]
    assert figures["nats"] == pytest.approx(np.mean(nats), rel=1e-4)
    assert figures["nats_per_code"] == pytest.approx(np.mean(nats) / 49, rel=1e-4)


def test_the_samples_of_a_prior_are_decoded_and_read(prior, code_grids, judge, monkeypatch):
    monkeypatch.setattr(measure, "JUDGED", 2000)  # of which a tenth
    decoder = network_of(open_artefact("codes"), "cpu")
    few = code_grids.take(slice(0, 20))
    figures = measure.measure(prior, few, seed=3, judge=judge, decoder=decoder)
    pictures = decoder.decode_codes(prior.sample(200, generator(3)))
    sure = judge.probabilities(pictures).amax(1) > CONFIDENT
    assert figures["read_surely"].value == pytest.approx(100 * sure.float().mean().item())
    assert "of 200 samples" in figures["read_surely"].note
    assert 0 < sure.float().mean() < 1
    for one in ({"judge": judge}, {"decoder": decoder}):
        assert "read_surely" not in measure.measure(prior, few, **one)


def test_a_prior_that_knows_nothing_costs_the_log_of_the_codebook(prior, code_grids):
    with torch.no_grad():
        prior.out.weight.zero_()
        prior.out.bias.zero_()
    assert values(prior, code_grids)["nats_per_code"] == pytest.approx(math.log(16), abs=1e-4)
