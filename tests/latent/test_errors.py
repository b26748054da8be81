"""Reconstruction errors: each number against a slow count, and whether strange images stand out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import explorer
from explorer.errors import ExplorerError
from explorer.latent import columns, errors
from explorer.latent.opened import open_atlas
from tests.support import first, is_one_sentence

numbers = st.lists(st.integers(0, 30), min_size=1, max_size=40).map(np.array)


@pytest.fixture(scope="module")
def model():
    return explorer.load("mnist-vae-20", "cpu")


@pytest.fixture(scope="module")
def images(digits) -> np.ndarray:
    return first(digits, 400).float().numpy()


@pytest.fixture(scope="module")
def usual(model, images) -> np.ndarray:
    return errors.reconstructed(model, images)[1]


def test_errors_are_those_of_the_column_that_colours_the_map(home):
    one = open_atlas("mnist-vae-20", "mnist-5k", 5000)
    column = columns.compute("error", one.model, one.atlas, one.dataset).values
    rows = torch.from_numpy(one.atlas.rows[:300])
    x = one.dataset.split("all").take(rows).float().numpy()
    np.testing.assert_allclose(errors.reconstructed(one.model, x)[1], column[:300], rtol=5e-3)


def test_a_told_model_is_told_each_class(digits, images):
    model = explorer.load("mnist-cvae-2d", "cpu")
    labels = digits.labels[:400].numpy()
    drawn, found = errors.reconstructed(model, images, labels)
    expected = model.decode(model.encode(images, labels).mean, labels)
    np.testing.assert_allclose(drawn, expected, atol=1e-5)
    np.testing.assert_allclose(found, np.square(images - expected).mean((1, 2, 3)), rtol=1e-4)
    assert found.mean() < errors.reconstructed(model, images, (labels + 1) % 10)[1].mean()


@pytest.mark.parametrize("how", errors.ALTERED)
def test_digits_that_were_altered_are_drawn_worse(model, images, usual, how):
    strange = errors.reconstructed(model, errors.altered(images, how))[1]
    assert errors.auroc(usual, strange) > (0.75 if how != "negative" else 0.999)


def test_an_upside_down_five_and_a_drawn_cross_stand_out(model, usual, digits):
    five = digits.picture(int(np.flatnonzero(digits.labels.numpy() == 5)[0])).numpy()[None]
    cross = np.zeros((1, 1, 28, 28), np.float32)
    cross[..., 3:25, 12:15] = cross[..., 12:15, 3:25] = cross[..., 3:6, 3:25] = 1
    for image, least in ((errors.altered(five, "upside-down"), 0.9), (cross, 0.99)):
        error = errors.reconstructed(model, image)[1][0]
        assert errors.standing(usual, float(error)).share > least


def test_the_same_image_twice_altered_is_itself(images):
    for how in errors.ALTERED:
        np.testing.assert_allclose(
            errors.altered(errors.altered(images, how), how), images, atol=1e-6
        )
    turned = errors.altered(images, "upside-down")
    assert turned[3, 0, 0, 5] == images[3, 0, 27, 22]


def test_an_unknown_alteration_is_refused_by_name(images):
    with pytest.raises(ExplorerError, match="upside-down") as caught:
        errors.altered(images, "upside-dwn")
    assert is_one_sentence(caught.value)


@given(numbers, st.integers(0, 30))
def test_a_share_counts_the_smaller_ones_and_half_of_the_equal(values, error):
    share = errors.standing(values, error).share
    assert share == pytest.approx(np.mean([(v < error) + 0.5 * (v == error) for v in values]))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (0.5, "Its error is smaller than that of every one of the 100 images: nothing unusual."),
        (1, "Its error is smaller than that of 99.5 % of the 100 images: nothing unusual."),
        (50.5, "Its error is larger than that of 50 % of the 100 images: nothing unusual."),
        (94.5, "Its error is larger than that of 94 % of the 100 images: drawn worse than most."),
        (100, "Its error is larger than that of 99.5 % of the 100 images: it stands out."),
        (200, "Its error is larger than that of every one of the 100 images, 2 times the lar"),
    ],
)
def test_the_words_say_where_an_error_stands(error, words):
    assert errors.standing(np.arange(1.0, 101), error).words.startswith(words)


@given(numbers, numbers)
def test_every_error_is_in_the_bar_between_whose_edges_it_lies(usual, strange):
    strange = 1000 * strange
    edges = errors.bars(usual, strange)
    assert len(edges) == errors.BINS + 1
    np.testing.assert_allclose(edges[1:] / edges[:-1], edges[1] / edges[0])
    for values in (usual, strange):
        counts = errors.histogram(values, edges)
        assert counts.sum() == len(values)
        within = [(edges[k] <= values) & (values < edges[k + 1]) for k in range(1, errors.BINS - 1)]
        assert counts[1:-1].tolist() == [int(each.sum()) for each in within]


def test_errors_of_zero_are_in_the_first_bar():
    edges = errors.bars(np.array([0.0, 0.1, 10.0]))
    assert (edges[0], edges[-1]) == (0.1, 10)
    counts = errors.histogram(np.array([0.0, 0.1, 10.0]), edges)
    assert (counts[0], counts[-1]) == (2, 1)
    nothing = np.zeros(3)
    assert errors.histogram(nothing, errors.bars(nothing))[0] == 3


@given(numbers, st.booleans())
def test_ranks_are_a_stable_sort_of_the_members(values, worst):
    members = np.arange(len(values))[::2]
    found = errors.ranked(values, members, worst)
    expected = sorted(members.tolist(), key=lambda i: -values[i] if worst else values[i])
    assert found.tolist() == expected


@given(numbers, numbers)
def test_the_auroc_is_the_share_of_pairs_in_the_right_order(usual, strange):
    pairs = [(s > u) + 0.5 * (s == u) for s in strange for u in usual]
    assert errors.auroc(usual, strange) == pytest.approx(np.mean(pairs))
