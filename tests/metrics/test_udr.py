"""UDR: models that found the same dimensions agree, turned ones do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import ExplorerError
from explorer.metrics.udr import udr
from tests.support import is_one_sentence

RNG = np.random.default_rng(0)
FOUND = RNG.uniform(-2, 2, (1500, 3))
SIMILARITIES = ("spearman", "lasso")


def turned(codes: np.ndarray, seed: int) -> np.ndarray:
    """The same space seen along other axes."""
    axes, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))
    return codes @ axes


@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_models_with_the_same_dimensions_in_another_order_and_sign_score_1(similarity):
    others = [FOUND, -FOUND[:, [2, 0, 1]], 3 * FOUND[:, [1, 2, 0]]]
    scores = udr(others, similarity=similarity)
    # Independent by chance only: their rank correlations are about 0.02.
    assert scores == pytest.approx([1, 1, 1], abs=0.15)
    assert scores == pytest.approx([scores[0]] * 3, abs=0.02)


@pytest.mark.parametrize("similarity", SIMILARITIES)
def test_a_turned_model_scores_less_than_those_that_agree(similarity):
    models = [FOUND, FOUND[:, [1, 0, 2]], -FOUND, turned(FOUND, 1)]
    scores = udr(models, similarity=similarity)
    assert scores[:3].min() > scores[3] + 0.15
    assert ((scores >= 0) & (scores <= 1 + 1e-12)).all()


def test_udr_is_its_formula():
    """From a table of rank correlations, with unequal numbers of used dimensions."""
    from scipy.stats import spearmanr

    one, other = FOUND, turned(FOUND, 2)[:, :2]
    R = np.abs(spearmanr(one, other).statistic[:3, 3:])
    by_column = (R.max(0) ** 2 / R.sum(0)).sum()
    by_row = (R.max(1) ** 2 / R.sum(1)).sum()
    expected = (by_column + by_row) / 5
    assert udr([one, other]) == pytest.approx([expected] * 2, abs=1e-9)


def test_dimensions_without_kl_take_no_part():
    noise = RNG.standard_normal((2, 1500, 2))
    wide = [np.concatenate([FOUND, one], 1) for one in noise]
    kl = [np.array([1, 1, 1, 0, 0.005])] * 2
    assert udr(wide, kl) == pytest.approx(udr([FOUND, FOUND]), abs=1e-12)
    assert udr(wide)[0] < udr(wide, kl)[0] - 0.1


def test_a_model_without_any_used_dimension_scores_0():
    kl = [np.ones(3), np.ones(3), np.zeros(3)]
    scores = udr([FOUND, FOUND, FOUND], kl)
    assert scores[2] == 0


@given(seed=st.integers(0, 2**16), order=st.permutations(range(3)))
def test_the_order_of_dimensions_and_images_does_not_matter(seed, order):
    rows = np.random.default_rng(seed).permutation(300)
    models = [FOUND[:300], turned(FOUND[:300], seed)]
    shuffled = [models[0][rows][:, order], models[1][rows]]
    assert udr(shuffled) == pytest.approx(udr(models), abs=1e-9)


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ([FOUND], "at least 2 models"),
        ([FOUND, FOUND[:-1]], "same images"),
        ([FOUND, np.ones_like(FOUND)], "same for every image"),
        ([FOUND, FOUND * np.nan], "not finite"),
    ],
)
def test_what_cannot_be_ranked_is_one_sentence(models, said):
    with pytest.raises(ExplorerError, match=said) as refused:
        udr(models)
    assert is_one_sentence(str(refused.value))
