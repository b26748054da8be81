"""Own pictures and subjects over the wire: what a browser gets is what the package computes."""

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

from explorer import own
from explorer.data.fit import fitted
from explorer.latent.subject import subject
from explorer.serve.answer import to_bytes
from explorer.serve.catalogue import catalogue
from explorer.serve.routes import routes
from tests.latent.test_subject import seven
from tests.serve.test_decode import as_bytes, ask
from tests.support import is_one_sentence

NOISE = np.random.default_rng(0).integers(0, 256, (40, 40), dtype=np.uint8)
MAP = {"model": "mnist-vae-20", "dataset": "mnist-5k", "projection": "umap"}
AT = "/explorer/subject/mnist-vae-20/mnist-5k/umap"


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(routes=routes()))


def png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def unpacked(body: bytes) -> tuple[dict, np.ndarray]:
    n, length = struct.unpack("<2I", body[:8])
    said = json.loads(body[8 : 8 + length])
    return said, np.frombuffer(body, np.uint8, offset=8 + length).reshape(n, *(said["shape"] or []))


def drawn() -> np.ndarray:
    return np.asarray(own.read(seven()))


# --- the routes -------------------------------------------------------------------------------


def test_a_picture_is_kept_and_comes_back_as_the_model_sees_it(client):
    kept = client.post("/explorer/own", content=png(Image.fromarray(drawn())))
    assert kept.status_code == 200
    name = kept.json()["name"]
    assert name == seven()
    answer = client.get(f"{AT}?at=own:{name}")
    one = catalogue.open("mnist-vae-20", "mnist-5k")
    wanted = subject(one, f"own:{name}", "umap")
    said, pixels = unpacked(answer.content)
    np.testing.assert_array_equal(pixels, to_bytes(wanted.image[None]))
    np.testing.assert_array_equal(np.float32(said["z"]), wanted.z)
    np.testing.assert_array_equal(np.float32(said["sigma"]), np.exp(0.5 * wanted.logvar))
    np.testing.assert_allclose(said["place"], one.map("umap").places_of(wanted.z[None])[0][0])
    assert (said["exact"], said["label"]) == (False, None)


def test_a_sample_has_no_picture_and_a_conditional_model_is_told_a_class(client):
    said, pixels = unpacked(client.get(f"{AT}?at=sample:4").content)
    assert said["shape"] is None
    assert pixels.size == 0
    told = AT.replace("mnist-vae-20", "mnist-cvae-20")
    assert unpacked(client.get(f"{told}?at=mean&label=3").content)[0]["label"] == 3


@pytest.mark.parametrize("body", [b"", b"no picture", png(Image.fromarray(NOISE))[:200]])
def test_what_is_no_picture_is_refused_in_a_sentence(client, body):
    answer = client.post("/explorer/own", content=body)
    assert answer.status_code == 404
    assert is_one_sentence(answer.text)


def test_a_body_that_is_too_large_is_not_read_to_its_end(client):
    sent = []

    def endless():
        while len(sent) < 1000:
            sent.append(1)
            yield bytes(2**20)

    answer = client.post("/explorer/own", content=endless())
    assert answer.status_code == 413
    assert "at most 20 MB" in answer.text


def test_other_websites_may_not_leave_pictures_here(client):
    answer = client.post("/explorer/own", content=b"x", headers={"Origin": "http://elsewhere"})
    assert answer.status_code == 403
    assert not own.folder().exists()


@pytest.mark.parametrize("at", ["", "hat:1", "row:70000", f"own:{'0' * 16}", "place:1"])
def test_a_subject_that_there_is_not_is_a_sentence(client, at):
    answer = client.get(f"{AT}?at={at}")
    assert answer.status_code == 404
    assert is_one_sentence(answer.text)


def test_the_python_of_an_own_picture_makes_its_image(client, tmp_path, monkeypatch):
    for model in ("mnist-vae-20", "mnist-cvae-20"):
        name = seven()
        lines = client.get(f"/explorer/python/{model}/mnist-5k/umap?own={name}").text
        monkeypatch.chdir(tmp_path)
        exec(compile(lines, "view", "exec"), {})
        made = np.asarray(Image.open(tmp_path / f"{model}-own.png"))
        _, pixels, _ = ask(kind="own", own=name, **{**MAP, "model": model})
        assert np.abs(made.astype(int) - pixels[0, :, :, 0]).max() <= 1


# --- the decode channel -----------------------------------------------------------------------


@pytest.mark.parametrize("model", ["mnist-vae-2d", "mnist-cvae-20", "mnist-vq-vae", "mnist-pca-20"])
def test_a_kept_picture_is_encoded_and_decoded_with_what_the_model_sees_beside(model):
    one, name = catalogue.open(model, "mnist-5k"), seven()
    key = "raw" if model == "mnist-vae-2d" else "pca"
    view = {"model": model, "dataset": "mnist-5k", "projection": key}
    _, pixels, said = ask(kind="own", own=name, detail=True, **view)
    wanted = subject(one, f"own:{name}")
    told = None if wanted.label is None else np.array([wanted.label])
    decoded = one.model.decode(wanted.z[None], told)
    assert np.abs(pixels[:1] - as_bytes(decoded)).max() <= 1
    np.testing.assert_array_equal(pixels[1:], to_bytes(wanted.image[None]))
    assert said["mse"] == pytest.approx(
        float(np.square(wanted.image - decoded[0]).mean()), rel=1e-3
    )
    assert said["trust"] in ("data", "gap", "outside")
    assert len(said["neighbours"]) == 5
    np.testing.assert_allclose(
        said["place"], one.map(view["projection"]).places_of(wanted.z[None])[0][0], atol=1e-3
    )


def test_a_drawing_is_answered_as_the_picture_that_it_becomes():
    grey = drawn()
    text = base64.b64encode(grey.tobytes()).decode()
    _, pixels, said = ask(kind="own", drawing=text, **MAP)
    _, kept, _ = ask(kind="own", own=seven(), **MAP)
    np.testing.assert_array_equal(pixels, kept)
    assert said["own"] == "drawing"
    image = fitted(Image.fromarray(grey), catalogue.dataset("mnist-5k")).image
    np.testing.assert_array_equal(pixels[1:], to_bytes(image[None]))


@pytest.mark.parametrize(
    "picture",
    [
        {},
        {"own": "0" * 16},
        {"own": "../../x"},
        {"drawing": "no base64!"},
        {"drawing": base64.b64encode(bytes(63)).decode()},
        {"drawing": base64.b64encode(bytes(65)).decode()},
        {"drawing": "A" * 60_000},
        {"own": "0" * 16, "drawing": "AAAA"},
    ],
)
def test_a_drawing_that_is_none_is_refused_in_a_sentence(picture):
    _, pixels, said = ask(kind="own", **picture, **MAP)
    assert not pixels.size
    assert is_one_sentence(said["error"])


def test_a_latent_is_told_where_it_stands_on_a_map():
    one = catalogue.open("mnist-vae-20", "mnist-5k")
    z = one.atlas.mean[8]
    asked = {"kind": "latent", "z": [z.tolist()]}
    _, pixels, said = ask(**asked, detail=True, **MAP)
    assert np.abs(pixels - as_bytes(one.model.decode(z[None]))).max() <= 1
    np.testing.assert_allclose(said["place"], one.map("umap").coordinates[8], atol=1e-3)
    assert said["neighbours"][0] == {
        "row": int(one.atlas.rows[8]), "label": int(one.atlas.labels[8]), "distance": 0.0,
    }  # fmt: skip
    assert said["trust"] == one.crowd.judge(z, said["round_trip"]).standing
    far = ask(kind="latent", z=[[30.0] * 20], detail=True, **MAP)[2]
    assert far["trust"] == "outside"
    without = ask(kind="latent", z=[z.tolist()], detail=True, model="mnist-vae-20")[2]
    assert is_one_sentence(without["error"])
    short = ask(kind="latent", z=[[0.0] * 3], **MAP)[2]
    assert "20 numbers" in short["error"]
