"""What a model's samplers draw: the same for everyone, and from what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import ExplorerError
from explorer.latent import keep, sample
from explorer.latent.mixture import Mixture
from explorer.latent.opened import Opened, open_atlas
from explorer.latent.report import silent
from explorer.latent.sample import Asked, Cells, draw, learned_prior, normal
from explorer.latent.trust import DATA
from explorer.loaded import network_of
from tests.support import is_one_sentence

COUNT = {"dataset": "mnist-5k", "count": 300}


def opened_with_fit(put, name: str, *more: str, components: int = 3) -> Opened:
    put(name, *more)
    sample.make(silent, model=name, **COUNT, components=components)
    return open_atlas(name, "mnist-5k", 300)


def shipped(name: str) -> Opened:
    return open_atlas(name, "mnist-5k", 5000)


@given(st.integers(0, 2**31 - 1), st.integers(1, 50), st.integers(1, 30))
def test_the_first_draws_of_a_seed_do_not_depend_on_the_number(seed, n, dimensions):
    few, many = (normal(k, dimensions, np.random.default_rng(seed)) for k in (n, n + 9))
    assert np.array_equal(many[:n], few)
    assert few.dtype == np.float32


def test_a_vae_is_drawn_from_its_prior_and_the_temperature_scales_it():
    opened = shipped("mnist-vae-20")
    one = draw(opened, "prior", Asked(n=200, seed=3))
    assert one.z.shape == (200, 20)
    assert one.z.std() == pytest.approx(1, abs=0.05)
    assert np.array_equal(one.z, draw(opened, "prior", Asked(n=200, seed=3)).z)
    assert not np.array_equal(one.z, draw(opened, "prior", Asked(n=200, seed=4)).z)
    hot = draw(opened, "prior", Asked(n=200, seed=3, temperature=1.5))
    assert hot.z == pytest.approx(1.5 * one.z, rel=1e-6)
    assert not draw(opened, "prior", Asked(temperature=0)).z.any()


def test_a_plain_autoencoder_says_that_it_has_no_prior_with_its_own_spread():
    opened = shipped("mnist-ae-32")
    one = draw(opened, "prior", Asked())
    spread = opened.atlas.mean.std(0)
    assert "no prior" in one.title
    assert "nothing pulled" in one.words
    assert f"{spread.min():.2g} to {spread.max():.2g}" in one.words
    assert np.array_equal(one.z, normal(64, 32, np.random.default_rng(0)))
    share = float((opened.crowd.standings(one.z) == DATA).mean())
    assert share < 0.5
    assert f"only {share:.0%}".replace("%", " %") in one.words


def test_where_the_draws_are_among_encodings_but_reach_few_of_them_that_is_said():
    opened = shipped("mnist-ae-2d")
    one = draw(opened, "prior", Asked())
    assert (opened.crowd.standings(one.z) == DATA).mean() > 0.5
    near = np.square(opened.atlas.mean).sum(1) <= -2 * np.log(0.05)  # the quantile of chi2(2)
    assert near.mean() < 0.5
    assert f"only {near.mean():.0%} of the encodings".replace("%", " %") in one.words


def test_pca_is_drawn_with_the_variances_of_its_components():
    opened = shipped("mnist-pca-20")
    z = draw(opened, "prior", Asked(n=256)).z
    spread = opened.model.network.spread.numpy()
    assert z.std(0) == pytest.approx(spread, rel=0.2)
    plain = normal(256, 20, np.random.default_rng(0))
    assert z == pytest.approx(plain * spread, rel=1e-6)


def test_a_conditional_model_is_told_each_class_in_turn_or_the_one_chosen(put):
    put("told")
    opened = open_atlas("told", "mnist-5k", 300)
    assert draw(opened, "prior", Asked(n=12)).labels.tolist() == [*range(10), 0, 1]
    assert draw(opened, "prior", Asked(n=3, label=7)).labels.tolist() == [7, 7, 7]
    with pytest.raises(ExplorerError, match="0 to 9"):
        draw(opened, "prior", Asked(label=10))


def test_the_mixture_is_fit_once_kept_and_drawn_from(put, monkeypatch):
    opened = opened_with_fit(put, "linear")
    one = draw(opened, "mixture", Asked(n=40, components=3))
    kept = sample.fitted(opened, 3)
    assert isinstance(kept, Mixture)
    assert np.array_equal(one.z, kept.draw(40, np.random.default_rng(0)))
    assert "270 images of mnist-5k" in one.words
    assert "the latents of" in one.words
    monkeypatch.setattr(sample, "fit", None)
    assert np.array_equal(draw(opened, "mixture", Asked(n=40, components=3)).z, one.z)
    with pytest.raises(ExplorerError, match="No density has been fit"):
        draw(opened, "mixture", Asked(components=4))


def test_the_mixture_of_a_vae_is_fit_to_draws_of_its_posteriors(put):
    """One draw of q(z|x) per image is a draw of the aggregate posterior; the means alone are
    narrower than it."""
    opened = opened_with_fit(put, "told")
    atlas = opened.atlas
    z = sample.aggregate(atlas, np.random.default_rng(0))
    wider = atlas.mean.var(0) + np.exp(atlas.logvar).mean(0)
    assert z.var(0) == pytest.approx(wider, rel=0.25)
    assert (
        "one posterior draw each of 270 images"
        in draw(opened, "mixture", Asked(components=3)).words
    )


def test_a_density_of_other_weights_or_latents_is_not_used(put):
    opened = opened_with_fit(put, "linear")
    artefact, atlas = opened.artefact, opened.atlas
    card = artefact.card.model_copy(update={"weights_sha256": "0" * 64})
    moved = replace(atlas, mean=2 * atlas.mean)
    assert sample.kept(artefact, atlas.sha256, **COUNT, components=3) is not None
    assert sample.kept(replace(artefact, card=card), atlas.sha256, **COUNT, components=3) is None
    assert sample.kept(artefact, moved.sha256, **COUNT, components=3) is None


def test_a_density_that_tells_too_little_of_itself_is_not_used(put):
    opened = opened_with_fit(put, "linear")
    artefact, atlas, name = opened.artefact, opened.atlas, "samplers/mixture-3"
    arrays, about = keep.read(artefact, "mnist-5k", 300, name)
    keep.write(artefact, atlas, name, arrays, about | {"figures": {"images": 3}})
    assert sample.kept(artefact, atlas.sha256, **COUNT, components=3) is None


# --- codes ------------------------------------------------------------------------------------


def test_a_vq_vae_is_drawn_from_its_learned_prior(put):
    put("codes", "prior")
    opened = open_atlas("codes", "mnist-5k", 300)
    artefact = learned_prior(opened.model.card)
    assert artefact.id == "prior"
    one = draw(opened, "prior", Asked(n=5, seed=2))
    network = network_of(artefact, "cpu")
    expected = network.sample(sample.TOGETHER, torch.Generator().manual_seed(2))[:5].numpy()
    assert np.array_equal(one.codes, expected)
    assert np.array_equal(opened.model.codes(one.z), one.codes)
    more = draw(opened, "prior", Asked(n=70, seed=2))
    assert np.array_equal(more.codes[:5], one.codes)
    frozen = draw(opened, "prior", Asked(n=9, seed=2, temperature=0)).codes
    assert (frozen == frozen[0]).all()


def test_a_vq_vae_without_a_prior_of_its_weights_says_how_to_train_one(put):
    artefact = put("codes")
    with pytest.raises(ExplorerError, match="--codes-of codes") as error:
        draw(open_atlas("codes", "mnist-5k", 300), "prior", Asked())
    assert is_one_sentence(error.value)
    put("prior")
    assert learned_prior(artefact.card) is not None
    other = artefact.card.model_copy(update={"weights_sha256": "0" * 64})
    assert learned_prior(other) is None


def test_codes_drawn_apart_are_as_frequent_as_in_the_images(put):
    opened = opened_with_fit(put, "codes")
    codes = opened.model.codes(opened.atlas.mean)
    cells = sample.fitted(opened, 3)
    assert isinstance(cells, Cells)
    assert cells.counts.sum(-1).tolist() == np.full(codes.shape[1:], 300).tolist()
    drawn = draw(opened, "mixture", Asked(n=256)).codes
    for cell in [(0, 0), (3, 3), (4, 2)]:
        real, new = (np.bincount(c[(slice(None), *cell)], minlength=16) for c in (codes, drawn))
        assert new / 256 == pytest.approx(real / 300, abs=0.1)
    likeliest = draw(opened, "mixture", Asked(n=4, temperature=0)).codes
    chosen = np.take_along_axis(cells.counts[None], likeliest[..., None], -1)[..., 0]
    assert (chosen == cells.counts.max(-1)).all()
    assert np.array_equal(draw(opened, "mixture", Asked(n=9)).codes, drawn[:9])


# --- what is asked ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        {"n": 0},
        {"n": 257},
        {"temperature": -0.1},
        {"temperature": 3.1},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"seed": -1},
        {"seed": 2**31},
        {"components": 0},
        {"components": 65},
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(values):
    with pytest.raises(ExplorerError) as error:
        Asked(**values)
    assert is_one_sentence(error.value)


def test_an_unknown_sampler_is_one_sentence():
    with pytest.raises(ExplorerError, match="no sampler called 'guess'") as error:
        draw(shipped("mnist-vae-2d"), "guess", Asked())
    assert is_one_sentence(error.value)
