"""Maps laid over each other: exact on maps that were made so, and classes meet on the shipped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import ExplorerError
from explorer.latent.align import aligned, procrustes
from explorer.serve.catalogue import catalogue

PLACES = np.random.default_rng(0).normal(size=(200, 2)) * [3.0, 1.0]


def atlas_of(model: str):
    return catalogue.open(model, "mnist-5k").atlas


@given(
    st.floats(-np.pi, np.pi),
    st.booleans(),
    st.floats(0.01, 100),
    st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
)
def test_a_turned_mirrored_scaled_and_moved_map_is_brought_back_exactly(angle, mirror, scale, by):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turn = turn @ np.diag([1.0, -1.0]) if mirror else turn
    found = procrustes(PLACES @ (scale * turn).T + by, PLACES)
    np.testing.assert_allclose(found.matrix, np.linalg.inv(scale * turn), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found(PLACES @ (scale * turn).T + by), PLACES, atol=1e-6)
    assert found.residual == pytest.approx(0, abs=1e-9)
    assert found.shared == len(PLACES)


def test_the_residual_is_the_share_of_variance_that_is_left():
    other = PLACES + np.random.default_rng(1).normal(size=PLACES.shape)
    found = procrustes(PLACES, other)
    left = np.square(other - found(PLACES)).sum()
    assert found.residual == pytest.approx(left / np.square(other - other.mean(0)).sum())
    assert 0.05 < found.residual < 0.5


def test_no_other_turn_or_scale_leaves_less():
    other = PLACES[::-1] @ [[0.3, -1.0], [0.8, 0.5]] + PLACES
    found = procrustes(PLACES, other)
    best = np.square(other - found(PLACES)).sum()
    for angle in (-0.05, 0.05):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        nearby = replace(found, matrix=turn @ found.matrix)
        centred = nearby(PLACES) - nearby(PLACES).mean(0) + other.mean(0)
        assert np.square(other - centred).sum() > best
    for scale in (0.95, 1.05):
        wider = (found(PLACES) - other.mean(0)) * scale + other.mean(0)
        assert np.square(other - wider).sum() > best


@pytest.mark.parametrize(
    ("places", "onto"),
    [
        (np.empty((0, 2)), np.empty((0, 2))),
        (PLACES[:2], PLACES[:2]),
        (np.zeros((9, 2)), PLACES[:9]),
        (PLACES[:9], np.ones((9, 2))),
    ],
)
def test_what_nothing_decides_stays_where_it_is(places, onto):
    found = procrustes(places, onto)
    np.testing.assert_array_equal(found(PLACES), PLACES)
    assert found.residual == 1


@pytest.mark.parametrize("beta", ["0.25", "0.5", "2", "4", "8", "16"])
def test_a_class_does_not_jump_to_the_other_side_of_the_shipped_ladder(beta):
    """After turning, the middles of the classes lie nearer to those of the first map than before,
    and on the same side of it."""
    lead, other = atlas_of("mnist-beta-vae-10-b1"), atlas_of(f"mnist-beta-vae-10-b{beta}")
    found = aligned(other, "umap", lead, "umap")
    goal = lead.coordinates("umap")
    assert found.shared == 5000
    assert found.residual < 0.8
    turned, middle = found(other.coordinates("umap")), goal.mean(0)
    of = [lead.labels == label for label in range(10)]
    wanted, now = (np.array([xy[each].mean(0) - middle for each in of]) for xy in (goal, turned))
    outer = np.argsort(np.linalg.norm(wanted, axis=1))[-6:]  # those in the middle are on no side
    assert ((wanted * now).sum(1)[outer] > 0).all()


def test_a_model_lies_on_itself():
    atlas = atlas_of("mnist-vae-2d")
    found = aligned(atlas, "raw", atlas, "raw")
    np.testing.assert_allclose(found.matrix, np.eye(2), atol=1e-6)
    assert found.residual == pytest.approx(0, abs=1e-9)


def test_only_images_that_both_maps_show_decide():
    one = atlas_of("mnist-vae-2d")
    part = replace(
        one,
        rows=one.rows[100:],
        mean=one.mean[100:],
        labels=one.labels[100:],
        projections={"raw": one.projections["raw"][100:] @ [[0.0, 1.0], [1.0, 0.0]] * 3},
    )
    found = aligned(part, "raw", one, "raw")
    assert found.shared == len(one) - 100
    np.testing.assert_allclose(found.matrix, np.array([[0, 1], [1, 0]]) / 3, atol=1e-6)


def test_maps_of_other_images_have_nothing_in_common():
    found = aligned(atlas_of("mnist-vae-20"), "umap", faces(), "umap")
    assert (found.shared, found.residual) == (0, 1)


def faces():
    return catalogue.open("faces-beta-vae-16-b4", "faces").atlas


def test_a_map_that_was_not_made_is_refused():
    with pytest.raises(ExplorerError, match="raw"):
        aligned(atlas_of("mnist-vae-20"), "raw", atlas_of("mnist-vae-2d"), "raw")
