"""The decode channel under garbage: an answer with a reason, and never a crash."""

import asyncio
import json
import shutil
import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import explorer
from explorer import store
from explorer.serve import decode as channel
from explorer.serve.catalogue import Catalogue
from explorer.serve.requests import MAX_COORDINATE

FAULT = "the server's log says why"
PLANE = {"model": "mnist-vae-2d", "dataset": "mnist-5k", "projection": "raw"}


def no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def parse(frame: bytes) -> tuple[int, np.ndarray, dict]:
    """An answer as strictly as a browser reads it."""
    seq, n, height, width, channels = struct.unpack("<5I", frame[:20])
    size = n * height * width * channels
    pixels = np.frombuffer(frame[20 : 20 + size], np.uint8).reshape(n, height, width, channels)
    return seq, pixels, json.loads(frame[20 + size :], parse_constant=no_constant)


def sound(text: str) -> tuple[int, np.ndarray, dict]:
    """The parsed answer, which holds either pixels or a short reason that is no fault of ours."""
    seq, pixels, said = parse(channel.reply(text))
    assert (len(pixels) == 0) == ("error" in said)
    if "error" in said:
        assert 0 < len(said["error"]) <= channel.MAX_REASON + 1
        assert "\n" not in said["error"]
        assert FAULT not in said["error"]
    return seq, pixels, said


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)


@given(st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "replace")))
def test_any_text_and_any_bytes_are_refused_with_a_reason(text):
    assert "error" in sound(text)[2]


@given(json_values)
def test_any_json_is_refused_with_a_reason(value):
    assert "error" in sound(json.dumps(value))[2]


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"seq":5,"z":['])
def test_json_nested_deeper_than_any_stack_is_refused(opening):
    assert "error" in sound(opening * 20_000)[2]


@pytest.mark.parametrize("digits", [20, 400, 4_299, 5_000, 200_000])
@pytest.mark.parametrize("word", ["seq", "row"])
def test_a_number_of_any_length_is_refused(word, digits):
    whole = {"seq": 1, "kind": "image", "row": 0, **PLANE, word: 7}
    text = json.dumps(whole).replace(f'"{word}": 7', f'"{word}": 7{"0" * digits}')
    assert "error" in sound(text)[2]


numbers = st.floats() | st.integers() | st.sampled_from([0.0, -1.5, 1e20, 1e38, -1e308, 1e400])
rows_of_numbers = st.lists(st.lists(numbers, max_size=4), max_size=4)
FIELDS = {
    "seq": st.integers(0, 2**32 - 1) | json_values,
    "kind": st.sampled_from(
        ["latent", "traverse", "place", "image", "own", "walk", "codes", "noise", "transfer"]
    )
    | json_values,
    "model": st.sampled_from(
        ["mnist-vae-2d", "mnist-vae-20", "mnist-cvae-2d", "mnist-vq-vae", "mnist-classifier", ".."]
    )
    | st.text(max_size=80),
    "dataset": st.sampled_from(["mnist-5k", "../mnist-5k", ""]) | st.text(max_size=80),
    "projection": st.sampled_from(["raw", "pca", "umap"]) | st.text(max_size=20),
    "detail": st.booleans() | json_values,
    "row": st.sampled_from([0, 4999, 5000, -1, 2**31, 2**63, 2**64]) | json_values,
    "label": st.sampled_from([None, 0, 9, 10, 255, 256]) | json_values,
    "labels": st.lists(st.integers(-1, 256), max_size=4) | json_values,
    "weights": rows_of_numbers | st.just([[0.5, 0.5] + [0] * 8]) | json_values,
    "xy": rows_of_numbers | json_values,
    "walk": st.fixed_dictionaries(
        {},
        optional={
            "way": st.sampled_from(["linear", "slerp", "density", "drawn", "shift", "up"]),
            "a": st.sampled_from(
                ["row:3", "mean", "sample:1", "place:1e6,-1e6", "class:77", "own:"]
            ),
            "b": st.sampled_from(["row:3", "class:2", "place:nan,0"]) | st.text(max_size=70),
            "stroke": st.sampled_from(["0_0_1_1", "0_0", "9999999_0_1_1"]) | st.text(max_size=9),
            "plus": st.sampled_from(["all", "class:1", "group:raw:0_0_1_0_1_1", "group:x:0"]),
            "minus": st.sampled_from(["all", "class:", "group:raw:0_0_1_0_1_1:3"])
            | st.text(max_size=9),
            "label": st.sampled_from([None, 3, 300]),
        },
    )
    | json_values,
    "at": st.lists(numbers, max_size=4)
    | st.just([0, 0.5, 1])
    | st.sampled_from(["row:3", "row:5000", "mean", "own:0", "place:1,1"])
    | json_values,
    "drawing": st.sampled_from(["", "AAAA", "Zm9v", "/w=="]) | json_values,
    "to": st.lists(
        st.fixed_dictionaries(
            {
                "model": st.sampled_from(["mnist-cvae-2d", "mnist-vq-vae", "faces-conv-vae-256"]),
                "dataset": st.sampled_from(["mnist-5k", "faces"]),
                "projection": st.sampled_from(["raw", "umap", "pca"]),
            },
            optional={"count": st.sampled_from([None, 5000, 1]), "more": json_values},
        ),
        max_size=9,
    )
    | json_values,
    "home": st.sampled_from([None, "mnist-vae-2d", ".."]) | st.text(max_size=9),
    "z": rows_of_numbers | st.lists(numbers, max_size=4) | json_values,
    "dimensions": st.lists(st.integers(-1, 3), max_size=3) | json_values,
    "ranges": rows_of_numbers | json_values,
    "steps": st.sampled_from([0, 2, 7, 25, 26, 10**9]) | json_values,
    "codes": st.lists(st.lists(st.integers(-1, 130), min_size=48, max_size=50)) | json_values,
    "noise": st.sampled_from(["gaussian", "masking", "salt-and-pepper", "none"]) | json_values,
    "amount": numbers | json_values,
}


@given(st.fixed_dictionaries({}, optional=FIELDS))
def test_a_request_of_right_words_and_wrong_values_gets_pixels_or_a_reason(request_):
    """Also values that JSON has no word for: json.dumps writes NaN and Infinity."""
    seq, _, said = sound(json.dumps(request_))
    sent = request_.get("seq")
    whole = isinstance(sent, int) and not isinstance(sent, bool) and 0 <= sent < 2**32
    if whole and "invalid JSON" not in said.get("error", ""):
        assert seq == sent


@given(
    st.sampled_from([("mnist-vae-2d", "raw"), ("mnist-vae-20", "pca"), ("mnist-vae-20", "umap")]),
    st.tuples(numbers, numbers),
)
@example(("mnist-vae-2d", "raw"), (1e20, 0.0))  # its round trip is infinite in float32
@example(("mnist-vae-2d", "raw"), (MAX_COORDINATE, -MAX_COORDINATE))
@example(("mnist-vae-20", "umap"), (1e308, 0.0))  # no distance to any point is finite
def test_every_place_is_answered_in_full_or_refused(which, place):
    model, projection = which
    where = {"model": model, "dataset": "mnist-5k", "projection": projection}
    text = json.dumps({"seq": 3, "kind": "place", "detail": True, "xy": [place], **where})
    seq, pixels, said = sound(text)
    assert seq == 3
    inside = all(abs(value) <= MAX_COORDINATE for value in place)  # False for NaN
    assert len(pixels) == inside
    assert ("trust" in said) == inside


@given(st.lists(st.lists(st.floats(-50, 50, width=32), min_size=2, max_size=2), min_size=1))
def test_latents_are_answered_with_their_own_images_in_their_order(z):
    _, pixels, _ = sound(json.dumps({"seq": 1, "kind": "latent", "model": PLANE["model"], "z": z}))
    images = explorer.load(PLANE["model"], "cpu").decode(np.array(z, np.float32))
    expected = np.rint(images * 255).transpose(0, 2, 3, 1)
    assert np.abs(pixels - expected).max() <= 1


@given(st.integers(0, 300).filter(lambda d: d != 20), st.integers(1, 3))
def test_latents_of_another_dimension_are_refused(dimensions, n):
    z = [[0.5] * dimensions] * n
    _, _, said = sound(json.dumps({"seq": 1, "kind": "latent", "model": "mnist-vae-20", "z": z}))
    assert "20" in said["error"]


def test_a_million_latents_are_refused_before_any_is_read():
    text = '{"seq":1,"kind":"latent","model":"mnist-vae-2d","z":[' + "[0,0]," * 10**6 + "[0,0]]}"
    assert "KiB" in sound(text)[2]["error"]


def test_a_refusal_does_not_send_back_all_that_was_sent():
    text = json.dumps({"seq": 1, "kind": "k" * 200_000})
    assert len(channel.reply(text)) < 4 * channel.MAX_REASON


@given(st.text())
@example("")
@example("http://[")
@example("http://a]b")
def test_an_origin_that_is_no_address_is_refused(origin):
    assert not channel.origin_allowed(origin, "127.0.0.1:8501")


class Flood:
    """A client whose messages are all there at once, and who counts its answers."""

    headers: dict = {}  # noqa: RUF012

    def __init__(self, messages: int) -> None:
        self.left, self.answers = messages, []

    async def accept(self) -> None: ...

    async def receive(self) -> dict:
        self.left -= 1
        return {"type": "websocket.receive" if self.left >= 0 else "websocket.disconnect"}

    async def send_bytes(self, answer: bytes) -> None:
        self.answers.append(parse(answer)[2]["error"])


def test_who_floods_is_refused_and_not_read_again_for_a_while(monkeypatch):
    monkeypatch.setattr(channel.time, "monotonic", lambda: 0.0)
    paused, client = [], Flood(int(channel.BURST) + 30)

    async def sleep(seconds: float) -> None:
        paused.append(seconds)

    monkeypatch.setattr(channel.asyncio, "sleep", sleep)
    with channel.ThreadPoolExecutor(1) as thread:  # the main thread may run a browser's event loop
        thread.submit(asyncio.run, channel.decode(client)).result()
    assert ["Too many" in why for why in client.answers].count(True) == 30
    assert paused == [channel.PENALTY_SECONDS] * 30


def test_a_model_deleted_meanwhile_is_refused_by_name(own):
    text = json.dumps({"seq": 1, "kind": "latent", "model": own.id, "z": [[0, 0, 0, 0]]})
    assert len(sound(text)[1]) == 1
    shutil.rmtree(own.folder)
    _, _, said = sound(text)
    assert f"no model called '{own.id}'" in said["error"]


@pytest.mark.parametrize("lost", [store.WEIGHTS, store.CARD, ""])
def test_a_model_deleted_while_it_is_opened_is_refused_with_a_reason(own, monkeypatch, lost):
    """Between finding its folder and reading its files."""
    find, seen = store.locate, []

    def locate(name: str):
        artefact = find(name)
        if not seen:
            seen.append(name)
            shutil.rmtree(own.folder) if not lost else (own.folder / lost).unlink()
        return artefact

    monkeypatch.setattr(store, "locate", locate)
    monkeypatch.setattr(channel, "catalogue", Catalogue())
    text = json.dumps({"seq": 1, "kind": "latent", "model": own.id, "z": [[0, 0, 0, 0]]})
    assert "error" in sound(text)[2]
    assert seen
