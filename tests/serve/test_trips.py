"""Round trips and noise over the wire: what comes is what the package computes."""

from __future__ import annotations

import json
import math
import struct

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

import explorer
from explorer.data import load_dataset
from explorer.latent.round_trip import trail
from explorer.metrics.denoising import cleaned
from explorer.serve.answer import to_bytes
from explorer.serve.catalogue import catalogue
from explorer.serve.routes import routes
from tests.serve.test_decode import ask
from tests.support import is_one_sentence

CLEANER = "mnist-denoising-ae-64"


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(routes=routes()))


def unpacked(body: bytes) -> tuple[dict, np.ndarray]:
    n, length = struct.unpack("<2I", body[:8])
    said = json.loads(body[8 : 8 + length])
    return said, np.frombuffer(body, np.uint8, offset=8 + length).reshape(n, *said["shape"])


def refused(answer, reason: str) -> None:
    assert answer.status_code == 404
    assert reason in answer.text
    assert is_one_sentence(answer.text)


# --- round trips ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("view", "at"),
    [
        ("mnist-vae-2d/mnist-5k/raw", "row:7"),
        ("mnist-vae-20/mnist-5k/pca", "mean"),
        ("mnist-vq-vae/mnist-5k/pca", "row:3"),
    ],
)
def test_a_trail_is_the_packages_with_its_places_on_the_map(client, view, at):
    said, pixels = unpacked(client.get(f"/explorer/round-trip/{view}?at={at}&n=5").content)
    name, _, key = view.split("/")
    one = catalogue.open(name, "mnist-5k")
    z = np.zeros(20, np.float32) if at == "mean" else one.atlas.mean[int(at[4:])]
    made = trail(one.model, z, 5, one.map(key).deviation)
    assert said["original"] == (at != "mean")
    assert np.abs(pixels[-6:].astype(int) - to_bytes(made.images)).max() <= 1
    if said["original"]:
        expected = load_dataset("mnist-5k").picture(int(at[4:])).numpy()
        assert np.array_equal(pixels[0], to_bytes(expected[None])[0])
    assert said["steps"] == pytest.approx(made.steps, rel=1e-3, abs=1e-4)
    assert np.array(said["places"]) == pytest.approx(one.map(key).places_of(made.z)[0], abs=1e-2)
    assert said["exact"]
    assert said["tolerance"] == pytest.approx(made.tolerance, rel=1e-4)
    assert (said["settled"], said["cycle"], said["words"]) == (
        made.settled,
        made.cycle,
        made.words,
    )
    assert said["codes"] == (name == "mnist-vq-vae")
    assert len(said["reads"]) == 6


def test_a_told_model_goes_round_as_the_class_it_is_told(client):
    view = "mnist-cvae-2d/mnist-5k/raw"
    own, other = (
        unpacked(client.get(f"/explorer/round-trip/{view}?at=row:7&n=2{told}").content)[0]
        for told in ("", "&label=3")
    )
    assert own["as"] == catalogue.open("mnist-cvae-2d", "mnist-5k").atlas.labels[7]
    assert other["as"] == 3
    assert other["reads"] == ["3", "3", "3"]


@pytest.mark.parametrize(
    ("query", "reason"),
    [("at=row:7&n=101", "1 to 100"), ("at=row:7&n=0", "1 to 100"), ("at=row:77777", "no image"),
     ("at=", "starting point"), ("at=row:7&n=x", "whole number")],
)  # fmt: skip
def test_other_trips_are_refused(client, query, reason):
    refused(client.get(f"/explorer/round-trip/mnist-vae-2d/mnist-5k/raw?{query}"), reason)


# --- noise ------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", ["gaussian", "salt-and-pepper", "masking"])
def test_an_image_is_answered_noisy_cleaned_filtered_and_clean(noise, digits):
    wish = {"at": "row:3", "noise": noise, "amount": 0.4, "seed": 9}
    _, pixels, said = ask(kind="noise", model=CLEANER, dataset="mnist-5k", **wish)
    model, x = explorer.load(CLEANER, "cpu"), digits.picture(3).numpy()
    made = cleaned(model, x, noise, [0.4], 9)
    images = np.concatenate([made.noisy, made.denoised, made.median, x[None]])
    assert np.abs(pixels.astype(int) - to_bytes(images)).max() <= 1
    psnr = [made.psnr(each)[0] for each in (made.noisy, made.denoised, made.median)]
    assert said["psnr"] == pytest.approx(psnr, abs=0.02)


def test_no_noise_has_no_error_and_no_decibels():
    wish = {"at": "row:3", "noise": "masking", "amount": 0}
    _, pixels, said = ask(kind="noise", model=CLEANER, dataset="mnist-5k", **wish)
    assert said["psnr"][0] is None
    assert said["psnr"][1] > 15
    assert np.array_equal(pixels[0], pixels[3])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"amount": 1.5}, "less than or equal to 1"),
        ({"noise": "fog"}, "gaussian"),
        ({"at": "row:99999"}, "no image 99999"),
        ({"at": "mean"}, "Noise is added to an image"),
        ({"at": "x" * 61}, "60"),
        ({"seed": -1}, "greater than or equal to 0"),
        ({"amount": math.nan}, "finite number"),
    ],
)
def test_other_noise_is_refused_in_a_sentence(change, reason):
    whole = {"kind": "noise", "model": CLEANER, "dataset": "mnist-5k", "at": "row:0"}
    _, pixels, said = ask(**whole | {"noise": "masking", "amount": 0.2} | change)
    assert len(pixels) == 0
    assert reason in said["error"]
    assert is_one_sentence(said["error"])


def test_the_curve_is_that_of_every_amount(client, digits):
    address = f"/explorer/denoising/{CLEANER}/mnist-5k?at=row:3&noise=gaussian&seed=2"
    said = client.get(address).json()
    made = cleaned(explorer.load(CLEANER, "cpu"), digits.picture(3).numpy(), "gaussian", [0.5], 2)
    at = said["amounts"].index(0.5)
    assert said["amounts"][0] == 0
    assert said["amounts"][-1] == 1
    assert said["noisy"][0] is None
    assert said["denoised"][at] == pytest.approx(made.psnr(made.denoised)[0], abs=0.02)
    assert said["median"][at] == pytest.approx(made.psnr(made.median)[0], abs=0.02)
    assert said["noisy"][at] < said["median"][at] < said["denoised"][at]
    assert said["trained"] == {"noise": "gaussian", "amount": 0.5}


def test_a_model_that_never_saw_noise_says_so(client):
    said = client.get("/explorer/denoising/mnist-vae-2d/mnist-5k?at=row:3").json()
    assert said["trained"] is None


@pytest.mark.parametrize(
    ("query", "reason"),
    [("at=row:3&noise=fog", "gaussian"), ("at=mean", "Noise is added"), ("at=row:x", "whole")],
)
def test_other_curves_are_refused(client, query, reason):
    refused(client.get(f"/explorer/denoising/{CLEANER}/mnist-5k?{query}"), reason)
