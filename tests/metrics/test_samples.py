"""Facts of samples, against what is known of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from explorer.latent.opened import open_atlas
from explorer.latent.sample import Asked, draw
from explorer.metrics.samples import CONFIDENT, judged


@pytest.fixture(scope="module")
def opened():
    return open_atlas("mnist-vae-20", "mnist-5k", 5000)


def test_latents_of_real_images_lie_among_them_and_are_their_own_nearest(opened):
    z = opened.atlas.mean[:40]
    facts = judged(opened, z, opened.model.decode(z))
    assert np.array_equal(facts.nearest, opened.atlas.rows[:40])
    assert facts.distance == pytest.approx(np.zeros(40), abs=1e-6)
    assert facts.among.mean() > 0.9
    pairs = np.linalg.norm(opened.atlas.mean[:40, None] - opened.atlas.mean[None], axis=2)
    pairs[np.arange(40), np.arange(40)] = np.inf
    assert facts.own == pytest.approx(pairs.min(1), rel=1e-4)


def test_what_is_read_is_what_the_classifier_says(opened):
    z = draw(opened, "prior", Asked(n=30)).z
    images = opened.model.decode(z)
    facts = judged(opened, z, images)
    with torch.inference_mode():
        shares = opened.judge.probabilities(torch.from_numpy(images)).numpy()
    assert np.array_equal(facts.reads, shares.argmax(1))
    assert facts.sure == pytest.approx(shares.max(1))
    assert facts.confident == pytest.approx((shares.max(1) > CONFIDENT).mean())
    assert facts.counts(10).sum() == 30
    assert facts.counts(10)[facts.reads[0]] == (facts.reads == facts.reads[0]).sum()


@pytest.mark.parametrize(
    ("name", "dataset", "low", "high"),
    [
        ("mnist-vae-20", "mnist-5k", 0.93, 1),
        # Most of its dimensions have collapsed: no sample is near a posterior mean, yet they lie
        # where the posteriors lie.
        ("faces-beta-vae-16-b4", "faces", 0.93, 1),
        ("mnist-ae-32", "mnist-5k", 0, 0.4),
    ],
)
def test_draws_of_a_prior_lie_among_the_encodings_and_those_of_none_do_not(
    name, dataset, low, high
):
    one = open_atlas(name, dataset, 5000)
    z = draw(one, "prior", Asked(n=200)).z
    assert low <= judged(one, z, one.model.decode(z)).among.mean() <= high


def test_a_far_latent_lies_among_nothing(opened):
    z = np.full((1, 20), 9, np.float32)
    assert not judged(opened, z, opened.model.decode(z)).among[0]


def test_without_a_classifier_nothing_is_read():
    one = open_atlas("sprites-beta-vae-10-b1", "sprites", 5000)
    z = one.atlas.mean[:5]
    facts = judged(one, z, one.model.decode(z))
    assert facts.reads is None
    assert facts.confident is None
    assert facts.counts(3).tolist() == [0, 0, 0]
