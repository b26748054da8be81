"""Nearest neighbours are exact, also where the fast formula loses digits."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from explorer.latent.neighbours import CHUNK, nearest


@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 12), st.integers(0, 2**31))
def test_they_are_those_of_brute_force(n, d, k, seed):
    rng = np.random.default_rng(seed)
    latents, queries = rng.normal(size=(n, d)), rng.normal(size=(7, d))
    _, distance = nearest(latents, queries, k)
    brute = np.sort(np.linalg.norm(latents[None] - queries[:, None], axis=2), axis=1)[:, :k]
    assert distance.shape == (7, min(k, n))
    assert np.allclose(distance, brute)


def test_the_index_belongs_to_the_distance_over_several_chunks():
    rng = np.random.default_rng(0)
    latents, queries = rng.normal(size=(300, 5)), rng.normal(size=(2 * CHUNK + 3, 5))
    index, distance = nearest(latents, queries, 4)
    assert np.allclose(np.linalg.norm(latents[index] - queries[:, None], axis=2), distance)
    assert (np.diff(distance, axis=1) >= 0).all()


def test_a_point_is_not_its_own_neighbour_but_its_copy_is():
    latents = np.array([[0.0, 0], [0, 0], [5, 5], [9, 9]])
    index, distance = nearest(latents, latents, 2, exclude=np.arange(4))
    assert index[0].tolist() == [1, 2]
    assert distance[0, 0] == 0
    assert all(own not in found for own, found in enumerate(index.tolist()))


def test_tiny_distances_far_from_the_origin_keep_their_digits():
    latents = np.array([[1e6, 0], [1e6 + 1e-3, 0], [1e6 + 3e-3, 0]])
    index, distance = nearest(latents, latents[:1], 2, exclude=np.array([0]))
    assert index[0].tolist() == [1, 2]
    assert np.allclose(distance[0], [1e-3, 3e-3], rtol=1e-4)
