"""Lines between latents: where they begin and end, what they keep, how evenly they are walked."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from explorer.latent import geometry as g
from explorer.latent.neighbours import directions

SIZES = st.integers(1, 12)
NUMBERS = st.floats(-50, 50, width=32)
T = np.linspace(0, 1, 13)


def vectors(n: int, rows: int = 2) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.float64, (rows, n), elements=NUMBERS)


pairs = SIZES.flatmap(vectors)
turns = st.integers(2, 12).flatmap(vectors)
lines = st.tuples(st.integers(2, 9), SIZES).flatmap(lambda shape: vectors(shape[1], shape[0]))


@given(pairs)
def test_a_straight_way_is_the_weighted_mean_of_its_ends(pair):
    a, b = pair
    way = g.lerp(a, b, T)
    assert np.array_equal(way[0], a)
    assert np.array_equal(way[-1], b)
    assert way[6] == pytest.approx((a + b) / 2, abs=1e-9)
    assert np.ptp(g.hops(way), axis=0) == pytest.approx(0, abs=1e-9)


@given(pairs)
def test_a_turn_begins_and_ends_at_its_ends_whatever_they_are(pair):
    a, b = pair
    way = g.slerp(a, b, T)
    assert np.isfinite(way).all()
    assert way[0] == pytest.approx(a, abs=1e-6)
    assert way[-1] == pytest.approx(b, abs=1e-4)


@given(turns)
def test_the_length_changes_evenly_on_a_turn(pair):
    a, b = pair
    assume(g.turn_of(a, b) in ("turn", "opposite"))
    expected = (1 - T) * np.linalg.norm(a) + T * np.linalg.norm(b)
    assert np.linalg.norm(g.slerp(a, b, T), axis=1) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def formula(a, b, t):
    """The usual formula, as Shoemake gives it for ends of one length."""
    angle = np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    mix = np.stack([np.sin((1 - t) * angle), np.sin(t * angle)]) / np.sin(angle)
    return mix.T @ np.stack([a, b])


@given(turns)
def test_ends_of_one_length_turn_as_in_the_formula(pair):
    assume(np.linalg.norm(pair, axis=1).min() > 1e-3)
    a, b = 3 * directions(pair)
    cosine = a @ b / 9
    assume(abs(cosine) < 0.999)
    assert g.slerp(a, b, T) == pytest.approx(formula(a, b, T), abs=1e-9)


@given(turns, st.floats(0.01, 100))
def test_a_turn_is_the_same_at_any_scale_and_about_any_centre(pair, scale):
    a, b = pair
    assume(g.turn_of(a, b) == "turn")
    # Where the ends are nearly in line the plane of the turn is a matter of rounding.
    u, v = directions(pair)
    assume(abs(u @ v) < 0.999)
    way = g.slerp(a, b, T)
    assert g.slerp(scale * a, scale * b, T) == pytest.approx(scale * way, rel=1e-6, abs=1e-6)
    centre = np.linspace(-3, 4, len(a))
    assert g.slerp(a + centre, b + centre, T, centre) == pytest.approx(way + centre, abs=1e-6)
    assert g.slerp(b, a, T)[::-1] == pytest.approx(way, abs=1e-6)


@given(turns)
def test_opposite_ends_are_walked_around_the_centre_not_through_it(pair):
    a = pair[0]
    assume(np.linalg.norm(a) > 1e-3)
    way = g.slerp(a, -2 * a, T)
    assert g.turn_of(a, -2 * a) == "opposite"
    expected = (1 + T) * np.linalg.norm(a)
    assert np.linalg.norm(way, axis=1) == pytest.approx(expected, rel=1e-9)
    assert way[6] @ a == pytest.approx(0, abs=1e-6 * expected[6] ** 2)
    assert np.array_equal(way, g.slerp(a, -2 * a, T))


def test_what_is_no_turn_is_a_straight_way():
    zero, one = np.zeros(3), np.array([1.0, 2, 2])
    assert g.turn_of(zero, one) == g.turn_of(one, zero) == g.turn_of(zero, zero) == "none"
    assert g.turn_of(one, one) == g.turn_of(one, 5 * one) == "straight"
    assert g.turn_of(np.array([2.0]), np.array([-1.0])) == "straight"
    for a, b in [(zero, one), (one, zero), (one, 5 * one), (one, one)]:
        assert g.slerp(a, b, T) == pytest.approx(g.lerp(a, b, T))
    assert g.slerp(np.array([2.0]), np.array([-1.0]), T)[:, 0] == pytest.approx(2 - 3 * T)


@given(lines, st.integers(2, 30))
def test_steps_are_even_along_a_line_and_stay_on_it(line, n):
    at = g.stations(line, np.linspace(0, 1, n))
    points = g.along(line, at)
    assert points == pytest.approx(g.even(line, n))
    assert points[0] == pytest.approx(line[0])
    assert points[-1] == pytest.approx(line[-1] if g.hops(line).sum() else line[0], abs=1e-6)
    # Measured along the line, not across its corners.
    gone = np.concatenate([[0], np.cumsum(g.hops(line))])
    walked = np.interp(at, np.arange(len(line)), gone)
    assert walked == pytest.approx(np.linspace(0, gone[-1], n), abs=1e-6)


def test_a_line_without_length_is_one_point():
    still = np.ones((4, 3))
    assert np.array_equal(g.even(still, 5), np.ones((5, 3)))
    assert np.array_equal(g.smoothed(still), np.ones((g.FINE, 3)))


@given(lines)
def test_a_smoothed_line_keeps_its_ends_and_is_no_longer(line):
    smooth = g.smoothed(line)
    assert smooth.shape == (g.FINE, line.shape[1])
    assert smooth[0] == pytest.approx(line[0], abs=1e-6)
    assert smooth[-1] == pytest.approx(line[-1], abs=1e-6)
    assert g.hops(smooth).sum() <= g.hops(line).sum() * (1 + 1e-9) + 1e-6


def test_a_straight_line_is_as_straight_when_it_is_smoothed():
    line = np.array([[0.0, 1], [4, 3]])
    assert g.smoothed(line) == pytest.approx(g.even(line, g.FINE))


def test_a_zigzag_is_smoothed_away_and_a_wide_bend_is_kept():
    t = np.linspace(0, np.pi, 400)
    bend = np.stack([np.cos(t), np.sin(t)], 1)
    zigzag = bend * (1 + 0.02 * (-1.0) ** np.arange(400))[:, None]
    smooth = g.smoothed(zigzag)
    assert g.hops(zigzag).sum() > 5 * np.pi
    assert g.hops(smooth).sum() == pytest.approx(np.pi, rel=0.02)
    assert np.linalg.norm(smooth, axis=1).min() > 0.95


def test_roughness_tells_an_even_way_from_one_that_tears():
    assert g.roughness(np.ones(9)) == 1
    assert g.roughness(np.zeros(9)) == g.roughness(np.empty(0)) == 1
    assert g.roughness(np.array([0, 0, 5.0, 0])) == 4
    assert g.roughness(np.array([1.0, 3])) == 1.5


def test_hops_of_images_are_the_distances_of_their_pixels():
    images = np.zeros((3, 1, 2, 2))
    images[1] = 1
    images[2] = 0.5
    assert g.hops(images) == pytest.approx([2, 1])
