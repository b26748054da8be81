"""The Gaussian mixture over latents: fit, drawn from and measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import ExplorerError
from explorer.latent import mixture as mixtures
from explorer.latent.mixture import Mixture, fit, standard_log_density
from explorer.latent.opened import open_atlas
from explorer.latent.sample import aggregate
from tests.support import is_one_sentence


def crowds(n: int = 2000, seed: int = 0) -> np.ndarray:
    """Two crowds: 3 of 4 around (5, 0) with a slanted spread, the others around (-5, 0)."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 2))
    right = rng.random(n) < 0.75
    return np.where(right[:, None], z @ [[1, 0.9], [0, 0.2]] + [5, 0], 0.5 * z - [5, 0])


def test_the_mixture_finds_two_crowds_with_their_sizes_and_shapes():
    one = fit(crowds(), 2)
    assert one.covariance == "full"
    right = int(one.means[:, 0].argmax())
    assert one.weights[right] == pytest.approx(0.75, abs=0.03)
    assert one.means[right] == pytest.approx([5, 0], abs=0.1)
    assert one.means[1 - right] == pytest.approx([-5, 0], abs=0.1)
    covariance = one.factors[right] @ one.factors[right].T
    assert covariance == pytest.approx(np.array([[1, 0.9], [0.9, 0.85]]), abs=0.1)
    assert (one.images, one.held_out) == (1800, 200)


def test_its_density_is_that_of_the_formula():
    """Against scipy's multivariate normal, and for a diagonal one by hand."""
    from scipy.stats import multivariate_normal as normal

    z = crowds(50, seed=1)
    one = fit(crowds(), 3)
    parts = [
        weight * normal(mean, factor @ factor.T).pdf(z)
        for weight, mean, factor in zip(one.weights, one.means, one.factors, strict=True)
    ]
    assert one.log_density(z) == pytest.approx(np.log(np.sum(parts, axis=0)), rel=1e-6)
    simple = Mixture(np.ones(1), np.zeros((1, 2)), np.array([[1.0, 2.0]]), 9, 1, 0, 0)
    assert simple.covariance == "diagonal"
    expected = normal([0, 0], [[1, 0], [0, 4]]).logpdf(z)
    assert simple.log_density(z) == pytest.approx(expected)
    assert standard_log_density(z) == pytest.approx(normal([0, 0]).logpdf(z))


def test_its_figures_are_of_latents_that_it_has_not_seen():
    from scipy.stats import multivariate_normal as normal

    z = crowds()
    one = fit(z, 2, seed=3)
    order = np.random.default_rng(3).permutation(len(z))
    held = z[order[:200]]
    assert one.nats == pytest.approx(one.log_density(held).mean(), rel=1e-9)
    assert one.normal_nats == pytest.approx(standard_log_density(held).mean(), rel=1e-9)
    spread = np.array([3.0, 0.5])
    prior = normal([0, 0], np.diag(spread**2)).logpdf(held).mean()
    assert fit(z, 2, seed=3, spread=spread).normal_nats == pytest.approx(prior, rel=1e-9)


def test_draws_have_the_spread_of_the_mixture_and_the_temperature_scales_it():
    one = fit(crowds(), 2)
    z = one.draw(4000, np.random.default_rng(0))
    assert z.dtype == np.float32
    right = z[z[:, 0] > 0]
    assert len(right) / len(z) == pytest.approx(0.75, abs=0.03)
    k = int(one.means[:, 0].argmax())
    covariance = one.factors[k] @ one.factors[k].T
    assert np.cov(right.T) == pytest.approx(covariance, abs=0.1)
    half = one.draw(4000, np.random.default_rng(0), 0.5)
    assert np.cov(half[half[:, 0] > 0].T) == pytest.approx(covariance / 4, abs=0.03)
    frozen = one.draw(100, np.random.default_rng(0), 0.0)
    assert {tuple(z) for z in frozen} == {tuple(z) for z in one.means.astype(np.float32)}


@given(st.integers(0, 2**31 - 1), st.integers(1, 40), st.floats(0, 3))
def test_the_same_seed_draws_the_same_and_the_first_do_not_depend_on_the_number(
    seed, n, temperature
):
    one = Mixture(np.array([0.3, 0.7]), np.eye(2), np.stack([np.eye(2), 2 * np.eye(2)]), 9, 1, 0, 0)
    many, few = (
        one.draw(number, np.random.default_rng(seed), temperature) for number in (n + 7, n)
    )
    assert np.array_equal(many[:n], few)


def test_the_same_seed_fits_the_same_mixture():
    first, second = (fit(crowds(), 4, seed=5) for _ in range(2))
    assert np.array_equal(first.means, second.means)
    assert np.array_equal(first.factors, second.factors)


def test_covariances_are_full_only_where_that_makes_held_out_latents_likelier(monkeypatch):
    flat = np.random.default_rng(0).normal(size=(400, 40))
    assert fit(flat, 8).covariance == "diagonal"
    mixed = flat @ np.random.default_rng(1).normal(size=(40, 40))
    assert fit(mixed, 1).covariance == "full"
    monkeypatch.setattr(mixtures, "FULL", 39)
    assert fit(mixed, 1).covariance == "diagonal"


def test_more_latents_than_are_needed_are_sampled(monkeypatch):
    monkeypatch.setattr(mixtures, "FIT_TO", 500)
    one = fit(crowds(), 2)
    assert (one.images, one.held_out) == (450, 50)


def test_a_dimension_that_never_moves_leaves_the_density_finite():
    z = crowds(300)
    one = fit(np.column_stack([z, np.zeros(300)]), 3)
    drawn = one.draw(50, np.random.default_rng(0))
    assert np.isfinite(one.nats)
    assert np.abs(drawn[:, 2]).max() < 0.1
    assert np.isfinite(fit(np.zeros((100, 2)), 2).nats)


@pytest.mark.parametrize(("n", "components"), [(100, 0), (100, 65), (100, 46), (2, 1)])
def test_a_number_of_components_that_cannot_be_is_one_sentence(n, components):
    with pytest.raises(ExplorerError) as error:
        fit(crowds(n), components)
    assert is_one_sentence(error.value)


@pytest.mark.parametrize(
    ("name", "gain"), [("mnist-ae-2d", 40), ("mnist-ae-32", 50), ("mnist-vae-20", 0.5)]
)
def test_held_out_latents_are_likelier_under_the_mixture_than_under_the_standard_normal(name, gain):
    """By far for autoencoders, which have no prior; a little for a VAE, whose aggregate posterior
    is nearly its prior."""
    atlas = open_atlas(name, "mnist-5k", 5000).atlas
    latents = aggregate(atlas, np.random.default_rng(0))
    one = fit(latents[:4500], 10)
    held = latents[4500:]
    assert one.log_density(held).mean() > standard_log_density(held).mean() + gain
