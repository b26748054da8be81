"""The KL in three parts: an identity, exact values where there are any, and the bound of ln N."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import ExplorerError
from explorer.metrics import decomposition
from explorer.metrics.decomposition import decompose
from explorer.objectives import kl_to_standard_normal
from tests.support import is_one_sentence


def kl(mean: np.ndarray, logvar: np.ndarray) -> float:
    """The closed form, in doubles."""
    return float(kl_to_standard_normal(torch.tensor(mean), torch.tensor(logvar)).sum(1).mean())


def linear_gaussian(n: int, covariance: np.ndarray, variance: float, seed: int = 0):
    """Posteriors N(m_n, variance I) whose means are drawn from N(0, covariance)."""
    rng = np.random.default_rng(seed)
    mean = rng.multivariate_normal(np.zeros(len(covariance)), covariance, n)
    return mean, np.full_like(mean, np.log(variance))


@given(
    n=st.integers(2, 60),
    dims=st.integers(1, 6),
    seed=st.integers(0, 2**16),
    scale=st.floats(0.0, 5.0),
)
def test_the_parts_sum_to_the_kl(n, dims, seed, scale):
    rng = np.random.default_rng(seed)
    mean = scale * rng.standard_normal((n, dims)) + rng.standard_normal(dims)
    logvar = rng.uniform(-6, 1, (n, dims))
    parts = decompose(mean, logvar, seed=seed)
    assert parts.kl == pytest.approx(kl(mean, logvar), rel=1e-9, abs=1e-9)


def test_a_linear_gaussian_model_has_its_exact_parts():
    """The aggregate of Gaussians with Gaussian means is a Gaussian of known covariance."""
    covariance, variance = np.array([[0.8, 0.5], [0.5, 0.6]]), 0.25
    mean, logvar = linear_gaussian(6000, covariance, variance)
    whole = covariance + variance * np.eye(2)
    diagonal = np.diag(whole)
    logdet = np.linalg.slogdet(whole)[1]
    parts = decompose(mean, logvar)
    assert parts.mutual_information == pytest.approx(
        0.5 * (logdet - 2 * np.log(variance)), abs=0.03
    )
    assert parts.total_correlation == pytest.approx(
        0.5 * (np.log(diagonal).sum() - logdet), abs=0.02
    )
    assert parts.dimension_wise_kl == pytest.approx(
        0.5 * (diagonal - 1 - np.log(diagonal)).sum(), abs=0.02
    )


def test_a_posterior_that_is_the_prior_has_no_part():
    parts = decompose(np.zeros((500, 4)), np.zeros((500, 4)))
    assert parts.mutual_information == pytest.approx(0, abs=1e-5)
    assert parts.total_correlation == pytest.approx(0, abs=1e-5)
    # The prior's cross-entropy is a closed form, ln q(z_j) is drawn: alike but for rounding here.
    assert parts.dimension_wise_kl == pytest.approx(0, abs=1e-5)


def test_posteriors_far_apart_tell_the_image_entirely():
    """The latent names one of N images: ln N nats, and never more."""
    mean = np.arange(200.0)[:, None] * 50
    parts = decompose(mean, np.zeros_like(mean))
    assert parts.mutual_information == pytest.approx(np.log(200), abs=1e-4)
    assert parts.total_correlation == pytest.approx(0, abs=1e-4)


def test_one_dimension_has_no_total_correlation():
    mean, logvar = linear_gaussian(300, np.array([[1.0]]), 0.1)
    assert decompose(mean, logvar).total_correlation == pytest.approx(0, abs=1e-6)


def test_a_copied_dimension_has_a_large_total_correlation():
    mean, logvar = linear_gaussian(2000, np.array([[1.0]]), 0.02)
    both = decompose(np.repeat(mean, 2, 1), np.repeat(logvar, 2, 1))
    assert both.total_correlation > 1


def test_the_aggregate_is_the_mixture_of_all_posteriors():
    """Against a sum of densities written down one by one, whatever the size of the parts."""
    rng = np.random.default_rng(0)
    mean, logvar = rng.standard_normal((30, 3)), rng.uniform(-2, 0, (30, 3))
    z = torch.tensor(rng.standard_normal((30, 3)))
    deviation = np.exp(0.5 * logvar)
    each = np.exp(-0.5 * ((z.numpy()[:, None] - mean) / deviation) ** 2)
    each /= deviation * np.sqrt(2 * np.pi)
    joint, marginals = decomposition._aggregate(z, torch.tensor(mean), torch.tensor(logvar))
    assert joint == pytest.approx(np.log(each.prod(2).mean(1)).mean(), abs=1e-5)
    assert marginals == pytest.approx(np.log(each.mean(1)).sum(1).mean(), abs=1e-5)


def test_small_parts_give_the_same_as_a_large_one(monkeypatch):
    mean, logvar = linear_gaussian(300, np.eye(3), 0.2)
    whole = decompose(mean, logvar)
    monkeypatch.setattr(decomposition, "TABLE", 1)
    assert decompose(mean, logvar).total_correlation == pytest.approx(
        whole.total_correlation, abs=1e-6
    )


def test_a_seed_gives_the_same_parts_again_and_another_one_nearly():
    mean, logvar = linear_gaussian(2000, 0.7 * np.eye(3), 0.3)
    first, again, other = (decompose(mean, logvar, seed=seed) for seed in (5, 5, 6))
    assert first == again
    assert first != other
    assert first.mutual_information == pytest.approx(other.mutual_information, abs=0.05)


@pytest.mark.parametrize(
    ("mean", "logvar", "said"),
    [
        (np.zeros((5, 2)), np.zeros((5, 3)), "shape (N, D)"),
        (np.zeros(5), np.zeros(5), "shape (N, D)"),
        (np.zeros((1, 2)), np.zeros((1, 2)), "N of 2 or more"),
        (np.full((5, 2), np.nan), np.zeros((5, 2)), "not finite"),
        (np.zeros((5, 2)), np.full((5, 2), np.inf), "not finite"),
    ],
)
def test_unusable_posteriors_are_one_sentence(mean, logvar, said):
    with pytest.raises(ExplorerError) as refused:
        decompose(mean, logvar)
    assert said in str(refused.value)
    assert is_one_sentence(str(refused.value))
