"""Drawn faces: every factor does its own part, and the same index is the same face."""

from __future__ import annotations

import math
import zlib
from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.data import Rendered, load_dataset, names
from explorer.data import face_drawing as drawing
from explorer.data import face_shapes as shapes
from explorer.data.face_drawing import SIZES, draw, matte, plane
from explorer.data.face_hair import STYLES
from explorer.data.face_shapes import bow, box, ellipse, stroke
from explorer.data.faces import COMBINATIONS, draw_index, factors_of, index_of

NAMES = tuple(SIZES)


@pytest.fixture(scope="module")
def faces():
    return load_dataset("faces")


def face(**factors):
    """Factor values `(1, 8)`; of what is not said, the plainest value, looking ahead."""
    values = dict.fromkeys(NAMES, 0) | {"eye openness": 4, "head turn": 3}
    values |= {name.replace("_", " "): value for name, value in factors.items()}
    assert tuple(values) == NAMES
    return torch.tensor([list(values.values())])


def some_faces(n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return factors_of(torch.randint(COMBINATIONS, (n,), generator=generator))


def over(name, values):
    """Every value of a factor for the faces of `values (n, 8)`: images `(n, size, 3, 64, 64)`."""
    swept = values[:, None].repeat(1, SIZES[name], 1)
    swept[:, :, NAMES.index(name)] = torch.arange(SIZES[name])
    return draw(swept.flatten(0, 1)).unflatten(0, swept.shape[:2])


def changed(images):
    """Where the images along axis 1 are not all the same: `(n, 64, 64)`, True there."""
    return (images != images[:, :1]).any(dim=(1, 2))


def box_of(mask):
    """The first and last row and the first and last column that hold something."""
    y, x = mask.any(0).nonzero().unbind(1)
    return y.min().item(), y.max().item(), x.min().item(), x.max().item()


# --- the grid ---------------------------------------------------------------------------------


def test_the_grid_has_one_index_for_each_combination():
    assert COMBINATIONS == 6 * 6 * 6 * 7 * 5 * 7 * 3 * 8 == 1_270_080
    first_and_last = factors_of(torch.tensor([0, 1, 8, COMBINATIONS - 1])).tolist()
    assert first_and_last == [
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 1, 0],
        [5, 5, 5, 6, 4, 6, 2, 7],
    ]


@given(st.lists(st.integers(0, COMBINATIONS - 1), max_size=50))
def test_an_index_and_its_factors_lead_to_each_other(indices):
    index = torch.tensor(indices, dtype=torch.int64)
    values = factors_of(index)
    assert torch.equal(index_of(values), index)
    assert bool((values >= 0).all())
    assert bool((values < torch.tensor(list(SIZES.values()))).all())


# --- the same index is the same face ----------------------------------------------------------


def test_faces_are_colour_bytes_in_the_order_asked_for():
    index = torch.tensor([5, 900_000, 5])
    images = draw_index(index)
    assert images.shape == (3, 3, 64, 64)
    assert images.dtype == torch.uint8
    assert torch.equal(images[0], images[2])
    assert not torch.equal(images[0], images[1])
    assert draw_index(index[:0]).shape == (0, 3, 64, 64)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, COMBINATIONS - 1), st.integers(1, 70))
def test_a_face_is_the_same_bit_for_bit_alone_and_in_any_batch(index, n):
    batch = torch.arange(n) * 7_919 % COMBINATIONS
    batch[n // 2] = index
    assert torch.equal(draw_index(batch)[n // 2], draw_index(torch.tensor([index]))[0])


def test_neither_the_chunks_nor_new_mattes_change_a_face(monkeypatch):
    values = some_faces(50)
    images = draw(values)
    monkeypatch.setitem(drawing._CHUNK, "cpu", 7)
    drawing._paints.cache_clear()
    assert torch.equal(draw(values), images)


def test_the_faces_are_still_the_ones_that_models_were_trained_on(faces):
    """A change of the drawing is a change of the data: models must be trained anew after it."""
    assert faces.pixels.index[:3].tolist() == [364_056, 1_107_970, 632_961]
    images = faces.split("all").take(slice(0, 512)).bytes()
    assert zlib.crc32(images.numpy().tobytes()) == 2_781_593_526


# --- one factor changes what it should, and nothing else --------------------------------------


def test_every_value_of_every_factor_looks_different():
    for name in NAMES:
        for images in over(name, some_faces(20)):
            assert len({image.numpy().tobytes() for image in images}) == SIZES[name], name


def test_the_background_hue_changes_the_corners_and_not_the_face():
    images = over("background hue", some_faces(40))
    where = changed(images)
    assert bool(where[:, 0, [0, -1]].all())
    assert not bool(where[:, 28:44, 26:38].any())
    assert not bool(where[:, 60:, 20:44].any())


def test_the_skin_tone_changes_the_face_from_light_to_dark_and_not_the_background():
    images = over("skin tone", some_faces(40))
    assert not bool(changed(images)[:, :4, :4].any())
    forehead = over("skin tone", face())[0, :, :, 18, 30].float().mean(1)
    assert bool((forehead.diff() < -10).all())
    neck = images[:, :, :, 55, 32].float().mean(2)
    assert bool((neck.diff(dim=1) < -10).all())


def test_the_hair_colour_changes_the_hair_and_brows_and_not_the_mouth():
    where = changed(over("hair colour", some_faces(40)))
    assert bool(where[:, 22:28].flatten(1).any(1).all())
    assert not bool(where[:, 38:46, 30:34].any())
    assert not bool(where[:, :2, :16].any())
    rows = box_of(changed(over("hair colour", face())))[:2]
    assert rows[0] >= 22
    assert rows[1] <= 28


def test_the_hair_style_leaves_the_mouth_and_the_corners_alone():
    where = changed(over("hair style", some_faces(40)))
    assert bool(where[:, 12, 32].all())
    assert not bool(where[:, 38:46, 30:34].any())
    assert not bool(where[:, :5, [0, 1, -2, -1]].any())


@pytest.mark.parametrize(
    ("name", "top", "bottom"), [("smile", 35, 47), ("eye openness", 25, 34), ("glasses", 24, 37)]
)
def test_a_feature_changes_its_own_band_of_the_face_only(name, top, bottom):
    where = changed(over(name, some_faces(100)))
    assert bool(where.flatten(1).any(1).all())
    first, last, left, right = box_of(where)
    assert top <= first < last <= bottom
    assert 10 <= left < right <= 53


def test_a_smile_lifts_the_corners_of_the_mouth_step_by_step():
    lips = matte(shapes.lips(plane()))[:, 3]
    rows = torch.arange(64.0)[:, None]

    def height(part):
        return (part * rows).sum((1, 2)) / part.sum((1, 2))

    corners = torch.cat([lips[:, :, :30], lips[:, :, 34:]], dim=2)
    lift = height(lips[:, :, 30:34]) - height(corners)
    assert bool((lift.diff() > 0.2).all())
    assert lift[3].item() == pytest.approx(0, abs=0.1)


def test_hair_that_hangs_down_hides_the_ears_however_the_head_turns():
    for style in ("bob", "long", "curly"):
        values = torch.cat(
            [face(hair_style=STYLES.index(style), head_turn=turn) for turn in range(7)]
        )
        images = over("skin tone", values)[:, :, :, 24:36].int()
        difference = (images - images[:, :1]).abs()
        assert difference[..., :13].max() <= 1, style
        assert difference[..., 51:].max() <= 1, style


def test_eyes_open_step_by_step():
    """The white of the eyes, which nothing else in the upper face is, grows."""
    images = over("eye openness", face(skin_tone=5))[0, :, :, 25:35, 20:44]
    white = (images.amin(1) > 150).flatten(1).sum(1)
    assert white[0] == 0
    assert bool((white.diff() >= 0).all())
    assert white[4] >= 8


@pytest.mark.parametrize("feature", ["eye openness", "smile", "glasses"])
@pytest.mark.parametrize("style", range(len(STYLES)))
def test_turning_the_head_moves_the_features_from_left_to_right(feature, style):
    where = torch.stack(
        [changed(over(feature, face(head_turn=turn, hair_style=style)))[0] for turn in range(7)]
    ).float()
    centre = (where.sum(1) * torch.arange(64.0)).sum(1) / where.sum((1, 2))
    assert bool((centre.diff() > 0.3).all())
    assert centre[3].item() == pytest.approx(31.5, abs=0.6)
    assert centre[6] - centre[0] > 6


def test_eyes_of_a_turned_head_are_the_mirror_image_of_the_other_turn():
    eyes = [changed(over("eye openness", face(head_turn=turn)))[0] for turn in (1, 5)]
    assert (eyes[0] != eyes[1].flip(1)).float().mean() < 0.01


# --- soft edges -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        (lambda p: ellipse(p, 30.3, 31.7, 12.0, 12.0), math.pi * 144),
        (lambda p: ellipse(p, 30.3, 31.7, 14.0, 9.0), math.pi * 126),
        (lambda p: box(p, 30.3, 31.7, 10.2, 6.4, 2.0), 20.4 * 12.8 - (4 - math.pi) * 4),
        (lambda p: stroke(p, (20.2, 20.0), (40.2, 20.0), 1.7), 20 * 3.4 + math.pi * 1.7**2),
        (lambda p: bow(p, 32.0, 20.4, 8.0, 0.0), 64 * (64 - 20.4)),
    ],
)
def test_a_matte_covers_the_area_of_its_shape_with_soft_edges(shape, area):
    cover = matte(shape(plane()))
    assert cover.shape == (64, 64)
    assert cover.min() == 0
    assert cover.max() == 1
    assert cover.sum().item() == pytest.approx(area, rel=0.01)
    assert bool(((cover > 0.1) & (cover < 0.9)).any())


def test_a_tapered_stroke_is_as_thick_as_asked_at_either_end():
    cover = matte(stroke(plane(), (10.0, 32.0), (50.0, 32.0), 2.0, 5.0)).sum(0)
    assert cover[10].item() == pytest.approx(4, abs=0.3)
    assert cover[49].item() == pytest.approx(10, abs=0.3)


def test_colours_between_skin_and_background_lie_on_the_edge_of_a_head():
    row = draw(face(skin_tone=5))[0, :, 20].float().mean(0)
    ground, skin = row[6].item(), row[30].item()
    edge = row[10:24]
    between = (edge < ground - 25) & (edge > skin + 15)
    assert ground - skin > 80
    assert 1 <= int(between.sum()) <= 2


def test_a_face_has_many_more_colours_than_its_paints():
    features = draw(face())[0, :, 22:48, 22:42].flatten(1).T
    assert len(features.unique(dim=0)) > 80


# --- the data set -----------------------------------------------------------------------------


def test_the_data_set_is_drawn_only_when_asked_and_knows_its_factors(faces):
    assert "faces" in names()
    assert isinstance(faces.pixels, Rendered)
    assert faces.image_shape == (3, 64, 64)
    assert faces.factors.names == NAMES
    assert faces.factors.sizes == tuple(SIZES.values())
    assert torch.equal(faces.factors.values, factors_of(faces.pixels.index))
    assert torch.equal(faces.labels, faces.factors.values[:, NAMES.index("hair style")])
    assert faces.classes == STYLES
    assert torch.equal(
        faces.split("all").take(slice(7, 9)).bytes(), draw(faces.factors.values[7:9])
    )


def test_the_splits_are_36000_faces_to_train_of_which_2000_validate_and_4000_to_test(faces):
    fit, validation = faces.fit_and_validation()
    assert (len(fit), len(validation), len(faces.split("test"))) == (34_000, 2_000, 4_000)
    assert len(faces.pixels.index.unique()) == len(faces) == 40_000
    assert faces.origins[-1][0] == 40_000
    assert faces.origins[-1][1].format(index=12) == "drawn face 12"


def test_every_value_is_about_as_frequent_as_chance_says_in_train_and_test(faces):
    for part in (slice(0, 36_000), slice(36_000, 40_000)):
        values = faces.factors.values[part]
        for column, size in zip(values.unbind(1), faces.factors.sizes, strict=True):
            share = torch.bincount(column, minlength=size) / len(column)
            spread = math.sqrt((1 / size) * (1 - 1 / size) / len(column))
            assert (share - 1 / size).abs().max().item() < 4 * spread


def cramers_v(a, b):
    """How dependent two columns of values are: 0 not at all, 1 entirely."""
    counts = torch.zeros(int(a.max()) + 1, int(b.max()) + 1, dtype=torch.float64)
    counts.index_put_((a, b), torch.ones(len(a), dtype=torch.float64), accumulate=True)
    expected = counts.sum(1, keepdim=True) * counts.sum(0) / len(a)
    squared = ((counts - expected) ** 2 / expected).sum().item()
    return math.sqrt(squared / len(a) / (min(counts.shape) - 1))


def test_the_factors_are_independent_of_each_other(faces):
    columns = faces.factors.values.unbind(1)
    assert cramers_v(columns[0], columns[0]) == pytest.approx(1)
    assert max(cramers_v(a, b) for a, b in combinations(columns, 2)) < 0.025
