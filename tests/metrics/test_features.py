"""Clouds of features: exact distances of Gaussians, and who lies in whose surroundings."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from sklearn.neighbors import NearestNeighbors

from explorer.data import unit
from explorer.errors import ExplorerError
from explorer.loaded import network_of
from explorer.metrics import features
from explorer.metrics.features import frechet, precision_recall
from explorer.store import open_artefact
from tests.support import is_one_sentence

RNG = np.random.default_rng(0)


def cloud(n: int = 300, dims: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, dims))


def exactly(mean, covariance, n: int = 500) -> np.ndarray:
    """A cloud with exactly this mean and covariance."""
    plain = cloud(n, len(mean))
    plain -= plain.mean(0)
    plain = plain @ np.linalg.inv(np.linalg.cholesky(np.cov(plain, rowvar=False))).T
    return plain @ np.linalg.cholesky(np.array(covariance)).T + mean


def test_the_distance_of_two_gaussians_is_its_closed_form():
    """For axes in common: the squared distance of means and of standard deviations."""
    one = exactly([0, 0, 0], np.diag([1.0, 4.0, 9.0]))
    other = exactly([1, 2, 0], np.diag([4.0, 4.0, 1.0]))
    assert frechet(one, other) == pytest.approx(1 + 4 + 1 + 0 + 4, abs=1e-8)


def test_the_distance_is_that_with_a_matrix_square_root():
    one, other = cloud() @ RNG.standard_normal((4, 4)), cloud(seed=1) @ RNG.standard_normal((4, 4))
    first, second = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    root = sqrtm(first @ second).real
    apart = one.mean(0) - other.mean(0)
    expected = apart @ apart + np.trace(first + second - 2 * root)
    assert frechet(one, other) == pytest.approx(expected, rel=1e-9)


@given(seed=st.integers(0, 2**16), shift=st.floats(-5, 5))
def test_the_distance_is_symmetric_and_0_to_itself(seed, shift):
    one, other = cloud(60, 3, seed), 2 * cloud(60, 3, seed + 1) + shift
    assert frechet(one, one) == pytest.approx(0, abs=1e-9)
    assert frechet(one, other) == pytest.approx(frechet(other, one), rel=1e-9)
    assert frechet(one, one + shift) == pytest.approx(3 * shift**2, abs=1e-8)


def test_clouds_that_are_one_have_full_precision_and_recall():
    assert precision_recall(cloud(), cloud()) == (1.0, 1.0)


def test_a_part_of_the_real_cloud_is_precise_and_recalls_that_part():
    real = np.concatenate([cloud(200), cloud(200, seed=1) + 100])
    precision, recall = precision_recall(real, cloud(400, seed=2))
    assert precision > 0.9
    assert 0.3 < recall <= 0.5


def test_a_cloud_far_away_has_neither():
    assert precision_recall(cloud(), cloud() + 1000) == (0.0, 0.0)


@pytest.mark.parametrize("table", [1, 2**20])
def test_surroundings_reach_to_the_third_neighbour(monkeypatch, table):
    """With scikit-learn's neighbours, whatever is held at once."""
    monkeypatch.setattr(features, "TABLE", table)
    real, drawn = cloud(150, 6), 1.3 * cloud(150, 6, seed=1)

    def covered(points: np.ndarray, those: np.ndarray) -> float:
        reach = NearestNeighbors(n_neighbors=4).fit(those).kneighbors(those)[0][:, -1]
        apart = np.linalg.norm(points[:, None] - those, axis=2)
        return (apart <= reach).any(1).mean()

    precision, recall = precision_recall(real, drawn)
    assert precision == pytest.approx(covered(drawn, real))
    assert recall == pytest.approx(covered(real, drawn))
    assert recall < 1


def test_noise_is_farther_from_digits_than_other_digits_are(digits):
    """In the features of the shipped classifier."""
    judge = network_of(open_artefact("mnist-classifier"), "cpu")
    noise = torch.rand(400, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        one, other = (judge.features(unit(digits.pixels[i : i + 400])).numpy() for i in (0, 400))
        far = judge.features(noise).numpy()
    assert frechet(one, other) < frechet(one, far) / 10
    assert precision_recall(one, other)[0] > 0.7
    assert precision_recall(one, far)[0] < 0.1


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (cloud(), cloud(dims=3), "same F"),
        (cloud(1), cloud(), "N of 2 or more"),
        (cloud(), cloud() * np.nan, "not finite"),
        (cloud()[:, 0], cloud(), "shape (N, F)"),
    ],
)
def test_unusable_features_are_one_sentence(one, other, said):
    for compare in (frechet, precision_recall):
        with pytest.raises(ExplorerError) as refused:
            compare(one, other)
        assert said in str(refused.value)
        assert is_one_sentence(str(refused.value))


def test_too_few_images_for_their_neighbours_are_one_sentence():
    with pytest.raises(ExplorerError, match="Too few images"):
        precision_recall(cloud(3), cloud())
