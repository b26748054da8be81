"""One image through several models: what is answered is what each model computes by itself."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
import torch
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

import explorer
from explorer import own
from explorer.data import load_dataset
from explorer.latent.subject import subject
from explorer.serve import decode as channel
from explorer.serve.catalogue import CAPACITY, catalogue
from explorer.serve.requests import MAX_THROUGH
from explorer.serve.routes import routes
from tests.serve.test_decode import as_bytes, ask

LADDER = [f"mnist-beta-vae-10-b{beta}" for beta in ("0.25", "1", "4", "16")]
MIXED = ["mnist-vae-20", "mnist-conv-ae-64", "mnist-pca-20", "mnist-vq-vae", "mnist-cvae-20"]


def on(model: str, projection: str = "umap") -> dict[str, str]:
    return {"model": model, "dataset": "mnist-5k", "projection": projection}


RAW = on("mnist-vae-2d", "raw")


def transfer(**request):
    return ask(kind="transfer", **request)


def image(row: int) -> np.ndarray:
    return load_dataset("mnist-5k").picture(row).numpy()


def near(pixels: np.ndarray, images: np.ndarray) -> bool:
    return np.abs(pixels - as_bytes(images)).max() <= 1


def labels_for(model, label: int):
    return np.array([label]) if model.conditional else None


def kl(mean: np.ndarray, logvar: np.ndarray) -> float:
    """Kingma & Welling 2014, appendix B, in float64."""
    mean, logvar = mean.astype(np.float64), logvar.astype(np.float64)
    return float(0.5 * (mean**2 + np.exp(logvar) - 1 - logvar).sum())


@pytest.mark.parametrize("row", [5, 4321])
def test_each_model_answers_what_it_makes_of_the_image_by_itself(row):
    x, label = image(row), int(load_dataset("mnist-5k").labels[row])
    _, pixels, said = transfer(**RAW, at=f"row:{row}", to=[on(model) for model in MIXED])
    assert near(pixels[:1], x[None])
    assert (said["row"], said["label"], said["decoded"]) == (row, label, False)
    names = ["mnist-vae-2d", *MIXED]
    assert [one["model"] for one in said["models"]] == names
    for name, shown, one in zip(names, pixels[1:], said["models"], strict=True):
        model = explorer.load(name, "cpu")
        told = labels_for(model, label)
        posterior = model.encode(x[None], told)
        x_hat = model.decode(posterior.mean, told)
        assert near(shown[None], x_hat)
        assert one["mse"] == pytest.approx(float(np.square(x - x_hat).mean()), rel=1e-4)
        np.testing.assert_allclose(one["z"], posterior.mean[0, :8], atol=1e-3)
        assert one.get("as") == (None if told is None else label)
        if posterior.logvar is None:
            assert one["rate"] is None
        else:
            rate = kl(posterior.mean[0], posterior.logvar[0])
            assert one["rate"] == pytest.approx(rate, rel=1e-4)


def test_the_error_in_nats_is_the_reconstruction_term_of_the_objective():
    x = torch.from_numpy(image(7)[None]).double()
    names = ["mnist-small-vae-10-mse", "mnist-conv-ae-64", "mnist-vq-vae"]
    _, _, said = transfer(**RAW, at="row:7", to=[on(model) for model in names])
    bernoulli, gaussian, plain, codes = said["models"]
    for one in (bernoulli, codes):
        model = explorer.load(one["model"], "cpu")
        x_hat = model.decode(model.encode(x.float()).mean).double()
        nats = -(x * x_hat.log() + (1 - x) * torch.log1p(-x_hat)).sum()
        assert one["nats"] == pytest.approx(float(nats), rel=1e-3)
    variance = explorer.load(gaussian["model"]).card.spec.objective.variance
    nats = 784 * gaussian["mse"] / (2 * variance) + 392 * np.log(2 * np.pi * variance)
    assert gaussian["nats"] == pytest.approx(nats, rel=1e-4)
    assert plain["nats"] is None  # squared error alone, no likelihood


@pytest.mark.parametrize("place", [(0.5, 1.0), (-1.5, 0.25)])
def test_a_place_is_decoded_by_its_model_and_encoded_by_all_others(place):
    home = explorer.load("mnist-vae-2d", "cpu")
    x = home.decode(np.array([place], np.float32))
    text = f"place:{place[0]},{place[1]}"
    _, pixels, said = transfer(**RAW, at=text, to=[on(model) for model in LADDER])
    assert said["decoded"]
    assert near(pixels[:1], x)
    here, *others = said["models"]
    assert here["place"] == pytest.approx(place)
    assert here["z"] == pytest.approx(place)
    for one, shown in zip(others, pixels[2:], strict=True):
        model, atlas = explorer.load(one["model"], "cpu"), catalogue.open(one["model"], "mnist-5k")
        mean = model.encode(x).mean
        assert near(shown[None], model.decode(mean))
        np.testing.assert_allclose(one["place"], atlas.map("umap").places_of(mean)[0][0], atol=2e-3)
        assert not one["exact"]


def test_an_image_stands_at_its_own_point_of_every_map_that_shows_it():
    _, _, said = transfer(**RAW, at="row:123", to=[on(model) for model in MIXED])
    for one, name in zip(said["models"], ["raw", *["umap"] * 5], strict=True):
        atlas = catalogue.open(one["model"], "mnist-5k").atlas
        own_point = atlas.coordinates(name)[atlas.position(123)]
        np.testing.assert_allclose(one["place"], own_point, atol=1e-4)
        assert one["exact"]
        judged = catalogue.open(one["model"], "mnist-5k").trust.of_image(atlas.position(123))
        assert (one["trust"], one["why"]) == (judged.standing, judged.why)


def test_a_posterior_is_told_where_it_is_an_ellipse_of_the_map():
    _, _, said = transfer(**RAW, at="row:9", to=[on("mnist-vae-20"), on("mnist-pca-2", "raw")])
    ellipse, flat, plain = said["models"]
    logvar = explorer.load("mnist-vae-2d", "cpu").encode(image(9)[None]).logvar[0]
    np.testing.assert_allclose(ellipse["sigma"], np.exp(0.5 * logvar), atol=1e-4)
    assert "sigma" not in flat
    assert "sigma" not in plain


def test_a_latent_and_the_same_place_of_a_raw_map_are_one():
    to = [on("mnist-vae-20")]
    _, by_z, told_z = transfer(**RAW, z=[0.3, -0.7], to=to)
    _, by_place, told_place = transfer(**RAW, at="place:0.3,-0.7", to=to)
    np.testing.assert_array_equal(by_z, by_place)
    assert told_z["models"][1]["place"] == told_place["models"][1]["place"]


def test_a_conditional_model_is_told_the_class_of_the_nearest_image_to_a_decoded_place():
    place = catalogue.open("mnist-vae-2d", "mnist-5k").atlas.mean[40]
    label = int(catalogue.open("mnist-vae-2d", "mnist-5k").atlas.labels[40])
    text = f"place:{place[0]:.5f},{place[1]:.5f}"
    _, _, said = transfer(**RAW, at=text, to=[on("mnist-cvae-2d", "raw")])
    assert said["models"][1]["as"] == said["label"] == label
    _, _, said = transfer(**RAW, at=text, to=[on("mnist-cvae-2d", "raw")], label=(label + 1) % 10)
    assert said["models"][1]["as"] == (label + 1) % 10


def test_a_picture_of_ones_own_and_its_drawing_go_through_as_the_models_see_them():
    sheet = np.zeros((140, 140), np.uint8)
    sheet[20:120, 60:78] = 255
    name = own.keep_picture(Image.fromarray(sheet))
    drawing = base64.b64encode(sheet.tobytes()).decode()
    to = [on("mnist-cvae-20"), on("mnist-beta-vae-10-b4")]
    _, kept, said = transfer(**RAW, at=f"own:{name}", to=to)
    _, drawn, _ = transfer(**RAW, drawing=drawing, to=to)
    np.testing.assert_array_equal(kept, drawn)
    fitted = subject(catalogue.open("mnist-vae-2d", "mnist-5k"), f"own:{name}").image
    assert near(kept[:1], fitted[None])
    assert said["models"][1]["as"] == 1  # what our classifier reads in it


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"at": "row:5", "to": [on("faces-conv-vae-256") | {"dataset": "faces"}]}, "another shape"),
        ({"at": "row:5", "to": [on("mnist-vae-20")] * MAX_THROUGH}, "at most 7"),
        ({"at": "row:5", "z": [0, 0]}, "one of"),
        ({}, "one of"),
        ({"z": [0, 0, 0]}, "2 numbers, not 3"),
        ({"at": "row:5000"}, "5,000 images"),
        ({"at": "own:0123456789abcdef"}, "picture"),
        ({"drawing": "AAAA"}, "square"),
        ({"at": "row:5", "to": [on("mnist-vae-20", "raw")]}, "raw"),
        ({"at": "row:5", "to": [on("nobody")]}, "nobody"),
        ({"at": "row:5", "to": [on("mnist-cvae-20")], "label": 77}, "no class 77"),
    ],
)
def test_what_cannot_go_through_is_refused_with_a_sentence(request_, words):
    _, pixels, said = transfer(**RAW, **request_)
    assert len(pixels) == 0
    assert words in said["error"]


def test_all_models_are_opened_and_measured_beside_the_decode_thread():
    to = [on(model) for model in LADDER]
    text = json.dumps({"seq": 1, "kind": "transfer", "at": "row:1", **RAW, "to": to})
    request = channel.read(text)
    channel.warm(request)
    assert not channel.is_cold(request)
    catalogue._entries.pop(("atlas", LADDER[-1], "mnist-5k", 5000))
    assert channel.is_cold(request)
    channel.warm(request)
    assert not channel.is_cold(request)


def test_a_full_comparison_stays_in_memory():
    assert CAPACITY >= 2 * MAX_THROUGH + 1


def test_the_route_says_how_a_map_lies_on_another():
    client = TestClient(Starlette(routes=routes()))
    path = "/explorer/alignment/mnist-vae-2d/mnist-5k/raw?onto="
    told = client.get(path + "mnist-vae-2d/mnist-5k/raw").json()
    np.testing.assert_allclose(told["matrix"], np.eye(2), atol=1e-6)
    assert told["shared"] == 5000
    for wrong in ("", "mnist-vae-2d", "nobody/mnist-5k/raw", "mnist-vae-20/mnist-5k/raw"):
        answer = client.get(path + wrong)
        assert answer.status_code == 404
        assert answer.text.endswith((".", "?"))
