"""Running sums: every image counts once, whatever batch it came in."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.objectives import Loss
from explorer.training.sums import Sums
from tests.support import CPU, first, generator, network


def batch(n: int, seed: int = 0, extras: tuple[str, ...] = (), dims: int = 3) -> Loss:
    """A loss of `n` images whose mean KL of each dimension and extras are random numbers."""
    source = generator(seed)
    rec, kl = 100 + 50 * torch.randn(n, generator=source), torch.rand(n, dims, generator=source)
    total = rec.mean() + 2 * kl.sum(1).mean()
    more = {name: torch.rand((), generator=source) for name in extras}
    return Loss(total, rec, kl.sum(1), kl.mean(0), beta=2.0, extras=more)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_the_average_over_batches_is_the_mean_over_images(sizes):
    losses = [batch(n, seed, ("extra",)) for seed, n in enumerate(sizes)]
    sums = Sums.zeros(CPU)
    for loss in losses:
        sums.add(loss)
    averages = sums.averages()
    weights = np.array(sizes) / sum(sizes)
    rec = torch.cat([loss.reconstruction for loss in losses]).double().mean().item()
    kl = torch.cat([loss.kl for loss in losses]).double().mean().item()
    extra = sum(w * loss.extras["extra"].item() for w, loss in zip(weights, losses, strict=True))
    assert averages.reconstruction == pytest.approx(rec, rel=1e-4)
    assert averages.kl == pytest.approx(kl, rel=1e-4)
    assert averages.total == pytest.approx(rec + 2 * kl, rel=1e-4)
    assert sum(averages.per_dimension_kl) == pytest.approx(averages.kl, rel=1e-4)
    assert averages.extras == {"extra": pytest.approx(extra, rel=1e-4)}
    assert sums.images == sum(sizes)


def test_a_small_last_batch_counts_by_its_images_and_not_as_a_batch():
    sums = Sums.zeros(CPU)
    for n, value in ((99, 1.0), (1, 101.0)):
        part = torch.full((n,), value)
        sums.add(Loss(part.mean(), part, part, torch.full((2,), value), 1.0, {"a": part[0]}))
    averages = sums.averages()
    expected = (99 * 1 + 101) / 100  # by batches it would be 51
    measured = [averages.total, averages.reconstruction, averages.kl, averages.extras["a"]]
    assert [*measured, *averages.per_dimension_kl] == pytest.approx([expected] * 6)


def test_what_was_added_since_a_copy_is_the_average_of_the_later_batches_alone():
    sums, later = Sums.zeros(CPU), Sums.zeros(CPU)
    sums.add(batch(7, 1, ("a",)))
    earlier = sums.copy()
    before = earlier.averages()
    for seed in (2, 3):
        sums.add(batch(5, seed, ("a",)))
        later.add(batch(5, seed, ("a",)))
    window = sums.since(earlier)
    assert window.images == 10
    measured, expected = window.averages(), later.averages()
    assert measured.total == pytest.approx(expected.total, rel=1e-4)
    assert measured.per_dimension_kl == pytest.approx(expected.per_dimension_kl, rel=1e-3)
    assert measured.extras["a"] == pytest.approx(expected.extras["a"], rel=1e-3)
    assert earlier.averages() == before  # adding does not reach a copy


def test_what_was_added_since_nothing_is_everything():
    sums = Sums.zeros(CPU)
    start = sums.copy()
    sums.add(batch(6, 1, ("a", "b")))
    assert sums.since(start).averages() == sums.averages()


def test_nothing_since_now_is_no_images():
    sums = Sums.zeros(CPU)
    sums.add(batch(6))
    nothing = sums.since(sums.copy())
    assert nothing.images == 0
    assert nothing.averages().total == 0


def test_sums_of_nothing_are_zeros_without_dimensions_or_extras():
    averages = Sums.zeros(CPU).averages()
    assert (averages.total, averages.reconstruction, averages.kl) == (0, 0, 0)
    assert (averages.per_dimension_kl, averages.extras) == ((), {})


def test_every_extra_keeps_its_name():
    sums = Sums.zeros(CPU)
    for n in (3, 9):
        loss = batch(n, dims=0)
        sums.add(
            Loss(
                loss.total,
                loss.reconstruction,
                loss.kl,
                loss.per_dimension_kl,
                0.0,
                {"first": torch.tensor(1.0), "second": torch.tensor(2.0)},
            )
        )
    assert sums.averages().extras == {"first": 1.0, "second": 2.0}
    assert sums.averages().per_dimension_kl == ()


@pytest.mark.parametrize("family", ["vae", "vq-vae", "sparse-autoencoder", "pca"])
def test_sums_hold_no_graph_however_the_loss_was_made(family, digits):
    images = first(digits, 8)
    sums = Sums.zeros(CPU)
    sums.add(network(family).train().loss(images.float(), images.labels))
    assert not sums.values.requires_grad
    assert sums.averages().total == pytest.approx(sums.values[0].item() / 8)
