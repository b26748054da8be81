"""Searching a map as a person writes: classes, numbers of images, several at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import explorer
from explorer.data.fashion_mnist import FASHION_MNIST
from explorer.data.mnist import DIGITS
from explorer.errors import ExplorerError
from explorer.latent.search import find
from tests.support import is_one_sentence

CLOTHES = FASHION_MNIST.classes


@pytest.fixture(scope="module")
def atlas():
    return explorer.load_map("mnist-vae-20", "mnist-5k", "pca").atlas


# The points of a map in no order: position, class and row are three different things.
LABELS = np.array([9, 6, 0, 1, 6, 7, 5, 8, 1, 2])
ROWS = np.array([40, 10, 70, 7, 0, 1234, 60, 3, 90, 20])


def positions(text: str, classes=CLOTHES, labels=LABELS, rows=ROWS) -> list[int]:
    return find(text, classes, labels, rows).positions.tolist()


def test_a_digit_is_the_class_and_a_number_with_a_hash_or_the_word_row_is_the_image(atlas):
    seven = find("7", DIGITS, atlas.labels, atlas.rows)
    assert np.array_equal(seven.positions, np.flatnonzero(atlas.labels == 7))
    assert seven.words == "500 of 5,000 images: '7'."
    for text in ("#7", "row 7", "Row 7", "# 7", "row #7"):
        one = find(text, DIGITS, atlas.labels, atlas.rows)
        assert atlas.rows[one.positions].tolist() == [7]
        assert one.words == "1 of 5,000 images: image #7."


def test_a_bare_number_is_the_row_where_no_class_has_that_name(atlas):
    assert atlas.rows[find("1234", DIGITS, atlas.labels, atlas.rows).positions] == [1234]
    assert positions("7") == [3]
    assert positions("1234") == [5]
    # Not even where a name begins so.
    assert positions("1", classes=("10", "11"), labels=LABELS % 2, rows=ROWS // 7) == [1, 3]


@given(st.sets(st.integers(0, 9), min_size=1), st.sets(st.integers(0, 4999), max_size=5))
def test_several_are_all_found_once_each(atlas, classes, rows):
    text = " ".join([*map(str, classes), *(f"#{row}" for row in rows)])
    found = find(text, DIGITS, atlas.labels, atlas.rows)
    expected = np.isin(atlas.labels, list(classes)) | np.isin(atlas.rows, list(rows))
    assert np.array_equal(found.positions, np.flatnonzero(expected))


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("shirt", {6}),
        ("SHIRT", {6}),
        ("t-shirt", {0}),
        ("trou", {1}),
        ("ankle boot", {9}),
        ("Ankle  BO", {9}),
        ("s", {5, 6, 7}),
        ("bag, ankle boot", {8, 9}),
        ("ankle boot bag trouser", {9, 8, 1}),
    ],
)
def test_a_class_is_found_by_how_its_name_begins_in_any_case(text, classes):
    assert set(LABELS[positions(text)]) == classes
    assert positions(text) == np.flatnonzero(np.isin(LABELS, list(classes))).tolist()


def test_a_name_in_full_wins_over_longer_ones_that_begin_so():
    names = ("cat", "catfish", "cat, wild")
    labels = np.array([0, 1, 2])
    rows = np.arange(3)
    assert positions("cat", names, labels, rows) == [0]
    assert positions("ca", names, labels, rows) == [0, 1, 2]
    assert positions("cat, wild", names, labels, rows) == [2]
    assert positions("cat wild catf", names, labels, rows) == [1, 2]


def test_what_was_understood_is_said():
    assert find("s #40 bag", CLOTHES, LABELS, ROWS).words == (
        "6 of 10 images: 'Sandal' or 'Shirt' or 'Sneaker', image #40, 'Bag'."
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Nothing was searched for"),
        (" , ", "Nothing was searched for"),
        ("gloves", "Nothing here is called 'gloves'"),
        ("bag gloves", "Nothing here is called 'gloves'"),
        ("#", "Nothing here is called '#'"),
        ("row", "Nothing here is called 'row'"),
        ("#-1", "Nothing here is called '#-1'"),
        ("٣", "Nothing here is called '٣'"),
        ("9" * 50, "Nothing here is called '999"),
        ("#41", "There is no image #41 on this map"),
        ("dress", "There is no 'Dress' on this map"),
        ("bag " * 100, "at most 200 letters"),
    ],
)
def test_what_is_not_found_is_one_sentence_that_says_what_can_be(text, reason):
    with pytest.raises(ExplorerError) as caught:
        positions(text)
    assert reason in str(caught.value)
    assert "T-shirt/top, Trouser" in str(caught.value)
    assert "(#0 to #1234)" in str(caught.value)
    assert is_one_sentence(caught.value)


@given(st.text(max_size=40))
def test_any_words_are_found_or_refused_with_a_sentence(text):
    try:
        found = find(text, CLOTHES, LABELS, ROWS)
    except ExplorerError as error:
        said = str(error)
    else:
        said = found.words
        assert found.positions.size
    assert said.endswith(".")
