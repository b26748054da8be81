"""What is answered for the families that differ: told a class, drawn from codes, in colour."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from explorer.data import load_dataset
from explorer.loaded import load
from explorer.serve.catalogue import catalogue
from tests.serve.test_decode import as_bytes, ask
from tests.support import is_one_sentence

TOLD = {"model": "told", "dataset": "mnist-5k", "projection": "raw"}
CODES = {"model": "codes", "dataset": "mnist-5k", "projection": "pca"}
COLOUR = {"model": "colour", "dataset": "faces", "projection": "pca"}


def near(pixels: np.ndarray, images: np.ndarray) -> bool:
    """The bytes are those of the images, up to rounding."""
    return np.abs(pixels - as_bytes(images)).max() <= 1


@pytest.fixture
def told(put):
    put("told")
    return load("told", "cpu")


@pytest.fixture
def codes(put):
    put("codes")
    return load("codes", "cpu")


@pytest.fixture
def colour(put):
    put("colour")
    return load("colour", "cpu")


def atlas_of(model):
    return catalogue.open(model.id, "mnist-5k").atlas


def other_class(row: int, digits) -> int:
    return (int(digits.labels[row]) + 3) % 10


# --- conditional models -----------------------------------------------------------------------


@pytest.mark.parametrize("row", [0, 7, 299])
def test_an_image_is_decoded_as_its_own_class_unless_another_is_asked_for(told, digits, row):
    x, label = digits.pixels[row : row + 1].numpy(), digits.labels[row : row + 1].numpy()
    z, other = told.encode(x, label).mean, np.array([other_class(row, digits)])
    _, own, said = ask(kind="image", row=row, **TOLD)
    assert near(own, told.decode(z, label))
    assert said["as"] == said["label"] == label[0]
    _, drawn, said = ask(kind="image", row=row, label=int(other[0]), **TOLD)
    assert near(drawn, told.decode(z, other))
    assert (said["as"], said["label"]) == (other[0], label[0])
    assert said["z"] == pytest.approx(z[0], abs=1e-4)
    assert np.abs(own.astype(int) - drawn).max() > 50


def test_a_squared_error_is_that_of_the_own_class_and_of_no_other(told, digits):
    own = int(digits.labels[7])
    x = digits.pixels[7:8].numpy()
    picture = told.decode(told.encode(x, np.array([own])).mean, np.array([own]))
    expected = np.square(x / 255 - picture).mean()
    for asked in ({}, {"label": own}):
        _, _, said = ask(kind="image", row=7, detail=True, **asked, **TOLD)
        assert said["mse"] == pytest.approx(expected, rel=1e-4)
    _, _, said = ask(kind="image", row=7, detail=True, label=other_class(7, digits), **TOLD)
    assert "mse" not in said
    assert said["label"] == own


def test_the_round_trip_is_that_of_the_class_that_was_drawn(told, digits):
    z, seen = atlas_of(told).mean[7:8], {}
    for label in (int(digits.labels[7]), other_class(7, digits)):
        told_label = np.array([label])
        again = told.encode(told.decode(z, told_label), told_label).mean
        _, _, said = ask(kind="image", row=7, detail=True, label=label, **TOLD)
        assert said["round_trip"] == pytest.approx(np.linalg.norm(again - z), abs=2e-3)
        seen[label] = said["round_trip"]
    assert len(set(seen.values())) == 2


def places_of_many_classes(atlas) -> tuple[list[list[float]], list[int]]:
    """Places beside points of several classes, and the class of the point nearest to each."""
    places = (atlas.coordinates("raw")[:40] + 0.003).round(3)
    distance = np.linalg.norm(places[:, None] - atlas.coordinates("raw")[None], axis=2)
    return places.tolist(), atlas.labels[distance.argmin(1)].tolist()


def test_a_place_is_decoded_as_the_class_of_the_nearest_point(told):
    places, labels = places_of_many_classes(atlas_of(told))
    assert len(set(labels)) > 3
    z = np.array(places, np.float32)
    _, together, said = ask(kind="place", xy=places, **TOLD)
    assert near(together, told.decode(z, np.array(labels)))
    assert said["as"] == labels[0]
    for place, label in list(zip(places, labels, strict=True))[:5]:
        _, one, said = ask(kind="place", xy=[place], **TOLD)
        assert said["as"] == label
        assert near(one, told.decode(np.array([place], np.float32), np.array([label])))


def test_all_places_are_decoded_as_the_class_that_was_asked_for(told):
    places, _ = places_of_many_classes(atlas_of(told))
    _, pixels, said = ask(kind="place", xy=places, label=4, detail=True, **TOLD)
    assert near(pixels, told.decode(np.array(places, np.float32), np.full(len(places), 4)))
    assert said["as"] == 4


def test_latents_are_decoded_as_the_classes_beside_them(told):
    z = np.array([[0.5, -1.0], [0.0, 0.25]], np.float32)
    _, pixels, _ = ask(kind="latent", model="told", z=z.tolist(), labels=[3, 8])
    assert near(pixels, told.decode(z, np.array([3, 8])))


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"kind": "image", "row": 0, "label": 10, **TOLD}, "class numbers from 0 to 9"),
        ({"kind": "image", "row": 0, "label": -1, **TOLD}, "greater than or equal to 0"),
        ({"kind": "image", "row": 0, "label": 10**30, **TOLD}, "less than or equal to 255"),
        ({"kind": "image", "row": 0, "label": "three", **TOLD}, "label"),
        ({"kind": "place", "xy": [[0, 0], [1, 1]], "label": 10, **TOLD}, "numbers from 0 to 9"),
        ({"kind": "latent", "model": "told", "z": [[0, 0]]}, "give the class of each row"),
        ({"kind": "latent", "model": "told", "z": [[0, 0]], "labels": [10]}, "from 0 to 9"),
        ({"kind": "latent", "model": "told", "z": [[0, 0]], "labels": [1, 2]}, "2 labels for 1"),
        ({"kind": "latent", "model": "told", "z": [[0, 0]], "labels": [10**30]}, "255"),
        ({"kind": "latent", "model": "told", "z": [[0, 0]], "labels": [-1]}, "equal to 0"),
    ],
)
def test_a_class_that_there_is_not_is_one_sentence_and_no_pixels(told, asked, reason):
    _, pixels, said = ask(**asked)
    assert len(pixels) == 0
    assert reason in said["error"]
    assert is_one_sentence(said["error"])


def weights_of(*shares: tuple[int, float]) -> list[float]:
    row = [0.0] * 10
    for label, share in shares:
        row[label] = share
    return row


def test_latents_are_decoded_as_the_mix_of_classes_beside_them(told):
    z = np.random.default_rng(0).normal(size=(3, 2)).round(3)
    weights = [weights_of((3, 1.0)), weights_of((3, 0.25), (8, 0.75)), weights_of((8, 1.0))]
    view = {"dataset": "mnist-5k", "projection": "raw", "detail": True}
    for more in ({}, view):
        _, pixels, said = ask(kind="latent", model="told", z=z.tolist(), weights=weights, **more)
        expected = told.decode(z.astype(np.float32), np.array(weights, np.float32))
        assert near(pixels, expected)
        assert "as" not in said
    labels = np.array([3, 3, 8])
    _, whole, _ = ask(kind="latent", model="told", z=z.tolist(), labels=labels.tolist())
    assert near(whole[[0, 2]], expected[[0, 2]])
    assert not near(whole[1:2], expected[1:2])


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"weights": [weights_of((3, 0.5))]}, "sum to 1"),
        ({"weights": [weights_of((3, 1.5), (4, -0.5))]}, "less than or equal to 1"),
        ({"weights": [weights_of((3, 1.0))], "labels": [3]}, "not by both"),
        ({"weights": [weights_of((3, 1.0))] * 2}, "2 labels for 1 rows"),
        ({"weights": [[0.5, 0.5]]}, "weights of shape (1, 10)"),
        ({"weights": [[]]}, "at least 1"),
        ({"weights": [[1.0] + [0.0] * 255]}, "at most 255"),
    ],
)
def test_weights_that_mean_nothing_are_one_sentence_and_no_pixels(told, asked, reason):
    _, pixels, said = ask(kind="latent", model="told", z=[[0.5, 0.5]], **asked)
    assert len(pixels) == 0
    assert reason in said["error"]
    assert is_one_sentence(said["error"])


def test_weights_of_different_lengths_are_one_sentence(told):
    rows = [weights_of((3, 1.0)), [1.0]]
    _, _, said = ask(kind="latent", model="told", z=[[0, 0], [0, 0]], weights=rows)
    assert "as many classes" in said["error"]


def test_a_model_without_classes_passes_the_class_over(put):
    put("linear")
    view = {"model": "linear", "dataset": "mnist-5k", "projection": "pca"}
    _, plain, said = ask(kind="image", row=5, detail=True, **view)
    _, labelled, also = ask(kind="image", row=5, detail=True, label=3, **view)
    assert np.array_equal(plain, labelled)
    assert said == also
    assert "as" not in said
    assert "mse" in said


# --- VQ-VAEs ----------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [0, 41, 299])
def test_an_image_of_a_vq_vae_is_told_by_its_codes(codes, digits, row):
    x = digits.split("all").float(row, row + 1)
    _, pixels, said = ask(kind="image", row=row, detail=True, **CODES)
    expected = codes.network.codes(x)[0]
    assert said["codes"] == expected.tolist()
    assert len(expected.unique()) > 2
    assert said["latent"] == []
    assert near(pixels, codes.network.decode_codes(expected[None]).numpy())


def test_a_mixed_place_of_a_vq_vae_is_told_by_the_codes_that_are_drawn(codes):
    opened = catalogue.open("codes", "mnist-5k")
    z = opened.map("pca").latents_at(np.array([[1.0, -1.0]]))
    _, pixels, said = ask(kind="place", xy=[[1.0, -1.0]], detail=True, **CODES)
    assert said["codes"] == codes.codes(z)[0].tolist()
    assert near(pixels, codes.decode(z))


def test_the_round_trip_of_an_image_of_a_vq_vae_is_between_its_codes(codes):
    z = atlas_of(codes).mean[3:4]
    again = codes.encode(codes.decode(z)).mean
    _, _, said = ask(kind="image", row=3, detail=True, **CODES)
    assert said["round_trip"] == pytest.approx(np.linalg.norm(again - z), abs=0.01)


def test_a_model_without_a_codebook_has_no_codes(put):
    put("few")
    _, _, said = ask(
        kind="image", row=0, detail=True, model="few", dataset="mnist-5k", projection="pca"
    )
    assert said["codes"] is None
    assert len(said["latent"]) == 24


# --- colour, and images that are drawn when asked for -----------------------------------------


@pytest.mark.parametrize("row", [0, 123])
def test_a_colour_image_comes_back_in_colour(colour, row):
    faces = load_dataset("faces")
    x = faces.split("all").take(slice(row, row + 1)).bytes().numpy()
    picture = colour.decode(colour.encode(x).mean)
    _, pixels, said = ask(kind="image", row=row, detail=True, **COLOUR)
    assert pixels.shape == (1, 64, 64, 3)
    assert np.abs(pixels - as_bytes(picture)).max() <= 2  # latents are kept as float16
    assert np.ptp(pixels[0].astype(int), axis=2).max() > 20  # not grey
    assert said["mse"] == pytest.approx(np.square(x / 255 - picture).mean(), rel=0.01)
    assert said["label"] == faces.labels[row]


def test_places_of_a_colour_map_are_decoded_in_colour(colour):
    _, pixels, _ = ask(kind="place", xy=[[0, 0], [1, 1], [-1, 0.5]], **COLOUR)
    z = (
        catalogue.open("colour", "faces")
        .map("pca")
        .latents_at(np.array([[0, 0], [1, 1], [-1, 0.5]]))
    )
    assert pixels.shape == (3, 64, 64, 3)
    assert near(pixels, colour.decode(z))
    assert (pixels[0] != pixels[1]).any()


def test_only_images_of_the_map_are_answered_for_a_larger_data_set(colour):
    _, pixels, said = ask(kind="image", row=300, **COLOUR)
    assert len(pixels) == 0
    assert said["error"] == "There is no image 300 on this map; it holds 300 images."


@pytest.mark.parametrize(
    ("count", "reason"), [(7, "--count 7'"), (1, "greater than or equal to 2"), ("all", "count")]
)
def test_a_number_of_images_that_no_map_has_is_one_sentence_and_no_pixels(put, count, reason):
    put("linear")
    view = {"model": "linear", "dataset": "mnist-5k", "projection": "pca", "count": count}
    for asked in ({"kind": "image", "row": 0}, {"kind": "place", "xy": [[0, 0]]}):
        _, pixels, said = ask(**asked, **view)
        assert len(pixels) == 0
        assert reason in said["error"]
        assert is_one_sentence(said["error"])


# --- what the classifier reads ----------------------------------------------------------------


def test_a_real_image_comes_after_the_decoded_ones_of_the_same_answer(told, digits):
    places = [[0.1, 0.2], [1.0, -0.5]]
    _, alone, _ = ask(kind="place", xy=places, **TOLD)
    _, both, said = ask(kind="place", xy=places, beside=4321, **TOLD)
    assert np.array_equal(both[:-1], alone)
    assert np.array_equal(both[-1, ..., 0], digits.pixels[4321, 0])
    assert said["place"] == places[0]
    _, both, _ = ask(kind="image", row=7, beside=8, **TOLD)
    assert np.array_equal(both[-1, ..., 0], digits.pixels[8, 0])


def test_a_real_image_that_there_is_not_is_one_sentence_and_no_pixels(told):
    _, pixels, said = ask(kind="image", row=7, beside=5000, **TOLD)
    assert len(pixels) == 0
    assert "no image 5000" in said["error"]
    assert is_one_sentence(said["error"])


def test_a_decoded_digit_is_read_by_our_own_classifier(told, digits):
    from explorer.loaded import network_of
    from explorer.store import open_artefact

    judge = network_of(open_artefact("./pretrained/mnist-classifier"), "cpu").eval()
    other = other_class(7, digits)
    _, drawn, said = ask(kind="image", row=7, label=other, detail=True, **TOLD)
    image = told.decode(atlas_of(told).mean[7:8], np.array([other]))
    with torch.inference_mode():
        expected = judge.probabilities(torch.from_numpy(image))[0]
    assert said["reads"] == int(expected.argmax())
    assert said["sure"] == pytest.approx(float(expected.max()), abs=1e-3)
    assert near(drawn, image)


def test_where_no_classifier_knows_such_images_nothing_is_read(colour):
    _, _, said = ask(kind="image", row=3, detail=True, **COLOUR)
    assert "reads" not in said
    assert len(said["neighbours"]) == 5
