"""The binary routes: what a browser gets is what the package computes."""

import io
import json
import struct

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

import explorer
from explorer.serve.catalogue import catalogue
from explorer.serve.routes import THUMB_CHUNK, routes


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(routes=routes()))


def test_points_carry_the_map_with_each_points_row_and_label(client):
    body = client.get("/explorer/points/mnist-vae-20/mnist-5k/tsne").content
    n, length = struct.unpack("<2I", body[:8])
    about = json.loads(body[8 : 8 + length])
    x, y, row = np.frombuffer(body, "<f4", 3 * n, 8 + length).reshape(3, n)
    label = np.frombuffer(body, "u1", n, 8 + length + 12 * n)
    atlas = catalogue.open("mnist-vae-20", "mnist-5k").atlas
    assert n == 5000
    assert np.array_equal(np.column_stack([x, y]), atlas.projections["tsne"])
    assert np.array_equal(row.view("<i4"), atlas.rows)
    assert np.array_equal(label, atlas.labels)
    assert about["classes"] == list("0123456789")
    assert about["shape"] == [28, 28, 1]
    assert about["origins"] == [[5000, "training image {index} of 5,000"]]


@pytest.mark.parametrize(
    ("view", "axes"),
    [
        ("mnist-vae-2d/mnist-5k/raw", ["z₁", "z₂"]),
        ("mnist-vae-20/mnist-5k/umap", None),
        ("mnist-vae-20/mnist-5k/pca", ["PC1 (9.2 %)", "PC2 (8.1 %)"]),
    ],
)
def test_points_say_what_the_axes_mean(client, view, axes):
    body = client.get(f"/explorer/points/{view}").content
    about = json.loads(body[8 : 8 + struct.unpack("<2I", body[:8])[1]])
    assert about["axes"] == axes
    assert set(about) == {"axes", "classes", "noun", "origins", "shape", "total", "thumb_chunk"}


def test_thumbnails_are_the_data_sets_images_by_row(client, digits):
    for chunk in (0, 9):
        body = client.get(f"/explorer/thumbs/mnist-5k/{chunk}").content
        start = chunk * THUMB_CHUNK
        expected = digits.pixels[start : start + THUMB_CHUNK, 0].numpy()
        assert np.array_equal(np.frombuffer(body, np.uint8).reshape(-1, 28, 28), expected)


def test_a_grid_is_decoded_at_the_centre_of_each_cell_with_y_upwards(client):
    query = "x0=-2&x1=2&y0=-1&y1=1&nx=4&ny=2"
    answer = client.get(f"/explorer/grid/mnist-vae-2d/mnist-5k/raw?{query}")
    mosaic = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert mosaic.shape == (2 * 28, 4 * 28)
    upper_right, lower_left = mosaic[:28, -28:], mosaic[28:, :28]
    decoded = explorer.load("mnist-vae-2d", "cpu").decode(np.array([[1.5, 0.5], [-1.5, -0.5]]))
    for cell, expected in zip((upper_right, lower_left), decoded, strict=True):
        assert np.abs(cell - np.rint(expected[0] * 255)).max() <= 1


def test_what_the_browser_has_already_is_not_sent_again(client):
    first = client.get("/explorer/points/mnist-vae-2d/mnist-5k/raw")
    again = client.get(
        "/explorer/points/mnist-vae-2d/mnist-5k/raw",
        headers={"if-none-match": first.headers["etag"]},
    )
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("points/mnist-vae-9d/mnist-5k/raw", "no model called 'mnist-vae-9d'"),
        ("points/mnist-vae-2d/mnist-5k/umap", "no projection called 'umap'"),
        ("points/mnist-vae-2d/kmnist/raw", "no map"),
        ("thumbs/mnist-5k/10", "ends before image 5120"),
        ("thumbs/nothing/0", "no data set called 'nothing'"),
        ("grid/mnist-vae-2d/mnist-5k/raw?x0=0", "needs the numbers"),
        ("grid/mnist-vae-2d/mnist-5k/raw?x0=1&x1=0&y0=0&y1=1&nx=2&ny=2", "x0 < x1"),
        ("grid/mnist-vae-2d/mnist-5k/raw?x0=nan&x1=1&y0=0&y1=1&nx=2&ny=2", "x0 < x1"),
        ("grid/mnist-vae-2d/mnist-5k/raw?x0=0&x1=1&y0=0&y1=1&nx=999&ny=2", "1 to 40"),
    ],
)
def test_a_bad_address_gets_one_sentence(client, path, reason):
    answer = client.get(f"/explorer/{path}")
    assert answer.status_code == 404
    assert reason in answer.text
    assert "\n" not in answer.text


def test_nothing_outside_the_view_folder_is_served(client):
    assert client.get("/explorer/assets/js/channel.js").status_code == 200
    for path in ("../store.py", "..%2Fstore.py", "%2e%2e/store.py"):
        assert client.get(f"/explorer/assets/{path}").status_code == 404
