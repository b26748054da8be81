"""Trust tells what the model has seen from what it has not."""

import numpy as np
import pytest

from explorer.latent.atlas import load_for
from explorer.latent.trust import SHARE, calibrate
from explorer.store import open_artefact


def ring(n: int = 2000, radius: float = 2.0) -> np.ndarray:
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, n)
    around = np.column_stack([np.cos(angle), np.sin(angle)]) * radius
    return around + 0.05 * rng.normal(size=(n, 2))


def test_on_a_ring_the_middle_is_a_gap_and_far_out_is_outside():
    trust = calibrate(ring(), has_prior=True)
    assert trust.standing(np.array([2.0, 0.0])) == "data"
    assert trust.standing(np.array([0.0, 0.0])) == "gap"
    assert trust.standing(np.array([9.0, 0.0])) == "outside"


def test_without_a_prior_outside_means_farther_out_than_any_image():
    trust = calibrate(ring() + 50, has_prior=False)
    assert trust.standing(np.array([50.0, 50.0])) == "gap"
    assert trust.standing(np.array([0.0, 0.0])) == "outside"


def test_the_reach_of_a_2d_prior_is_its_closed_form():
    # The norm of a 2-D standard normal is Rayleigh distributed.
    assert calibrate(ring(), True).reach == pytest.approx(np.sqrt(-2 * np.log(0.001)))


@pytest.mark.parametrize("name", ["mnist-vae-2d", "mnist-vae-20"])
def test_encoded_images_stand_in_data_as_often_as_was_calibrated(name):
    mean = load_for(open_artefact(name)).mean
    trust = calibrate(mean, has_prior=True)
    rng = np.random.default_rng(1)
    share = np.mean([trust.standing(mean[i]) == "data" for i in rng.choice(5000, 400)])
    assert share >= SHARE - 0.02


def test_the_same_seed_calibrates_alike():
    latents = np.random.default_rng(0).normal(size=(4000, 3))
    assert calibrate(latents, True).radius == calibrate(latents, True).radius
