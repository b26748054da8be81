"""Models laid out together, as the server opens and answers them."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
import torch
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient

import explorer
from explorer import store
from explorer.errors import ExplorerError
from explorer.latent.together import name_of
from explorer.serve import decode as channel
from explorer.serve import together
from explorer.serve.catalogue import catalogue
from explorer.serve.routes import routes
from tests.serve.test_decode import ask

MODELS = ("mnist-beta-vae-10-b1", "mnist-beta-vae-10-b4", "mnist-vae-2d")


def on(model: str) -> dict[str, str]:
    return {"model": model, "dataset": "mnist-5k", "projection": "umap"}


@pytest.fixture
def maps(home) -> dict[str, np.ndarray]:
    """Maps that are kept as those of the three models: some places, the same for the same image."""
    together._held.clear()
    atlases = [catalogue.open(model, "mnist-5k").atlas for model in MODELS]
    places = np.random.default_rng(0).normal(size=(5000, 2)).astype(np.float32)
    made = {model: places + np.float32(k) for k, model in enumerate(MODELS)}
    tensors = {name: torch.from_numpy(xy) for name, xy in made.items()}
    store.write_tensors(home / ".together" / f"{name_of(atlases)}.safetensors", tensors)
    return made


def text(**more: object) -> dict:
    to = [on(model) for model in MODELS[1:]]
    return {"kind": "transfer", **on(MODELS[0]), "to": to, "together": True, **more}


def test_an_image_lands_on_the_maps_that_were_laid_out_together(maps):
    _, _, said = ask(**text(at="row:31"))
    for one in said["models"]:
        atlas = catalogue.open(one["model"], "mnist-5k").atlas
        place = maps[one["model"]][atlas.position(31)]
        assert one["place"] == pytest.approx(place.tolist(), abs=1e-3)


def test_a_place_of_such_a_map_is_a_mix_of_its_own_nearest_points(maps):
    _, pixels, said = ask(**text(at="place:0.1,0.2"))
    atlas = catalogue.open(MODELS[0], "mnist-5k").atlas
    distance = np.linalg.norm(maps[MODELS[0]] - [0.1, 0.2], axis=1)
    near = np.argsort(distance)[:6]
    weights = 1 / distance[near] ** 2
    z = (weights / weights.sum()) @ atlas.mean[near]
    x = explorer.load(MODELS[0], "cpu").decode(z[None].astype(np.float32))[0, 0]
    assert np.abs(pixels[0, :, :, 0] - 255 * x).max() <= 2
    assert said["models"][0]["place"] == [0.1, 0.2]


def test_they_are_opened_beside_the_decode_thread(maps):
    request = channel.read(json.dumps(text(at="row:1", seq=1)))
    assert channel.is_cold(request)
    channel.warm(request)
    assert not channel.is_cold(request)


def test_models_that_were_not_laid_out_together_are_refused(home):
    together._held.clear()
    _, pixels, said = ask(**text(at="row:1"))
    assert len(pixels) == 0
    assert "not laid out together" in said["error"]


def test_the_points_are_those_of_the_kept_map(maps):
    client = TestClient(Starlette(routes=routes()))
    query = f"?count=5000&together={','.join(MODELS)}"
    body = client.get(f"/explorer/points/{MODELS[2]}/mnist-5k/umap{query}").content
    n, length = struct.unpack("<2I", body[:8])
    x, y = np.frombuffer(body, "<f4", 2 * n, 8 + length).reshape(2, n)
    np.testing.assert_array_equal(np.stack([x, y], 1), maps[MODELS[2]])
    assert json.loads(body[8 : 8 + length])["axes"] is None


def asked(names: str, model: str = MODELS[0]) -> Request:
    query = f"count=5000&together={names}".encode()
    params = {"model": model, "dataset": "mnist-5k", "projection": "umap"}
    return Request({"type": "http", "path_params": params, "query_string": query})


def test_what_is_missing_is_made_once_for_the_same_models_in_any_order(home):
    first, second = (together.task(asked(",".join(names))) for names in (MODELS, MODELS[::-1]))
    words = {"models": sorted(MODELS), "dataset": "mnist-5k", "count": 5000}
    assert first == second == ("together", words)


def test_nothing_is_missing_where_it_is_kept(maps):
    assert together.task(asked(",".join(MODELS))) is None


@pytest.mark.parametrize(
    "names", ["", MODELS[0], f"{MODELS[0]},{MODELS[0]}", ",".join(map(str, range(9)))]
)
def test_two_to_eight_different_models_are_laid_out_together(names):
    with pytest.raises(ExplorerError, match="Two to 8 different models"):
        together.task(asked(names))


def test_a_model_that_is_not_among_them_is_refused(maps):
    with pytest.raises(ExplorerError, match="its own model"):
        together.opened_by(asked(",".join(MODELS), "mnist-vae-20"))
