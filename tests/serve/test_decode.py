"""The decode channel: the right pixels, and a reason for everything that it refuses."""

import json
import struct

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import explorer
from explorer.serve import decode as channel
from explorer.serve.catalogue import catalogue
from explorer.serve.routes import routes

PLANE = {"model": "mnist-vae-2d", "dataset": "mnist-5k", "projection": "raw"}
DEEP = {"model": "mnist-vae-20", "dataset": "mnist-5k", "projection": "umap"}
PCA = DEEP | {"projection": "pca"}


def parse(frame: bytes) -> tuple[int, np.ndarray, dict]:
    seq, n, height, width, channels = struct.unpack("<5I", frame[:20])
    size = n * height * width * channels
    pixels = np.frombuffer(frame[20 : 20 + size], np.uint8).reshape(n, height, width, channels)
    return seq, pixels, json.loads(frame[20 + size :])


def ask(**request) -> tuple[int, np.ndarray, dict]:
    return parse(channel.reply(json.dumps({"seq": 7, **request})))


def as_bytes(images: np.ndarray) -> np.ndarray:
    return np.rint(images * 255).transpose(0, 2, 3, 1)


def test_latents_are_answered_with_the_models_own_pixels():
    z = np.random.default_rng(0).normal(size=(3, 20)).round(3)
    seq, pixels, said = ask(kind="latent", model="mnist-vae-20", z=z.tolist())
    expected = as_bytes(explorer.load("mnist-vae-20", "cpu").decode(z.astype(np.float32)))
    assert seq == 7
    assert pixels.shape == (3, 28, 28, 1)
    assert np.abs(pixels - expected).max() <= 1
    assert said["z"] == pytest.approx(z[0][:8], abs=1e-4)


def test_a_place_of_a_raw_map_is_its_own_latent():
    _, pixels, said = ask(kind="place", xy=[[0.5, -1.25]], **PLANE)
    expected = as_bytes(explorer.load("mnist-vae-2d", "cpu").decode(np.array([[0.5, -1.25]])))
    assert np.abs(pixels - expected).max() <= 1
    assert said["z"] == [0.5, -1.25]
    assert "mixed" not in said


def test_an_empty_place_above_two_dimensions_says_how_it_was_mixed():
    _, pixels, said = ask(kind="place", xy=[[4.0, 5.0]], detail=True, **DEEP)
    assert pixels.shape == (1, 28, 28, 1)
    assert len(said["mixed"]["rows"]) == 6
    assert said["mixed"]["spread"] > 0
    assert len(said["latent"]) == 20


@pytest.mark.parametrize("row", [0, 1, 1234, 4999])
def test_an_image_is_answered_from_its_own_latent_with_its_own_label(row, digits):
    _, pixels, said = ask(kind="image", row=row, detail=True, **DEEP)
    model = explorer.load("mnist-vae-20", "cpu")
    x = digits.pixels[row : row + 1].numpy()
    expected = model.decode(model.encode(x).mean)
    assert np.abs(pixels - as_bytes(expected)).max() <= 2
    assert said["label"] == digits.labels[row]
    assert said["mse"] == pytest.approx(np.square(x / 255 - expected).mean(), rel=0.02)


def test_the_neighbours_of_an_image_are_the_nearest_by_brute_force_and_not_itself():
    _, _, said = ask(kind="image", row=77, detail=True, **DEEP)
    atlas = catalogue.open("mnist-vae-20", "mnist-5k").atlas
    distance = np.linalg.norm(atlas.mean - atlas.mean[77], axis=1)
    nearest = np.argsort(distance)[1:6]
    assert [one["row"] for one in said["neighbours"]] == atlas.rows[nearest].tolist()
    assert [one["label"] for one in said["neighbours"]] == atlas.labels[nearest].tolist()
    assert [one["distance"] for one in said["neighbours"]] == pytest.approx(
        distance[nearest], abs=1e-3
    )


@pytest.mark.parametrize(
    ("view", "place", "trust", "why"),
    [
        (PLANE, (0.0, 0.0), "data", "At least 5 encoded images"),
        (PLANE, (40.0, 40.0), "outside", "Outside the prior"),
        (DEEP, (400.0, 400.0), "outside", "Outside the map's points: the image is mixed"),
        (PCA, (0.0, -2.0), "data", "plane of the first two principal components"),
        # The mean of all latents has images around it, but decodes to something blurred.
        (PCA, (0.0, 0.0), "gap", "encoded again"),
        (PCA, (40.0, 40.0), "outside", "plane of the first two principal components"),
    ],
)
def test_a_place_says_how_far_to_trust_it_and_why(view, place, trust, why):
    _, _, said = ask(kind="place", xy=[place], detail=True, **view)
    assert said["trust"] == trust
    assert why in said["why"]


def test_a_place_far_outside_the_map_is_not_trusted_although_its_mix_lies_among_the_data():
    opened = catalogue.open("mnist-vae-20", "mnist-5k")
    _, _, said = ask(kind="place", xy=[[400.0, 400.0]], detail=True, **DEEP)
    assert opened.trust.standing(np.array(said["latent"])) == "data"
    assert said["trust"] == "outside"


@pytest.mark.parametrize("view", [PLANE, DEEP, PCA])
def test_an_image_is_data_or_rare_by_its_own_neighbours_in_latent_space(view):
    opened = catalogue.open(view["model"], view["dataset"])
    mean = opened.atlas.mean
    fifth = np.sort(np.linalg.norm(mean[:300, None] - mean[None], axis=2), axis=1)[:, 5]
    for row, distance in ((int(fifth.argmax()), fifth.max()), (int(fifth.argmin()), fifth.min())):
        _, _, said = ask(kind="image", row=int(opened.atlas.rows[row]), detail=True, **view)
        assert said["trust"] == ("data" if distance <= opened.trust.radius else "rare")
        assert said["why"].startswith(
            {"data": "Other images", "rare": "A rare image"}[said["trust"]]
        )


def test_only_a_resting_pointer_is_told_how_far_to_trust():
    _, _, said = ask(kind="place", xy=[[0.0, 0.0]], **DEEP)
    assert not {"trust", "why", "neighbours"} & set(said)


def test_a_place_of_the_pca_map_is_decoded_on_its_plane_and_not_mixed():
    _, pixels, said = ask(kind="place", xy=[[1.5, -0.5]], detail=True, **PCA)
    plane = catalogue.open("mnist-vae-20", "mnist-5k").map("pca").plane
    z = plane.latents(np.array([[1.5, -0.5]]))
    expected = as_bytes(explorer.load("mnist-vae-20", "cpu").decode(z.astype(np.float32)))
    assert np.abs(pixels - expected).max() <= 1
    assert said["latent"] == pytest.approx(z[0], abs=1e-4)
    assert "mixed" not in said


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"kind": "latent", "model": "mnist-vae-2", "z": [[0, 0]]}, "Did you mean 'mnist-vae-2"),
        ({"kind": "latent", "model": "mnist-vae-2d", "z": [[0, 0, 0]]}, "shape (N, 2)"),
        ({"kind": "latent", "model": "mnist-vae-2d", "z": [[0, 0], [0]]}, "same number"),
        ({"kind": "latent", "model": "mnist-vae-2d", "z": []}, "at least 1 item"),
        ({"kind": "latent", "model": "mnist-vae-2d", "z": [[0, 0]] * 257}, "at most 256"),
        ({"kind": "latent", "model": "../../etc", "z": [[0, 0]]}, "no model called"),
        ({"kind": "place", **PLANE, "xy": [["a", 0]]}, "number"),
        ({"kind": "place", **(PLANE | {"projection": "umap"}), "xy": [[0, 0]]}, "no projection"),
        ({"kind": "place", **(PLANE | {"dataset": "mnist-6k"}), "xy": [[0, 0]]}, "no map"),
        ({"kind": "image", **PLANE, "row": 5000}, "holds 5000 images"),
        ({"kind": "image", **PLANE, "row": -1}, "greater than or equal to 0"),
        ({"kind": "dream", "model": "mnist-vae-2d"}, "'dream'"),
        ({"kind": "latent", "model": "mnist-vae-2d", "z": [[0, 0]], "extra": 1}, "not a setting"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_reason_and_no_pixels(request_, reason):
    seq, pixels, said = ask(**request_)
    assert seq == 7
    assert len(pixels) == 0
    assert reason in said["error"]
    assert "\n" not in said["error"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00", '{"seq": -1}', "NaN"])
def test_nonsense_is_refused_and_not_fatal(text):
    seq, pixels, said = parse(channel.reply(text))
    assert (seq, len(pixels)) == (0, 0)
    assert said["error"]


def test_values_that_are_not_finite_are_refused():
    text = '{"seq":1,"kind":"latent","model":"mnist-vae-2d","z":[[NaN,Infinity]]}'
    _, pixels, said = parse(channel.reply(text))
    assert len(pixels) == 0
    assert "finite" in said["error"]


def test_an_oversized_request_is_refused():
    _, pixels, said = parse(channel.reply(" " * (channel.MAX_MESSAGE + 1)))
    assert len(pixels) == 0
    assert "KiB" in said["error"]


def test_a_burst_is_forgiven_and_a_flood_is_not(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(channel.time, "monotonic", lambda: clock[0])
    limit = channel.RateLimit(rate=10, burst=5)
    assert [limit.allows() for _ in range(7)] == [True] * 5 + [False] * 2
    clock[0] += 0.25
    assert [limit.allows() for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("http://127.0.0.1:8501", "127.0.0.1:8501", True),
        ("http://evil.example", "127.0.0.1:8501", False),
        ("http://127.0.0.1:9999", "127.0.0.1:8501", False),
        ("null", "127.0.0.1:8501", False),
        (None, "127.0.0.1:8501", True),
    ],
)
def test_only_our_own_pages_may_ask(origin, host, allowed):
    assert channel.origin_allowed(origin, host) is allowed


def test_another_origin_can_be_allowed_by_a_setting(monkeypatch):
    monkeypatch.setenv("EXPLORER_ORIGINS", "https://lab.example, https://b.example")
    assert channel.origin_allowed("https://b.example", "127.0.0.1:8501")


@pytest.fixture
def client():
    return TestClient(Starlette(routes=routes()), base_url="http://testserver")


def test_the_socket_answers_each_request_with_its_own_number(client):
    with client.websocket_connect("/explorer/decode") as socket:
        for seq in (3, 4, 2**32 - 1):
            socket.send_text(json.dumps({"seq": seq, "kind": "place", "xy": [[0, 0]], **PLANE}))
            answered, pixels, _ = parse(socket.receive_bytes())
            assert answered == seq
            assert len(pixels) == 1


def test_the_socket_survives_a_bad_request(client):
    with client.websocket_connect("/explorer/decode") as socket:
        socket.send_bytes(b"\xff\xfe not json")
        assert parse(socket.receive_bytes())[2]["error"]
        socket.send_text(json.dumps({"seq": 1, "kind": "place", "xy": [[0, 0]], **PLANE}))
        assert len(parse(socket.receive_bytes())[1]) == 1


def test_the_socket_refuses_a_page_of_another_origin(client):
    headers = {"origin": "http://evil.example"}
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/explorer/decode", headers=headers) as socket,
    ):
        socket.receive_bytes()


def test_a_model_trained_anew_is_answered_with_its_new_weights(own, monkeypatch):
    from explorer import store

    before = ask(kind="latent", model=own.id, z=[[1, 1, 1, 1]])[1]
    weights = {name: value + 0.05 for name, value in store.read_weights(own).items()}
    store.write_tensors(own.folder / store.WEIGHTS, weights)
    digest = store.sha256(own.folder / store.WEIGHTS)
    store.write_card(own.folder, own.card.model_copy(update={"weights_sha256": digest}))
    after = ask(kind="latent", model=own.id, z=[[1, 1, 1, 1]])[1]
    assert len(after) == 1
    assert (before != after).any()
