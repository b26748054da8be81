"""Cleaning noisy images: the median filter against scipy's, the errors against a slow sum."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import median_filter as reference
from torch import nn

import explorer
from explorer.errors import ExplorerError
from explorer.metrics import elbo
from explorer.metrics.denoising import cleaned, denoising_errors, median_filter, psnr
from explorer.models import Autoencoder, Posterior
from explorer.objectives import corrupt
from explorer.spec import ModelSpec, ObjectiveSpec
from tests.support import first, generator, is_one_sentence, network

NOISES = [("gaussian", 0.4), ("salt-and-pepper", 0.2), ("masking", 0.3)]


def scipy_median(x: torch.Tensor) -> np.ndarray:
    return reference(x.numpy(), size=(1, 1, 3, 3), mode="nearest")


class Dimmer(Autoencoder):
    """Gives back what it is shown, a little darker, and remembers it."""

    def __init__(self, noise: str, amount: float) -> None:
        spec = ModelSpec(latent_dim=784)
        super().__init__(spec, ObjectiveSpec(noise=noise, noise_amount=amount))
        self.share = nn.Parameter(torch.tensor(0.9))
        self.shown: list[torch.Tensor] = []

    def posterior(self, x, labels=None):
        self.shown.append(x)
        return Posterior(x.flatten(1), None)

    def logits(self, z, labels=None):
        return torch.logit((self.share * z).clamp(1e-6, 1 - 1e-6)).unflatten(1, (1, 28, 28))


# --- the filter -------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 1, 28, 28), (2, 3, 17, 9), (3, 1, 1, 5), (2, 2, 2, 1)])
def test_the_median_filter_is_scipys_with_repeated_edges(shape):
    x = torch.rand(shape, generator=generator())
    np.testing.assert_array_equal(median_filter(x).numpy(), scipy_median(x))


def test_the_median_filter_of_digits_is_scipys_and_leaves_the_images_alone(digits):
    x = first(digits, 50).float()
    before = x.clone()
    np.testing.assert_array_equal(median_filter(x).numpy(), scipy_median(x))
    assert torch.equal(x, before)


def test_a_lonely_pixel_goes_and_a_large_square_stays():
    x = torch.zeros(1, 1, 9, 9)
    x[0, 0, 1, 1] = 1
    assert median_filter(x).sum() == 0
    x[0, 0, 3:8, 3:8] = 1
    assert median_filter(x)[0, 0, 4:7, 4:7].min() == 1


# --- the errors -------------------------------------------------------------------------------


@pytest.mark.parametrize(("noise", "amount"), NOISES)
def test_both_errors_are_those_of_what_the_model_was_shown_against_the_clean_image(
    digits, noise, amount, monkeypatch
):
    monkeypatch.setattr(elbo, "BATCH", 120)
    images, net = first(digits, 300), Dimmer(noise, amount)
    ours, median = denoising_errors(net, images)
    shown = torch.cat(net.shown)
    assert shown.shape == (300, 1, 28, 28)
    x = images.float().double().numpy()
    dimmed = 0.9 * shown.double().numpy()
    assert ours == pytest.approx(np.mean((dimmed - x) ** 2), rel=1e-3)
    assert median == pytest.approx(np.mean((scipy_median(shown) - x) ** 2), rel=1e-5)
    assert abs(ours - median) > 1e-4


@pytest.mark.parametrize(("noise", "amount"), NOISES)
def test_the_noise_is_that_of_the_objective_and_its_amount(digits, noise, amount):
    images, net = first(digits, 300), Dimmer(noise, amount)
    denoising_errors(net, images)
    x, shown = images.float(), torch.cat(net.shown)
    changed = shown != x
    if noise == "gaussian":  # where x is 0 the negative half of it is cut off
        mean = shown[x == 0].mean().item()
        assert mean == pytest.approx(amount / math.sqrt(2 * math.pi), rel=0.03)
    elif noise == "masking":
        assert shown[changed].max() == 0
        assert changed[x > 0].float().mean() == pytest.approx(amount, abs=0.02)
    else:
        assert set(shown[changed].unique().tolist()) == {0.0, 1.0}
        assert changed[x == 0].float().mean() == pytest.approx(amount / 2, abs=0.02)


def test_a_seed_repeats_the_noise_and_another_draws_anew(digits):
    images = first(digits, 50)
    shown = []
    for seed in (3, 3, 4):
        net = Dimmer("gaussian", 0.5)
        denoising_errors(net, images, seed)
        shown.append(torch.cat(net.shown))
    assert torch.equal(shown[0], shown[1])
    assert not torch.equal(shown[1], shown[2])


def test_a_real_model_is_judged_by_its_picture_of_the_posterior_mean(digits):
    """A VAE with noise: neither a sample of its posterior nor the noisy target counts."""
    images = first(digits, 40)
    net = network("vae", noise="salt-and-pepper", noise_amount=0.2)
    ours, _ = denoising_errors(net, images, seed=7)
    noisy = corrupt(images.float(), net.objective, generator(7))
    with torch.no_grad():
        cleaned = torch.sigmoid(net.logits(net.posterior(noisy).mean))
    expected = (cleaned - images.float()).square().mean().item()
    assert ours == pytest.approx(expected, rel=1e-5)


def test_a_conditional_model_is_told_the_class_of_each_image(digits):
    images = first(digits, 40)
    net = network("conditional-vae", noise="masking", noise_amount=0.3)
    right, _ = denoising_errors(net, images)
    other = images.labels.roll(1)
    wrong, _ = denoising_errors(net, type(images)(images.pixels, other, images.rows))
    noisy = corrupt(images.float(), net.objective, generator())
    with torch.no_grad():
        cleaned = net.decode(net.posterior(noisy, images.labels).mean, images.labels)
    assert right == pytest.approx((cleaned - images.float()).square().mean().item(), rel=1e-5)
    assert right != wrong


# --- one image --------------------------------------------------------------------------------


@pytest.mark.parametrize(("noise", "amount"), NOISES)
def test_one_image_is_cleaned_as_the_model_and_the_filter_clean_it(digits, noise, amount):
    model, x = explorer.load("mnist-denoising-ae-64", "cpu"), digits.picture(3)
    found = cleaned(model, x.numpy(), noise, [0.0, amount], seed=5)
    spec = ObjectiveSpec(noise=noise, noise_amount=amount)
    noisy = corrupt(x[None], spec, generator(5))
    assert np.array_equal(found.noisy[1], noisy[0].numpy())
    assert np.array_equal(found.noisy[0], x.numpy())
    assert np.array_equal(found.median[1], median_filter(noisy)[0].numpy())
    expected = model.decode(model.encode(noisy.numpy()).mean)
    np.testing.assert_allclose(found.denoised[1], expected[0], atol=1e-5)
    mse = np.square(found.denoised[1] - x.numpy()).mean()
    assert found.psnr(found.denoised)[1] == pytest.approx(10 * math.log10(1 / mse), rel=1e-5)
    assert found.psnr(found.noisy)[0] == math.inf


def test_more_noise_of_one_seed_is_the_same_noise_stronger(digits):
    model, x = explorer.load("mnist-denoising-ae-64", "cpu"), digits.picture(3).numpy()
    masked = cleaned(model, x, "masking", [0.2, 0.4], 1).noisy
    assert (masked[1][masked[0] != x] == 0).all()
    assert (masked[1] != x).sum() > 1.5 * (masked[0] != x).sum()
    other = cleaned(model, x, "masking", [0.2], 2).noisy
    assert not np.array_equal(other[0], masked[0])


def test_the_denoising_model_beats_the_filter_in_the_noise_it_was_trained_with(digits):
    model = explorer.load("mnist-denoising-ae-64", "cpu")
    found = [cleaned(model, digits.picture(i).numpy(), "gaussian", [0.5], i) for i in range(20)]
    gain = [f.psnr(f.denoised)[0] - f.psnr(f.median)[0] for f in found]
    assert np.mean(gain) > 3
    assert all(f.psnr(f.denoised)[0] > f.psnr(f.noisy)[0] for f in found)


def test_a_told_model_is_told_the_class(digits):
    model, x = explorer.load("mnist-cvae-20", "cpu"), digits.picture(0).numpy()
    one, other = (cleaned(model, x, "masking", [0.5], 0, label).denoised for label in (0, 1))
    assert np.abs(one - other).max() > 0.3


@pytest.mark.parametrize(("noise", "amount"), [("none", 0.1), ("fog", 0.1), ("masking", 1.1)])
def test_other_noise_is_refused_in_one_sentence(digits, noise, amount):
    model = explorer.load("mnist-denoising-ae-64", "cpu")
    with pytest.raises(ExplorerError, match="gaussian, salt-and-pepper, masking") as caught:
        cleaned(model, digits.picture(0).numpy(), noise, [amount], 0)
    assert is_one_sentence(caught.value)


def test_psnr_is_that_of_images_whose_peak_is_1():
    assert psnr(1.0) == 0
    assert psnr(0.01) == pytest.approx(20)
    assert psnr(0.0) == math.inf
