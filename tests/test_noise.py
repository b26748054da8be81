"""What each kind of noise does to the pixels."""

from __future__ import annotations

import pytest
import torch
from hypothesis import strategies as st
from torch.distributions import Normal

from explorer.objectives import (
    corrupt,
)
from explorer.spec import ObjectiveSpec
from tests.support import first, generator

finite = st.floats(-50, 50, width=32)


@pytest.fixture
def x(digits):
    return first(digits, 16).float()


NOISES = ["gaussian", "salt-and-pepper", "masking"]


def noisy(x: torch.Tensor, kind: str, amount: float, seed: int = 0) -> torch.Tensor:
    return corrupt(x, ObjectiveSpec(noise=kind, noise_amount=amount), generator(seed))


@pytest.mark.parametrize("kind", NOISES)
@pytest.mark.parametrize("amount", [0.1, 0.5, 1.0])
def test_noise_stays_in_0_to_1_and_leaves_the_images_themselves_alone(x, kind, amount):
    before = x.clone()
    seen = noisy(x, kind, amount)
    assert ((seen >= 0) & (seen <= 1)).all()
    assert (seen.shape, seen.dtype) == (x.shape, x.dtype)
    assert not torch.equal(seen, x)
    assert torch.equal(x, before)


@pytest.mark.parametrize("kind", NOISES)
def test_an_amount_of_zero_is_clean(x, kind):
    assert torch.equal(noisy(x, kind, 0.0), x)


@pytest.mark.parametrize("kind", NOISES)
def test_the_generator_alone_decides_the_noise(x, kind):
    before = torch.random.get_rng_state()
    one, again, other = (noisy(x, kind, 0.3, seed) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_no_noise_returns_the_images_themselves_and_draws_nothing(x):
    source = generator()
    before = source.get_state()
    assert corrupt(x, ObjectiveSpec(noise_amount=0.9), source) is x
    assert torch.equal(source.get_state(), before)


@pytest.mark.parametrize("amount", [0.1, 0.4, 1.0])
def test_masking_sets_the_share_of_pixels_to_black_and_keeps_the_others(amount):
    grey = torch.full((200, 1, 20, 20), 0.7)
    seen = noisy(grey, "masking", amount)
    assert (seen == 0).float().mean().item() == pytest.approx(amount, abs=0.01)
    assert set(seen.unique().tolist()) <= {0.0, grey[0, 0, 0, 0].item()}


@pytest.mark.parametrize("amount", [0.1, 0.4, 1.0])
def test_salt_and_pepper_hits_the_share_half_white_and_half_black(amount):
    grey = torch.full((200, 1, 20, 20), 0.7)
    seen = noisy(grey, "salt-and-pepper", amount)
    for value in (0.0, 1.0):
        assert (seen == value).float().mean().item() == pytest.approx(amount / 2, abs=0.01)
    assert (seen == grey).float().mean().item() == pytest.approx(1 - amount, abs=0.01)


def test_gaussian_noise_has_the_standard_deviation_where_nothing_is_clamped():
    seen = noisy(torch.full((200, 1, 20, 20), 0.5), "gaussian", 0.05)
    assert seen.mean().item() == pytest.approx(0.5, abs=1e-3)
    assert seen.std().item() == pytest.approx(0.05, abs=1e-3)


def test_gaussian_noise_is_clamped_to_the_share_beyond_0_and_1():
    seen = noisy(torch.full((200, 1, 20, 20), 0.5), "gaussian", 0.5)
    beyond = Normal(0.0, 0.5).cdf(torch.tensor(-0.5)).item()
    for value in (0.0, 1.0):
        assert (seen == value).float().mean().item() == pytest.approx(beyond, abs=0.01)


@pytest.mark.parametrize("kind", ["salt-and-pepper", "masking"])
def test_the_colours_of_a_pixel_are_hit_together(kind):
    x = torch.full((50, 3, 10, 10), 0.7)
    hit = noisy(x, kind, 0.5) != x
    assert torch.equal(hit.all(1), hit.any(1))
    assert 0.4 < hit.float().mean() < 0.6


def test_gaussian_noise_is_drawn_for_each_colour():
    noise = (noisy(torch.full((50, 3, 10, 10), 0.5), "gaussian", 0.05) - 0.5).transpose(0, 1)
    assert noise.flatten(1).corrcoef().fill_diagonal_(0).abs().max() < 0.1
