"""What the server says of dimensions: what the package computes, and a reason for every refusal."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import explorer
from explorer.serve.catalogue import catalogue
from explorer.serve.requests import MAX_COORDINATE
from tests.serve.test_decode import as_bytes, ask
from tests.serve.test_decode_fuzz import sound

WALK = {"kind": "traverse", "model": "mnist-vae-20", "steps": 7}
Z = catalogue.open("mnist-vae-20", "mnist-5k").atlas.mean[7]


# --- walks along dimensions -----------------------------------------------------------------------


def test_walks_are_decoded_one_after_the_other_with_the_other_dimensions_held():
    _, pixels, said = ask(**WALK, z=Z.tolist(), dimensions=[4, 11], ranges=[[-3, 3], [2, -1]])
    z = np.tile(Z, (2, 7, 1))
    z[0, :, 4], z[1, :, 11] = np.linspace(-3, 3, 7), np.linspace(2, -1, 7)
    expected = as_bytes(explorer.load("mnist-vae-20", "cpu").decode(z.reshape(14, 20)))
    assert pixels.shape == (14, 28, 28, 1)
    assert np.abs(pixels - expected).max() <= 1
    assert said["dimensions"] == [4, 11]


def test_a_conditional_model_walks_as_the_class_that_it_is_told():
    model = explorer.load("mnist-cvae-20", "cpu")
    walk = {**WALK, "model": "mnist-cvae-20", "z": [0.0] * 20, "dimensions": [0]}
    z = np.zeros((7, 20), np.float32)
    z[:, 0] = np.linspace(-2, 2, 7)
    for label in (3, 8):
        _, pixels, _ = ask(**walk, ranges=[[-2, 2]], label=label)
        assert np.abs(pixels - as_bytes(model.decode(z, np.full(7, label)))).max() <= 1
    _, _, said = ask(**walk, ranges=[[-2, 2]])
    assert "class" in said["error"]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"dimensions": [20]}, "no dimension 21; this model has 20"),
        ({"z": [0.0] * 19}, "(N, 20)"),
        ({"dimensions": [0, 1]}, "one range for each"),
        ({"steps": 26}, "25"),
        ({"steps": 1}, "2"),
        ({"dimensions": [], "ranges": []}, "dimensions"),
        ({"dimensions": [0] * 33, "ranges": [[0, 1]] * 33}, "32"),
        ({"dimensions": [0] * 11, "ranges": [[0, 1]] * 11, "steps": 25}, "At most 256"),
        ({"ranges": [[0, 10 * MAX_COORDINATE]]}, "1000000"),
        ({"model": "mnist-vae-99"}, "no model called"),
    ],
)
def test_a_walk_that_cannot_be_taken_is_one_sentence_and_no_pixels(changed, reason):
    whole = {**WALK, "z": [0.0] * 20, "dimensions": [0], "ranges": [[-3, 3]], **changed}
    _, pixels, said = ask(**whole)
    assert len(pixels) == 0
    assert reason in said["error"]


@given(st.lists(st.floats(width=32), min_size=2, max_size=2), st.integers(0, 1), st.integers(2, 25))
def test_every_walk_is_taken_or_refused(ends, dimension, steps):
    walk = {"seq": 1, "kind": "traverse", "model": "mnist-vae-2d", "z": ends, "steps": steps}
    text = json.dumps(walk | {"dimensions": [dimension], "ranges": [ends]})
    inside = all(abs(value) <= MAX_COORDINATE for value in ends)
    assert len(sound(text)[1]) == (steps if inside else 0)
