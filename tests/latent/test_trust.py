"""Trust tells what the model has seen from what it has not."""

import numpy as np
import pytest

from explorer.latent.atlas import load_for
from explorer.latent.neighbours import Index
from explorer.latent.trust import CALIBRATION, SHARE, STANDINGS, K, calibrate, why
from explorer.store import open_artefact
from tests.support import is_one_sentence


def ring(n: int = 2000, radius: float = 2.0) -> np.ndarray:
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, n)
    around = np.column_stack([np.cos(angle), np.sin(angle)]) * radius
    return around + 0.05 * rng.normal(size=(n, 2))


def test_on_a_ring_the_middle_is_a_gap_and_far_out_is_outside():
    trust = calibrate(Index(ring()), has_prior=True)
    assert trust.standing(np.array([2.0, 0.0])) == "data"
    assert trust.standing(np.array([0.0, 0.0])) == "gap"
    assert trust.standing(np.array([9.0, 0.0])) == "outside"


def test_without_a_prior_outside_means_farther_out_than_any_image():
    trust = calibrate(Index(ring() + 50), has_prior=False)
    assert trust.standing(np.array([50.0, 50.0])) == "gap"
    assert trust.standing(np.array([0.0, 0.0])) == "outside"


def test_the_reach_of_a_2d_prior_is_its_closed_form():
    # The norm of a 2-D standard normal is Rayleigh distributed.
    assert calibrate(Index(ring()), True).reach == pytest.approx(np.sqrt(-2 * np.log(0.001)))


@pytest.mark.parametrize("d", [1, 3, 20, 784])
def test_the_reach_of_a_prior_is_the_quantile_of_its_norm(d):
    from scipy.stats import chi

    latents = np.random.default_rng(0).normal(size=(30, d))
    assert calibrate(Index(latents), True).reach == pytest.approx(chi(d).ppf(0.999), rel=1e-9)


@pytest.mark.parametrize("name", ["mnist-vae-2d", "mnist-vae-20"])
def test_encoded_images_are_data_as_often_as_was_calibrated_and_else_rare(name):
    mean = load_for(open_artefact(name)).mean
    trust = calibrate(Index(mean), has_prior=True)
    rng = np.random.default_rng(1)
    standings = [trust.of_image(i).standing for i in rng.choice(5000, 400, replace=False)]
    assert set(standings) == {"data", "rare"}
    assert np.mean([one == "data" for one in standings]) == pytest.approx(SHARE, abs=0.02)


def test_a_lonely_image_is_rare_and_not_its_own_neighbour():
    latents = np.concatenate([ring(), [[30.0, 0.0]], np.full((K - 1, 2), -20.0)])
    trust = calibrate(Index(latents), has_prior=True)
    assert trust.of_image(0).standing == "data"
    assert trust.of_image(2000).standing == "rare"  # far off the prior, and still an image
    assert trust.of_image(2001).standing == "rare"  # with K - 2 others
    assert trust.standing(latents[2000]) == "outside"
    pair = np.concatenate([latents, np.full((2, 2), -20.0)])
    assert calibrate(Index(pair), has_prior=True).of_image(2001).standing == "data"  # with K others


def test_fewer_images_than_are_asked_for_are_never_enough():
    trust = calibrate(Index(np.zeros((K, 2))), has_prior=True)
    assert trust.of_image(0).standing == "rare"
    assert trust.standing(np.zeros(2)) == "data"
    assert calibrate(Index(np.zeros((1, 2))), has_prior=False).of_image(0).standing == "rare"


TARGETS = {
    "image": ("data", "rare"),
    "latent": ("data", "gap", "outside"),
    "mix": ("data", "gap", "outside"),
    "plane": ("data", "gap", "outside"),
}


def test_every_standing_of_every_target_has_its_own_sentence():
    said = [why(one, target) for target, standings in TARGETS.items() for one in standings]
    said += [why("outside", "latent", has_prior=True), why("gap", "mix", doubt="unlike")]
    said += [why("gap", target, doubt="strays") for target in ("latent", "plane")]
    assert len(set(said)) == len(said) == 15
    assert all(is_one_sentence(sentence) for sentence in said)


def test_the_sentences_name_the_numbers_that_decided():
    assert "fewer than 5 others" in why("rare", "image")
    assert why("data", "latent").startswith("At least 5 encoded images")
    assert why("outside", "latent", has_prior=True) == (
        "Outside the prior: farther from the origin than 99.9 % of N(0, I)."
    )
    assert "no prior" in why("outside", "latent", has_prior=False)
    assert "mixed" not in why("gap", "plane")
    assert "98 % of real images" in why("gap", "mix", doubt="strays")


def test_many_latents_stand_where_each_of_them_stands():
    trust = calibrate(Index(ring()), has_prior=True)
    z = np.random.default_rng(2).uniform(-5, 5, (300, 2))
    standings = [STANDINGS[i] for i in trust.standings(z)]
    assert standings == [trust.standing(one) for one in z]
    assert set(standings) == set(STANDINGS)


def test_the_same_seed_calibrates_alike():
    latents = np.random.default_rng(0).normal(size=(4000, 3))
    assert calibrate(Index(latents), True).radius == calibrate(Index(latents), True).radius


@pytest.mark.parametrize("d", [2, 6])
def test_the_radius_is_that_of_its_definition(d):
    """Measured at a sample only, among all points: here the sample is repeated by hand."""
    latents = np.random.default_rng(0).normal(size=(9000, d)).astype(np.float32)
    sample = np.random.default_rng(0).choice(9000, CALIBRATION, replace=False)
    kth = []
    for i in sample:
        distance = np.linalg.norm(latents.astype(np.float64) - latents[i], axis=1)
        kth.append(np.partition(distance, K)[K])  # the point itself is at 0
    trust = calibrate(Index(latents), has_prior=True)
    assert trust.radius == pytest.approx(np.quantile(kth, SHARE), rel=1e-9)
