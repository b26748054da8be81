"""The frame of a 2-D manifold: shares of a Gaussian to latents and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import ExplorerError
from explorer.latent.boxes import Box
from explorer.latent.manifold import Frame, frame_of, quantile_grid
from explorer.latent.opened import open_atlas
from tests.support import is_one_sentence

PRIOR = Frame(np.zeros(2), np.ones(2), "the prior")
UNIT = Box(0, 1, 0, 1)


def test_the_whole_picture_is_spaced_by_the_inverse_normal_distribution_function():
    """Quantiles of N(0, 1) from any table, y upwards, row by row from the top."""
    z = quantile_grid(PRIOR, Box(0, 1, 0, 1), 3, 2)
    third, quarter = 0.9674215661, 0.6744897502
    expected = [[x, y] for y in (quarter, -quarter) for x in (-third, 0, third)]
    assert z == pytest.approx(np.array(expected), abs=1e-6)


def test_a_part_of_it_holds_the_latents_of_that_part():
    whole = quantile_grid(PRIOR, UNIT, 20, 20).reshape(20, 20, 2)
    part = quantile_grid(PRIOR, Box(0.25, 0.5, 0.5, 0.75), 5, 5).reshape(5, 5, 2)
    assert part == pytest.approx(whole[5:10, 5:10], abs=1e-6)


def test_each_cell_holds_the_same_share_of_draws():
    edges = PRIOR.latents(np.tile(np.linspace(0.1, 0.9, 9)[:, None], 2))[:, 0]
    drawn = np.random.default_rng(0).normal(size=100_000)
    shares = np.diff(np.searchsorted(np.sort(drawn), edges)) / len(drawn)
    assert shares == pytest.approx(np.full(8, 0.1), abs=0.005)


@given(
    st.tuples(*[st.floats(1e-4, 1 - 1e-4)] * 2),
    st.tuples(*[st.floats(-50, 50)] * 2),
    st.tuples(*[st.floats(0.01, 50)] * 2),
)
def test_shares_and_latents_are_each_others_inverse(share, centre, scale):
    frame = Frame(np.array(centre), np.array(scale), "any")
    z = frame.latents(np.array([share]))
    # float32 resolves a narrow Gaussian far from zero coarsely.
    coarse = 1e-5 + 1e-6 * np.max(np.abs(centre)) / np.min(scale)
    assert frame.shares(z)[0] == pytest.approx(share, abs=coarse)


@pytest.mark.parametrize(
    "box", [Box(-0.1, 1, 0, 1), Box(0, 1.1, 0, 1), Box(0, 1, 0, 2), Box(0.5, 0.5, 0, 1)]
)
def test_a_box_beyond_the_unit_square_is_one_sentence(box):
    with pytest.raises(ExplorerError) as error:
        quantile_grid(PRIOR, box, 2, 2)
    assert is_one_sentence(error.value)


def test_a_model_with_a_prior_is_framed_by_it_and_one_without_by_its_images():
    vae = open_atlas("mnist-vae-2d", "mnist-5k", 5000)
    frame = frame_of(vae.model, vae.atlas)
    assert (frame.centre.tolist(), frame.scale.tolist()) == ([0, 0], [1, 1])
    assert frame.box(3) == Box(-3, 3, -3, 3)
    plain = open_atlas("mnist-ae-2d", "mnist-5k", 5000)
    frame = frame_of(plain.model, plain.atlas)
    assert frame.centre == pytest.approx(plain.atlas.mean.mean(0), abs=1e-4)
    assert frame.scale == pytest.approx(plain.atlas.mean.std(0), rel=1e-4)
    assert "5,000 encoded images" in frame.words
    linear = open_atlas("mnist-pca-2", "mnist-5k", 5000)
    spread = linear.model.network.spread.numpy()
    frame = frame_of(linear.model, linear.atlas)
    assert (frame.centre == 0).all()
    assert frame.scale == pytest.approx(spread)


def test_more_than_two_dimensions_are_one_sentence():
    opened = open_atlas("mnist-vae-20", "mnist-5k", 5000)
    with pytest.raises(ExplorerError, match="20 latent dimensions") as error:
        frame_of(opened.model, opened.atlas)
    assert is_one_sentence(error.value)
