"""What simple readers make of latents: against answers that are known."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.errors import ExplorerError
from explorer.metrics.probes import knn_accuracy, linear_probe_accuracy
from tests.support import is_one_sentence

RNG = np.random.default_rng(0)
LABELS = RNG.integers(4, size=900)
ANGLES = LABELS * np.pi / 2
# Four groups at the corners of a square, far apart.
CORNERS = np.stack([np.cos(ANGLES), np.sin(ANGLES)], 1) + 0.05 * RNG.standard_normal((900, 2))
PARTS = (CORNERS[:600], LABELS[:600], CORNERS[600:], LABELS[600:])


@pytest.mark.parametrize("probe", [knn_accuracy, linear_probe_accuracy])
def test_groups_apart_are_told_without_fault(probe):
    assert probe(*PARTS) == 1.0


@pytest.mark.parametrize("probe", [knn_accuracy, linear_probe_accuracy])
def test_noise_is_told_by_chance(probe):
    noise = RNG.standard_normal((900, 2))
    assert probe(noise[:600], LABELS[:600], noise[600:], LABELS[600:]) < 0.4


def test_rings_are_told_by_neighbours_and_not_by_a_line():
    labels = RNG.integers(2, size=1000)
    angle = RNG.uniform(0, 2 * np.pi, 1000)
    rings = (1 + labels)[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    parts = (rings[:700], labels[:700], rings[700:], labels[700:])
    assert knn_accuracy(*parts) > 0.97
    assert linear_probe_accuracy(*parts) < 0.7


def test_the_vote_is_that_of_the_k_nearest():
    train = np.array([[0.0], [0.1], [0.2], [1.0], [1.1], [1.2], [1.3]])
    labels = np.array([0, 0, 0, 1, 1, 1, 1])
    test, truth = np.array([[0.05]]), np.array([0])
    assert knn_accuracy(train, labels, test, truth, k=5) == 1.0
    assert knn_accuracy(train, labels, test, truth, k=7) == 0.0


def test_the_linear_probe_does_not_depend_on_units_and_dead_dimensions():
    train, labels, test, truth = PARTS
    noisy = RNG.standard_normal((2, 600, 2))[:, : len(train)]
    train, test = train + 0.4 * noisy[0], test + 0.4 * noisy[1][: len(test)]
    plain = linear_probe_accuracy(train, labels, test, truth)
    wide = np.array([1e-3, 1e3])
    more = [np.concatenate([one * wide, np.ones((len(one), 1))], 1) for one in (train, test)]
    assert linear_probe_accuracy(more[0], labels, more[1], truth) == pytest.approx(plain, abs=0.005)
    assert 0.5 < plain < 1


@pytest.mark.parametrize("probe", [knn_accuracy, linear_probe_accuracy])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({0: CORNERS[:599]}, "shape (N, D)"),
        ({1: LABELS[:600, None]}, "shape (N,)"),
        ({2: np.full((300, 2), np.inf)}, "not finite"),
        ({2: np.zeros((300, 3))}, "same dimensions"),
        ({1: np.zeros(600, np.int64)}, "same label"),
        ({2: CORNERS[:0], 3: LABELS[:0]}, "shape (N, D)"),
    ],
)
def test_what_cannot_be_probed_is_one_sentence(probe, change, said):
    parts = [change.get(place, part) for place, part in enumerate(PARTS)]
    with pytest.raises(ExplorerError) as refused:
        probe(*parts)
    assert said in str(refused.value)
    assert is_one_sentence(str(refused.value))


def test_latents_that_never_vary_and_too_many_neighbours_are_one_sentence():
    with pytest.raises(ExplorerError, match="same for every image"):
        linear_probe_accuracy(np.ones((600, 2)), LABELS[:600], *PARTS[2:])
    with pytest.raises(ExplorerError, match="cannot vote"):
        knn_accuracy(*PARTS, k=601)
