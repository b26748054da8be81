"""The objectives against torch's own distributions and against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st
from torch.distributions import Bernoulli, Normal, kl_divergence

from explorer.models import build
from explorer.objectives import (
    bce,
    gaussian,
    grey_entropy,
    kl_term,
    kl_to_standard_normal,
    sparsity_penalty,
)
from explorer.spec import ObjectiveSpec
from tests.support import first, generator, network, train_spec

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
    spec = train_spec(objective={"reconstruction": "mse"})
    value = build(spec.model, spec.objective).reconstruction(x, logits)
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


# --- the KL term ------------------------------------------------------------------------------


def some_kl(n: int = 32) -> torch.Tensor:
    """`(n, 4)` nats: means of about 0.05, 0.5, 2 and 8 in the four dimensions."""
    scale = torch.tensor([0.05, 0.5, 2.0, 8.0])
    return (scale * (0.5 + torch.rand(n, 4, generator=generator()))).requires_grad_()


def test_the_plain_kl_term_is_beta_times_the_mean_over_images_of_the_sum_over_dimensions():
    kl = some_kl()
    value, beta = kl_term(kl, 5, ObjectiveSpec(beta=4.0, warmup_steps=10))
    assert beta == 2.0
    torch.testing.assert_close(value, 2 * kl.sum() / len(kl))


@given(st.floats(0.01, 10), st.floats(0.1, 5))
def test_free_bits_count_each_dimension_as_no_less_than_the_floor(floor, beta):
    kl = some_kl()
    value, _ = kl_term(kl, 0, ObjectiveSpec(beta=beta, free_bits=floor))
    expected = beta * np.maximum(kl.detach().double().numpy().mean(0), floor).sum()
    assert value.item() == pytest.approx(expected, rel=1e-5)


def test_free_bits_leave_no_gradient_on_a_dimension_below_the_floor_and_all_of_it_above():
    kl = some_kl()
    value, _ = kl_term(kl, 0, ObjectiveSpec(beta=3.0, free_bits=1.0))
    value.backward()
    torch.testing.assert_close(kl.grad[:, :2], torch.zeros(32, 2))
    torch.testing.assert_close(kl.grad[:, 2:], torch.full((32, 2), 3.0 / 32))


def test_free_bits_far_below_every_dimension_are_the_plain_kl():
    kl = some_kl()
    plain, _ = kl_term(kl, 0, ObjectiveSpec())
    for floor in (0.0, 1e-6):
        torch.testing.assert_close(kl_term(kl, 0, ObjectiveSpec(free_bits=floor))[0], plain)


@pytest.mark.parametrize(("capacity", "pull"), [(5.0, 1.0), (20.0, -1.0)])
def test_the_capacity_draws_the_kl_from_either_side(capacity, pull):
    kl = some_kl()
    mean = kl.detach().sum(1).mean().item()
    assert 5 < mean < 20
    value, beta = kl_term(kl, 0, ObjectiveSpec(beta=3.0, capacity=capacity))
    assert (value.item(), beta) == (pytest.approx(3 * abs(mean - capacity), rel=1e-5), 3.0)
    value.backward()
    torch.testing.assert_close(kl.grad, torch.full_like(kl, pull * 3 / 32))


def test_the_capacity_that_is_aimed_at_rises_with_the_step():
    kl, spec = torch.full((8, 2), 5.0), ObjectiveSpec(beta=2.0, capacity=10, capacity_steps=100)
    values = [kl_term(kl, step, spec)[0].item() for step in (0, 50, 100, 500)]
    assert values == pytest.approx([20, 10, 0, 0], abs=1e-6)


@pytest.mark.parametrize("bent", [{"free_bits": 0.5}, {"capacity": 30.0}])
def test_a_model_reports_its_kl_as_it_is_whatever_bends_its_weight(x, bent):
    net = network("vae", **bent)
    loss = net.loss(x, generator=generator())
    kl = kl_to_standard_normal(*vars(net.posterior(x)).values())
    torch.testing.assert_close(loss.kl, kl.sum(1))
    torch.testing.assert_close(loss.per_dimension_kl, kl.mean(0))
    expected = loss.reconstruction.mean() + kl_term(kl, 0, net.objective)[0]
    torch.testing.assert_close(loss.total, expected)
    assert abs(loss.total - (loss.reconstruction + loss.kl).mean()) > 0.1


def test_the_loss_of_a_model_is_the_mean_of_reconstruction_plus_beta_kl(x):
    spec = train_spec(objective={"beta": 4.0, "warmup_steps": 10})
    loss = build(spec.model, spec.objective).loss(x, step=5)
    assert loss.beta == 2.0
    torch.testing.assert_close(loss.total, (loss.reconstruction + 2 * loss.kl).mean())
    torch.testing.assert_close(loss.per_dimension_kl.sum(), loss.kl.mean())
    assert loss.reconstruction.shape == loss.kl.shape == (16,)


# --- sparsity ---------------------------------------------------------------------------------


def test_l1_is_the_weighted_sum_of_sizes_per_image():
    z = torch.tensor([[1.0, -2.0, 0.0], [0.0, 3.0, 4.0]])
    spec = ObjectiveSpec(sparsity="l1", sparsity_weight=0.5)
    assert sparsity_penalty(z, spec).item() == pytest.approx(0.5 * (3 + 7) / 2)


@given(st.floats(0.01, 0.99), st.floats(0, 10), st.integers(0, 100))
def test_the_kl_penalty_is_torchs_divergence_of_the_mean_activation_from_the_target(
    target, weight, seed
):
    z = torch.rand(16, 5, generator=generator(seed))
    spec = ObjectiveSpec(sparsity="kl", sparsity_weight=weight, sparsity_target=target)
    expected = kl_divergence(Bernoulli(torch.tensor(target)), Bernoulli(z.mean(0))).sum()
    torch.testing.assert_close(sparsity_penalty(z, spec), weight * expected, rtol=1e-3, atol=1e-4)


@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_the_kl_penalty_is_zero_at_the_target_and_pulls_towards_it(target, active):
    assume(abs(target - active) > 0.01)
    spec = ObjectiveSpec(sparsity="kl", sparsity_weight=1, sparsity_target=target)
    at_target = sparsity_penalty(torch.full((4, 3), target), spec)
    assert at_target.item() == pytest.approx(0, abs=1e-6)
    z = torch.full((4, 3), active, requires_grad=True)
    penalty = sparsity_penalty(z, spec)
    penalty.backward()
    assert penalty > 0
    assert torch.equal(z.grad.sign(), torch.full((4, 3), math.copysign(1, active - target)))


@pytest.mark.parametrize("activation", [0.0, 1.0])
def test_the_kl_penalty_of_latents_that_are_all_off_or_all_on_is_finite(activation):
    z = torch.full((4, 3), activation, requires_grad=True)
    penalty = sparsity_penalty(z, ObjectiveSpec(sparsity="kl"))
    penalty.backward()
    assert penalty.isfinite()
    assert z.grad.isfinite().all()


def test_without_sparsity_nothing_is_added():
    z = torch.ones(4, 3, requires_grad=True)
    assert sparsity_penalty(z, ObjectiveSpec(sparsity_weight=5)).item() == 0
