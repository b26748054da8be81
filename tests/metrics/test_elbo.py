"""Rate, distortion and likelihood bounds against exact answers and direct computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from explorer.data import Images
from explorer.metrics import elbo
from explorer.metrics.elbo import active_units, encode_all, importance_nll
from explorer.metrics.measure import measure
from explorer.models import Autoencoder, Posterior, build
from explorer.objectives import bce, grey_entropy
from explorer.spec import ModelSpec, ObjectiveSpec
from tests.support import first, train_spec

VARIANCE, CENTRE = 0.0025, 0.5


class LinearGaussian(Autoencoder):
    """x = W z + 1/2 + noise: its marginal and its posterior are Gaussians in closed form.

    The columns of W are orthogonal, so the exact posterior has independent dimensions. The link of
    every family is a sigmoid; `logits` undoes it, and W is so small that pixels stay inside (0, 1).
    `spread` widens q(z|x) beyond the exact posterior, `shift` moves it off.
    """

    has_prior = True

    def __init__(self, spread: float = 1.0, shift: float = 0.0) -> None:
        spec = ModelSpec(image_shape=(1, 4, 4), latent_dim=2)
        super().__init__(spec, ObjectiveSpec(reconstruction="mse", variance=VARIANCE))
        basis, _ = torch.linalg.qr(torch.randn(16, 2, generator=torch.Generator().manual_seed(0)))
        self.W = nn.Parameter(basis * torch.tensor([0.1, 0.05]))
        self.spread, self.shift = spread, shift

    def posterior(self, x, labels=None):
        precision = 1 + self.W.square().sum(0) / VARIANCE
        mean = (x.flatten(1) - CENTRE) @ self.W / VARIANCE / precision
        logvar = (self.spread**2 / precision).log().expand_as(mean)
        return Posterior(mean + self.shift, logvar)

    def logits(self, z, labels=None):
        return torch.logit(z @ self.W.T + CENTRE).unflatten(1, (1, 4, 4))

    def exact_nll(self, x):
        covariance = self.W @ self.W.T + VARIANCE * torch.eye(16)
        return -MultivariateNormal(torch.full((16,), CENTRE), covariance).log_prob(x.flatten(1))


def images_of(x: torch.Tensor) -> Images:
    pixels = (x * 255).round().to(torch.uint8)
    n = len(x)
    return Images(pixels, torch.zeros(n, dtype=torch.int64), torch.arange(n))


@pytest.fixture
def drawn():
    """Images drawn from the linear-Gaussian model itself."""
    generator = torch.Generator().manual_seed(1)
    net = LinearGaussian()
    with torch.no_grad():
        x = torch.randn(400, 2, generator=generator) @ net.W.T + CENTRE
    x = x + VARIANCE**0.5 * torch.randn(400, 16, generator=generator)
    return images_of(x.clamp(0, 1).view(400, 1, 4, 4))


# --- importance sampling ----------------------------------------------------------------------


@pytest.mark.parametrize("samples", [1, 7])
def test_with_the_exact_posterior_the_estimate_is_the_exact_marginal_for_any_s(drawn, samples):
    net = LinearGaussian()
    nll = importance_nll(net, drawn, samples)
    torch.testing.assert_close(nll, net.exact_nll(drawn.float()).detach(), atol=2e-3, rtol=0)


def test_with_an_inexact_posterior_many_samples_come_to_the_exact_marginal(drawn):
    net = LinearGaussian(spread=1.5, shift=0.3)
    few = drawn.take(slice(0, 40))
    nll, exact = importance_nll(net, few, 20_000), net.exact_nll(few.float()).detach()
    torch.testing.assert_close(nll, exact, atol=0.06, rtol=0)
    assert (nll - exact).mean().abs() < 0.01


def test_the_bound_tightens_with_s_from_minus_the_elbo_down_to_the_marginal(drawn):
    net = LinearGaussian(spread=1.6, shift=0.4)
    with torch.no_grad():
        x, posterior = drawn.float(), net.posterior(drawn.float())
        q = Normal(posterior.mean, (0.5 * posterior.logvar).exp())
        kl = kl_divergence(q, Normal(0.0, 1.0)).sum(1)
        # E_q of the squared error is exact for a linear decoder.
        squared = (x.flatten(1) - posterior.mean @ net.W.T - CENTRE).square().sum(1)
        squared = squared + (q.variance * net.W.square().sum(0)).sum(1)
        constant = 8 * math.log(2 * math.pi * VARIANCE)
        negative_elbo = squared / (2 * VARIANCE) + constant + kl
        exact = net.exact_nll(x).mean().item()
    means = {s: importance_nll(net, drawn, s).mean().item() for s in (1, 5, 50, 1000)}
    single = importance_nll(net, drawn, 1)
    error = (single - negative_elbo).std().item() / math.sqrt(len(drawn))
    assert abs(means[1] - negative_elbo.mean().item()) < 4 * error
    assert means[1] > means[5] > means[50] > means[1000] - 0.005
    assert means[1] - exact > 0.3
    assert means[1000] == pytest.approx(exact, abs=0.02)


def test_on_digits_the_bound_tightens_with_s_and_begins_at_the_elbo(model, digits):
    images = digits.split("test").take(slice(0, 300))
    encoded = encode_all(model.network, images, seed=1)
    elbo_terms = encoded.reconstruction + encoded.kl
    bounds = {s: importance_nll(model.network, images, s) for s in (1, 10, 100)}
    difference = bounds[1] - elbo_terms
    assert difference.mean().abs() < 4 * difference.std() / math.sqrt(300)
    assert bounds[1].mean() > bounds[10].mean() > bounds[100].mean()


def test_one_sample_is_one_sample(drawn, monkeypatch):
    """Peers have been seen to take a hundred samples when asked for one."""
    net = LinearGaussian()
    decoded = []
    inner = net.logits
    monkeypatch.setattr(net, "logits", lambda z, labels=None: decoded.append(len(z)) or inner(z))
    importance_nll(net, drawn, 1)
    assert sum(decoded) == len(drawn)


def test_a_deterministic_encoder_has_no_importance_estimate(digits):
    spec = train_spec("autoencoder")
    with pytest.raises(ValueError, match="posterior variance"):
        importance_nll(build(spec.model, spec.objective), first(digits, 2), 5)


# --- active units -----------------------------------------------------------------------------


def test_active_units_are_the_dimensions_whose_mean_varies_by_more_than_a_hundredth():
    unit = torch.tensor([-1.0, 1.0]).repeat(500)[:, None]
    scales = torch.tensor([2.0, 0.101, 0.099, 0.0])
    assert active_units(unit * scales + torch.tensor([0.0, 5.0, 5.0, 9.0])) == 2


def test_a_constant_code_has_no_active_unit_and_a_copied_one_counts_twice():
    z = torch.randn(1000, 1, generator=torch.Generator().manual_seed(0))
    assert active_units(torch.full((1000, 3), 7.0)) == 0
    assert active_units(torch.cat([z, z], 1)) == 2


# --- whole splits -----------------------------------------------------------------------------


def test_the_batch_size_does_not_change_a_figure(model, digits):
    images = first(digits, 230)
    whole = encode_all(model.network, images)
    for size in (100, 7, 1):
        parts = encode_all_of_size(model.network, images, size)
        for name in ("mean", "kl", "per_dimension_kl", "mse"):
            torch.testing.assert_close(
                getattr(parts, name), getattr(whole, name), atol=1e-4, rtol=1e-4
            )
        # Other draws of the noise, but of the same quantity for the same images.
        gap = parts.reconstruction - whole.reconstruction
        assert gap.mean().abs() <= 4 * gap.std() / math.sqrt(230)


def encode_all_of_size(network, images, size):
    inner = elbo.batches

    def batches(images, device, unused=None):
        return inner(images, device, size)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(elbo, "batches", batches)
        return encode_all(network, images)


def test_an_autoencoders_reconstruction_is_the_same_for_every_batch_size(digits):
    spec = train_spec("autoencoder")
    net = build(spec.model, spec.objective)
    images = first(digits, 130)
    with torch.no_grad():
        x = images.float()
        expected = bce(x, net.logits(net.posterior(x).mean))
    for size in (130, 60, 1):
        torch.testing.assert_close(
            encode_all_of_size(net, images, size).reconstruction, expected, atol=1e-3, rtol=1e-5
        )


def test_the_figures_of_a_card_agree_with_a_direct_computation(model, digits):
    images = digits.split("test")
    figures = {name: metric.value for name, metric in measure(model.network, images, 3).items()}
    with torch.no_grad():
        x = images.float()
        posterior = model.network.posterior(x)
        q = Normal(posterior.mean.double(), (0.5 * posterior.logvar.double()).exp())
        kl = kl_divergence(q, Normal(0.0, 1.0)).sum(1).mean().item()
        x_hat = torch.sigmoid(model.network.logits(posterior.mean))
        noise = torch.Generator().manual_seed(99)
        z = posterior.mean + q.stddev.float() * torch.randn(posterior.mean.shape, generator=noise)
        reconstruction = bce(x, model.network.logits(z))
    floor = grey_entropy(x).double().mean().item()
    assert figures["kl"] == pytest.approx(kl, abs=1e-3)
    assert figures["mse"] == pytest.approx((x - x_hat).square().mean().item(), abs=1e-5)
    assert figures["reconstruction"] == pytest.approx(reconstruction.mean().item(), abs=1.0)
    total = figures["reconstruction"] + figures["kl"]
    assert figures["negative_elbo"] == pytest.approx(total, abs=1e-4)
    assert figures["above_grey_floor"] == pytest.approx(total - floor, abs=1e-3)
    assert figures["active_units"] == np.sum(posterior.mean.numpy().var(0) > 0.01)
    nll = importance_nll(model.network, images, 3).double().mean().item()
    assert figures["is_nll"] == pytest.approx(nll, abs=1e-4)
    assert figures["is_nll"] < figures["negative_elbo"]


def test_the_same_seed_gives_the_same_figures_and_another_seed_other_draws(model, digits):
    images = first(digits, 100)
    assert measure(model.network, images, 2, seed=4) == measure(model.network, images, 2, seed=4)
    one, other = (measure(model.network, images, 2, seed=s)["reconstruction"] for s in (4, 5))
    assert one.value != other.value


def test_every_figure_says_its_unit_and_how_it_was_taken(model, digits):
    figures = measure(model.network, first(digits, 20), 3, seed=8)
    assert all(metric.unit and metric.note for metric in figures.values())
    assert "S = 3" in figures["is_nll"].note
    assert "not a likelihood" in figures["is_nll"].note
    assert "seed 8" in figures["reconstruction"].note


def test_a_model_without_a_prior_has_no_kl_and_no_elbo(digits):
    spec = train_spec("autoencoder")
    figures = measure(build(spec.model, spec.objective), first(digits, 50))
    assert sorted(figures) == ["above_grey_floor", "active_units", "mse", "reconstruction"]


def test_squared_errors_have_no_grey_floor(digits):
    spec = train_spec(objective={"reconstruction": "mse"})
    figures = measure(build(spec.model, spec.objective), first(digits, 50), 0)
    assert "above_grey_floor" not in figures
    assert "is_nll" not in figures
