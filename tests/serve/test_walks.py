"""The routes about ways: what a browser gets is what the package computes."""

from __future__ import annotations

import csv
import io
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageSequence
from starlette.applications import Starlette
from starlette.testclient import TestClient

from explorer.latent.paths import met, track
from explorer.latent.walk import Walk
from explorer.serve import decode as channel
from explorer.serve.answer import to_bytes
from explorer.serve.catalogue import catalogue
from explorer.serve.picture import GIF_SIDE, animation_gif
from explorer.serve.routes import routes
from tests.support import is_one_sentence

VAE = "mnist-vae-20/mnist-5k/umap"
ENDS = {"a": "row:3", "b": "row:50"}


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(routes=routes()))


def url(view: str, file: str = "") -> str:
    return f"/explorer/walk/{view}{file and f'/{file}'}"


def opened(view: str):
    model, dataset, _ = view.split("/")
    return catalogue.open(model, dataset)


def unpacked(body: bytes) -> tuple[int, dict, np.ndarray]:
    """A binary answer read as a browser reads it, to its last byte."""
    n, length = struct.unpack("<2I", body[:8])
    said, at = json.loads(body[8 : 8 + length]), 8 + length
    return n, said, np.frombuffer(body, np.uint8, offset=at).reshape(-1, *said["shape"])


@pytest.mark.parametrize("way", ["linear", "slerp", "density"])
def test_a_way_is_answered_with_what_one_meets_on_it(client, way):
    n, said, images = unpacked(client.get(url(VAE), params=ENDS | {"way": way, "steps": 7}).content)
    one = opened(VAE)
    found = track(Walk(way=way, projection="umap", **ENDS), one)
    expected = met(one, found, 7)
    assert n == len(images) == 7
    assert np.array_equal(images, to_bytes(expected.images))
    assert said["nearest"] == expected.nearest.tolist()
    for name in ("distance", "relative", "trips", "changes"):
        assert said[name] == pytest.approx(getattr(expected, name), abs=1e-4)
    assert said["reach"] == pytest.approx(expected.reach, abs=1e-4)
    assert said["standing"] == [judged.standing for judged in expected.judged]
    assert said["roughness"] == pytest.approx(expected.roughness, abs=1e-4)
    assert said["change"] == pytest.approx(expected.changes.sum(), abs=1e-3)
    assert np.array(said["places"]) == pytest.approx(found.places_on(one, "umap")[0], abs=1e-4)
    assert said["exact"] is False
    assert len(said["ends"]) == 2


def test_another_model_gets_the_images_of_the_first_and_no_place_on_its_map(client):
    asked = {"a": "place:5,6", "b": "row:50", "home": "mnist-vae-20", "steps": 3}
    _, said, images = unpacked(client.get(url("mnist-ae-2d/mnist-5k/umap"), params=asked).content)
    one, home = opened("mnist-ae-2d/mnist-5k/raw"), opened(VAE)
    walk = Walk(a="place:5,6", b="row:50", projection="umap")
    expected = met(one, track(walk, one, home), 3)
    assert np.array_equal(images, to_bytes(expected.images))
    assert "places" not in said


def test_a_shift_brings_the_decoded_means_of_its_groups_too(client):
    asked = {"way": "shift", "a": "row:3", "plus": "class:7", "minus": "class:1", "steps": 5}
    n, _, images = unpacked(client.get(url(VAE), params=asked).content)
    assert (n, len(images)) == (5, 7)
    one = opened(VAE)
    for at, label in ((5, 7), (6, 1)):
        mean = one.atlas.mean[one.atlas.labels == label].mean(0, dtype=np.float64)
        decoded = to_bytes(one.model.decode(mean[None].astype(np.float32)))[0]
        assert np.abs(images[at].astype(int) - decoded).max() <= 1


def test_the_same_way_is_not_sent_twice(client):
    first = client.get(url(VAE), params=ENDS)
    again = client.get(url(VAE), params=ENDS, headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code) == (200, 304)


@pytest.mark.parametrize(
    "asked",
    [
        {"steps": 2}, {"steps": 26}, {"steps": "many"}, {"way": "across"}, {"a": "nobody"},
        {"b": "row:99999"}, {"way": "drawn"}, {"way": "drawn", "stroke": "1_2"},
        {"way": "shift"}, {"way": "shift", "plus": "class:3", "minus": "class:99"},
        {"home": "no-such-model"}, {"label": "x"}, {"a": "own:" + 16 * "0"}, {"stroke": "1" * 3000},
        {"count": 4},
    ],
)  # fmt: skip
def test_what_names_no_way_is_refused_in_a_sentence(client, asked):
    answer = client.get(url(VAE), params=ENDS | asked)
    assert answer.status_code == 404
    assert is_one_sentence(answer.text)


def test_the_gif_holds_the_decoded_steps_grey_for_grey(client):
    asked = ENDS | {"steps": 5, "ms": 80}
    answer = client.get(url(VAE, "walk.gif"), params=asked)
    assert answer.headers["content-disposition"].endswith('filename="mnist-vae-20-linear.gif"')
    gif = Image.open(io.BytesIO(answer.content))
    one = opened(VAE)
    expected = to_bytes(met(one, track(Walk(projection="umap", **ENDS), one), 5).images)[..., 0]
    frames = [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(gif)]
    assert len(frames) == 5
    assert frames[0].shape == (GIF_SIDE, GIF_SIDE)
    assert np.array_equal(np.stack(frames)[:, ::8, ::8], expected)
    assert (gif.info["loop"], gif.info["duration"]) == (0, 80)


def test_a_gif_may_play_once_bounce_and_have_images_between_steps(client):
    asked = ENDS | {"steps": 3, "between": 2, "bounce": 1, "loop": 0}
    gif = Image.open(io.BytesIO(client.get(url(VAE, "walk.gif"), params=asked).content))
    assert "loop" not in gif.info
    frames = np.stack([np.asarray(one.convert("L")) for one in ImageSequence.Iterator(gif)])
    one = opened(VAE)
    way = track(Walk(projection="umap", **ENDS), one)
    expected = to_bytes(way.images(one, np.linspace(0, 1, 7)))[..., 0]
    there_and_back = np.concatenate([expected, expected[-2:0:-1]])
    assert np.array_equal(frames[:, ::8, ::8], there_and_back)


@given(st.integers(2, 6), st.sampled_from([1, 3]), st.sampled_from([8, 28, 64]), st.booleans())
def test_an_animation_shows_every_image_that_differs(n, channels, side, bounce):
    rng = np.random.default_rng(n)
    images = np.zeros((n, side, side, channels), np.uint8)
    for at in range(n):  # few colours, so that a GIF holds them all
        images[at] = rng.integers(0, 256, channels)
        images[at, : at + 1] = 255 - images[at, -1]
    gif = Image.open(io.BytesIO(animation_gif(images, 50, True, bounce)))
    mode, factor = ("L", "RGB")[channels > 1], GIF_SIDE // side
    frames = [np.asarray(one.convert(mode)) for one in ImageSequence.Iterator(gif)]
    order = [*range(n), *(range(n - 2, 0, -1) if bounce else [])]
    assert len(frames) == len(order)
    shown = np.stack(frames)[:, ::factor, ::factor].reshape(len(order), side, side, channels)
    assert np.array_equal(shown, images[order])


@pytest.mark.parametrize("asked", [{"ms": 1}, {"ms": 5000}, {"between": 15}])
def test_an_animation_beyond_its_bounds_is_refused(client, asked):
    answer = client.get(url(VAE, "walk.gif"), params=ENDS | asked)
    assert answer.status_code == 404
    assert is_one_sentence(answer.text)


def test_the_csv_holds_the_latents_of_the_steps(client):
    answer = client.get(url(VAE, "walk.csv"), params=ENDS | {"steps": 4})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    one = opened(VAE)
    expected = met(one, track(Walk(projection="umap", **ENDS), one), 4)
    z = np.array([[float(row[f"z{i}"]) for i in range(1, 21)] for row in rows])
    assert z == pytest.approx(expected.z, rel=1e-5, abs=1e-6)


def test_the_csv_of_a_drawn_way_does_not_repeat_the_line_in_each_row(client):
    asked = {"way": "drawn", "stroke": "0_0_1_1_2_0", "steps": 4}
    answer = client.get(url("mnist-vae-2d/mnist-5k/raw", "walk.csv"), params=asked)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {(row["way"], row["from"], row["to"]) for row in rows} == {("drawn", "drawn", "drawn")}


# --- at pointer speed -----------------------------------------------------------------------------


def ask(**request) -> tuple[np.ndarray, dict]:
    frame = channel.reply(json.dumps({"seq": 1, "kind": "walk"} | request))
    _, n, height, width, channels = struct.unpack("<5I", frame[:20])
    size = n * height * width * channels
    pixels = np.frombuffer(frame[20 : 20 + size], np.uint8).reshape(n, height, width, channels)
    return pixels, json.loads(frame[20 + size :])


MODEL = {"model": "mnist-vae-20", "dataset": "mnist-5k"}


@pytest.mark.parametrize("way", ["linear", "slerp", "density"])
def test_any_share_of_a_way_is_decoded(way):
    shares = [0, 0.123, 0.5, 1]
    pixels, said = ask(**MODEL, walk=ENDS | {"way": way, "projection": "umap"}, at=shares)
    one = opened(VAE)
    found = track(Walk(way=way, projection="umap", **ENDS), one)
    assert np.array_equal(pixels, to_bytes(found.images(one, np.array(shares))))
    assert said["z"] == pytest.approx(found.points[0][:8], abs=1e-4)


def test_a_conditional_model_is_told_the_mix_of_classes_at_pointer_speed_too():
    one = catalogue.open("mnist-cvae-20", "mnist-5k")
    pixels, _ = ask(model="mnist-cvae-20", dataset="mnist-5k", walk=ENDS, at=[0.3])
    z, weights = track(Walk(**ENDS), one).at(np.array([0.3]))
    assert weights.max() < 1
    assert np.array_equal(pixels, to_bytes(one.model.decode(z, weights)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"at": []}, {"at": [1.5]}, {"at": [-0.1]}, {"at": [0.5] * 257}, {"at": "all"},
        {"walk": {"way": "across"}}, {"walk": {"a": "row:-1"}}, {"walk": {"speed": 3}},
        {"walk": {"stroke": "0_0", "way": "drawn"}}, {"home": ".."}, {"dataset": "nowhere"},
        {"model": "nobody"}, {"count": 1},
    ],
)  # fmt: skip
def test_a_wrong_request_for_a_way_gets_a_reason_and_no_pixels(wrong):
    pixels, said = ask(**MODEL | {"walk": ENDS, "at": [0.5]} | wrong)
    assert len(pixels) == 0
    assert is_one_sentence(said["error"])


def test_a_way_that_was_found_is_warm_and_another_is_cold():
    def request(**walk):
        text = json.dumps({"seq": 1, "kind": "walk", **MODEL, "walk": walk, "at": [0.5]})
        return channel.read(text)

    channel.decoded(request(a="row:11", b="row:12"))
    assert not channel.is_cold(request(a="row:11", b="row:12"))
    assert channel.is_cold(request(a="row:11", b="row:1234"))
    channel.warm(request(a="row:11", b="row:1234"))
    assert not channel.is_cold(request(a="row:11", b="row:1234"))
    channel.warm(request(a="row:99999"))  # what cannot be is said by its answer
