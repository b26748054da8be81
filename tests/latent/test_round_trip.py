"""Round trips in a row: each step by the model, fixed points and circles of maps that are known."""

from __future__ import annotations

import numpy as np
import pytest

import explorer
from explorer.errors import ExplorerError
from explorer.latent.round_trip import MOST_TRIPS, STILL, cycle_of, trail
from explorer.models.base import Posterior
from tests.support import first, is_one_sentence


class Turning:
    """A model whose image is its latent, and whose encoder moves it by a function."""

    def __init__(self, move) -> None:
        self.move = move

    def decode(self, z, labels=None):
        return z[:, None, None, :]

    def encode(self, images, labels=None):
        return Posterior(self.move(images[:, 0, 0]), None)

    def as_read(self, z):
        return z


def turned(degrees: float):
    a = np.radians(degrees)
    return lambda z: z @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])


START = np.array([1.0, 0.0])


@pytest.mark.parametrize("name", ["mnist-vae-2d", "mnist-conv-vae-32", "mnist-vq-vae"])
def test_each_step_is_decoded_and_encoded_by_the_model(name, digits):
    model = explorer.load(name, "cpu")
    z = model.encode(first(digits, 3).float().numpy()).mean[2]
    found = trail(model, z, 4, deviation=2.0)
    assert found.z.shape == (5, len(z))
    assert found.images.shape == (5, 1, 28, 28)
    for k in range(4):
        picture = model.decode(found.z[k : k + 1])
        np.testing.assert_allclose(found.images[k], picture[0], atol=1e-6)
        again = model.encode(picture).mean[0]
        np.testing.assert_allclose(found.z[k + 1], again, atol=1e-4)
        assert found.steps[k] == pytest.approx(np.linalg.norm(again - found.z[k]), abs=1e-3)
    assert found.tolerance == STILL * 2.0


def test_a_longer_walk_begins_like_a_shorter_one(digits):
    model = explorer.load("mnist-vae-2d", "cpu")
    short, long = (trail(model, np.array([1.5, -0.5], np.float32), n, 1.0) for n in (3, 9))
    np.testing.assert_array_equal(short.z, long.z[:4])


def test_a_told_model_is_told_the_class_each_time():
    model, z = explorer.load("mnist-cvae-2d", "cpu"), np.array([0.5, 0.5], np.float32)
    found = trail(model, z, 2, 1.0, label=3)
    three = np.array([3])
    again = model.encode(model.decode(z[None], three), three).mean[0]
    np.testing.assert_allclose(found.z[1], again, atol=1e-5)
    assert np.abs(trail(model, z, 2, 1.0, label=8).z[1] - again).max() > 0.1


def test_halving_settles_where_a_step_falls_below_the_tolerance():
    found = trail(Turning(lambda z: z / 2), START, 12, deviation=1.0)
    assert found.steps.tolist() == pytest.approx([0.5**k for k in range(1, 13)])
    assert found.settled == 6  # 1/64 is the last step of 0.01 or more
    assert "fixed point after 6 trips" in found.words
    assert "0.01" in found.words


def test_a_map_that_stays_is_settled_from_the_start():
    found = trail(Turning(lambda z: z), START, 5, deviation=1.0)
    assert found.settled == 0
    assert "stays where it was" in found.words


def test_too_few_trips_are_said_to_be_too_few():
    found = trail(Turning(lambda z: z / 2), START, 3, deviation=1.0)
    assert (found.settled, found.cycle) == (None, None)
    assert "Not yet" in found.words
    assert "last of 3 trips still moves the latent by 0.12" in found.words
    assert "the trip moves the latent by 0.5," in trail(Turning(lambda z: z / 2), START, 1, 1).words


@pytest.mark.parametrize(("degrees", "period"), [(180, 2), (120, 3), (72, 5)])
def test_a_circle_is_named_by_its_round(degrees, period):
    found = trail(Turning(turned(degrees)), START, 2 * period + 2, deviation=1.0)
    assert (found.settled, found.cycle) == (None, period)
    assert f"every {period} trips" in found.words


def test_growing_away_is_no_circle():
    path = np.array([START * 1.1**k for k in range(20)])
    assert cycle_of(path, 0.01) is None


def test_one_round_alone_is_no_circle_yet():
    move = turned(120)
    path = [START]
    for _ in range(4):
        path.append(move(path[-1][None])[0])
    assert cycle_of(np.array(path), 0.01) is None
    for _ in range(3):
        path.append(move(path[-1][None])[0])
    assert cycle_of(np.array(path), 0.01) == 3


@pytest.mark.parametrize("n", [0, -1, MOST_TRIPS + 1])
def test_other_numbers_of_trips_are_refused(n):
    with pytest.raises(ExplorerError, match=f"1 to {MOST_TRIPS}") as caught:
        trail(Turning(lambda z: z), START, n, 1.0)
    assert is_one_sentence(caught.value)
