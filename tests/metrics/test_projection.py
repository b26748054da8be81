"""Trustworthiness and continuity: by value, at their limits, and on a part of the points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.latent.atlas import load_for
from explorer.metrics import projection
from explorer.metrics.projection import continuity, queries_of, trustworthiness
from explorer.store import open_artefact


@pytest.fixture(scope="module")
def atlas():
    return load_for(open_artefact("mnist-vae-20"))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("method", ["umap", "tsne", "pca"])
@pytest.mark.parametrize("k", [1, 10, 30])
def test_both_are_those_of_scikit_learn(atlas, method, k):
    from sklearn import manifold

    # In doubles: rounded distances would tie here and there.
    latents, xy = (a[:500].astype(np.float64) for a in (atlas.mean, atlas.coordinates(method)))
    for mine, theirs in ((trustworthiness, (latents, xy)), (continuity, (xy, latents))):
        assert mine(latents, xy, k) == pytest.approx(
            manifold.trustworthiness(*theirs, n_neighbors=k), abs=1e-9
        )


def test_trustworthiness_is_the_sum_of_its_definition(rng):
    """Point by point, with sorted neighbours and no product of matrices."""
    latents, xy, k = rng.normal(size=(40, 3)), rng.normal(size=(40, 2)), 4
    penalty = 0
    for i in range(40):
        ranks = {j: r for r, j in enumerate(np.linalg.norm(latents - latents[i], axis=1).argsort())}
        near = np.linalg.norm(xy - xy[i], axis=1).argsort()[1 : k + 1]
        penalty += sum(max(0, ranks[j] - k) for j in near)
    expected = 1 - 2 * penalty / (40 * k * (2 * 40 - 3 * k - 1))
    assert trustworthiness(latents, xy, k) == pytest.approx(expected, abs=1e-12)


def test_continuity_is_trustworthiness_with_the_spaces_swapped(rng):
    latents, xy = rng.normal(size=(200, 5)), rng.normal(size=(200, 2))
    assert continuity(latents, xy) == trustworthiness(xy, latents)


def test_a_map_that_changes_nothing_is_perfect_and_a_random_one_is_a_half(atlas, rng):
    latents = atlas.mean[:1500]
    turned = latents @ np.linalg.qr(rng.normal(size=(20, 20)))[0] * 3 + 7
    chance = rng.normal(size=(1500, 2))
    for measure in (trustworthiness, continuity):
        assert measure(latents, turned) == pytest.approx(1, abs=1e-6)
        assert measure(latents, chance) == pytest.approx(0.5, abs=0.01)


def test_a_fold_is_not_trusted_and_a_tear_is_not_continuous(rng):
    plane = rng.uniform(-1, 1, size=(600, 2))
    folded = np.column_stack([np.abs(plane[:, 0]), plane[:, 1]])
    assert continuity(plane, folded) > 0.97 > 0.9 > trustworthiness(plane, folded)
    # The way back from the fold tears it: half of each place's neighbours go to the other side.
    assert trustworthiness(folded, plane) > 0.97 > 0.9 > continuity(folded, plane)


@pytest.mark.parametrize("method", ["umap", "tsne", "pca"])
def test_a_seeded_part_of_the_points_tells_the_same(atlas, method):
    latents, xy = atlas.mean, atlas.coordinates(method)
    part = queries_of(len(atlas))
    assert len(np.unique(part)) == len(part) == projection.QUERIES < len(atlas)
    np.testing.assert_array_equal(part, queries_of(len(atlas)))
    for measure in (trustworthiness, continuity):
        assert measure(latents, xy, queries=part) == pytest.approx(measure(latents, xy), abs=0.006)


def test_the_tables_may_come_in_pieces(atlas, monkeypatch):
    latents, xy = atlas.mean[:300], atlas.coordinates("umap")[:300]
    whole = trustworthiness(latents, xy)
    monkeypatch.setattr(projection, "TABLE", 300 * 7)
    assert trustworthiness(latents, xy) == whole


@given(n=st.integers(1, 30), k=st.integers(1, 40), seed=st.integers(0, 99))
def test_a_figure_of_few_points_is_a_share_too(n, k, seed):
    rng = np.random.default_rng(seed)
    latents, xy = rng.normal(size=(n, 4)), rng.normal(size=(n, 2))
    assert 0 <= trustworthiness(latents, xy, k) <= 1


def test_copies_of_a_point_and_points_far_from_the_origin_are_measured_all_the_same(rng):
    latents = np.repeat(rng.normal(size=(50, 3)), 4, axis=0)
    assert trustworthiness(latents, latents.copy(), k=3) == 1
    far = latents.astype(np.float64) + 1e6
    assert trustworthiness(far, latents, k=3) > 0.999
