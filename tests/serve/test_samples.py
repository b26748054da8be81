"""Samples and manifolds by their routes: what the package computes, and one sentence otherwise."""

from __future__ import annotations

import csv
import io
import json
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

import explorer
from explorer.latent import sample
from explorer.latent.codes import codebook_of, from_text
from explorer.latent.manifold import frame_of
from explorer.latent.opened import open_atlas
from explorer.latent.report import silent
from explorer.latent.sample import Asked, draw
from explorer.serve.routes import routes
from explorer.serve.worker import worker
from tests.support import is_one_sentence

WHERE = "mnist-vae-20/mnist-5k"


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(routes=routes()))


@pytest.fixture
def working(put):
    """A client of the routes whose worker serves this test's home alone."""
    put("linear")
    worker.close()
    yield TestClient(Starlette(routes=routes()))
    worker.close()


def parse(body: bytes) -> tuple[dict, np.ndarray, np.ndarray]:
    """What is said, the pixels `(n, H, W, C)` and the latents `(n, D)` of an answer."""
    n, length = struct.unpack_from("<2I", body)
    said = json.loads(body[8 : 8 + length])
    start = 8 + length
    assert start % 4 == 0
    size = n * int(np.prod(said["shape"]))
    pixels = np.frombuffer(body, np.uint8, size, start).reshape(n, *said["shape"])
    z = np.frombuffer(body, "<f4", offset=start + size + -size % 4)
    return said, pixels, z.reshape(n, said["dimensions"])


def ask(client, where: str, **query: object) -> tuple[dict, np.ndarray, np.ndarray]:
    answer = client.get(f"/explorer/samples/{where}", params={"count": 5000} | query)
    assert answer.status_code == 200, answer.text
    return parse(answer.content)


def test_samples_are_those_of_the_package_in_pixels_latents_and_facts(client):
    said, pixels, z = ask(client, f"{WHERE}/prior", n=20, seed=11, temperature=0.8)
    opened = open_atlas("mnist-vae-20", "mnist-5k", 5000)
    drawn = draw(opened, "prior", Asked(n=20, seed=11, temperature=0.8))
    assert np.array_equal(z, drawn.z)
    images = explorer.load("mnist-vae-20", "cpu").decode(drawn.z)
    expected = np.rint(255 * images).transpose(0, 2, 3, 1)
    assert np.abs(pixels - expected).max() <= 1
    assert (said["title"], said["words"]) == (drawn.title, drawn.words)
    assert sum(said["counts"]) == 20
    assert said["confident"] == pytest.approx(np.mean(np.array(said["sure"]) > 0.9), abs=0.051)
    index, distance = opened.atlas.index.nearest(drawn.z, 1)
    assert said["nearest"] == opened.atlas.rows[index[:, 0]].tolist()
    assert said["distance"] == pytest.approx(distance[:, 0], abs=1e-3)
    assert (said["told"], said["codes"]) == (None, None)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(client):
    first, again, other = (
        client.get(f"/explorer/samples/{WHERE}/prior?count=5000&n=9&seed={seed}")
        for seed in (5, 5, 6)
    )
    assert first.content == again.content
    assert first.headers["etag"] == again.headers["etag"] != other.headers["etag"]


def test_a_mixture_is_fit_by_the_worker_when_it_is_first_asked_for(working):
    address = "/explorer/samples/linear/mnist-5k/mixture?count=300&n=12&components=3&who=me"
    answer = working.get(address)
    assert answer.status_code == 202
    assert worker.wait(answer.json()["job"], lambda job: job.ended, 120).state == "done"
    said, _, z = parse(working.get(address).content)
    opened = open_atlas("linear", "mnist-5k", 300)
    assert np.array_equal(z, draw(opened, "mixture", Asked(n=12, components=3)).z)
    assert "3 components" in said["title"]


def test_a_mixture_that_cannot_be_fit_is_said(working):
    address = "/explorer/samples/linear/mnist-5k/mixture?count=300&components=64&who=me"
    sample.make(silent, model="linear", dataset="mnist-5k", count=300, components=64)
    assert working.get(address).status_code == 200
    assert working.get(address.replace("=64", "=65")).status_code == 404


def test_a_conditional_models_samples_say_what_they_were_told(client, put):
    put("told")
    said, pixels, z = ask(client, "told/mnist-5k/prior", n=4, count=300, label=3)
    assert said["told"] == [3, 3, 3, 3]
    images = explorer.load("told", "cpu").decode(z, np.full(4, 3))
    assert np.abs(pixels - np.rint(255 * images).transpose(0, 2, 3, 1)).max() <= 1


def test_a_vq_vaes_samples_come_with_their_codes(client, put):
    put("codes", "prior")
    said, _, z = ask(client, "codes/mnist-5k/prior", n=3, count=300)
    opened = open_atlas("codes", "mnist-5k", 300)
    assert np.array_equal(opened.model.codes(z), said["codes"])
    network = codebook_of(opened.model)
    read = [from_text(text, network) for text in said["written"]]
    assert np.array_equal(np.reshape(read, (3, 7, 7)), said["codes"])


def test_the_picture_holds_the_samples_row_by_row_and_says_what_they_are(client):
    _, pixels, _ = ask(client, f"{WHERE}/prior", n=10, seed=2)
    answer = client.get(f"/explorer/samples/{WHERE}/prior/samples.png?count=5000&n=10&seed=2")
    picture = Image.open(io.BytesIO(answer.content))
    mosaic = np.asarray(picture)
    assert mosaic.shape == (3 * 28, 4 * 28)
    assert np.array_equal(mosaic[28:56, 28:56], pixels[5, :, :, 0])
    assert "10 samples of mnist-vae-20" in picture.info["Description"]
    assert "Seed 2" in picture.info["Description"]
    assert "mnist-vae-20-prior-10-seed-2.png" in answer.headers["content-disposition"]


def test_the_table_holds_the_latents_and_what_is_read_in_each(client):
    said, _, z = ask(client, f"{WHERE}/prior", n=6, seed=2)
    answer = client.get(f"/explorer/samples/{WHERE}/prior/samples.csv?count=5000&n=6&seed=2")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    numbers = [[float(row[f"z{k + 1}"]) for k in range(20)] for row in rows]
    assert np.array(numbers) == pytest.approx(z, abs=1e-5)
    assert [int(row["reads"]) for row in rows] == said["reads"]
    assert [int(row["nearest_row"]) for row in rows] == said["nearest"]
    assert {(row["sampler"], row["seed"], row["temperature"]) for row in rows} == {
        ("prior", "2", "1")
    }


def test_the_table_of_a_vq_vae_holds_its_codes(client, put):
    put("codes", "prior")
    said, _, _ = ask(client, "codes/mnist-5k/prior", n=3, count=300)
    answer = client.get("/explorer/samples/codes/mnist-5k/prior/samples.csv?count=300&n=3")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    codes = [[int(row[f"code_{k + 1}"]) for k in range(49)] for row in rows]
    assert codes == np.reshape(said["codes"], (3, -1)).tolist()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (f"samples/{WHERE}/guess", "no sampler called 'guess'"),
        (f"samples/{WHERE}/prior?n=0", "1 to 256"),
        (f"samples/{WHERE}/prior?n=257", "1 to 256"),
        (f"samples/{WHERE}/prior?n=-1", "whole number"),
        (f"samples/{WHERE}/prior?temperature=4", "0 to 3"),
        (f"samples/{WHERE}/prior?temperature=nan", "0 to 3"),
        (f"samples/{WHERE}/prior?temperature=warm", "number like"),
        (f"samples/{WHERE}/prior?seed=9999999999", "whole number"),
        (f"samples/{WHERE}/mixture", "needs the number of images"),
        (f"samples/{WHERE}/mixture?count=5000&components=99", "1 to 64"),
        ("samples/mnist-cvae-2d/mnist-5k/prior?label=10", "0 to 9"),
        ("samples/mnist-vae-9d/mnist-5k/prior", "no model called"),
        ("manifold/mnist-vae-20/mnist-5k", "20 latent dimensions"),
        ("grid/mnist-vae-2d/mnist-5k/raw?x0=0&x1=1&y0=0&y1=1&nx=2&ny=2&spaced=odd", "spacing"),
        ("grid/mnist-vae-2d/mnist-5k/raw?x0=-1&x1=1&y0=0&y1=1&nx=2&ny=2&spaced=normal", "between"),
    ],
)
def test_a_bad_address_gets_one_sentence(client, path, reason):
    answer = client.get(f"/explorer/{path}")
    assert answer.status_code == 404
    assert reason in answer.text
    assert is_one_sentence(answer.text)


QUERY = {
    "n": st.sampled_from(["1", "4", "0", "257", "-3", "", "x"]) | st.text(max_size=8),
    "seed": st.sampled_from(["0", "2147483647", "999999999", "-1"]) | st.text(max_size=12),
    "temperature": st.sampled_from(["0", "1", "3", "nan", "-inf", "1e-400"]) | st.text(max_size=8),
    "components": st.sampled_from(["1", "0", "65"]) | st.text(max_size=8),
    "label": st.sampled_from(["0", "9", "10", "255"]) | st.text(max_size=4),
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["mnist-vae-2d", "mnist-cvae-2d"]), st.fixed_dictionaries({}, optional=QUERY)
)
def test_any_query_gets_samples_or_one_sentence(client, name, query):
    answer = client.get(f"/explorer/samples/{name}/mnist-5k/prior", params={"n": "4"} | query)
    assert answer.status_code in (200, 404)
    if answer.status_code == 404:
        assert is_one_sentence(answer.text)
    else:
        parse(answer.content)


# --- the manifold -----------------------------------------------------------------------------


def test_the_frame_of_a_manifold_is_that_of_the_package(client):
    said = client.get("/explorer/manifold/mnist-ae-2d/mnist-5k?count=5000").json()
    opened = open_atlas("mnist-ae-2d", "mnist-5k", 5000)
    frame = frame_of(opened.model, opened.atlas)
    assert said["centre"] == pytest.approx(frame.centre)
    assert said["scale"] == pytest.approx(frame.scale)
    assert (said["words"], said["told"]) == (frame.words, False)


@pytest.mark.parametrize("name", ["mnist-vae-2d", "mnist-ae-2d"])
def test_a_grid_spaced_by_the_normal_distribution_is_decoded_at_its_quantiles(client, name):
    query = "x0=0.5&x1=1&y0=0&y1=1&nx=2&ny=2&spaced=normal"
    answer = client.get(f"/explorer/grid/{name}/mnist-5k/raw?count=5000&{query}")
    mosaic = np.asarray(Image.open(io.BytesIO(answer.content)))
    opened = open_atlas(name, "mnist-5k", 5000)
    frame = frame_of(opened.model, opened.atlas)
    # Quantiles of 5/8 and 7/8 across, 3/4 and 1/4 from the top, by scipy's own table.
    places = [[0.31863936, 0.67448975], [1.15034938, 0.67448975]]
    places += [[0.31863936, -0.67448975], [1.15034938, -0.67448975]]
    z = (frame.centre + frame.scale * places).astype(np.float32)
    expected = np.rint(255 * explorer.load(name, "cpu").decode(z)[:, 0])
    cells = [c for row in np.split(mosaic, 2) for c in np.split(row, 2, axis=1)]
    for cell, image in zip(cells, expected, strict=True):
        assert np.abs(cell - image).max() <= 1
