"""Places and latents, both ways: exact where they can be, honest where they cannot."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.latent.atlas import load_for
from explorer.latent.places import MIXED, Map, inverse_square
from explorer.store import open_artefact


@pytest.fixture(scope="module")
def plane():
    return Map(load_for(open_artefact("mnist-vae-2d")), "raw")


@pytest.fixture(scope="module", params=["umap", "tsne", "pca"])
def deep(request):
    return Map(load_for(open_artefact("mnist-vae-20")), request.param)


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_a_raw_place_is_its_own_latent_and_back(plane, x, y):
    latent = plane.latent_at(np.array([x, y]))
    place, exact = plane.place_of(latent.z)
    assert latent.exact
    assert exact
    assert latent.z == pytest.approx([x, y], abs=1e-6)
    assert place == pytest.approx([x, y], abs=1e-6)


def test_a_click_exactly_on_a_point_gives_that_points_own_latent(deep):
    for index in (0, 17, 4321):
        latent = deep.latent_at(deep.coordinates[index].astype(np.float64))
        assert latent.z == pytest.approx(deep.atlas.mean[index], abs=1e-5)
        assert latent.spread == pytest.approx(0, abs=1e-6)


def test_an_empty_place_is_mixed_from_its_nearest_points_on_the_map(deep):
    low, high = deep.coordinates.min(0), deep.coordinates.max(0)
    place = low + 0.37 * (high - low)
    latent = deep.latent_at(place)
    distance = np.linalg.norm(deep.coordinates - place, axis=1)
    assert sorted(latent.neighbours) == sorted(np.argsort(distance)[:MIXED])
    assert latent.weights.sum() == pytest.approx(1)
    mixed = latent.weights @ deep.atlas.mean[latent.neighbours]
    assert latent.z == pytest.approx(mixed, abs=1e-5)
    assert not latent.exact
    assert 0 < latent.spread < 2


def test_many_places_at_once_are_the_same_as_one_by_one(deep):
    rng = np.random.default_rng(0)
    places = rng.uniform(deep.coordinates.min(0), deep.coordinates.max(0), (40, 2))
    together = deep.latents_at(places)
    assert np.allclose(together, [deep.latent_at(place).z for place in places], atol=1e-6)


def test_the_latent_of_a_point_is_placed_on_that_point(deep):
    place, exact = deep.place_of(deep.atlas.mean[99])
    assert not exact
    assert place == pytest.approx(deep.coordinates[99], abs=1e-3)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8).map(sorted), st.floats(1e-3, 1e3))
def test_weights_sum_to_one_fall_with_distance_and_do_not_depend_on_scale(distance, scale):
    row = np.array([distance])
    weights = inverse_square(row)
    assert weights.sum() == pytest.approx(1)
    assert (np.diff(weights[0]) <= 1e-12).all()
    if row[0, 0] > 1e-6:
        assert np.allclose(inverse_square(row * scale), weights, atol=1e-9)
