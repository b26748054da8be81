"""How empty it is between the classes."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.latent.between import PLACES, emptiness
from explorer.latent.opened import open_atlas


@pytest.fixture(scope="module")
def found():
    models = ("mnist-ae-2d", "mnist-vae-2d")
    return {model: open_atlas(model, "mnist-5k", 5000) for model in models}


def test_ends_are_images_and_the_middle_is_measured_as_by_hand(found):
    one = found["mnist-vae-2d"]
    values = emptiness(one)
    assert values.shape == (PLACES,)
    assert values[0] == values[-1] == 0
    # The same ways, one by one, against every image.
    rng = np.random.default_rng(0)
    a, b = rng.integers(5000, size=(2, 4000))
    apart = np.flatnonzero(one.atlas.labels[a] != one.atlas.labels[b])[:200]
    middles = (one.atlas.mean[a[apart]].astype(float) + one.atlas.mean[b[apart]]) / 2
    nearest = [np.linalg.norm(one.atlas.mean - z, axis=1).min() for z in middles]
    assert values[4] == pytest.approx(np.median(nearest) / one.usual_distance, rel=1e-3)


def test_a_vae_is_packed_more_closely_than_a_plain_autoencoder(found):
    plain, vae = (emptiness(one)[1:-1] for one in found.values())
    assert (vae < plain).all()


def test_a_seed_draws_the_same_ways(found):
    one = found["mnist-ae-2d"]
    assert np.array_equal(emptiness(one, 3), emptiness(one, 3))
    assert not np.array_equal(emptiness(one, 3), emptiness(one, 4))
