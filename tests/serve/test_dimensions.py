"""What the server says of dimensions: what the package computes, and a reason for every refusal."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

import explorer
from explorer.latent.dimensions import names
from explorer.serve import dimensions
from explorer.serve.catalogue import catalogue
from explorer.serve.requests import MAX_COORDINATE
from explorer.serve.routes import routes
from tests.serve.test_decode import as_bytes, ask
from tests.serve.test_decode_fuzz import sound
from tests.serve.test_routes import cells
from tests.serve.test_selection import said_no

WALK = {"kind": "traverse", "model": "mnist-vae-20", "steps": 7}
Z = catalogue.open("mnist-vae-20", "mnist-5k").atlas.mean[7]


# --- walks along dimensions -----------------------------------------------------------------------


def test_walks_are_decoded_one_after_the_other_with_the_other_dimensions_held():
    _, pixels, said = ask(**WALK, z=Z.tolist(), dimensions=[4, 11], ranges=[[-3, 3], [2, -1]])
    z = np.tile(Z, (2, 7, 1))
    z[0, :, 4], z[1, :, 11] = np.linspace(-3, 3, 7), np.linspace(2, -1, 7)
    expected = as_bytes(explorer.load("mnist-vae-20", "cpu").decode(z.reshape(14, 20)))
    assert pixels.shape == (14, 28, 28, 1)
    assert np.abs(pixels - expected).max() <= 1
    assert said["dimensions"] == [4, 11]


def test_a_conditional_model_walks_as_the_class_that_it_is_told():
    model = explorer.load("mnist-cvae-20", "cpu")
    walk = {**WALK, "model": "mnist-cvae-20", "z": [0.0] * 20, "dimensions": [0]}
    z = np.zeros((7, 20), np.float32)
    z[:, 0] = np.linspace(-2, 2, 7)
    for label in (3, 8):
        _, pixels, _ = ask(**walk, ranges=[[-2, 2]], label=label)
        assert np.abs(pixels - as_bytes(model.decode(z, np.full(7, label)))).max() <= 1
    _, _, said = ask(**walk, ranges=[[-2, 2]])
    assert "class" in said["error"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"dimensions": [20]}, "no dimension 21; this model has 20"),
        ({"z": [0.0] * 19}, "(N, 20)"),
        ({"dimensions": [0, 1]}, "one range for each"),
        ({"steps": 26}, "25"),
        ({"steps": 1}, "2"),
        ({"dimensions": [], "ranges": []}, "dimensions"),
        ({"dimensions": [0] * 33, "ranges": [[0, 1]] * 33}, "32"),
        ({"dimensions": [0] * 11, "ranges": [[0, 1]] * 11, "steps": 25}, "At most 256"),
        ({"ranges": [[0, 10 * MAX_COORDINATE]]}, "1000000"),
        ({"model": "mnist-vae-99"}, "no model called"),
    ],
)
def test_a_walk_that_cannot_be_taken_is_one_sentence_and_no_pixels(changed, reason):
    whole = {**WALK, "z": [0.0] * 20, "dimensions": [0], "ranges": [[-3, 3]], **changed}
    _, pixels, said = ask(**whole)
    assert len(pixels) == 0
    assert reason in said["error"]


@given(st.lists(st.floats(width=32), min_size=2, max_size=2), st.integers(0, 1), st.integers(2, 25))
def test_every_walk_is_taken_or_refused(ends, dimension, steps):
    walk = {"seq": 1, "kind": "traverse", "model": "mnist-vae-2d", "z": ends, "steps": steps}
    text = json.dumps(walk | {"dimensions": [dimension], "ranges": [ends]})
    inside = all(abs(value) <= MAX_COORDINATE for value in ends)
    assert len(sound(text)[1]) == (steps if inside else 0)


# --- facts ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(routes=routes()))


@pytest.mark.parametrize(
    "view",
    ["mnist-vae-20/mnist-5k", "mnist-pca-20/mnist-5k", "faces-beta-vae-16-b4/faces"],
)
def test_the_facts_of_a_models_dimensions_are_those_of_the_package(client, view):
    answer = client.get(f"/explorer/dimensions/{view}?count=5000")
    assert answer.status_code == 200, answer.text
    one, said = catalogue.open(*view.split("/")), answer.json()
    found = one.dimensions
    for name in ("kl", "sigma", "share", "low", "high", "centre", "unit"):
        expected = getattr(found, name)
        assert said[name] == (None if expected is None else pytest.approx(expected, rel=1e-5))
    assert said["order"] == found.order("kl").tolist()
    assert [bool(why) for why in said["why"]] == found.dead.tolist()
    assert said["names"] == names(one.model.card.spec.model.family, len(found))
    assert said["prior"] == one.model.network.has_prior
    assert said["images"] == 5000
    channels, height, width = one.dataset.image_shape
    assert said["shape"] == [height, width, channels]
    assert said["classes"] == list(one.dataset.classes)
    again = client.get(
        f"/explorer/dimensions/{view}?count=5000", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304


# --- the table of all of them ---------------------------------------------------------------------


def table(client, view: str, columns: int, **query) -> np.ndarray:
    """The cells of the table, row by row, `(n, H, W, ...)`."""
    answer = client.get(f"/explorer/traversal/{view}", params={"count": 5000, **query})
    assert answer.status_code == 200, answer.text
    mosaic = np.asarray(Image.open(io.BytesIO(answer.content)))
    size = catalogue.dataset(view.split("/")[1]).image_shape[1]
    return cells(mosaic, columns, len(mosaic) // size)


def test_the_table_walks_along_every_living_dimension_by_falling_kl(client):
    found = table(client, "mnist-vae-20/mnist-5k", 7, at="row:7", steps=7, moved="3:1.25")
    one = catalogue.open("mnist-vae-20", "mnist-5k")
    z = np.tile(one.atlas.mean[one.atlas.position(7)], (19, 7, 1))
    z[:, :, 2] = 1.25
    rows = [d for d in np.argsort(-one.dimensions.kl) if one.dimensions.kl[d] >= 0.01]
    for k, dimension in enumerate(rows):
        z[k, :, dimension] = np.arange(-3, 4)
    expected = as_bytes(one.model.decode(z.reshape(-1, 20)))[..., 0]
    assert found.shape == (19 * 7, 28, 28)
    assert np.abs(found - expected).max() <= 1


def test_the_table_by_number_may_hold_the_dead_ones_too(client):
    found = table(
        client, "mnist-conv-vae-32/mnist-5k", 3, at="mean", order="index", dead="yes", steps=3
    )
    model = explorer.load("mnist-conv-vae-32", "cpu")
    z = np.zeros((32, 3, 32), np.float32)
    z[np.arange(32), :, np.arange(32)] = [-3, 0, 3]
    expected = as_bytes(model.decode(z.reshape(-1, 32)))[..., 0]
    assert np.abs(found - expected).max() <= 1


def test_without_a_prior_the_table_goes_by_the_spread_of_the_latents(client):
    found = table(client, "mnist-pca-20/mnist-5k", 3, at="mean", steps=3)
    one = catalogue.open("mnist-pca-20", "mnist-5k")
    mean = one.atlas.mean.mean(0)
    z = np.tile(mean, (20, 3, 1))
    for k in range(20):
        z[k, :, k] = mean[k] + np.array([-3, 0, 3]) * one.atlas.mean[:, k].std()
    expected = as_bytes(one.model.decode(z.reshape(-1, 20).astype(np.float32)))[..., 0]
    assert np.abs(found - expected).max() <= 1


def test_a_table_of_a_conditional_model_is_drawn_as_its_class(client):
    own, told = (
        table(client, "mnist-cvae-2d/mnist-5k", 5, at="row:0", steps=5, **label)
        for label in ({}, {"label": 4})
    )
    one = catalogue.open("mnist-cvae-2d", "mnist-5k")
    z = np.tile(one.atlas.mean[one.atlas.position(0)], (2, 5, 1))
    order = one.dimensions.order("kl")
    for k in range(2):
        z[k, :, order[k]] = np.linspace(-3, 3, 5)
    label = int(one.dataset.labels[0])
    for images, drawn in ((own, label), (told, 4)):
        expected = one.model.decode(z.reshape(-1, 2), np.full(10, drawn))
        assert np.abs(images - as_bytes(expected)[..., 0]).max() <= 1


def test_a_table_in_colour_of_many_dimensions_has_a_bounded_number_of_rows(client, monkeypatch):
    monkeypatch.setattr(dimensions, "MAX_ROWS", 20)
    view = "faces-conv-vae-256/faces"
    assert table(client, view, 2, at="mean", steps=2, dead="yes").shape == (40, 64, 64, 3)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("dimensions/mnist-vq-vae/mnist-5k", "page Generate"),
        ("traversal/mnist-vq-vae/mnist-5k?at=mean", "page Generate"),
        ("dimensions/mnist-vae-99/mnist-5k", "no model called 'mnist-vae-99'"),
        ("traversal/mnist-vae-20/mnist-5k", "A starting point is"),
        ("traversal/mnist-vae-20/mnist-5k?at=row:5000", "no image 5000"),
        ("traversal/mnist-vae-20/mnist-5k?at=mean&steps=1", "2 to 25 steps"),
        ("traversal/mnist-vae-20/mnist-5k?at=mean&steps=26", "2 to 25 steps"),
        ("traversal/mnist-vae-20/mnist-5k?at=mean&moved=21:1", "no dimension 21"),
        ("traversal/mnist-vae-20/mnist-5k?at=mean&moved=x", "like 3:1.25"),
        ("traversal/mnist-cvae-20/mnist-5k?at=mean&label=10", "no class 10"),
    ],
)
def test_what_cannot_be_told_of_dimensions_is_one_sentence(client, path, reason):
    said_no(client.get(f"/explorer/{path}"), reason)
