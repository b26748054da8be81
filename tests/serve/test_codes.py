"""The routes about codes, and the decode kind `codes`: what comes is what the package computes."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

import explorer
from explorer.latent import codes as grids
from explorer.loaded import load
from explorer.serve.answer import to_bytes
from explorer.serve.catalogue import catalogue
from explorer.serve.routes import routes
from tests.serve.test_decode import ask
from tests.support import is_one_sentence

VQ = "mnist-vq-vae"
ATLAS = f"/explorer/codebook/{VQ}/mnist-5k?count=5000"


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(routes=routes()))


@pytest.fixture(scope="module")
def model():
    return explorer.load(VQ, "cpu")


@pytest.fixture(scope="module")
def maps(model) -> np.ndarray:
    """The codes of the first 20 images."""
    return model.codes(catalogue.open(VQ, "mnist-5k").atlas.mean[:20])


def refused(answer, reason: str) -> None:
    assert answer.status_code == 404
    assert reason in answer.text
    assert is_one_sentence(answer.text)


# --- decoding ---------------------------------------------------------------------------------


def test_codes_are_decoded_in_their_order(model, maps):
    asked = maps.reshape(20, -1).tolist()
    _, pixels, said = ask(kind="codes", model=VQ, codes=asked)
    assert np.array_equal(pixels, to_bytes(grids.decoded(model, maps)))
    assert said == {"source": "cpu"}
    changed = maps[:1].copy()
    changed[0, 3, 3] = 77
    _, painted, _ = ask(kind="codes", model=VQ, codes=changed.reshape(1, -1).tolist())
    assert np.array_equal(painted, to_bytes(model.network.decode_codes(as_tensor(changed)).numpy()))
    assert not np.array_equal(painted[0], pixels[0])


def as_tensor(codes: np.ndarray):
    import torch

    return torch.from_numpy(codes)


@pytest.mark.parametrize(
    ("codes", "reason"),
    [
        ([[0] * 48], "49 codes"),
        ([[0] * 49, [0] * 48], "same number"),
        ([[128] + [0] * 48], "numbered 0 to 127"),
        ([[-1] + [0] * 48], "greater than or equal to 0"),
        ([[0.5] + [0] * 48], "integer"),
        ([[0] * 49] * 257, "256"),
        ([], "codes"),
        ([[]], "49 codes"),
        ([[0] * 5000], "4096"),
    ],
)
def test_other_codes_are_refused_in_a_sentence(codes, reason):
    seq, pixels, said = ask(kind="codes", model=VQ, codes=codes)
    assert (seq, len(pixels)) == (7, 0)
    assert reason in said["error"]
    assert is_one_sentence(said["error"])


def test_a_model_without_codes_refuses_them():
    _, pixels, said = ask(kind="codes", model="mnist-vae-2d", codes=[[0] * 49])
    assert len(pixels) == 0
    assert "choose a VQ-VAE" in said["error"]


# --- the codebook -----------------------------------------------------------------------------


def test_the_codebook_is_that_of_the_atlas(client, model):
    body = client.get(ATLAS).content
    n, length = struct.unpack("<2I", body[:8])
    said = json.loads(body[8 : 8 + length])
    every = model.codes(catalogue.open(VQ, "mnist-5k").atlas.mean)
    counts = np.bincount(every.ravel(), minlength=128)
    assert (n, said["grid"], said["images"]) == (128, [7, 7], 5000)
    assert said["counts"] == counts.tolist()
    assert sorted(said["order"]) == list(range(128))
    assert (np.diff(counts[said["order"]]) <= 0).all()
    assert said["dead"] == np.flatnonzero(counts == 0).tolist()
    p = counts / counts.sum()
    assert said["perplexity"] == pytest.approx(np.exp(-(p * np.log(p)).sum()), abs=0.01)
    assert (said["prior"], said["signs"]) == ("Prior over the codes of the VQ-VAE", 2)
    assert said["typical"] == pytest.approx(89.6, abs=0.1)
    pixels = np.frombuffer(body, np.uint8, offset=8 + length).reshape(n, *said["shape"])
    assert np.array_equal(pixels, to_bytes(grids.looks(model, every)))


def test_a_model_without_codes_has_no_codebook(client):
    address = "/explorer/codebook/mnist-vae-2d/mnist-5k?count=5000"
    refused(client.get(address), "choose a VQ-VAE")


@pytest.mark.parametrize("row", [0, 7, 19])
def test_the_map_of_an_image_is_its_codes(client, maps, row):
    answer = client.get(f"/explorer/code-map/{VQ}/mnist-5k/pca?at=row:{row}").json()
    assert answer["codes"] == maps[row].ravel().tolist()
    assert f"image {row}" in answer["words"]


def test_a_map_of_something_that_is_not_there_is_refused(client):
    refused(client.get(f"/explorer/code-map/{VQ}/mnist-5k/pca?at=row:99999"), "no image 99999")
    refused(client.get(f"/explorer/code-map/{VQ}/mnist-5k/pca?at=nothing"), "starting point")


# --- facts ------------------------------------------------------------------------------------


def facts(client, codes: np.ndarray):
    text = grids.to_text(codes, 128)
    return client.get(f"/explorer/code-facts/{VQ}/mnist-5k?count=5000&codes={text}")


def test_the_facts_of_a_map_are_its_nats_its_return_and_what_is_read_in_it(client, model, maps):
    said = facts(client, maps[3]).json()
    prior = grids.prior_of(model)
    assert said["nats"] == pytest.approx(grids.surprise(prior, maps[3:4])[0].ravel(), abs=2e-3)
    image = grids.decoded(model, maps[3:4])
    again = grids.encoded(model, image)[0]
    assert said["back"] == (again == maps[3]).ravel().tolist()
    label = catalogue.open(VQ, "mnist-5k").atlas.labels[3]
    assert said["reads"] == str(label)
    assert said["sure"] > 0.5


def test_painting_a_strange_code_surprises_the_prior_there(client, maps):
    strange = maps[3].copy()
    strange[0, 6] = 38
    before, after = facts(client, maps[3]).json(), facts(client, strange).json()
    assert after["nats"][6] > before["nats"][6] + 3
    assert after["nats"][:6] == pytest.approx(before["nats"][:6], abs=2e-3)


def test_facts_of_no_map_are_refused(client):
    refused(client.get(f"/explorer/code-facts/{VQ}/mnist-5k?codes=AAAA"), "49 codes")


# --- draws ------------------------------------------------------------------------------------


def test_draws_are_those_of_the_prior(client, model):
    answer = client.get(f"/explorer/code-draws/{VQ}?n=3&seed=5&temperature=0.7").json()
    drawn = grids.draw(grids.prior_of(model), 3, 5, 0.7)
    assert answer["codes"] == drawn.codes.reshape(3, -1).tolist()
    assert answer["nats"] == pytest.approx(drawn.nats, abs=0.01)
    assert answer["words"] == drawn.words


def test_draws_leave_kept_cells_as_they_are(client, model, maps):
    kept = np.zeros((7, 7), bool)
    kept[:, :4] = True
    text, mask = grids.to_text(maps[2], 128), grids.mask_to_text(kept)
    answer = client.get(f"/explorer/code-draws/{VQ}?n=2&seed=1&codes={text}&kept={mask}").json()
    drawn = grids.draw(grids.prior_of(model), 2, 1, 1.0, maps[2], kept)
    assert answer["codes"] == drawn.codes.reshape(2, -1).tolist()
    assert (np.reshape(answer["codes"], (2, 7, 7))[:, kept] == maps[2][kept]).all()
    assert "cannot look ahead" in answer["words"]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("n=17", "1 to 16"),
        ("temperature=9", "temperature of 0 to 4"),
        ("temperature=-1", "number like 1"),
        ("temperature=nan", "number like 1"),
        ("seed=-1", "whole number"),
        ("codes=AA", "49 codes"),
        ("codes=" + "AA" * 49 + "&kept=zz", "hexadecimal"),
    ],
)
def test_draws_of_other_numbers_are_refused(client, asked, reason):
    refused(client.get(f"/explorer/code-draws/{VQ}?{asked}"), reason)


def test_a_model_whose_codes_nobody_learned_says_how_to(client, put, shipped):
    put("codes")
    assert load("codes", "cpu").card.id == "codes"
    refused(client.get("/explorer/code-draws/codes?n=1"), "--codes-of codes")
