"""What every data set promises, whatever its source."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from explorer.data import Dataset, Images, Rendered, load_dataset, materialised, names
from explorer.data.base import from_arrays, unit

# These need files that a test has to write; their own tests hold them to their promises.
WITH_FILES = {"celeba", "fashion-mnist", "folder", "kmnist"}


@pytest.fixture(params=["mnist-5k", "mnist", "sprites", "faces"])
def dataset(request):
    if request.param.startswith("mnist"):
        return request.getfixturevalue("digits" if request.param == "mnist-5k" else "mnist")
    return load_dataset(request.param)


def test_every_registered_data_set_is_held_to_these_promises():
    assert set(names()) == {"mnist", "mnist-5k", "sprites", "faces"} | WITH_FILES


def test_images_are_bytes_with_one_integer_label_each(dataset):
    assert materialised(dataset.pixels[:100]).dtype == torch.uint8
    assert dataset.labels.dtype == torch.int64
    assert dataset.pixels.shape == (len(dataset), *dataset.image_shape)
    assert dataset.labels.shape == (len(dataset),)
    assert dataset.labels.unique().tolist() == list(range(len(dataset.classes)))


def test_fit_validation_and_test_rows_cover_the_data_set_without_overlap(dataset):
    fit, validation = dataset.fit_and_validation()
    rows = torch.cat([fit.rows, validation.rows, dataset.split("test").rows])
    assert torch.equal(rows, torch.arange(len(dataset)))
    assert len(validation) == dataset.validation_size


def test_a_row_leads_back_to_its_image_and_label_in_every_split(dataset):
    for images in (*dataset.fit_and_validation(), dataset.split("test"), dataset.split("all")):
        picked = images.take(torch.randperm(len(images))[:50])
        assert torch.equal(materialised(dataset.pixels[picked.rows]), picked.bytes())
        assert torch.equal(dataset.labels[picked.rows], picked.labels)


def test_the_origins_cover_all_rows_in_order_and_take_the_index_within_their_stretch(dataset):
    assert dataset.origins
    stops = [stop for stop, _ in dataset.origins]
    assert stops == sorted(set(stops))
    assert stops[-1] == len(dataset)
    for _, template in dataset.origins:
        assert template.count("{index}") == 1
        assert "7" in template.format(index=7)


def test_no_image_of_the_5000_is_in_both_splits(digits):
    train = {image.numpy().tobytes() for image in digits.split("train").pixels}
    test = [image.numpy().tobytes() for image in digits.split("test").pixels]
    assert not train.intersection(test)


def test_bytes_become_floats_from_0_to_1_and_the_bytes_stay():
    pixels = torch.tensor([0, 51, 255], dtype=torch.uint8)
    assert unit(pixels).tolist() == pytest.approx([0, 0.2, 1])
    assert unit(pixels).dtype == torch.float32
    assert pixels.tolist() == [0, 51, 255]


def test_grey_arrays_get_a_channel_and_colour_arrays_keep_theirs():
    labels = np.zeros(2, dtype=np.uint8)
    assert from_arrays(np.zeros((2, 5, 6), np.uint8), labels)[0].shape == (2, 1, 5, 6)
    assert from_arrays(np.zeros((2, 3, 5, 6), np.uint8), labels)[0].shape == (2, 3, 5, 6)


def test_a_data_set_is_read_once_per_process(digits):
    assert load_dataset("mnist-5k") is load_dataset("mnist-5k")


# --- images that are drawn on demand ----------------------------------------------------------


def ramps(n: int) -> Rendered:
    """Image i is filled with the byte i % 256."""

    def draw(index):
        return (index % 256).to(torch.uint8)[:, None, None, None].expand(-1, 1, 2, 2)

    return Rendered(draw, (1, 2, 2), torch.arange(n))


def test_a_rendered_set_answers_like_a_tensor_and_draws_only_what_is_asked():
    asked = []
    pixels = ramps(1_000_000)
    spied = replace(pixels, draw=lambda index: asked.append(len(index)) or pixels.draw(index))
    images = Images(spied, torch.zeros(1_000_000), torch.arange(1_000_000))
    picked = images.take(torch.tensor([7, 300, 999_999])).take(slice(1, 3))
    assert asked == []
    assert picked.pixels.shape == (2, 1, 2, 2)
    assert picked.bytes()[:, 0, 0, 0].tolist() == [300 - 256, 999_999 % 256]
    assert asked == [2]
    torch.testing.assert_close(picked.float(0, 1), torch.full((1, 1, 2, 2), 44 / 255))


def test_a_data_set_of_drawn_images_splits_by_row():
    dataset = Dataset(
        name="ramps",
        title="Ramps",
        source="drawn",
        pixels=ramps(10),
        labels=torch.zeros(10, dtype=torch.int64),
        train_size=8,
        classes=("ramp",),
        validation_size=2,
    )
    fit, validation = dataset.fit_and_validation()
    assert fit.bytes()[:, 0, 0, 0].tolist() == list(range(6))
    assert validation.bytes()[:, 0, 0, 0].tolist() == [6, 7]
    assert dataset.picture(9).max().item() == pytest.approx(9 / 255)
    assert dataset.image_shape == (1, 2, 2)
