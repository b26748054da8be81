"""Reconstruction errors over the wire, after the worker has measured them: by value."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from explorer import own
from explorer.latent import columns, errors
from explorer.latent.report import silent
from explorer.serve.anomalies import altered_errors
from explorer.serve.answer import to_bytes
from explorer.serve.catalogue import catalogue
from explorer.serve.routes import routes
from tests.support import is_one_sentence

NAMES = {"model": "mnist-vae-2d", "dataset": "mnist-5k", "count": 5000}
STANDING = "/explorer/errors/mnist-vae-2d/mnist-5k?count=5000"
RANKED = "/explorer/ranked/mnist-vae-2d/mnist-5k?count=5000"


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(routes=routes()))


@pytest.fixture
def values(home) -> np.ndarray:
    """The errors of the images of the atlas, measured as the worker does and kept."""
    columns.make(silent, **NAMES, column="error")
    one = catalogue.open(*NAMES.values())
    column = columns.kept(one.artefact, dataset="mnist-5k", count=5000, column="error")
    return column.values.astype(float)


def unpacked(answer) -> tuple[dict, np.ndarray]:
    assert answer.status_code == 200, answer.text
    body = answer.content
    n, length = struct.unpack("<2I", body[:8])
    said = json.loads(body[8 : 8 + length])
    return said, np.frombuffer(body, np.uint8, offset=8 + length).reshape(n, *said["shape"])


def refused(answer, reason: str) -> None:
    assert answer.status_code == 404
    assert reason in answer.text
    assert is_one_sentence(answer.text)


def test_errors_that_are_not_known_yet_are_measured_by_the_worker(client, home):
    for address in (STANDING + "&at=row:3", RANKED):
        answer = client.get(address)
        assert answer.status_code == 202
        assert answer.json()["job"]
        client.post(f"/explorer/jobs/{answer.json()['job']}/leave")


def test_an_image_of_the_atlas_stands_where_its_kept_error_does(client, values, digits):
    said, pixels = unpacked(client.get(f"{STANDING}&at=row:3"))
    expected = errors.standing(values, values[3], "digit")
    assert said["image"]["error"] == pytest.approx(expected.error)
    assert said["image"]["share"] == pytest.approx(np.mean(values < values[3]), abs=1e-3)
    assert said["image"]["words"] == expected.words
    edges = np.geomspace(values.min(), values.max(), errors.BINS + 1)
    assert said["edges"] == pytest.approx(edges, rel=1e-4)
    assert said["counts"] == np.histogram(values, edges)[0].tolist()
    assert (said["other"], said["compared"], said["auroc"]) == (None, None, None)
    x = digits.picture(3).numpy()[None]
    drawn, _ = errors.reconstructed(catalogue.model("mnist-vae-2d"), x)
    assert np.abs(pixels.astype(int) - to_bytes(np.concatenate([x, drawn]))).max() <= 1


@pytest.mark.parametrize("how", errors.ALTERED)
def test_an_altered_image_stands_beside_it_and_the_data_set_altered(client, values, digits, how):
    said, pixels = unpacked(client.get(f"{STANDING}&at=row:3&altered={how}"))
    model, x = catalogue.model("mnist-vae-2d"), digits.picture(3).numpy()[None]
    other = errors.altered(x, how)
    drawn, measured = errors.reconstructed(model, other)
    assert len(pixels) == 4
    assert np.abs(pixels[2:].astype(int) - to_bytes(np.concatenate([other, drawn]))).max() <= 1
    assert said["other"]["error"] == pytest.approx(measured[0], rel=1e-4)
    assert sum(said["counts"]) == 5000
    one = catalogue.open(*NAMES.values())
    strange = altered_errors(one.stamp, *NAMES.values(), how)
    edges = errors.bars(values, measured, strange)
    assert said["edges"] == pytest.approx(edges, rel=1e-4)
    assert said["compared"] == np.histogram(strange.astype(float), edges)[0].tolist()
    assert sum(said["compared"]) == errors.COMPARED
    assert said["auroc"] > 0.6
    assert said["image"] == unpacked(client.get(f"{STANDING}&at=row:3"))[0]["image"]


def test_a_drawn_cross_stands_out(client, values):
    drawing = np.zeros((28, 28), np.uint8)
    drawing[2:26, 12:16] = drawing[12:16, 2:26] = drawing[2:5, 2:26] = 255
    name = own.keep_picture(Image.fromarray(drawing))
    said, pixels = unpacked(client.get(f"{STANDING}&at=own:{name}"))
    assert said["image"]["share"] > 0.99
    assert "stands out" in said["image"]["words"]
    assert np.array_equal(pixels[0, ..., 0], drawing)


@pytest.mark.parametrize("order", ["worst", "best"])
@pytest.mark.parametrize("label", [None, 7])
def test_pages_of_the_ranking_go_on_where_the_one_before_ends(client, values, order, label):
    one = catalogue.open(*NAMES.values())
    members = np.arange(5000) if label is None else np.flatnonzero(one.atlas.labels == label)
    expected = errors.ranked(values, members, order == "worst")
    chosen = "" if label is None else f"&class={label}"
    rows = []
    for page in range(2):
        said, pixels = unpacked(client.get(f"{RANKED}&order={order}&page={page}{chosen}"))
        assert (said["first"], said["of"]) == (24 * page, len(members))
        assert said["pages"] == -(-len(members) // 24)
        rows += said["rows"]
        assert said["errors"] == pytest.approx(values[expected[24 * page :][:24]], rel=1e-4)
        position = one.atlas.position(said["rows"][0])
        x = one.dataset.picture(said["rows"][0]).numpy()[None]
        pair = np.concatenate([x, one.model.decode(one.atlas.mean[position][None])])
        assert np.abs(pixels[:2].astype(int) - to_bytes(pair)).max() <= 1
    assert rows == one.atlas.rows[expected[:48]].tolist()
    assert said["labels"] == [str(one.atlas.labels[i]) for i in expected[24:48]]


def test_the_last_page_is_shorter_and_none_comes_after_it(client, values):
    said, _ = unpacked(client.get(f"{RANKED}&page=999999"))
    assert (said["page"], said["pages"]) == (208, 209)
    assert len(said["rows"]) == 5000 - 208 * 24


def test_a_told_model_is_told_the_class_of_each(client, home):
    columns.make(silent, model="mnist-cvae-2d", dataset="mnist-5k", count=5000, column="error")
    one = catalogue.open("mnist-cvae-2d", "mnist-5k", 5000)
    address = STANDING.replace("mnist-vae-2d", "mnist-cvae-2d")
    own_class, _ = unpacked(client.get(f"{address}&at=row:3"))
    other, _ = unpacked(client.get(f"{address}&at=row:3&label=0"))
    label = int(one.atlas.labels[3])
    assert (own_class["as"], other["as"]) == (label, 0)
    assert other["image"]["error"] > 1.3 * own_class["image"]["error"]


@pytest.mark.parametrize(
    ("query", "reason"),
    [("at=row:99999", "no image 99999"), ("at=mean", "Only an image has an error"),
     ("at=row:3&altered=inside-out", "inside-out"), ("at=row:3&label=a", "whole number")],
)  # fmt: skip
def test_what_has_no_error_is_refused(client, values, query, reason):
    refused(client.get(f"{STANDING}&{query}"), reason)


def test_a_class_that_there_is_not_and_a_missing_count_are_refused(client, values):
    refused(client.get(f"{RANKED}&class=10"), "No encoded image has the class 10")
    refused(client.get(RANKED.split("?")[0]), "count=5000")
