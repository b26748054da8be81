"""What a model makes of the same things as others: one answer, held to the package by value."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from explorer.latent.between import emptiness
from explorer.latent.portrait import IMAGES, SAMPLES, STEPS
from explorer.latent.sample import Asked, draw
from explorer.latent.subject import subject
from explorer.serve.answer import to_bytes
from explorer.serve.catalogue import catalogue
from explorer.serve.routes import routes
from tests.serve.test_selection import said_no

VIEW = "mnist-beta-vae-10-b4/mnist-5k/umap"
GIVEN = {"count": 5000, "at": "row:7", "seed": 3}


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(routes=routes()))


def url(view: str) -> str:
    return f"/explorer/portrait/{view}"


def unpacked(body: bytes) -> tuple[dict, np.ndarray, np.ndarray, np.ndarray]:
    """JSON, pixels (n, H, W, C), places (n, 2) and labels, read to the last byte."""
    n, length = struct.unpack("<2I", body[:8])
    said, at = json.loads(body[8 : 8 + length]), 8 + length
    size = n * int(np.prod(said["shape"]))
    pixels = np.frombuffer(body, np.uint8, size, at).reshape(n, *said["shape"])
    at += size + -size % 4
    xy = np.frombuffer(body, "<f4", 2 * said["points"], at).reshape(-1, 2)
    labels = np.frombuffer(body, np.uint8, offset=at + xy.nbytes)
    return said, pixels, xy, labels


def parts(said: dict, pixels: np.ndarray) -> list[np.ndarray]:
    """The chosen image, those of the row, samples, walks and the way."""
    counts = [1, len(said["rows"]), said["samples"], len(said["top"]) * STEPS, STEPS]
    assert len(pixels) == sum(counts)
    return np.split(pixels, np.cumsum(counts)[:-1])


def near(pixels: np.ndarray, images: np.ndarray) -> bool:
    """Equal up to rounding, of what was decoded in other batches."""
    return np.abs(pixels.astype(int) - to_bytes(images)).max() <= 1


def test_a_portrait_is_what_the_package_draws(client):
    said, pixels, xy, labels = unpacked(client.get(url(VIEW), params=GIVEN).content)
    one = catalogue.open("mnist-beta-vae-10-b4", "mnist-5k")
    a = subject(one, "row:7")
    chosen, row, samples, walks, way = parts(said, pixels)
    assert near(chosen, one.model.decode(a.z[None]))
    z = np.stack([subject(one, f"row:{at}").z for at in said["rows"]])
    assert near(row, one.model.decode(z))
    drawn = draw(one, "prior", Asked(n=SAMPLES, seed=3))
    assert near(samples, one.model.decode(drawn.z))
    found = one.dimensions
    assert said["top"] == found.order("kl")[:3].tolist()
    z = np.tile(a.z, (3, STEPS, 1))
    for k, dimension in enumerate(said["top"]):
        z[k, :, dimension] = np.linspace(-3, 3, STEPS)
    assert near(walks, one.model.decode(z.reshape(-1, 10)))
    b = subject(one, said["other"])
    share = np.linspace(0, 1, STEPS)[:, None]
    assert near(way, one.model.decode(((1 - share) * a.z + share * b.z).astype(np.float32)))
    assert said["kl"] == pytest.approx(found.kl, abs=1e-5)
    assert said["dead"] == found.dead.tolist()
    assert np.array_equal(xy, one.map("umap").coordinates.astype("<f4"))
    assert np.array_equal(labels, one.atlas.labels)
    places = [one.map("umap").coordinates[one.atlas.position(row)] for row in (7, b_row(said))]
    assert np.array(said["places"]) == pytest.approx(np.stack(places), abs=1e-3)


def b_row(said: dict) -> int:
    return int(said["other"].removeprefix("row:"))


def test_it_says_the_error_and_the_rate_of_the_chosen_image(client):
    said, *_ = unpacked(client.get(url(VIEW), params=GIVEN).content)
    one = catalogue.open("mnist-beta-vae-10-b4", "mnist-5k")
    at = one.atlas.position(7)
    mean, logvar = one.atlas.mean[at].astype(float), one.atlas.logvar[at].astype(float)
    rate = -0.5 * (1 + logvar - mean**2 - np.exp(logvar)).sum()
    assert said["rate"] == pytest.approx(rate, rel=1e-5)
    x = one.dataset.picture(7).numpy()
    drawn = one.model.decode(one.atlas.mean[at][None])[0]
    assert said["error"] == pytest.approx(float(np.square(x - drawn).mean()), rel=1e-4)


def test_the_row_is_a_test_image_of_each_class_and_b_is_of_another_class(client):
    said, *_ = unpacked(client.get(url(VIEW), params=GIVEN).content)
    data = catalogue.dataset("mnist-5k")
    assert [int(data.labels[row]) for row in said["rows"]] == list(range(IMAGES))
    assert min(said["rows"]) >= data.train_size
    assert said["labels"] == list(data.classes)
    assert int(data.labels[b_row(said)]) != int(data.labels[7])
    named, *_ = unpacked(client.get(url(VIEW), params=GIVEN | {"other": "row:11"}).content)
    assert named["other"] == "row:11"


@pytest.mark.parametrize("view", ["mnist-ae-2d/raw", "mnist-pca-32/pca", "mnist-cvae-2d/raw"])
def test_models_without_a_posterior_or_told_a_class_have_one_too(client, view):
    model, projection = view.split("/")
    answer = client.get(url(f"{model}/mnist-5k/{projection}"), params=GIVEN)
    said, pixels, *_ = unpacked(answer.content)
    one = catalogue.open(model, "mnist-5k")
    assert (said["kl"] is None) == (one.atlas.logvar is None)
    assert (said["rate"] is None) == (one.atlas.logvar is None)
    chosen, _, _, walks, _ = parts(said, pixels)
    a = subject(one, "row:7")
    told = None if a.label is None else np.array([a.label])
    assert near(chosen, one.model.decode(a.z[None], told))
    assert len(walks) == min(3, one.model.latent_dim) * STEPS


def test_a_place_is_one_of_the_map_of_the_model_that_it_was_chosen_on(client):
    home = catalogue.open("mnist-vae-2d", "mnist-5k")
    there = {"at": "place:0.5,-1", "home": "mnist-vae-2d", "map": "raw"}
    said, pixels, *_ = unpacked(client.get(url(VIEW), params=GIVEN | there).content)
    image = home.model.decode(np.array([[0.5, -1]], np.float32))
    one = catalogue.open("mnist-beta-vae-10-b4", "mnist-5k")
    expected = one.model.decode(one.model.encode(image).mean)
    assert near(pixels[:1], expected)
    assert said["error"] == pytest.approx(float(np.square(image - expected).mean()), rel=1e-4)


def test_the_same_portrait_is_not_sent_twice_whoever_asks(client):
    answer = client.get(url(VIEW), params=GIVEN | {"who": "one"})
    again = {"If-None-Match": answer.headers["etag"]}
    assert client.get(url(VIEW), params=GIVEN | {"who": "two"}, headers=again).status_code == 304
    changed = GIVEN | {"seed": 4}
    assert client.get(url(VIEW), params=changed, headers=again).status_code == 200


@pytest.mark.parametrize(
    ("view", "changed", "reason"),
    [
        (VIEW, {"at": "row:99999999"}, "There is no image"),
        (VIEW, {"at": "nothing"}, "starting point"),
        (VIEW, {"at": "r" * 80}, "64"),
        (VIEW, {"seed": "-1"}, "seed"),
        (VIEW, {"at": "place:0,0", "home": "mnist-vae-99"}, "no model called"),
        ("mnist-vq-vae/mnist-5k/pca", {}, "no dimensions to move"),
        ("mnist-vae-99/mnist-5k/pca", {}, "no model called"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(client, view, changed, reason):
    said_no(client.get(url(view), params=GIVEN | changed), reason)


def test_the_emptiness_between_classes_is_what_the_package_measures(client):
    answer = client.get("/explorer/between/mnist-vae-2d/mnist-5k?count=5000")
    expected = emptiness(catalogue.open("mnist-vae-2d", "mnist-5k"))
    assert answer.json()["relative"] == pytest.approx(expected, abs=1e-4)
    assert answer.json()["share"] == pytest.approx(np.linspace(0, 1, len(expected)))
    said_no(client.get("/explorer/between/mnist-vq-vae/mnist-5k?count=5000"), "no dimensions")
