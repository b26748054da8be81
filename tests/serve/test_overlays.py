"""Columns and layers over a map: made once by the worker, then the same for everyone."""

from __future__ import annotations

import base64
import io
import json
import struct

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from explorer import store
from explorer.data import load_dataset
from explorer.latent import columns, layers
from explorer.latent.atlas import load_for
from explorer.serve.overlays import layer_json, range_words
from explorer.serve.routes import routes
from explorer.serve.worker import worker
from tests.support import is_one_sentence

DIGITS = "linear/mnist-5k"
COUNT = "?count=300&who=me"


@pytest.fixture
def client(put):
    """A client of the routes whose worker serves this test's home alone."""
    put("linear")
    worker.close()
    yield TestClient(Starlette(routes=routes()))
    worker.close()


def finished(client, address: str):
    """The answer once it is made; the first one has to say how far it is."""
    answer = client.get(f"/explorer/{address}")
    assert answer.status_code == 202
    said = answer.json()
    assert said["state"] in ("queued", "running")
    assert worker.wait(said["job"], lambda job: job.ended, 120).state == "done"
    assert client.get(f"/explorer/jobs/{said['job']}?who=me").json()["state"] == "done"
    return client.get(f"/explorer/{address}")


def atlas():
    return load_for(store.open_artefact("linear"), "mnist-5k", 300)


def test_a_column_of_numbers_comes_as_ranges_that_hold_their_points(client):
    answer = finished(client, f"column/{DIGITS}/error{COUNT}")
    (length,) = struct.unpack_from("<I", answer.content)
    said = json.loads(answer.content[4 : 4 + length])
    groups = np.frombuffer(answer.content[4 + length :], np.uint8)
    assert (said["kind"], said["unit"]) == ("number", "squared error per pixel")
    assert len(groups) == 300
    assert len(said["groups"]) == 10
    column = columns.kept(
        store.open_artefact("linear"), dataset="mnist-5k", count=300, column="error"
    )
    order = np.argsort(column.values)
    assert (np.diff(groups[order].astype(int)) >= 0).all()
    again = client.get(
        f"/explorer/column/{DIGITS}/error{COUNT}", headers={"if-none-match": answer.headers["etag"]}
    )
    assert again.status_code == 304


def test_a_column_of_categories_names_them(client):
    answer = finished(client, f"column/{DIGITS}/label{COUNT}")
    (length,) = struct.unpack_from("<I", answer.content)
    said = json.loads(answer.content[4 : 4 + length])
    assert said["groups"] == list("0123456789")
    groups = np.frombuffer(answer.content[4 + length :], np.uint8)
    labels = load_dataset("mnist-5k").labels.numpy()
    assert np.array_equal(groups, labels[atlas().rows])


def test_a_layer_comes_as_a_picture_with_its_box_and_legend(client):
    said = finished(client, f"layer/{DIGITS}/pca/density{COUNT}").json()
    header, _, picture = said["picture"].partition(",")
    assert header == "data:image/png;base64"
    grid = layers.kept(
        store.open_artefact("linear"),
        dataset="mnist-5k",
        count=300,
        projection="pca",
        layer="density",
    )
    image = Image.open(io.BytesIO(base64.b64decode(picture)))
    assert image.size == (4 * grid.values.shape[1], 4 * grid.values.shape[0])
    assert said["box"] == grid.box._asdict()
    assert said["legend"]["title"] == "Density on the map"
    low, high = atlas().coordinates("pca").min(0), atlas().coordinates("pca").max(0)
    assert said["box"]["x0"] < np.median([low[0], high[0]]) < said["box"]["x1"]


def test_a_layer_is_that_of_the_class_in_the_address(client, put):
    artefact = put("told")
    address = f"layer/told/mnist-5k/raw/round-trip{COUNT}"
    said = finished(client, f"{address}&label=3").json()
    assert said["legend"]["about"].endswith(" Every place is drawn as 3, the chosen class.")
    view = {"dataset": "mnist-5k", "count": 300, "projection": "raw", "layer": "round-trip"}
    grid = layers.kept(artefact, label=3, **view)
    assert said == json.loads(layer_json(grid, "3"))
    assert finished(client, address).json()["picture"] != said["picture"]
    # What decodes nothing, and a model that is told no class, are measured once for all classes.
    for told in ("told/mnist-5k/raw/density", f"{DIGITS}/pca/stretch"):
        own = finished(client, f"layer/{told}{COUNT}")
        assert client.get(f"/explorer/layer/{told}{COUNT}&label=3").content == own.content
    refused = client.get(f"/explorer/{address}&label=10")
    assert refused.status_code == 404
    assert "no class 10" in refused.text


def test_more_images_are_encoded_and_another_map_is_made_when_they_are_asked_for(client):
    answer = finished(client, f"points/{DIGITS}/pca?count=120&who=me")
    assert struct.unpack_from("<I", answer.content) == (120,)
    answer = finished(client, f"points/{DIGITS}/tsne-p5?count=120&who=me")
    assert struct.unpack_from("<I", answer.content) == (120,)
    said = client.get(f"/explorer/quality/{DIGITS}/tsne-p5?count=120").json()
    assert 0.5 < said["trustworthiness"] <= 1
    assert "of 120 points" in said["sentence"]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (f"column/{DIGITS}/hope{COUNT}", "no column called 'hope'"),
        (f"layer/{DIGITS}/pca/hope{COUNT}", "no layer called 'hope'"),
        (f"points/{DIGITS}/umap-n1?count=300&who=me", "neighbours"),
        (f"points/{DIGITS}/pca?count=6000&who=me", "6,000 were asked for"),
    ],
)
def test_what_cannot_be_made_is_said_in_one_sentence(client, address, reason):
    answer = client.get(f"/explorer/{address}")
    if answer.status_code == 202:
        job = worker.wait(answer.json()["job"], lambda job: job.ended, 120)
        assert job.state == "failed"
        said = job.error
    else:
        assert answer.status_code == 404
        said = answer.text
    assert reason in said
    assert is_one_sentence(said)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (f"column/{DIGITS}/error", "like count=5000"),
        (f"column/nobody/mnist-5k/error{COUNT}", "no model called 'nobody'"),
        ("images/mnist-5k?rows=1,x", "whole number"),
        ("images/mnist-5k?rows=5000", "ends before image 5000"),
        ("images/mnist-5k?rows=" + ",".join(["1"] * 513), "At most 512"),
        (f"python/{DIGITS}/pca?place=1", "two numbers"),
        (f"quality/{DIGITS}/umap?count=300", "no projection called 'umap'"),
    ],
)
def test_an_address_that_names_nothing_is_refused(client, address, reason):
    answer = client.get(f"/explorer/{address}")
    assert answer.status_code == 404
    assert reason in answer.text


def test_another_website_starts_no_work(client):
    headers = {"origin": "http://evil.example"}
    assert client.get(f"/explorer/column/{DIGITS}/error{COUNT}", headers=headers).status_code == 403


def test_images_come_by_their_rows_in_the_order_asked_for(client):
    body = client.get("/explorer/images/mnist-5k?rows=17,3,4999").content
    pixels = load_dataset("mnist-5k").pixels[[17, 3, 4999]].numpy()
    assert np.array_equal(np.frombuffer(body, np.uint8).reshape(3, 28, 28), pixels[:, 0])


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        ([0.0, 1.0, 2.0, 3.0], ["below 1", "1 to 2", "above 2"]),
        ([-1.0, -0.5, 0.0], ["below \N{MINUS SIGN}0.5", "above \N{MINUS SIGN}0.5"]),
        ([10.0, 10.01, 10.02, 10.03], ["below 10.01", "10.01 to 10.02", "above 10.02"]),
        ([5.0, 5.0, 5.0], ["below 5", "above 5"]),
    ],
)
def test_ranges_are_named_with_as_many_digits_as_tell_them_apart(edges, words):
    assert range_words(edges) == words
