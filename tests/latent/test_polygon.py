"""Shapes on a map: what lies inside, fewer corners, and the way to an address and back."""

from __future__ import annotations

import tracemalloc
from math import atan2, pi, tau

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from explorer.errors import ExplorerError
from explorer.latent.polygon import (
    MOST,
    checked,
    inside,
    polygon_of_text,
    polygon_to_text,
    simplified,
)
from tests.support import is_one_sentence

BOX = np.array([[-1.0, -2], [3, -2], [3, 5], [-1, 5]])
# Crosses itself: the pentagon in its middle is enclosed twice.
STAR = np.array([[np.cos(a), np.sin(a)] for a in pi / 2 + np.arange(5) * 4 * pi / 5])

corners = st.tuples(st.floats(-100, 100), st.floats(-100, 100))
polygons = st.lists(corners, min_size=3, max_size=20).map(np.array)


def turns(point: np.ndarray, polygon: np.ndarray) -> int:
    """How often a polygon winds around a point, by adding up the angles that its edges are seen
    under."""
    total = 0.0
    for one, other in zip(polygon - point, np.roll(polygon, -1, axis=0) - point, strict=True):
        angle = atan2(other[1], other[0]) - atan2(one[1], one[0])
        total += (angle + pi) % tau - pi
    return round(total / tau)


def distance_to_boundary(point: np.ndarray, polygon: np.ndarray) -> float:
    """The distance of a point from the nearest edge."""
    nearest = np.inf
    for one, other in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        along = other - one
        share = np.clip((point - one) @ along / max(along @ along, 1e-300), 0, 1)
        nearest = min(nearest, float(np.linalg.norm(point - one - share * along)))
    return nearest


def area(polygon: np.ndarray) -> float:
    """The area of a polygon that does not cross itself (the shoelace formula)."""
    (x0, y0), (x1, y1) = polygon.T, np.roll(polygon, -1, axis=0).T
    return abs(float((x0 * y1 - x1 * y0).sum())) / 2


def valid(polygon: np.ndarray) -> bool:
    try:
        checked(polygon)
    except ExplorerError:
        return False
    return True


@given(polygons, st.integers(0, 2**32 - 1))
def test_a_place_is_inside_where_the_polygon_winds_around_it_an_odd_number_of_times(polygon, seed):
    assume(valid(polygon))
    places = np.random.default_rng(seed).uniform(-110, 110, (60, 2))
    found = inside(places, polygon)
    for place, is_in in zip(places, found, strict=True):
        if distance_to_boundary(place, polygon) > 1e-6:
            assert is_in == turns(place, polygon) % 2


@given(st.integers(-5, 5), st.integers(-5, 5))
def test_corners_level_with_a_place_count_once(x, y):
    # A diamond whose corners are as high as many of the places.
    diamond = np.array([[4.5, 0], [0, 4.5], [-4.5, 0], [0, -4.5]])
    assert inside(np.array([[x, y]]), diamond)[0] == (abs(x) + abs(y) < 4.5)


def test_what_a_star_encloses_twice_is_outside():
    assert not inside(np.zeros((1, 2)), STAR)[0]
    assert inside(0.7 * STAR, STAR).all()


def test_every_place_is_in_exactly_one_of_the_tiles_of_a_plane():
    # Many places lie exactly on an edge or a corner.
    places = np.stack(np.meshgrid(np.arange(8) / 2, np.arange(8) / 2), -1).reshape(-1, 2)
    tile = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    counts = sum(
        inside(places, tile + np.array((x, y))).astype(int)
        for x in range(-1, 5)
        for y in range(-1, 5)
    )
    assert (counts == 1).all()


def test_it_does_not_matter_where_a_polygon_begins_nor_which_way_it_runs():
    rng = np.random.default_rng(0)
    polygon, places = rng.normal(size=(12, 2)), rng.normal(size=(2000, 2))
    found = inside(places, polygon)
    assert 0 < found.sum() < 2000
    for other in (np.roll(polygon, 5, axis=0), polygon[::-1]):
        assert np.array_equal(inside(places, other), found)


def test_the_places_of_all_sprites_are_looked_at_in_little_memory():
    xy = np.random.default_rng(0).normal(size=(737_280, 2)).astype(np.float32)
    circle = np.array([[np.cos(a), np.sin(a)] for a in np.linspace(0, tau, MOST, endpoint=False)])
    tracemalloc.start()
    found = inside(xy, 2 * circle)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8e6
    radius = np.linalg.norm(xy, axis=1)
    assert found[radius < 1.99].all()
    assert not found[radius > 2.01].any()


def test_no_place_is_inside_if_it_is_not_a_number():
    assert not inside(np.array([[np.nan, 0], [0, np.inf]]), BOX).any()
    assert inside(np.empty((0, 2)), BOX).shape == (0,)


@pytest.mark.parametrize(
    ("polygon", "reason"),
    [
        (BOX[:2], "3 to 64 corners"),
        (np.empty((0, 2)), "3 to 64 corners"),
        (np.random.default_rng(0).normal(size=(65, 2)), "3 to 64 corners"),
        (np.zeros((4, 2)), "on one line"),
        (np.array([[0, 0], [1, 1], [2, 2], [-5, -5]]), "on one line"),
        (np.array([[1e5, 0.1], [1e5, 0.2], [1e5, 0.7]]), "on one line"),
        (np.array([[0, 0], [1, np.nan], [2, 0]]), "not a place of the map"),
        (np.array([[0, 0], [1, np.inf], [2, 0]]), "not a place of the map"),
        (np.array([[0, 0], [1, 2e6], [2, 0]]), "not a place of the map"),
        (np.zeros((4, 3)), "two numbers"),
        (np.zeros(6), "two numbers"),
    ],
)
def test_a_shape_that_encloses_nothing_is_refused_with_a_sentence(polygon, reason):
    with pytest.raises(ExplorerError, match=reason) as caught:
        inside(np.zeros((3, 2)), polygon)
    assert is_one_sentence(caught.value)


def lasso(n: int, seed: int = 0) -> np.ndarray:
    """A wobbly loop of n corners, as a hand draws it."""
    angle = np.linspace(0, tau, n, endpoint=False)
    wobble = np.random.default_rng(seed).normal(size=4)
    radius = 5 + sum(w / (k + 1) * np.sin(k * angle + w) for k, w in enumerate(wobble, start=1))
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


@pytest.mark.parametrize("seed", range(5))
def test_a_lasso_of_hundreds_of_corners_keeps_its_shape_in_forty(seed):
    drawn = lasso(600, seed)
    fewer = simplified(drawn)
    assert len(fewer) == 40
    assert {tuple(corner) for corner in fewer} <= {tuple(corner) for corner in drawn}
    assert area(fewer) == pytest.approx(area(drawn), rel=0.02)
    off = max(distance_to_boundary(corner, fewer) for corner in drawn)
    assert off < 0.02 * np.ptp(drawn)


def test_the_corners_of_a_drawn_square_are_what_stays_of_it():
    side = np.linspace(0, 1, 50, endpoint=False)
    flat, full = np.zeros(50), np.ones(50)
    square = np.concatenate(
        [
            *(np.column_stack(one) for one in ((side, flat), (full, side))),
            *(np.column_stack(one) for one in ((1 - side, full), (flat, 1 - side))),
        ]
    )
    assert sorted(map(tuple, simplified(square, 4))) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_a_shape_of_few_corners_stays_as_it_is():
    assert np.array_equal(simplified(BOX), BOX)
    assert np.array_equal(simplified(BOX[:3], 2), BOX[:3])


@given(polygons, st.sampled_from([1e-3, 1, 1e3]))
def test_a_polygon_comes_back_from_its_text_within_a_thousandth_of_its_smaller_side(polygon, scale):
    assume(valid(polygon) and np.ptp(polygon, axis=0).min() > 1e-2)
    polygon = polygon * scale
    along, across = np.linalg.svd(polygon - polygon.mean(0), compute_uv=False)
    if across < 1e-2 * along:
        return  # a sliver in its own directions: it may be refused, as the next test shows
    text = polygon_to_text(polygon)
    again = polygon_of_text(text)
    side = np.ptp(polygon, axis=0).min()
    assert np.abs(again - polygon).max() <= side / 1000


def test_a_sliver_that_is_a_line_when_it_is_written_is_refused():
    with pytest.raises(ExplorerError, match="on one line"):
        polygon_to_text(np.array([[0, 0], [1, 1], [2, 2 + 1e-6]]))


@pytest.mark.parametrize("scale", [1e-4, 1, 1e5])
@pytest.mark.parametrize("width", [1, 1000])
def test_every_box_has_a_text(scale, width):
    box = BOX * np.array((width / 100, 1)) * scale / 10
    again = polygon_of_text(polygon_to_text(box))
    assert np.abs(again - box).max() <= np.ptp(box, axis=0).min() / 1000


def test_the_text_of_a_lasso_fits_in_an_address_and_needs_no_escapes():
    from urllib.parse import quote

    text = polygon_to_text(simplified(lasso(800)))
    assert len(text) < 600
    assert quote(text) == text
    assert polygon_to_text(BOX) == "-1_-2_3_-2_3_5_-1_5"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "0_0_1_0_1_1"),
        ("0_0_1_0_1", "0_0_1_0_1_1"),
        ("0,0,1,0,1,1", "0_0_1_0_1_1"),
        ("0_0_1_0_1_nan", "0_0_1_0_1_1"),
        ("0_0_1_0_1_1e3", "0_0_1_0_1_1"),
        ("0_0_1_0_1_+1", "0_0_1_0_1_1"),
        ("0_0_1_0_1_.5", "0_0_1_0_1_1"),
        ("0_0_1_0_1_1_", "0_0_1_0_1_1"),
        ("0_0_1_0_1_١", "0_0_1_0_1_1"),
        (" 0_0_1_0_1_1", "0_0_1_0_1_1"),
        ("9" * 100_000, "0_0_1_0_1_1"),
        ("0_0_1_0_1_9999999", "not a place"),
        ("0_0_1_1", "3 to 64 corners"),
        ("_".join(["1"] * 130), "3 to 64 corners"),
        ("0_0_1_1_2_2", "on one line"),
    ],
)
def test_any_other_text_is_refused_with_a_sentence(text, reason):
    with pytest.raises(ExplorerError, match=reason) as caught:
        polygon_of_text(text)
    assert is_one_sentence(caught.value)
