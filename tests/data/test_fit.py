"""Pictures from elsewhere become what a model has learned from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from explorer.data import load_dataset
from explorer.data.fit import INK_BOX, centre_of_mass, fitted, glyph, light_on_dark
from explorer.data.pictures import planes, square
from tests.support import is_one_sentence

SIDE = 28


@pytest.fixture(scope="module")
def digits():
    return load_dataset("mnist-5k")


def picture(image: np.ndarray) -> Image.Image:
    """Grey values `(H, W)` in [0, 1] as a picture."""
    return Image.fromarray(np.uint8(np.rint(255 * image)))


def written(digit: np.ndarray, scale: int, left: int, top: int, paper: int = 400) -> np.ndarray:
    """A digit `(28, 28)` written large somewhere on a dark sheet."""
    sheet = np.zeros((paper, paper), np.float32)
    big = np.asarray(picture(digit).resize((scale * SIDE,) * 2, Image.Resampling.BICUBIC)) / 255
    sheet[top : top + len(big), left : left + len(big)] = big
    return sheet


def test_a_digit_of_the_right_size_is_taken_as_it_is(digits):
    for row in (0, 5, 77):
        digit = digits.picture(row).numpy()
        fit = fitted(picture(digit[0]), digits)
        assert np.array_equal(fit.image, digit)
        assert "as it is" in fit.words
        turned = fitted(picture(1 - digit[0]), digits)
        np.testing.assert_allclose(turned.image, digit, atol=1e-6)
        assert "white on black" in turned.words


@given(
    row=st.integers(0, 4999),
    scale=st.integers(4, 9),
    left=st.integers(0, 140),
    top=st.integers(0, 140),
    dark=st.booleans(),
)
def test_a_digit_written_anywhere_in_any_size_is_seen_as_mnist_has_it(
    digits, row, scale, left, top, dark
):
    digit = digits.picture(row).numpy()[0]
    sheet = written(digit, scale, left, top)
    fit = fitted(picture(sheet if dark else 1 - sheet), digits)
    ink = fit.image[0]
    assert fit.image.shape == (1, SIDE, SIDE)
    assert fit.image.dtype == np.float32
    assert ink.min() >= 0
    assert ink.max() <= 1
    # MNIST's own rules hold of what comes out: the box of the ink and the centre of its mass.
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 <= round(INK_BOX * SIDE)
    assert all(SIDE / 2 - 0.01 <= c <= SIDE / 2 + 1.01 for c in centre_of_mass(ink))
    # And it is the digit, give or take a pixel's shift of a scaled line.
    assert np.corrcoef(ink.ravel(), digit.ravel())[0, 1] > 0.5


def test_mnist_itself_has_its_centres_of_mass_where_a_glyph_is_put(digits):
    centres = np.array([centre_of_mass(digits.picture(row).numpy()[0]) for row in range(500)])
    assert centres.min() >= SIDE / 2
    assert centres.max() < SIDE / 2 + 1


def test_most_digits_come_back_nearly_as_they_were(digits):
    alike = []
    for row in range(60):
        digit = digits.picture(row).numpy()[0]
        ink = fitted(picture(written(digit, 8, 31, 97)), digits).image[0]
        alike.append(np.corrcoef(ink.ravel(), digit.ravel())[0, 1])
    assert np.median(alike) > 0.93


def test_grey_paper_with_uneven_light_has_no_ink_of_its_own(digits):
    digit = digits.picture(3).numpy()[0]
    light = 0.75 + 0.06 * np.linspace(-1, 1, 400)[None]
    sheet = np.clip(light - 0.6 * written(digit, 8, 60, 90), 0, 1)
    ink = fitted(picture(sheet), digits).image[0]
    rows, columns = np.flatnonzero((ink > 0.5).any(1)), np.flatnonzero((ink > 0.5).any(0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 <= round(INK_BOX * SIDE)
    assert np.corrcoef(ink.ravel(), digit.ravel())[0, 1] > 0.7


@pytest.mark.parametrize("level", [0, 255, 130])
def test_a_blank_sheet_is_a_black_image_and_the_words_say_so(digits, level):
    fit = fitted(Image.new("L", (300, 200), level), digits)
    assert not fit.image.any()
    assert "Nothing is drawn" in fit.words


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (400, 3), (2, 2)])
@pytest.mark.parametrize("name", ["mnist-5k", "sprites", "faces"])
def test_a_picture_of_any_shape_fits_every_data_set(name, size):
    dataset = load_dataset(name)
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0]), dtype=np.uint8)
    fit = fitted(Image.fromarray(noise), dataset)
    assert fit.image.shape == dataset.image_shape
    assert fit.image.min() >= 0
    assert fit.image.max() <= 1


def test_a_photograph_becomes_its_middle_square_in_colour():
    faces = load_dataset("faces")
    wide = np.random.default_rng(1).integers(0, 256, (90, 200, 3), dtype=np.uint8)
    photo = Image.fromarray(wide)
    fit = fitted(photo, faces)
    np.testing.assert_array_equal(fit.image, planes(square(photo, 64)).astype(np.float32) / 255)
    assert is_one_sentence(fit.words)


def test_a_shape_stays_where_it_lies():
    sprites = load_dataset("sprites")
    sprite = sprites.picture(9).numpy()[0]
    large = picture(1 - sprite).resize((256, 256), Image.Resampling.NEAREST)
    fit = fitted(large, sprites)
    assert np.corrcoef(fit.image[0].ravel(), sprite.ravel())[0, 1] > 0.98
    assert centre_of_mass(fit.image[0]) == pytest.approx(centre_of_mass(sprite), abs=0.1)


def test_light_and_dark_are_told_by_the_edge():
    dark = np.full((9, 9), 0.1)
    dark[4, 4] = 1
    assert not light_on_dark(dark)[1]
    turned, was_turned = light_on_dark(1 - dark)
    assert was_turned
    np.testing.assert_allclose(turned, dark)


def test_ink_at_the_edge_of_the_paper_is_not_cut():
    sheet = np.zeros((100, 100))
    sheet[:, 96:] = 1  # the whole right edge: still most of the edge is dark
    ink, _ = glyph(sheet, SIDE)
    assert ink.max() == pytest.approx(1)
    assert (ink > 0.5).any(1).sum() == 20
