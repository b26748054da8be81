"""The objectives against torch's own distributions and against their definitions."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Bernoulli, Normal, kl_divergence

from explorer.models import build
from explorer.objectives import (
    bce,
    beta_at,
    gaussian,
    grey_entropy,
    kl_to_standard_normal,
    reconstruction,
)
from explorer.spec import ObjectiveSpec
from tests.support import first, train_spec

finite = st.floats(-50, 50, width=32)


@pytest.fixture
def x(digits):
    return first(digits, 16).float()


@pytest.fixture
def logits(x):
    return 5 * torch.randn(x.shape, generator=torch.Generator().manual_seed(1))


def test_bce_is_torchs_binary_cross_entropy_summed_over_pixels(x, logits):
    expected = F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)
    torch.testing.assert_close(bce(x, logits), expected)


def test_bce_of_binary_images_is_minus_their_bernoulli_log_likelihood(x, logits):
    binary = (x > 0.5).float()
    expected = -Bernoulli(logits=logits).log_prob(binary).flatten(1).sum(1)
    torch.testing.assert_close(bce(binary, logits), expected)


@pytest.mark.parametrize("size", [1e3, -1e3])
def test_bce_and_its_gradient_are_finite_and_exact_at_extreme_logits(x, size):
    extreme = torch.full_like(x, size).requires_grad_()
    value = bce(x, extreme)
    value.sum().backward()
    wrong = (1 - x if size > 0 else x).flatten(1).sum(1)
    torch.testing.assert_close(value.detach(), 1e3 * wrong)
    assert extreme.grad.isfinite().all()


@pytest.mark.parametrize("variance", [0.5, 0.01, 3.0])
def test_gaussian_is_minus_the_log_density_of_a_normal_distribution(x, logits, variance):
    x_hat = torch.sigmoid(logits)
    expected = -Normal(x_hat, math.sqrt(variance)).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(gaussian(x, x_hat, variance), expected)


def test_mse_at_variance_one_half_is_the_summed_squared_error_plus_a_constant(x, logits):
    value = reconstruction(x, logits, ObjectiveSpec(reconstruction="mse"))
    squared = (x - torch.sigmoid(logits)).square().flatten(1).sum(1)
    torch.testing.assert_close(value - squared, torch.full((16,), 392 * math.log(math.pi)))


def test_kl_is_torchs_kl_divergence_of_each_dimension():
    generator = torch.Generator().manual_seed(0)
    mean = 3 * torch.randn(64, 5, generator=generator)
    logvar = 2 * torch.randn(64, 5, generator=generator)
    expected = kl_divergence(Normal(mean, (0.5 * logvar).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(kl_to_standard_normal(mean, logvar), expected)


def test_kl_agrees_with_a_monte_carlo_estimate():
    mean, logvar = torch.tensor([[0.7, -1.5, 0.0]]), torch.tensor([[-1.0, 0.8, -3.0]])
    q, p = Normal(mean, (0.5 * logvar).exp()), Normal(0.0, 1.0)
    eps = torch.randn(400_000, 3, generator=torch.Generator().manual_seed(0))
    z = q.mean + q.stddev * eps
    ratio = q.log_prob(z) - p.log_prob(z)
    error = ratio.std(0) / math.sqrt(len(z))
    assert ((kl_to_standard_normal(mean, logvar)[0] - ratio.mean(0)).abs() < 5 * error).all()


@given(st.lists(st.tuples(st.floats(0, 1, width=32), finite), min_size=1, max_size=20))
def test_no_logits_reach_below_the_grey_entropy(pairs):
    pixels, logits = (
        torch.tensor(column).reshape(1, 1, 1, -1) for column in zip(*pairs, strict=True)
    )
    floor = grey_entropy(pixels)
    assert bce(pixels, logits) >= floor - 1e-4 * (1 + floor)


def test_the_grey_entropy_is_attained_at_the_logit_of_the_image(x):
    grey = x.clamp(1 / 255, 254 / 255)
    torch.testing.assert_close(bce(grey, torch.logit(grey)), grey_entropy(grey))


def test_a_binary_image_has_no_grey_entropy(x):
    assert grey_entropy((x > 0.5).float()).tolist() == [0.0] * 16


def test_grey_mnist_test_images_have_a_floor_of_45_53_nats(mnist):
    floor = grey_entropy(mnist.split("test").float()).double().mean().item()
    assert floor == pytest.approx(45.53, abs=0.005)


@given(st.integers(0, 10_000), st.integers(0, 5_000), st.floats(0, 100))
def test_beta_rises_linearly_from_zero_and_then_stays(step, warmup, beta):
    spec = ObjectiveSpec(beta=beta, warmup_steps=warmup)
    expected = beta * step / warmup if step < warmup else beta
    assert beta_at(step, spec) == pytest.approx(expected)


@given(st.integers(0, 100), st.integers(0, 50))
def test_beta_depends_on_nothing_but_the_step(step, warmup):
    spec = ObjectiveSpec(beta=4.0, warmup_steps=warmup)
    before = beta_at(step, spec)
    for other in range(10):
        beta_at(other, spec)
    assert beta_at(step, spec) == before <= beta_at(step + 1, spec) <= 4.0


def test_the_loss_of_a_model_is_the_mean_of_reconstruction_plus_beta_kl(x):
    spec = train_spec(objective={"beta": 4.0, "warmup_steps": 10})
    loss = build(spec.model, spec.objective).loss(x, step=5)
    assert loss.beta == 2.0
    torch.testing.assert_close(loss.total, (loss.reconstruction + 2 * loss.kl).mean())
    torch.testing.assert_close(loss.per_dimension_kl.sum(), loss.kl.mean())
    assert loss.reconstruction.shape == loss.kl.shape == (16,)
