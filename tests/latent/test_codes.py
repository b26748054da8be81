"""Codes: their text, their use and looks, and what the prior draws, against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import explorer
from explorer.errors import ExplorerError
from explorer.latent import codes as grids
from explorer.latent.sample import learned_prior
from explorer.loaded import load
from explorer.store import open_artefact
from tests.support import first, generator, is_one_sentence


@pytest.fixture(scope="module")
def model():
    return explorer.load("mnist-vq-vae", "cpu")


@pytest.fixture(scope="module")
def prior(model):
    return grids.prior_of(model)


@pytest.fixture(scope="module")
def maps(model, digits) -> np.ndarray:
    """The codes of the first 300 digits."""
    return grids.encoded(model, first(digits, 300).float().numpy())


# --- as text ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "signs"), [(2, 1), (64, 1), (65, 2), (4096, 2), (65_536, 3)])
def test_a_code_takes_as_many_signs_as_the_largest_needs(size, signs):
    assert grids.signs_for(size) == signs
    assert len(grids.to_text(np.array([[0, size - 1]]), size)) == 2 * signs


@given(st.lists(st.integers(0, 127), min_size=49, max_size=49))
def test_codes_come_back_from_their_text(numbers):
    network = explorer.load("mnist-vq-vae", "cpu").network
    text = grids.to_text(np.array(numbers), 128)
    assert len(text) == 98
    assert text.replace("-", "").replace("_", "").isalnum()
    assert grids.from_text(text, network).tolist() == np.reshape(numbers, (7, 7)).tolist()


@given(st.lists(st.booleans(), min_size=49, max_size=49))
def test_kept_cells_come_back_from_their_text(bits):
    network = explorer.load("mnist-vq-vae", "cpu").network
    kept = np.array(bits).reshape(7, 7)
    text = grids.mask_to_text(kept)
    assert len(text) in (0, 13)
    assert np.array_equal(grids.mask_from_text(text, network), kept)


@pytest.mark.parametrize("text", ["", "AA", "é" * 98, "A" * 97, "A" * 99, "__" * 49, "  " * 49])
def test_text_that_is_no_map_is_refused_in_one_sentence(model, text):
    with pytest.raises(ExplorerError) as caught:
        grids.from_text(text, model.network)
    assert is_one_sentence(caught.value)


@pytest.mark.parametrize("text", ["0", "f" * 12, "F" * 13, "g" * 13, "-" + "0" * 12, "0" * 14])
def test_text_that_is_no_mask_is_refused_in_one_sentence(model, text):
    with pytest.raises(ExplorerError, match="13 hexadecimal") as caught:
        grids.mask_from_text(text, model.network)
    assert is_one_sentence(caught.value)


# --- to images and back -----------------------------------------------------------------------


def test_codes_of_images_and_their_pictures_are_those_of_the_model(model, maps, digits):
    x = first(digits, 300).float().numpy()
    z = model.encode(x).mean
    assert np.array_equal(maps, model.codes(z))
    np.testing.assert_allclose(grids.decoded(model, maps), model.decode(z), atol=1e-6)


def test_flat_codes_are_taken_and_codes_of_another_shape_or_number_are_not(model, maps):
    flat = maps[:2].reshape(2, 49)
    assert np.array_equal(grids.checked(flat, model.network), maps[:2])
    for wrong in (flat[:, :48], maps[0], np.full((1, 49), 128), np.full((1, 49), -1)):
        with pytest.raises(ExplorerError) as caught:
            grids.decoded(model, wrong)
        assert is_one_sentence(caught.value)


def test_a_model_without_codes_is_told_so():
    with pytest.raises(ExplorerError, match="choose a VQ-VAE"):
        grids.encoded(explorer.load("mnist-vae-2d", "cpu"), np.zeros((1, 1, 28, 28)))


# --- the codebook -----------------------------------------------------------------------------


def test_use_perplexity_and_dead_codes_are_those_of_a_plain_count():
    codes = np.array([[[0, 1], [1, 1]], [[3, 3], [1, 1]]])
    book = grids.used(codes, 6)
    assert book.counts.tolist() == [1, 5, 0, 2, 0, 0]
    assert book.order.tolist() == [1, 3, 0, 2, 4, 5]
    assert book.dead == [2, 4, 5]
    p = [1 / 8, 5 / 8, 2 / 8]
    assert book.perplexity == pytest.approx(math.exp(-sum(q * math.log(q) for q in p)))
    assert "3 of 6 are used; 3 are dead" in book.words


def test_the_words_name_a_codebook_without_dead_codes_as_wholly_used(maps):
    book = grids.used(maps, 128)
    assert book.counts.sum() == 300 * 49
    assert ("All 128 codes are used" in book.words) == (book.counts.min() > 0)
    assert f"Perplexity {book.perplexity:.3g}" in book.words


def test_a_code_looks_like_the_mean_of_the_decoded_images_around_its_cells(model, maps):
    tiles, images = grids.looks(model, maps), grids.decoded(model, maps)
    padded = np.pad(images, ((0, 0), (0, 0), (4, 4), (4, 4)))
    for code in (int(maps[0, 3, 3]), int(maps[7, 0, 0])):
        found = [
            padded[n, :, 4 * i : 4 * i + 12, 4 * j : 4 * j + 12]
            for n, i, j in np.argwhere(maps == code)
        ]
        np.testing.assert_allclose(tiles[code], np.mean(found, 0), atol=1e-5)
    assert tiles.shape == (128, 1, 12, 12)


def test_a_dead_code_is_shown_in_the_middle_of_typical_maps(model, maps):
    few = maps[:30].copy()
    dead = grids.used(few, 128).dead
    assert dead
    changed = few[: grids.CONTEXTS].copy()
    changed[:, 3, 3] = dead[0]
    expected = grids.decoded(model, changed)[:, :, 8:20, 8:20].mean(0)
    np.testing.assert_allclose(grids.looks(model, few)[dead[0]], expected, atol=1e-5)


def test_codes_look_different_from_each_other(model, maps):
    tiles = grids.looks(model, maps).reshape(128, -1)
    apart = np.abs(tiles[:, None] - tiles[None]).max(2) + np.eye(128)
    assert apart.min() > 0.004
    assert np.median(apart) > 0.2


# --- the prior --------------------------------------------------------------------------------


def test_the_prior_of_a_model_is_the_one_that_learned_its_codes(prior):
    assert prior.spec.codebook_size == 128
    assert grids.prior_of(explorer.load("mnist-vae-2d", "cpu")) is None


def test_a_prior_of_other_weights_is_none(put, shipped):
    put("prior", "codes")
    model = load("codes", "cpu")
    assert grids.prior_of(model) is not None
    other = open_artefact("codes").card.model_copy(update={"weights_sha256": "0" * 64})
    assert learned_prior(other) is None


def test_surprise_is_minus_the_log_of_each_probability_and_sums_to_the_nats(prior, maps):
    each = grids.surprise(prior, maps[:3])
    flat = torch.from_numpy(maps[:3]).flatten(1)
    np.testing.assert_allclose(each.sum((1, 2)), prior.nats(flat).numpy(), rtol=1e-5)
    tokens = torch.cat([torch.full((3, 1), prior.start), flat[:, :20]], 1)
    p = prior.scores(tokens)[:, -1].softmax(1)[torch.arange(3), flat[:, 20]]
    np.testing.assert_allclose(each[:, 2, 6], -p.log().numpy(), rtol=1e-3)
    assert each.min() >= 0


def test_without_anything_kept_a_seed_draws_what_the_prior_samples(prior, maps):
    drawn = grids.draw(prior, 4, seed=3, temperature=0.8)
    expected = prior.sample(4, generator(3), 0.8)
    assert np.array_equal(drawn.codes, expected.numpy())
    np.testing.assert_allclose(drawn.nats, prior.nats(expected.flatten(1)).numpy(), rtol=1e-5)
    nothing = grids.draw(prior, 4, 3, 0.8, maps[0], np.zeros((7, 7), bool))
    assert np.array_equal(drawn.codes, nothing.codes)


def half(rows: slice, columns: slice = slice(None)) -> np.ndarray:
    kept = np.zeros((7, 7), bool)
    kept[rows, columns] = True
    return kept


TOP, LEFT = half(slice(0, 4)), half(slice(None), slice(0, 4))


@pytest.mark.parametrize("kept", [TOP, LEFT])
def test_kept_cells_stay_and_a_seed_repeats_the_others(prior, maps, kept):
    one, again, other = (grids.draw(prior, 3, seed, 1.0, maps[5], kept).codes for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert (one[:, kept] == maps[5][kept]).all()
    assert len(np.unique(one, axis=0)) > 1


def test_the_words_say_whether_the_kept_cells_could_be_heeded():
    assert "exactly as the prior expects" in grids.how(TOP, grids.first_cells(TOP), 1)
    assert "cannot look ahead" in grids.how(LEFT, grids.first_cells(LEFT), 1)
    assert "in reading order" in grids.how(None, True, 1)
    assert "nothing to draw" in grids.how(half(slice(0, 7)), True, 1)
    assert "divided by 0.5" in grids.how(None, True, 0.5)
    assert "likeliest" in grids.how(TOP, True, 0)


@pytest.mark.parametrize(
    ("kept", "first_ones"),
    [(TOP, True), (LEFT, False), (half(slice(3, 7)), False), (half(slice(0, 0)), True)],
)
def test_cells_come_first_where_none_stands_after_a_free_one(kept, first_ones):
    assert grids.first_cells(kept) == first_ones


def test_what_is_drawn_reads_as_digits(prior, model):
    from explorer.loaded import network_of
    from explorer.metrics.judges import judge_of
    from explorer.spec import DataSpec

    judge = network_of(judge_of(DataSpec(name="mnist-5k")), "cpu")
    drawn = grids.draw(prior, 16, seed=0)
    sure = judge.probabilities(torch.from_numpy(grids.decoded(model, drawn.codes))).amax(1)
    assert (sure > 0.9).float().mean() > 0.6


@pytest.mark.parametrize("asked", [(0, 1.0), (17, 1.0), (1, -0.1), (1, 5.0), (1, math.nan)])
def test_more_than_can_be_asked_for_is_refused(prior, asked):
    n, temperature = asked
    with pytest.raises(ExplorerError) as caught:
        grids.draw(prior, n, 0, temperature)
    assert is_one_sentence(caught.value)
