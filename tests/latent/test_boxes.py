"""Boxes of a map: what the browser first shows, and the cells of a grid."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import explorer
from explorer.latent.boxes import HOME_MARGIN, Box, cells, centres, core, home, padded, scaled

BOX = Box(-1, 3, 10, 12)


def test_the_core_leaves_out_half_a_percent_at_each_end():
    line = np.arange(1001.0)
    places = np.column_stack([line, -10 * line])
    assert core(places[::-1]) == Box(5, 995, -9950, -50)
    assert core(np.array([[2.0, 7.0]])) == Box(2, 2, 7, 7)


def test_far_points_do_not_move_the_core_by_much():
    places = np.random.default_rng(0).normal(size=(2000, 2))
    places[:8] = 1e6
    assert max(map(abs, core(places))) < 4


def test_home_is_the_core_with_the_margin_of_the_browser():
    figure = Path(explorer.__file__).parent / "view" / "plane" / "figure.js"
    margin = re.search(r"HOME_MARGIN = ([\d.]+)", figure.read_text())
    assert margin is not None
    assert float(margin[1]) == HOME_MARGIN
    corners = np.array([[0.0, 0.0], [10.0, 5.0]])
    assert home(corners) == pytest.approx((-1.2, 11.2, -1.2, 6.2))


def test_padding_is_a_share_of_the_longer_side_and_of_one_for_a_point():
    assert padded(BOX, 0.5) == Box(-3, 5, 8, 14)
    assert padded(Box(1, 1, 2, 2), 0.5) == Box(0.5, 1.5, 1.5, 2.5)


def test_a_scaled_box_keeps_its_centre():
    assert scaled(BOX, 2) == Box(-3, 5, 9, 13)


@given(st.floats(0.01, 100), st.floats(0.01, 100), st.integers(1, 80))
def test_cells_are_as_many_as_asked_along_the_longer_side(wide, high, longer):
    box = Box(0, wide, 0, high)
    nx, ny = cells(box, longer)
    assert max(nx, ny) == longer
    assert min(nx, ny) >= 1


def test_centres_go_row_by_row_from_the_top_left():
    places = centres(BOX, 2, 2)
    assert places.tolist() == [[0, 11.5], [2, 11.5], [0, 10.5], [2, 10.5]]
