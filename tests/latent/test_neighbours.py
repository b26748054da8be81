"""Nearest neighbours are exact, also where float32 loses digits and where a tree is not used."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.latent.neighbours import BLOCKS, QUERIES, TREE_DIMENSIONS, Index


def cosine(latents: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """1 - cos `(Q, N)`, by its definition."""
    lengths = np.linalg.norm(queries, axis=1)[:, None] * np.linalg.norm(latents, axis=1)
    return 1 - np.divide(queries @ latents.T, lengths, np.zeros(lengths.shape), where=lengths > 0)


def euclidean(latents: np.ndarray, queries: np.ndarray) -> np.ndarray:
    return np.linalg.norm(latents[None] - queries[:, None], axis=2)


BRUTE = {"euclidean": euclidean, "cosine": cosine}


@given(
    st.sampled_from(["euclidean", "cosine"]),
    *(st.integers(1, 40), st.integers(1, 6), st.integers(0, 12), st.integers(0, 2**31)),
)
def test_they_are_those_of_brute_force(metric, n, d, k, seed):
    rng = np.random.default_rng(seed)
    latents, queries = rng.normal(size=(n, d)), rng.normal(size=(QUERIES + 3, d))
    # Copies, and points without length, are where a cut corner would show.
    latents[rng.integers(n, size=n // 3)] = latents[0]
    latents[rng.integers(n, size=n // 5)] = 0
    index, distance = Index(latents, metric).nearest(queries, k)
    expected = BRUTE[metric](latents, queries)
    assert distance.shape == index.shape == (QUERIES + 3, min(k, n))
    assert np.allclose(distance, np.sort(expected, axis=1)[:, :k], atol=1e-12)
    assert np.allclose(np.take_along_axis(expected, index, axis=1), distance, atol=1e-12)
    assert all(len(set(found)) == len(found) for found in index.tolist())


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("n", [BLOCKS - 1, BLOCKS, BLOCKS + 1, 3 * BLOCKS + 5])
def test_they_are_those_of_brute_force_over_several_slabs(metric, n):
    rng = np.random.default_rng(0)
    latents = (rng.normal(size=(n, 7)) * [9, 5, 1, 1, 1, 0.1, 0.01] + 3).astype(np.float32)
    own = rng.choice(n, 2 * QUERIES + 3, replace=False)
    index, distance = Index(latents, metric).nearest(latents[own], 4, exclude=own)
    expected = BRUTE[metric](latents.astype(np.float64), latents[own].astype(np.float64))
    expected[np.arange(len(own)), own] = np.inf
    assert np.allclose(distance, np.sort(expected, axis=1)[:, :4], atol=1e-12)
    assert np.array_equal(index, np.argsort(expected, axis=1, kind="stable")[:, :4])


@pytest.mark.parametrize("d", [2, 6])
def test_a_point_is_not_its_own_neighbour_but_its_copy_is(d):
    latents = np.array([[0.0, 0], [0, 0], [5, 5], [9, 9]]).repeat(d // 2, axis=1)
    index, distance = Index(latents).nearest(latents, 2, exclude=np.arange(4))
    assert index[0].tolist() == [1, 2]
    assert distance[0, 0] == 0
    assert all(own not in found for own, found in enumerate(index.tolist()))


@pytest.mark.parametrize("d", [2, 6])
def test_a_point_that_hides_behind_many_copies_is_left_out_too(d):
    index, distance = Index(np.ones((50, d))).nearest(np.ones((1, d)), 3, exclude=np.array([49]))
    assert 49 not in index
    assert distance.tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("d", [1, 2, 5])
def test_tiny_distances_far_from_the_origin_keep_their_digits(d):
    latents = np.full((3, d), 1e6)
    latents[:, 0] += [0, 1e-3, 3e-3]
    index, distance = Index(latents).nearest(latents[:1], 2, exclude=np.array([0]))
    assert index[0].tolist() == [1, 2]
    assert np.allclose(distance[0], [1e-3, 3e-3], rtol=1e-4)


def test_a_cluster_whose_differences_float32_cannot_tell_is_still_in_order():
    """Beside a point at 1e5 the products of a cluster of width 1e-4 are all rounding."""
    rng = np.random.default_rng(0)
    d = TREE_DIMENSIONS + 2
    latents = np.concatenate([1e-4 * rng.normal(size=(5000, d)), np.full((1, d), 1e5)])
    index, distance = Index(latents).nearest(latents[:9], 6)
    expected = euclidean(latents, latents[:9])
    assert np.array_equal(index, np.argsort(expected, axis=1)[:, :6])
    assert np.allclose(distance, np.sort(expected, axis=1)[:, :6], rtol=1e-9)


def test_the_cosine_distance_does_not_see_lengths():
    latents = np.array([[1.0, 0, 0, 0], [50, 1, 0, 0], [-3, 0, 0, 0], [0, 0, 0, 0]])
    index, distance = Index(latents, "cosine").nearest(np.array([[0.01, 0, 0, 0]]), 4)
    assert index[0].tolist() == [0, 1, 3, 2]
    assert distance[0] == pytest.approx([0, 1 - 50 / np.hypot(50, 1), 1, 2])
