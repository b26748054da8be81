"""Places and latents, both ways: exact where they can be, honest where they cannot."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.latent.atlas import load_for, with_projection
from explorer.latent.places import MIXED, Map, inverse_square
from explorer.latent.spec import ProjectionSpec
from explorer.latent.trust import DATA, DOUBTS, GAP, SHARE, STANDINGS, UNLIKE, calibrate
from explorer.store import open_artefact


@pytest.fixture(scope="module")
def plane():
    return Map(load_for(open_artefact("mnist-vae-2d")), "raw")


@pytest.fixture(scope="module")
def atlas():
    return load_for(open_artefact("mnist-vae-20"))


@pytest.fixture(scope="module", params=["umap", "tsne"])
def deep(atlas, request):
    return Map(atlas, request.param)


@pytest.fixture(scope="module")
def principal(atlas):
    return Map(atlas, "pca")


@pytest.fixture(scope="module")
def trust(atlas):
    """Of latents, to which a round-trip error of 1 is a long way."""
    return replace(calibrate(atlas.index, has_prior=True), trip=1.0)


def anywhere(themap: Map, n: int) -> np.ndarray:
    """Random places `(n, 2)` in the box around the points of a map."""
    low, high = themap.coordinates.min(0), themap.coordinates.max(0)
    return np.random.default_rng(0).uniform(low, high, (n, 2))


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_a_raw_place_is_its_own_latent_and_back(plane, x, y):
    latent = plane.latent_at(np.array([x, y]))
    (place,), exact = plane.places_of(latent.z[None])
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


@pytest.mark.parametrize("method", ["umap", "tsne", "pca"])
def test_many_places_at_once_are_the_same_as_one_by_one(atlas, method):
    themap = Map(atlas, method)
    places = anywhere(themap, 40)
    together = themap.latents_at(places)
    assert together.dtype == np.float32
    assert np.allclose(together, [themap.latent_at(place).z for place in places], atol=1e-6)


def test_the_pca_map_is_the_projection_of_the_means_on_its_plane(principal):
    atlas = principal.atlas
    assert np.allclose(principal.plane.places(atlas.mean), principal.coordinates, atol=1e-3)
    (place,), exact = principal.places_of(atlas.mean[99:100])
    assert exact
    assert place == pytest.approx(principal.coordinates[99], abs=1e-3)


def test_a_place_of_the_pca_map_is_a_latent_on_its_plane_and_back(principal):
    for place in anywhere(principal, 20):
        latent = principal.latent_at(place)
        assert latent.exact
        assert (len(latent.neighbours), latent.spread) == (0, 0)
        assert principal.places_of(latent.z[None])[0][0] == pytest.approx(place, abs=1e-5)
        assert latent.z.shape == (20,)
    assert principal.latent_at(np.zeros(2)).z == pytest.approx(
        principal.atlas.mean.mean(0), abs=1e-5
    )


def test_a_1d_latent_is_found_again_from_its_pca_map(atlas, trust):
    line = replace(atlas, mean=atlas.mean[:, :1], projections={}, specs={})
    themap = Map(with_projection(line, ProjectionSpec(method="pca")), "pca")
    assert themap.axes == ("PC1 (100 %)", "PC2 (0 %)")
    assert np.allclose(themap.latents_at(themap.coordinates), line.mean, atol=1e-5)
    assert themap.judge(themap.coordinates[0], trust, 0).standing in ("data", "gap")
    assert themap.judge(np.array([0.0, 90.0]), trust, 0).standing == "outside"


def test_axes_are_named_where_they_mean_something(plane, principal, deep):
    assert plane.axes == ("z₁", "z₂")
    assert deep.axes is None
    variance = np.linalg.eigvalsh(np.cov(principal.atlas.mean.T))[::-1]
    shares = 100 * variance / variance.sum()
    assert principal.axes == (f"PC1 ({shares[0]:.2g} %)", f"PC2 ({shares[1]:.2g} %)")


@pytest.mark.parametrize("method", ["umap", "tsne", "pca"])
def test_places_of_a_map_are_data_gaps_and_outside_each_in_good_number(atlas, trust, method):
    themap = Map(atlas, method)
    judged = Counter(themap.judge(place, trust, 0).standing for place in anywhere(themap, 300))
    assert set(judged) == {"data", "gap", "outside"}
    assert min(judged.values()) >= 10


@pytest.mark.parametrize("method", ["umap", "tsne", "pca"])
def test_places_beside_points_are_mostly_in_data_and_far_away_is_outside(atlas, trust, method):
    themap = Map(atlas, method)
    size = np.ptp(themap.coordinates, axis=0)
    beside = themap.coordinates[::50] + 0.002 * size
    share = np.mean([themap.judge(place, trust, 0).standing == "data" for place in beside])
    assert share > 0.9
    far = themap.judge(themap.coordinates.max(0) + size, trust, 0)
    assert far.standing == "outside"
    assert far.why.startswith("Outside the map's points")


def test_the_usual_spread_is_exceeded_by_few_points_without_themselves(deep):
    # By the definition, one point at a time: the mix of its neighbours on the map without itself.
    beyond = []
    for i in np.random.default_rng(1).choice(len(deep.atlas), 300, replace=False):
        distance = np.linalg.norm(deep.coordinates - deep.coordinates[i], axis=1)
        distance[i] = np.inf
        near = np.argsort(distance)[:MIXED]
        weights = inverse_square(distance[near][None])[0]
        latents = deep.atlas.mean[near]
        apart = np.square(latents - weights @ latents).sum(1)
        beyond.append(np.sqrt(weights @ apart) / deep.deviation > deep.usual_spread)
    assert np.mean(beyond) == pytest.approx(1 - SHARE, abs=0.03)


def test_where_close_points_are_unlike_each_other_a_place_is_a_gap_that_says_so(atlas, trust):
    # Two groups, each of latents that agree and apart on the map, but for one point in a hundred:
    # those of both groups are crowded together at x = 9.
    rng = np.random.default_rng(0)
    group, crowd = np.arange(1000) % 2, np.arange(1000) < 10
    xy = np.column_stack([group * 3.0, np.zeros(1000)]) + rng.uniform(-1, 1, (1000, 2))
    xy[crowd] = np.array([9, 0]) + rng.uniform(-0.05, 0.05, (10, 2))
    mean = group[:, None] * 10 + 0.01 * rng.normal(size=(1000, 4))
    projections = {"umap": xy.astype(np.float32)}
    themap = Map(replace(atlas, mean=mean.astype(np.float32), projections=projections), "umap")
    judged = [themap.judge(np.array([x, 0.0]), trust, 0) for x in (0.0, 3.0, 6.0, 9.0, 20.0)]
    assert [one.standing for one in judged] == ["data", "data", "gap", "gap", "outside"]
    assert "agree" in judged[0].why
    assert judged[2].why.startswith("An empty place of the map")
    assert "unlike each other" in judged[3].why


def test_an_atlas_of_very_few_points_can_be_judged(atlas, trust):
    for n in (1, 2, 4):
        few = replace(
            atlas,
            mean=atlas.mean[:n],
            projections={m: xy[:n] for m, xy in atlas.projections.items()},
        )
        for method in ("umap", "pca"):
            themap = Map(few, method)
            assert themap.judge(themap.coordinates[0], trust, 0).standing == "gap"


@pytest.mark.parametrize("method", ["umap", "tsne", "pca"])
def test_many_places_are_judged_as_one_by_one(atlas, trust, method):
    themap = Map(atlas, method)
    places, trips = anywhere(themap, 60), np.random.default_rng(3).uniform(0, 2, 60)
    standing, doubt = themap.judged(places, trust, trips)
    assert set(standing.tolist()) == {0, 1, 2}
    for i in range(60):
        one = themap.judge(places[i], trust, trips[i])
        assert one.standing == STANDINGS[standing[i]]
        assert ("encoded again" in one.why) == (DOUBTS[doubt[i]] == "strays")


def test_a_place_in_data_is_a_gap_once_its_round_trip_strays(atlas, trust, plane):
    own = replace(calibrate(plane.atlas.index, has_prior=True), trip=0.5)
    for themap, judge in ((plane, own), *((Map(atlas, m), trust) for m in ("umap", "pca"))):
        places = anywhere(themap, 200)
        near, _ = themap.judged(places, judge, np.full(200, judge.trip))
        far, doubt = themap.judged(places, judge, np.full(200, 1.001 * judge.trip))
        assert (near == DATA).sum() >= 10
        assert (far == np.where(near == DATA, GAP, near)).all()
        assert ((doubt == UNLIKE) | (near != GAP) | (doubt == 0)).all()
        why = themap.judge(places[near == DATA][0], judge, 2 * judge.trip).why
        assert "encoded again" in why


def test_a_raw_place_is_judged_in_latent_space(plane):
    trust = calibrate(plane.atlas.index, has_prior=True)
    assert plane.judge(plane.coordinates[0], trust, 0).why.startswith("At least")
    assert "prior" in plane.judge(np.array([9.0, 0.0]), trust, 0).why


def test_the_point_nearest_to_a_place_is_that_of_brute_force(deep):
    for place in anywhere(deep, 20):
        distance = np.linalg.norm(deep.coordinates - place, axis=1)
        assert deep.point_near(tuple(place)) == distance.argmin()


@pytest.mark.parametrize("method", ["umap", "tsne", "pca"])
def test_many_latents_are_placed_at_once_as_one_by_one(atlas, method):
    themap = Map(atlas, method)
    z = np.random.default_rng(0).normal(size=(700, 20)).astype(np.float32)
    places, exact = themap.places_of(z)
    one_by_one = [themap.places_of(latent[None]) for latent in z[::50]]
    assert places.shape == (700, 2)
    assert places.dtype == np.float32
    assert exact == (method == "pca")
    assert np.allclose(places[::50], [place for (place,), _ in one_by_one], atol=1e-4)
    assert {also for _, also in one_by_one} == {exact}


def test_the_latent_of_a_point_is_placed_on_that_point(deep):
    (place,), exact = deep.places_of(deep.atlas.mean[99:100])
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


@pytest.mark.parametrize("method", ["umap", "tsne", "pca"])
def test_the_class_at_a_place_is_that_of_its_nearest_point(atlas, method):
    themap = Map(atlas, method)
    places = anywhere(themap, 200)
    distance = np.linalg.norm(places[:, None] - themap.coordinates[None], axis=2)
    labels = themap.labels_at(places)
    assert labels.dtype == np.int64
    assert labels.tolist() == atlas.labels[distance.argmin(1)].tolist()
    assert len(set(labels.tolist())) == 10


def test_the_class_at_a_point_is_its_own(plane):
    assert np.array_equal(plane.labels_at(plane.coordinates), plane.atlas.labels)


def test_the_class_belongs_to_the_point_and_not_to_its_row(plane):
    order = np.random.default_rng(0).permutation(len(plane.atlas))
    mixed = replace(
        plane.atlas,
        mean=plane.atlas.mean[order],
        labels=plane.atlas.labels[order],
        rows=plane.atlas.rows[order],
        projections={"raw": plane.coordinates[order]},
    )
    places = anywhere(plane, 50)
    assert np.array_equal(Map(mixed, "raw").labels_at(places), plane.labels_at(places))
