"""The routes about a selection: what a browser gets is what the package computes."""

from __future__ import annotations

import csv
import io
import json
import re
import struct
import threading

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

import explorer
from explorer.data import load_dataset
from explorer.latent.groups import facts, gather
from explorer.latent.polygon import polygon_of_text, polygon_to_text
from explorer.latent.posterior import spread
from explorer.latent.subject import subject
from explorer.serve import selection
from explorer.serve.answer import to_bytes
from explorer.serve.catalogue import catalogue
from explorer.serve.decode import executor
from explorer.serve.routes import routes
from tests.support import is_one_sentence

UMAP = "mnist-vae-20/mnist-5k/umap"


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(routes=routes()))


def opened(view: str):
    model, dataset, projection = view.split("/")
    one = catalogue.open(model, dataset)
    return one, one.map(projection), catalogue.dataset(dataset)


def around(view: str, label: int, share: float = 0.25) -> str:
    """The text of a box around the middle of a class on a map."""
    one, themap, _ = opened(view)
    points = themap.coordinates[one.atlas.labels == label]
    (x0, y0), (x1, y1) = np.quantile(points, [share, 1 - share], axis=0)
    return polygon_to_text(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]))


def unpacked(body: bytes, positions: bool) -> tuple[int, dict, np.ndarray, np.ndarray]:
    """A binary answer read as a browser reads it, to its last byte."""
    n, length = struct.unpack("<2I", body[:8])
    assert length % 4 == 0
    said, at = json.loads(body[8 : 8 + length]), 8 + length
    found = np.frombuffer(body, "<u4", n if positions else 0, at)
    pixels = np.frombuffer(body, np.uint8, offset=at + found.nbytes)
    return n, said, found, pixels.reshape(2, *said["shape"])


def said_no(answer, reason: str) -> None:
    assert answer.status_code == 404
    assert reason in answer.text
    assert is_one_sentence(answer.text)
    assert len(answer.text) < 1000


@pytest.mark.parametrize(
    ("view", "label"),
    [
        (UMAP, 7),
        ("mnist-vae-2d/mnist-5k/raw", 1),
        ("mnist-cvae-20/mnist-5k/pca", 3),
        ("mnist-vq-vae/mnist-5k/umap", 0),
        ("faces-beta-vae-16-b4/faces/pca", 2),
        ("sprites-beta-vae-10-b1/sprites/pca", 1),
    ],
)
def test_a_group_is_answered_with_its_members_facts_and_two_images(client, view, label):
    text = around(view, label, 0.4)
    answer = client.get(f"/explorer/group/{view}", params={"polygon": text})
    n, said, positions, pixels = unpacked(answer.content, True)
    one, themap, dataset = opened(view)
    group = gather(themap, polygon_of_text(text))
    found = facts(group, one.atlas, one.model, dataset)
    assert n == said["count"] == len(group)
    assert np.array_equal(positions, group.positions)
    assert said["of"] == 5000
    assert said["counts"] == found.per_label.tolist()
    assert said["averaged"] == n
    assert said["mean"] == pytest.approx(found.mean_latent, abs=1e-4)
    assert said["as"] == found.told
    assert (said["as"] is None) == (not one.model.conditional)
    assert tuple(said["typical"]) == found.typical
    assert said["words"] == found.words
    channels, height, width = dataset.image_shape
    assert said["shape"] == [height, width, channels]
    assert np.array_equal(pixels, to_bytes(np.stack([found.mean_image, found.decoded])))


def test_the_classes_of_an_address_restrict_the_group(client):
    text = around(UMAP, 7, 0)
    every, both, one = (
        unpacked(
            client.get(f"/explorer/group/{UMAP}?polygon={text}&classes={classes}").content, True
        )
        for classes in ("", "7,9", "7")
    )
    assert every[0] > both[0] > one[0] > 100
    assert set(both[2]) < set(every[2])
    assert [k for k, count in enumerate(one[1]["counts"]) if count] == [7]


def test_a_group_that_the_browser_has_already_is_not_sent_again(client):
    url = f"/explorer/group/{UMAP}?polygon={around(UMAP, 7)}"
    etag = client.get(url).headers["etag"]
    assert client.get(url, headers={"if-none-match": etag}).status_code == 304
    other = f"/explorer/group/{UMAP}?polygon={around(UMAP, 6)}"
    assert client.get(other, headers={"if-none-match": etag}).status_code == 200


def file_name(answer) -> str:
    found = re.fullmatch(r'attachment; filename="([^"]*)"', answer.headers["content-disposition"])
    assert found, answer.headers
    return found[1]


def test_a_csv_is_a_file_with_a_line_for_every_member(client):
    url = f"/explorer/group/{UMAP}/group.csv?polygon={around(UMAP, 7)}&classes=7&name=My+sevens!"
    answer = client.get(url)
    header, *lines = csv.reader(io.StringIO(answer.text))
    one, themap, _ = opened(UMAP)
    positions = gather(themap, polygon_of_text(around(UMAP, 7)), (7,)).positions
    assert header[:5] == ["row", "label", "x", "y", "z1"]
    assert [int(line[0]) for line in lines] == one.atlas.rows[positions].tolist()
    assert {line[1] for line in lines} == {"7"}
    assert answer.headers["content-type"].startswith("text/csv")
    assert file_name(answer) == f"mnist-vae-20-umap-my-sevens-{len(lines)}.csv"


def test_a_csv_names_the_classes_of_its_data_set(client):
    view = "faces-beta-vae-16-b4/faces/pca"
    answer = client.get(f"/explorer/group/{view}/group.csv?polygon=-99_-99_99_-99_99_99_-99_99")
    lines, faces = list(csv.DictReader(io.StringIO(answer.text))), load_dataset("faces")
    assert len(lines) == 5000
    assert {line["label"] for line in lines} == set(faces.classes)
    for line in lines[::100]:
        assert line["label"] == faces.classes[faces.labels[int(line["row"])]]


def tiles(png: bytes, side: int, n: int) -> tuple[np.ndarray, Image.Image]:
    """The first n cells of a mosaic of square images, row by row, and the picture itself."""
    picture = Image.open(io.BytesIO(png))
    mosaic = np.asarray(picture)
    cells = [
        mosaic[y : y + side, x : x + side]
        for y in range(0, mosaic.shape[0], side)
        for x in range(0, mosaic.shape[1], side)
    ]
    assert not np.stack(cells)[n:].any()
    return np.stack(cells[:n]), picture


def test_a_png_shows_each_member_of_a_small_group(client, digits):
    view = "mnist-vae-2d/mnist-5k/raw"
    text = around(view, 1, 0.4)
    answer = client.get(f"/explorer/group/{view}/group.png?polygon={text}")
    one, themap, _ = opened(view)
    rows = one.atlas.rows[gather(themap, polygon_of_text(text)).positions]
    assert 3 < len(rows) < 400
    cells, picture = tiles(answer.content, 28, len(rows))
    assert np.array_equal(cells, digits.pixels.numpy()[rows, 0])
    assert file_name(answer) == f"mnist-vae-2d-raw-group-{len(rows)}-of-{len(rows)}.png"
    assert picture.text["Description"].startswith(f"{len(rows)} of the {len(rows)} images")


def test_a_png_of_a_large_group_shows_400_of_it_and_says_of_how_many(client, digits):
    box = "-99_-99_99_-99_99_99_-99_99"
    answer = client.get(f"/explorer/group/{UMAP}/group.png?polygon={box}&name=алл")
    cells, picture = tiles(answer.content, 28, 400)
    assert picture.size == (560, 560)
    known = {image.tobytes() for image in digits.pixels[:, 0].numpy()}
    shown = {cell.tobytes() for cell in cells}
    assert len(shown) == 400
    assert shown <= known
    assert file_name(answer) == "mnist-vae-20-umap-group-400-of-5000.png"
    assert picture.text["Description"] == (
        "400 of the 5,000 images of the group 'алл' on the umap map of mnist-vae-20 (mnist-5k)."
    )
    assert client.get(f"/explorer/group/{UMAP}/group.png?polygon={box}&name=алл").content == (
        answer.content
    )


def test_a_png_of_faces_is_in_colour(client):
    view = "faces-beta-vae-16-b4/faces/pca"
    text = around(view, 2, 0.47)
    answer = client.get(f"/explorer/group/{view}/group.png?polygon={text}")
    one, themap, faces = opened(view)
    rows = one.atlas.rows[gather(themap, polygon_of_text(text)).positions]
    cells, _ = tiles(answer.content, 64, len(rows))
    expected = np.rint(255 * faces.picture(int(rows[-1])).numpy()).transpose(1, 2, 0)
    assert np.array_equal(cells[-1], expected)


SHAPE = "0_0_1_0_1_1"


@pytest.mark.parametrize("kind", ["", "/group.csv", "/group.png"])
@pytest.mark.parametrize(
    ("view", "query", "reason"),
    [
        (UMAP, "", "0_0_1_0_1_1"),
        (UMAP, "polygon=1,2,3", "0_0_1_0_1_1"),
        (UMAP, "polygon=0_0_1_1", "3 to 64 corners"),
        (UMAP, "polygon=0_0_1_1_2_2", "on one line"),
        (UMAP, "polygon=900_900_901_900_901_901", "No points lie inside"),
        (UMAP, f"polygon={SHAPE}&classes=10", "no class 10"),
        (UMAP, f"polygon={SHAPE}&classes=one", "whole number"),
        (UMAP, f"polygon={SHAPE}&classes=1,", "whole number"),
        ("mnist-vae-20/mnist-5k/raw", f"polygon={SHAPE}", "no projection called 'raw'"),
        ("mnist-vae-99/mnist-5k/umap", f"polygon={SHAPE}", "no model called 'mnist-vae-99'"),
        ("mnist-vae-20/faces/umap", f"polygon={SHAPE}", "no map"),
    ],
)
def test_a_group_that_cannot_be_answered_is_one_sentence(client, kind, view, query, reason):
    said_no(client.get(f"/explorer/group/{view}{kind}?{query}"), reason)


# --- posterior --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("view", "query", "asked"),
    [
        ("mnist-vae-2d/mnist-5k/raw", "", {}),
        (UMAP, "&seed=3&n=20&temperature=1.5", {"seed": 3, "n": 20, "temperature": 1.5}),
        ("mnist-cvae-20/mnist-5k/pca", "&label=4", {"label": 4}),
        ("faces-beta-vae-16-b4/faces/umap", "&n=8", {"n": 8}),
    ],
)
def test_a_posterior_is_answered_with_its_samples_and_two_images(client, view, query, asked):
    answer = client.get(f"/explorer/posterior/{view}?at=row:17{query}")
    n, said, _, pixels = unpacked(answer.content, False)
    one, themap, dataset = opened(view)
    start = subject(one, "row:17", themap.key, asked.pop("label", None))
    found = spread(themap, one.model, start, **asked)
    assert n == len(said["places"]) == asked.get("n", 64)
    assert np.allclose(said["places"], found.places, atol=1e-4)
    assert said["sigma"] == pytest.approx(found.sigma[:8], abs=1e-4)
    assert (said["exact"], said["as"], said["words"]) == (found.exact, found.told, found.words)
    assert (said["at"], said["seed"]) == ("row:17", asked.get("seed", 0))
    assert said["temperature"] == asked.get("temperature", 1)
    channels, height, width = dataset.image_shape
    assert said["shape"] == [height, width, channels]
    assert np.array_equal(pixels[0], to_bytes(found.mean[None])[0])
    deviation = pixels[1].transpose(2, 0, 1) / 255 * said["deviation_max"]
    assert pixels[1].max() == 255
    assert np.abs(deviation - found.deviation).max() < 0.004


def test_without_any_doubt_the_deviation_is_black(client):
    answer = client.get(f"/explorer/posterior/{UMAP}?at=row:17&temperature=0&n=2")
    _, said, _, pixels = unpacked(answer.content, False)
    assert said["deviation_max"] == 0
    assert pixels[0].max() > 200
    assert not pixels[1].any()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("mnist-ae-32/mnist-5k/umap?at=row:0", "no posterior"),
        ("mnist-vq-vae/mnist-5k/pca?at=row:0", "no posterior"),
        ("mnist-pca-20/mnist-5k/pca?at=row:0", "no posterior"),
        (f"{UMAP}?at=row:5000", "no image 5000"),
        (f"{UMAP}?at=mean", "Only an image has a posterior"),
        (UMAP, "A starting point is"),
        (f"{UMAP}?at=row:0&n=1000", "2 to 256 samples"),
        (f"{UMAP}?at=row:0&n=many", "whole number"),
        (f"{UMAP}?at=row:0&seed=-1", "whole number"),
        (f"{UMAP}?at=row:0&temperature=nan", "a number like 1 or 0.5"),
        (f"{UMAP}?at=row:0&temperature=99", "temperature of 0 to 10"),
        ("mnist-cvae-20/mnist-5k/pca?at=row:0&label=10", "class"),
        ("mnist-vae-20/mnist-5k/raw?at=row:0", "no projection called 'raw'"),
    ],
)
def test_a_posterior_that_cannot_be_answered_is_one_sentence(client, path, reason):
    said_no(client.get(f"/explorer/posterior/{path}"), reason)


# --- search -----------------------------------------------------------------------------------


def searched(client, atlas: str, words: str) -> tuple[np.ndarray, dict]:
    """The positions of an answer and what it says."""
    body = client.get(f"/explorer/search/{atlas}", params={"q": words}).content
    n, length = struct.unpack("<2I", body[:8])
    assert len(body) == 8 + length + 4 * n
    return np.frombuffer(body, "<u4", n, 8 + length), json.loads(body[8 : 8 + length])


def test_a_search_is_answered_with_positions_and_words(client):
    positions, said = searched(client, "mnist-vae-20/mnist-5k", "7 #3")
    atlas = catalogue.open("mnist-vae-20", "mnist-5k").atlas
    expected = np.flatnonzero((atlas.labels == 7) | (atlas.rows == 3))
    assert positions.tolist() == expected.tolist()
    assert said == {"words": f"{len(expected)} of 5,000 images: '7', image #3."}


def test_all_that_is_found_is_sent(client):
    positions, said = searched(client, "mnist-vae-20/mnist-5k", "0 1 2 3 4 5 6 7 8 9")
    assert positions.tolist() == list(range(5000))
    assert said["words"].startswith("5,000 of 5,000 images")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("mnist-vae-20/mnist-5k", "Nothing was searched for"),
        ("mnist-vae-20/mnist-5k?q=shirt", "Nothing here is called 'shirt'"),
        ("mnist-vae-20/mnist-5k?q=%235000", "There is no image #5000"),
        ("mnist-vae-99/mnist-5k?q=7", "no model called 'mnist-vae-99'"),
    ],
)
def test_a_search_that_finds_nothing_is_one_sentence(client, path, reason):
    said_no(client.get(f"/explorer/search/{path}"), reason)


def test_the_decode_thread_is_not_asked_for_any_of_it(client):
    # It is held for as long as the answers take; they would never come if they needed it.
    free = threading.Event()
    held = executor.submit(free.wait, 60)
    try:
        for path in (
            f"group/{UMAP}?polygon={around(UMAP, 7)}",
            f"group/{UMAP}/group.csv?polygon={around(UMAP, 7)}",
            f"group/{UMAP}/group.png?polygon={around(UMAP, 7)}",
            f"posterior/{UMAP}?at=row:0",
            "search/mnist-vae-20/mnist-5k?q=7",
        ):
            assert client.get(f"/explorer/{path}").status_code == 200
        assert not held.done()
    finally:
        free.set()


def test_positions_are_those_of_the_points_that_the_browser_has(client):
    body = client.get(f"/explorer/points/{UMAP}").content
    n, length = struct.unpack("<2I", body[:8])
    x, y = np.frombuffer(body, "<f4", 2 * n, 8 + length).reshape(2, n)
    text = around(UMAP, 7)
    _, _, positions, _ = unpacked(
        client.get(f"/explorer/group/{UMAP}?polygon={text}").content, True
    )
    low, high = polygon_of_text(text).min(0), polygon_of_text(text).max(0)
    between = (x > low[0]) & (x < high[0]) & (y > low[1]) & (y < high[1])
    assert np.array_equal(positions, np.flatnonzero(between))


def test_the_model_and_its_map_are_those_of_the_public_face():
    one, themap, _ = opened(UMAP)
    public = explorer.load_map(*UMAP.split("/"))
    assert np.array_equal(public.coordinates, themap.coordinates)
    assert np.array_equal(public.atlas.mean, one.atlas.mean)
    assert selection.MOSAIC == 20 * 20
