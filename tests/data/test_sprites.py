"""The sprites: their numbering, their geometry, and that none is drawn before it is asked for."""

from __future__ import annotations

import hashlib
import math
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.data import Rendered, load_dataset, sprites
from explorer.data.sprites import COUNT, SIZES, draw, factors_of, index_of
from explorer.errors import ExplorerError

SQUARE, ELLIPSE, HEART = range(3)
SMALLEST, LARGEST = 0, 5
places = st.tuples(*(st.integers(0, size - 1) for size in SIZES))


@pytest.fixture(scope="module")
def dataset():
    return load_dataset("sprites")


@pytest.fixture(scope="module")
def masks():
    """1 where white: `(3, 6, 40, 33, 33)` float64."""
    return sprites.masks().double() / 255


def picture(*factors: int) -> torch.Tensor:
    """One sprite `(64, 64)`, 1 where white, float64."""
    return draw(index_of(torch.tensor([factors])))[0, 0].double() / 255


def centre_and_moments(image: torch.Tensor) -> tuple[float, float, float, float, float]:
    """Mean column, mean row, and the second central moments xx, yy, xy with y up."""
    rows, columns = torch.nonzero(image, as_tuple=True)
    x, y = columns.double(), rows.double()
    dx, dy = x - x.mean(), y.mean() - y
    moments = (dx.square().mean(), dy.square().mean(), (dx * dy).mean())
    return x.mean().item(), y.mean().item(), *(value.item() for value in moments)


# --- the grid -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factors", "index"),
    [
        ((0, 0, 0, 0, 0), 0),
        ((0, 0, 0, 0, 1), 1),
        ((0, 0, 0, 1, 0), 32),
        ((0, 0, 1, 0, 0), 1_024),
        ((0, 1, 0, 0, 0), 40_960),
        ((1, 0, 0, 0, 0), 245_760),
        ((2, 5, 39, 31, 31), 737_279),
    ],
)
def test_the_grid_counts_like_dsprites_shape_slowest_and_y_fastest(factors, index):
    assert index_of(torch.tensor([factors])).tolist() == [index]


@given(st.lists(st.integers(0, COUNT - 1)))
def test_an_index_comes_back_from_its_factors(indices):
    index = torch.tensor(indices, dtype=torch.int64)
    factors = factors_of(index)
    assert factors.shape == (len(indices), 5)
    assert torch.equal(index_of(factors), index)


@given(st.lists(places, min_size=1))
def test_factors_come_back_from_their_index(factors):
    assert factors_of(index_of(torch.tensor(factors))).tolist() == [list(row) for row in factors]


@pytest.mark.parametrize("factors", [(3, 0, 0, 0, 0), (0, 0, 0, 0, 32), (0, 0, -1, 0, 0)])
def test_factors_outside_the_grid_are_refused_rather_than_wrapped_around(factors):
    with pytest.raises(ExplorerError, match="less than"):
        index_of(torch.tensor([factors]))


@pytest.mark.parametrize("index", [-1, COUNT])
def test_an_index_outside_the_grid_has_no_factors_and_no_image(index):
    with pytest.raises(ExplorerError, match="737,279"):
        factors_of(torch.tensor([index]))
    with pytest.raises(IndexError):
        draw(torch.tensor([index]))


def test_scales_and_orientations_are_those_of_dsprites():
    assert sprites.scales() == pytest.approx([0.5, 0.6, 0.7, 0.8, 0.9, 1])
    assert sprites.angles()[:-1] == pytest.approx([2 * math.pi * k / 39 for k in range(39)])
    assert sprites.angles()[-1] == 0


# --- drawing ------------------------------------------------------------------------------------


def test_images_are_black_and_white_bytes():
    images = draw(torch.arange(0, COUNT, 997))
    assert images.dtype == torch.uint8
    assert images.shape == (len(range(0, COUNT, 997)), 1, 64, 64)
    assert images.unique().tolist() == [0, 255]


def test_no_images_are_an_empty_batch():
    assert draw(torch.tensor([], dtype=torch.int64)).shape == (0, 1, 64, 64)


def test_an_image_does_not_depend_on_its_batch_nor_on_what_was_done_to_an_earlier_one():
    index = torch.randint(0, COUNT, (300,), generator=torch.Generator().manual_seed(3))
    images = draw(index)
    before = images.clone()
    images.fill_(7)
    assert torch.equal(draw(index), before)
    assert torch.equal(draw(index.flip(0)), before.flip(0))
    assert torch.equal(torch.cat([draw(one) for one in index.split(1)]), before)


def test_the_masks_are_the_same_to_the_bit_everywhere():
    digest = hashlib.sha256(sprites.masks().numpy().tobytes()).hexdigest()
    assert digest == "b6a430397403bbdcdd456394012d493af644d622e518d3f15f7d6f00ffdf53a0"


def test_the_masks_are_rendered_once_even_when_many_threads_ask_first(monkeypatch):
    asked = []
    rendered = sprites.masks()

    def slow_masks():
        asked.append(1)
        time.sleep(0.05)  # Long enough for the other threads to find no masks.
        return rendered

    monkeypatch.setattr(sprites, "_WINDOWS", {})
    monkeypatch.setattr(sprites, "masks", slow_masks)
    index = torch.arange(0, COUNT, 9_973)
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(draw, [index] * 8))
    assert asked == [1]
    assert all(torch.equal(image, images[0]) for image in images)


@pytest.mark.parametrize("shape", [SQUARE, ELLIPSE, HEART])
@pytest.mark.parametrize("scale", [SMALLEST, LARGEST])
def test_a_step_of_x_or_y_moves_the_sprite_by_a_pixel_and_cuts_nothing(shape, scale):
    start = int(index_of(torch.tensor([(shape, scale, 5, 0, 0)])))
    images = draw(torch.arange(start, start + 1_024)).view(32, 32, 64, 64)
    for x in range(32):
        for y in range(32):
            # Rolled, a sprite cut at one edge would come back in at the other.
            assert torch.equal(images[x, y], images[0, 0].roll((y, x), dims=(0, 1)))


def test_no_mask_is_cut_at_the_outermost_places(masks):
    areas = masks.sum((-2, -1)).view(-1)
    for place in (0, 31, 31 * 32, 31 * 32 + 31):
        images = draw(torch.arange(720) * 1_024 + place)
        torch.testing.assert_close((images == 255).sum((1, 2, 3)).double(), areas)


@given(places)
def test_a_sprite_is_its_shape_scaled_turned_anticlockwise_and_moved(factors):
    shape, scale, orientation, x, y = factors
    inside = list(sprites.SHAPES.values())[shape]
    columns, rows = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="xy")
    points = torch.complex(columns - 16 - x, 16 + y - rows) / (0.5 + 0.1 * scale)
    points = points * torch.exp(torch.tensor(-2j * math.pi * orientation / 39))
    expected, drawn = inside(points.real, points.imag), picture(*factors) == 1
    # They differ by a few pixels of the edge: here a pixel is in when its centre is.
    assert (expected != drawn).sum() <= 0.15 * drawn.sum()
    assert (expected & drawn).sum() >= 0.9 * (expected | drawn).sum()


# --- geometry -----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [SQUARE, ELLIPSE, HEART])
def test_area_grows_with_the_square_of_the_scale(masks, shape):
    areas = masks[shape].sum((-2, -1)).mean(1)
    for scale, area in zip(sprites.scales(), areas, strict=True):
        assert area / areas[LARGEST] == pytest.approx(scale**2, rel=0.03)


@pytest.mark.parametrize(
    ("shape", "area"),
    [(SQUARE, 21.8**2), (ELLIPSE, math.pi * 16.2 * 8.1), (HEART, 180 * math.pi * 0.91**2)],
)
def test_area_at_scale_1_is_that_of_the_formula(masks, shape, area):
    assert masks[shape, LARGEST].sum((-2, -1)).mean() == pytest.approx(area, rel=0.005)


@pytest.mark.parametrize("shape", [SQUARE, ELLIPSE, HEART])
@pytest.mark.parametrize(("x", "y"), [(0, 0), (31, 0), (0, 31), (9, 20)])
def test_the_centre_of_mass_is_at_the_place(shape, x, y):
    for orientation in range(0, 40, 7):
        column, row, *_ = centre_and_moments(picture(shape, LARGEST, orientation, x, y))
        assert (column, row) == pytest.approx((16 + x, 16 + y), abs=0.15)


def test_the_long_axis_of_the_ellipse_turns_with_the_angle():
    for orientation, angle in enumerate(sprites.angles()):
        *_, xx, yy, xy = centre_and_moments(picture(ELLIPSE, LARGEST, orientation, 4, 25))
        axis = math.atan2(2 * xy, xx - yy) / 2
        off = (axis - angle + math.pi / 2) % math.pi - math.pi / 2
        assert abs(off) < math.radians(1)
        spread = math.hypot(xx - yy, 2 * xy)
        assert math.sqrt((xx + yy + spread) / (xx + yy - spread)) == pytest.approx(2, rel=0.03)


def test_the_square_fills_rows_and_columns_of_equal_length():
    for scale, side in enumerate([11, 13, 15, 17, 19, 21]):
        image = picture(SQUARE, scale, 0, 16, 16)
        assert image.sum() == side**2
        assert (image.amax(0).sum(), image.amax(1).sum()) == (side, side)


@pytest.mark.parametrize("scale", range(6))
def test_the_heart_is_mirrored_left_to_right_but_not_top_to_bottom(masks, scale):
    heart = masks[HEART, scale, 0]
    assert torch.equal(heart, heart.flip(1))
    assert not torch.equal(heart, heart.flip(0))


@pytest.mark.parametrize("scale", range(6))
def test_the_heart_has_two_lobes_above_a_notch_and_a_tip_below(masks, scale):
    heart = masks[HEART, scale, 0]
    rows = torch.nonzero(heart.amax(1))[:, 0]
    top, bottom, middle = heart[rows[0]], heart[rows[-1]], 16
    assert top[middle] == 0
    assert top[:middle].any()
    assert top[middle + 1 :].any()
    assert bottom[middle] == 1
    assert bottom.sum() <= 3
    assert heart.sum(1).argmax() < middle


def test_only_the_last_orientation_and_some_squares_repeat_a_mask(masks):
    assert torch.equal(masks[:, :, 39], masks[:, :, 0])
    kinds = [Counter(mask.numpy().tobytes() for mask in shape.flatten(0, 1)) for shape in masks]
    assert [len(kind) for kind in kinds] == [6 * 39 - 28, 6 * 39, 6 * 39]
    assert len(kinds[0] + kinds[1] + kinds[2]) == 674


# --- the data set -------------------------------------------------------------------------------


def test_loading_splitting_and_taking_draw_nothing(monkeypatch):
    asked = []
    monkeypatch.setattr(sprites, "masks", lambda: pytest.fail("The masks were rendered."))
    monkeypatch.setattr(sprites, "draw", lambda index: asked.append(len(index)) or draw(index))
    dataset = sprites.load(None, False)
    fit, validation = dataset.fit_and_validation()
    taken = dataset.split("test").take(torch.tensor([5, 3]))
    assert all(isinstance(some.pixels, Rendered) for some in (fit, validation, taken))
    assert asked == []
    monkeypatch.undo()
    assert torch.equal(taken.bytes(), draw(sprites.row_order()[[700_005, 700_003]]))
    assert asked == [2]


def test_the_splits_have_the_promised_sizes(dataset):
    fit, validation = dataset.fit_and_validation()
    assert (len(fit), len(validation)) == (695_000, 5_000)
    assert len(dataset.split("test")) == 37_280
    assert dataset.image_shape == (1, 64, 64)


def test_the_rows_are_a_fixed_permutation_of_the_grid(dataset):
    order = dataset.pixels.index
    assert order.dtype == torch.int64
    assert order[:5].tolist() == [125_674, 436_028, 227_828, 625_170, 224_410]
    assert torch.equal(order.sort().values, torch.arange(COUNT))


def test_every_row_has_the_factors_and_the_label_of_its_image(dataset):
    factors = dataset.factors
    assert factors.names == ("shape", "scale", "orientation", "x", "y")
    assert factors.sizes == (3, 6, 40, 32, 32)
    assert torch.equal(index_of(factors.values), dataset.pixels.index)
    assert torch.equal(dataset.labels, factors.values[:, 0])
    assert dataset.classes == ("square", "ellipse", "heart")
    assert torch.equal(dataset.picture(12)[0].double(), picture(*factors.values[12].tolist()))


def test_the_test_split_is_a_fair_sample_of_every_factor(dataset):
    values = dataset.factors.values[dataset.train_size :]
    for column, size in enumerate(SIZES):
        counts = values[:, column].bincount(minlength=size).double()
        expected = len(values) / size
        assert (counts - expected).abs().max() < 5 * math.sqrt(expected)
