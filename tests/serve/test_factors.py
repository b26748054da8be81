"""What each dimension knows of each factor, over the wire: by value."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score
from starlette.applications import Starlette
from starlette.testclient import TestClient

from explorer.metrics.arrays import binned
from explorer.serve.catalogue import catalogue
from explorer.serve.routes import routes
from tests.support import is_one_sentence

SPRITES = "/explorer/factors/sprites-beta-vae-10-b8/sprites?count=5000"


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(routes=routes()))


def test_each_living_dimension_says_what_it_knows_of_each_factor(client):
    answer = client.get(SPRITES)
    assert answer.status_code == 200
    said = answer.json()
    assert said["names"] == ["shape", "scale", "orientation", "x", "y"]
    assert said["images"] == 5000
    one = catalogue.open("sprites-beta-vae-10-b8", "sprites", 5000)
    assert said["rows"] == [d for d in one.dimensions.order("kl") if not one.dimensions.dead[d]]
    values = one.dataset.factors.values[one.atlas.rows].numpy()
    bins = binned(one.atlas.mean)
    for row, shares in zip(said["rows"], said["share"], strict=True):
        for factor, share in zip(values.T, shares, strict=True):
            entropy = mutual_info_score(factor, factor)
            expected = mutual_info_score(bins[:, row], factor) / entropy
            assert share == pytest.approx(expected, abs=2e-4)
    # This model has found the two places, each in a dimension of its own.
    share = np.array(said["share"])
    assert share[:, 3].argmax() != share[:, 4].argmax()


def test_digits_have_their_class_as_the_one_factor(client):
    said = client.get("/explorer/factors/mnist-vae-20/mnist-5k?count=5000").json()
    assert said["names"] == ["class"]
    assert 0.05 < max(said["share"])[0] < 1


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/explorer/factors/mnist-vq-vae/mnist-5k?count=5000", "no dimensions to move"),
        ("/explorer/factors/nobody/mnist-5k?count=5000", "no model called"),
        ("/explorer/factors/mnist-vae-20/mnist-5k?count=x", "whole number"),
    ],
)
def test_what_has_no_heat_map_is_one_sentence(client, address, said):
    answer = client.get(address)
    assert answer.status_code == 404
    assert said in answer.text
    assert is_one_sentence(answer.text)
