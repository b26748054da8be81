"""The binary routes: what a browser gets is what the package computes."""

import io
import json
import struct
import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

import explorer
from explorer.data import load_dataset
from explorer.latent import atlas as atlases
from explorer.latent.project import ProjectionSpec, principal_plane
from explorer.serve.catalogue import catalogue
from explorer.serve.decode import executor
from explorer.serve.points import thumb_chunk
from explorer.serve.routes import routes
from tests.serve.test_decode import ask
from tests.support import is_one_sentence
from tests.workshop import lay_out


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
    assert set(about) == {
        *("axes", "classes", "count", "noun", "origins", "sample", "shape", "total"),
        *("thumb_chunk", "variational"),
    }


@pytest.mark.parametrize(
    ("name", "dataset", "total", "shape", "variational"),
    [
        ("told", "mnist-5k", 5000, [28, 28, 1], True),
        ("linear", "mnist-5k", 5000, [28, 28, 1], False),
        ("codes", "mnist-5k", 5000, [28, 28, 1], False),
        ("colour", "faces", 40_000, [64, 64, 3], True),
    ],
)
def test_points_say_of_how_many_images_they_are_and_whether_there_is_a_posterior(
    client, put, name, dataset, total, shape, variational
):
    put(name)
    projection = "raw" if name == "told" else "pca"
    body = client.get(f"/explorer/points/{name}/{dataset}/{projection}").content
    n, length = struct.unpack("<2I", body[:8])
    about = json.loads(body[8 : 8 + length])
    assert (n, about["count"], about["total"]) == (300, 300, total)
    assert about["sample"] == "random"
    assert (about["shape"], about["variational"]) == (shape, variational)


def test_thumbnails_are_the_data_sets_images_by_row(client, digits):
    for chunk in (0, 9):
        body = client.get(f"/explorer/thumbs/mnist-5k/{chunk}").content
        start = chunk * 512
        expected = digits.pixels[start : start + 512, 0].numpy()
        assert np.array_equal(np.frombuffer(body, np.uint8).reshape(-1, 28, 28), expected)


@pytest.mark.parametrize(
    ("shape", "n"), [((1, 28, 28), 512), ((3, 64, 64), 32), ((1, 64, 64), 98), ((3, 999, 999), 1)]
)
def test_a_chunk_of_thumbnails_is_about_400_kb_whatever_the_size_of_the_images(shape, n):
    assert thumb_chunk(shape) == n


@pytest.mark.parametrize("chunk", [0, 1249])
def test_thumbnails_of_images_that_are_drawn_when_asked_for_are_those_images(client, chunk):
    body = client.get(f"/explorer/thumbs/faces/{chunk}").content
    thumbs = np.frombuffer(body, np.uint8).reshape(-1, 64, 64, 3)
    assert len(thumbs) == 32
    faces = load_dataset("faces")
    for i in (0, 17, 31):
        picture = faces.picture(chunk * 32 + i).numpy()
        assert np.array_equal(thumbs[i], np.rint(255 * picture).transpose(1, 2, 0))


def grid(client, name: str, view: str, label: str = "") -> np.ndarray:
    """A decoded grid of 4 x 3 cells over -2..2, -1..1, as an image."""
    query = f"x0=-2&x1=2&y0=-1&y1=1&nx=4&ny=3{label}"
    answer = client.get(f"/explorer/grid/{name}/{view}?{query}")
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def cells(mosaic: np.ndarray, nx: int, ny: int) -> np.ndarray:
    """The cells of a mosaic, row by row: `(ny * nx, H, W, ...)`."""
    return np.stack([c for row in np.split(mosaic, ny) for c in np.split(row, nx, axis=1)])


# The centres of the cells of `grid`, row by row from the top.
CENTRES = np.array([[x, y] for y in (2 / 3, 0, -2 / 3) for x in (-1.5, -0.5, 0.5, 1.5)])


def test_a_grid_of_a_conditional_model_is_drawn_as_the_class_that_was_asked_for(client, put):
    put("told")
    mosaic = grid(client, "told", "mnist-5k/raw", "&label=8")
    model = explorer.load("told", "cpu")
    expected = model.decode(CENTRES.astype(np.float32), np.full(12, 8))[:, 0]
    assert np.abs(cells(mosaic, 4, 3) - np.rint(255 * expected)).max() <= 1
    assert (mosaic != grid(client, "told", "mnist-5k/raw", "&label=1")).any()


def test_without_a_class_each_cell_is_drawn_as_that_of_the_nearest_point(client, put):
    put("told")
    mosaic = grid(client, "told", "mnist-5k/raw")
    model, atlas = explorer.load("told", "cpu"), catalogue.open("told", "mnist-5k").atlas
    distance = np.linalg.norm(CENTRES[:, None] - atlas.coordinates("raw")[None], axis=2)
    labels = atlas.labels[distance.argmin(1)]
    assert len(set(labels.tolist())) > 2
    expected = model.decode(CENTRES.astype(np.float32), labels)[:, 0]
    assert np.abs(cells(mosaic, 4, 3) - np.rint(255 * expected)).max() <= 1


def test_a_model_without_classes_draws_the_same_grid_for_any_class(client, put):
    put("few")
    plain = grid(client, "few", "mnist-5k/pca")
    assert np.array_equal(grid(client, "few", "mnist-5k/pca", "&label=3"), plain)


def test_a_grid_of_a_colour_model_is_in_colour(client, put):
    put("colour")
    mosaic = grid(client, "colour", "faces/pca")
    assert mosaic.shape == (3 * 64, 4 * 64, 3)
    latents = catalogue.open("colour", "faces").map("pca").latents_at(CENTRES)
    expected = explorer.load("colour", "cpu").decode(latents).transpose(0, 2, 3, 1)
    assert np.abs(cells(mosaic, 4, 3) - np.rint(255 * expected)).max() <= 1


@pytest.mark.parametrize("label", ["10", "255", "999", "-1", "1.5", "three", "٣", "9" * 5000])
def test_a_grid_of_a_class_that_there_is_not_is_one_sentence(client, put, label):
    put("told")
    query = f"x0=-2&x1=2&y0=-1&y1=1&nx=4&ny=3&label={label}"
    answer = client.get(f"/explorer/grid/told/mnist-5k/raw?{query}")
    assert answer.status_code == 404
    assert "class" in answer.text
    assert is_one_sentence(answer.text)
    assert len(answer.text) < 200


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


def columns(body: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places `(n, 2)`, rows and labels `(n,)` of a points answer."""
    n, length = struct.unpack("<2I", body[:8])
    x, y, row = np.frombuffer(body, "<f4", 3 * n, 8 + length).reshape(3, n)
    label = np.frombuffer(body, "u1", n, 8 + length + 12 * n)
    return np.column_stack([x, y]), row.view("<i4"), label


def test_a_map_that_was_made_anew_is_sent_anew(client, put):
    artefact = put("linear")
    address = "/explorer/points/linear/mnist-5k/pca"
    first = client.get(address)
    atlas = atlases.load_for(artefact)
    moved = replace(atlas, projections={"pca": atlas.coordinates("pca") + 1})
    atlases.save(moved, atlases.folder_for(artefact, atlas.name))
    again = client.get(address, headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 200
    assert np.allclose(columns(again.content)[0], columns(first.content)[0] + 1, atol=1e-4)
    same = client.get(address, headers={"if-none-match": again.headers["etag"]})
    assert same.status_code == 304


def test_maps_of_one_model_that_differ_have_their_own_points_and_tags(client, put, digits):
    lay_out(put("linear").folder, digits, "pca", count=120)
    views = [f"/explorer/points/linear/mnist-5k/pca?count={count}" for count in (120, 300)]
    answers = [client.get(view) for view in views]
    assert [len(columns(answer.content)[1]) for answer in answers] == [120, 300]
    assert len({answer.headers["etag"] for answer in answers}) == 2
    other = client.get(views[1], headers={"if-none-match": answers[0].headers["etag"]})
    assert other.status_code == 200


@pytest.mark.parametrize("seed", range(4))
def test_a_points_place_row_and_label_are_those_of_its_image(client, put, digits, seed):
    """Any rows in any order: the points, their images as answered, and the images encoded anew."""
    artefact = put("linear")
    count = 50 + 7 * seed
    rows = np.random.default_rng(seed).choice(5000, count, replace=False)
    whole, model = atlases.load_for(artefact), explorer.load("linear", "cpu")
    mean = model.encode(digits.pixels[rows].numpy()).mean.astype(np.float16).astype(np.float32)
    labels = digits.labels.numpy()[rows]
    some = replace(whole, rows=rows, labels=labels, mean=mean, projections={}, specs={})
    some = atlases.with_projection(some, ProjectionSpec(method="pca"))
    atlases.save(some, atlases.folder_for(artefact, some.name))
    body = client.get(f"/explorer/points/linear/mnist-5k/pca?count={count}").content
    plane = principal_plane(mean)
    for i, (place, row, label) in enumerate(zip(*columns(body), strict=True)):
        if i % 9:
            continue
        z = model.encode(digits.pixels[row : row + 1].numpy()).mean
        assert plane.places(z.astype(np.float64))[0] == pytest.approx(place, abs=0.02)
        assert label == digits.labels[row]
        view = {"model": "linear", "dataset": "mnist-5k", "projection": "pca", "count": count}
        _, pixels, said = ask(kind="image", row=int(row), **view)
        assert said["place"] == pytest.approx(place, abs=1e-3)
        assert said["z"] == pytest.approx(z[0], abs=0.01)
        assert np.abs(pixels[0, :, :, 0] - 255 * model.decode(z)[0, 0]).max() <= 2


def test_nothing_but_decodes_waits_for_the_decode_thread(client, put):
    put("linear")
    go_on = threading.Event()
    busy = executor.submit(go_on.wait, 60)
    try:
        for path in ("points/linear/mnist-5k/pca", "thumbs/mnist-5k/0"):
            assert client.get(f"/explorer/{path}").status_code == 200
            assert not busy.done()
    finally:
        go_on.set()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("points/mnist-vae-9d/mnist-5k/raw", "no model called 'mnist-vae-9d'"),
        ("points/mnist-vae-2d/mnist-5k/umap", "no projection called 'umap'"),
        ("points/mnist-vae-2d/kmnist/raw", "no map"),
        ("grid/mnist-vae-2d/mnist-5k/raw?x0=0&x1=1&y0=0&y1=1&nx=2&ny=2&count=7", "no map yet"),
        ("points/mnist-vae-2d/mnist-5k/raw?count=all", "count in this address is a whole number"),
        ("grid/mnist-vae-2d/mnist-5k/raw?x0=0&x1=1&y0=0&y1=1&nx=2&ny=2&count=-1", "whole number"),
        ("thumbs/mnist-5k/10", "ends before image 5120"),
        ("thumbs/faces/1250", "ends before image 40000"),
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
