"""Latents that are no image's own are judged among draws of the posteriors."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from explorer.latent.round_trip import crowd, crowd_once, round_trips
from explorer.latent.trust import DATA, SHARE
from explorer.serve.catalogue import catalogue

RNG = np.random.default_rng(3)


@pytest.fixture(scope="module")
def deep():
    """A 20-D VAE of which one dimension has collapsed, and others carry little."""
    return catalogue.open("mnist-vae-20", "mnist-5k")


@pytest.fixture(scope="module")
def prior():
    return RNG.standard_normal((300, 20)).astype(np.float32)


def share_in_data(trust, model, z) -> float:
    trips = round_trips(model, z)
    return np.mean([trust.judge(*one).standing == "data" for one in zip(z, trips, strict=True)])


def test_the_crowd_is_one_draw_of_each_posterior(deep):
    draws, labels = crowd(deep.atlas)
    assert draws.shape == deep.atlas.mean.shape
    assert sorted(labels) == sorted(deep.atlas.labels)
    again, _ = crowd(deep.atlas)
    np.testing.assert_array_equal(draws, again)
    # The aggregate posterior is nearly the prior; the means alone are narrower.
    variance = deep.atlas.mean.var(0) + np.exp(deep.atlas.logvar).mean(0)
    np.testing.assert_allclose(draws.var(0), variance, rtol=0.12)


def test_so_many_of_other_draws_lie_among_the_crowd_as_say_so(deep):
    other, _ = crowd(deep.atlas, seed=9)
    among = deep.crowd.standings(other[:1000]) == DATA
    assert among.mean() == pytest.approx(SHARE, abs=0.03)


def test_samples_of_the_prior_lie_among_draws_though_not_among_means(deep, prior):
    images = torch.from_numpy(deep.model.decode(prior))
    with torch.inference_mode():
        sure = (deep.judge.probabilities(images).max(1)[0] > 0.9).float().mean()
    assert sure > 0.6, "most are digits to a classifier"
    assert share_in_data(deep.crowd, deep.model, prior) > 0.8
    assert share_in_data(deep.trust, deep.model, prior) < 0.1


def test_moving_a_dimension_that_does_nothing_changes_no_judgement(deep):
    dead = int(np.flatnonzero(deep.dimensions.dead)[0])
    z = deep.atlas.mean[:200].copy()
    z[:, dead] += 2
    assert share_in_data(deep.crowd, deep.model, z) > 0.95


def test_far_from_every_image_is_outside_and_says_of_what(deep):
    far = np.full(20, 30, np.float32)
    judged = deep.crowd.judge(far, 0.0)
    assert judged.standing == "outside"
    assert "prior" in judged.why
    near = deep.crowd.judge(deep.atlas.mean[0], 0.0)
    assert near.standing == "data"
    assert "draws" in near.why


def test_without_a_posterior_the_crowd_is_the_images_themselves():
    plain = catalogue.open("mnist-ae-32", "mnist-5k")
    assert plain.crowd is plain.trust


def test_the_crowd_is_measured_once_and_kept(deep, monkeypatch):
    measured = crowd_once(deep.artefact, deep.model, deep.atlas)
    monkeypatch.setattr("explorer.latent.round_trip.crowd_of", None)
    other = type(deep)(deep.artefact, deep.model, deep.atlas, deep.dataset)
    assert not other.has_crowd
    assert other.crowd.radius == pytest.approx(measured.radius, rel=1e-6)
    assert other.crowd.trip == pytest.approx(measured.trip, rel=1e-6)
    assert other.has_crowd
