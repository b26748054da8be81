"""Augmentation: what it moves and draws, by value, and that the end of a run sees plain images."""

from typing import get_args

import pytest
import torch

from explorer.spec import TrainSpec
from explorer.training.augment import augment, shifted


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_binarise_shows_half_of_the_images_as_samples_of_their_grey_values():
    grey = torch.full((4000, 1, 4, 4), 0.3)
    target, seen = augment(grey, "binarise", generator())
    drawn = (seen != 0.3).flatten(1).all(1)
    assert drawn.float().mean().item() == pytest.approx(0.5, abs=0.03)
    assert set(seen[drawn].unique().tolist()) == {0.0, 1.0}
    assert seen[drawn].mean().item() == pytest.approx(0.3, abs=0.02)
    assert torch.equal(seen[~drawn], grey[~drawn])
    assert torch.equal(target, grey)


def test_without_augmentation_no_random_number_is_drawn():
    source = generator()
    before = source.get_state()
    x = torch.rand(2, 1, 4, 4)
    target, seen = augment(x, "none", source)
    assert target is x
    assert seen is x
    assert torch.equal(source.get_state(), before)


def test_a_shift_moves_a_dot_to_each_of_nine_places_equally_often():
    x = torch.zeros(9000, 2, 5, 5)
    x[:, :, 2, 2] = 1
    moved = shifted(x, generator())
    assert torch.equal(moved.sum((2, 3)), torch.ones(9000, 2))  # one dot in every channel
    assert torch.equal(moved[:, 0], moved[:, 1])  # channels move together
    counts = moved[:, 0].sum(0)
    assert torch.allclose(counts[1:4, 1:4], torch.full((3, 3), 1000.0), atol=120)


def test_a_shift_repeats_the_edge_and_never_wraps_around():
    x = torch.arange(3.0).repeat(300, 1, 3, 1)  # columns 0, 1, 2
    columns = {tuple(row) for row in shifted(x, generator())[:, 0, 0].tolist()}
    assert columns == {(0, 0, 1), (0, 1, 2), (1, 2, 2)}


@pytest.mark.parametrize(("progress", "share"), [(0.0, 8 / 9), (0.5, 4 / 9), (1.0, 0.0)])
def test_fewer_images_are_shifted_as_the_run_goes_on(progress, share):
    x = torch.rand(4000, 1, 6, 6, generator=generator())
    target, seen = augment(x, "shift", generator(), progress)
    changed = (target != x).flatten(1).any(1).float().mean().item()
    assert changed == pytest.approx(share, abs=0.03)
    assert torch.equal(target, seen)


def test_every_augmentation_that_a_spec_allows_does_something_of_its_own():
    grey = torch.rand(64, 1, 4, 4, generator=generator())
    kinds = get_args(TrainSpec.model_fields["augment"].annotation)
    outcomes = {str([part.tolist() for part in augment(grey, k, generator())]) for k in kinds}
    assert len(outcomes) == len(kinds) >= 4
