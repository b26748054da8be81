"""Scores of codes against known factors: by value, at their limits, and what they must not see."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from explorer.errors import ExplorerError
from explorer.metrics import disentanglement as scores
from explorer.metrics.arrays import binned, entropies, mutual_information
from explorer.metrics.groups import FromArray, FromGrid
from tests.metrics.golden import golden
from tests.support import is_one_sentence

CODES, FACTORS = golden()
PERFECT = FACTORS.astype(float)


def small(n: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three noisy codes of two factors and one of noise."""
    rng = np.random.default_rng(seed)
    factors = rng.integers((3, 5), size=(n, 2))
    codes = np.concatenate([factors, factors.sum(1, keepdims=True), np.zeros((n, 1))], 1)
    return codes + 0.3 * rng.standard_normal(codes.shape), factors


# --- by value ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "value"),
    [(scores.mig, 0.63676), (scores.modularity, 0.95063), (scores.sap, 0.2732)],
)
def test_the_golden_array_has_its_known_scores(score, value):
    assert score(CODES, FACTORS) == pytest.approx(value, abs=6e-6)


def test_the_golden_array_has_its_known_total_correlation():
    assert scores.gaussian_total_correlation(CODES) == pytest.approx(0.0842, abs=5e-5)


@pytest.mark.parametrize("score", [scores.factor_vae, scores.beta_vae])
def test_perfect_codes_score_1(score):
    assert score(PERFECT, FACTORS) == 1.0


def test_perfect_codes_of_more_values_than_bins_stay_below_1():
    assert scores.mig(PERFECT, FACTORS) == pytest.approx(0.9195, abs=5e-4)
    assert scores.mig(PERFECT, FACTORS, bins=32) == pytest.approx(1, abs=0.01)


def test_perfect_codes_are_disentangled_complete_and_informative():
    rows = slice(0, 2000)
    found = scores.dci(PERFECT[rows, :2], FACTORS[rows, :2], trees=10)
    assert found.disentanglement == pytest.approx(1, abs=1e-3)
    assert found.completeness == pytest.approx(1, abs=1e-3)
    assert found.informativeness == 1.0
    assert found.importance == pytest.approx(np.eye(2), abs=1e-3)


def test_a_factor_in_two_codes_is_disentangled_but_not_complete():
    """Two noisy copies of the first factor and one code of the second."""
    rng = np.random.default_rng(0)
    factors = rng.integers((4, 4), size=(3000, 2))
    codes = factors[:, [0, 0, 1]] + 0.4 * rng.standard_normal((3000, 3))
    found = scores.dci(codes, factors, trees=10)
    assert found.disentanglement > 0.85
    # Half and half: an entropy of ln 2 / ln 3 for one of two factors.
    assert found.completeness == pytest.approx(1 - 0.5 * np.log(2) / np.log(3), abs=0.1)
    assert scores.mig(codes, factors) < 0.5


def test_a_code_of_two_factors_is_complete_but_not_disentangled():
    rng = np.random.default_rng(0)
    factors = rng.integers((4, 4), size=(3000, 2))
    codes = np.stack([4 * factors[:, 0] + factors[:, 1], rng.standard_normal(3000)], 1)
    found = scores.dci(codes, factors, trees=10)
    assert found.completeness > 0.85
    assert found.disentanglement < 0.15
    assert scores.modularity(codes[:, :1], factors) < 0.3


def test_continuous_sap_is_the_gap_of_squared_correlations():
    squared = np.corrcoef(CODES.T, FACTORS.T)[:5, 5:] ** 2
    best = np.sort(squared, axis=0)
    expected = (best[-1] - best[-2]).mean()
    assert scores.sap(CODES, FACTORS, continuous=True) == pytest.approx(expected, rel=1e-9)


def test_mutual_information_is_that_of_scikit_learn():
    codes, factors = small()
    expected = [[mutual_info_score(z, v) for v in factors.T] for z in binned(codes).T]
    assert mutual_information(codes, factors) == pytest.approx(np.array(expected), abs=1e-12)


def test_a_code_is_binned_from_its_least_to_its_largest_value():
    codes = np.linspace(-3, 7, 1001)[:, None]
    bins = binned(codes, 20)
    assert bins.min() == 0
    assert bins.max() == 19
    assert np.bincount(bins[:, 0]).tolist() == pytest.approx([50] * 19 + [51], abs=1)


@pytest.mark.parametrize("correlation", [0.0, 0.5, -0.9])
def test_the_total_correlation_of_two_gaussians_is_known(correlation):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 200_000))
    codes = np.stack([x, correlation * x + np.sqrt(1 - correlation**2) * y], 1)
    exact = -0.5 * np.log(1 - correlation**2)
    assert scores.gaussian_total_correlation(codes) == pytest.approx(exact, abs=5e-3)


# --- groups that share a factor -----------------------------------------------------------------


def encode(values: np.ndarray) -> np.ndarray:
    return values.astype(float)


@pytest.mark.parametrize("sampler", [FromArray(PERFECT, FACTORS), FromGrid((3, 6, 32, 32), encode)])
def test_a_group_shares_its_factor_and_no_other(sampler):
    fixed = np.repeat(np.arange(4), 50)
    drawn = sampler(fixed, 64, np.random.default_rng(0))
    assert drawn.shape == (200, 64, 4)
    constant = (drawn == drawn[:, :1]).all(1)
    assert (constant == (fixed[:, None] == np.arange(4))).all()
    # The shared value is drawn anew for each group.
    assert all(len(np.unique(drawn[fixed == k, 0, k])) > 2 for k in range(4))
    assert sampler.codes(500, np.random.default_rng(0)).shape[1] == 4


@pytest.mark.parametrize("score", [scores.factor_vae, scores.beta_vae])
def test_groups_of_the_array_and_of_the_whole_grid_score_alike(score):
    """A grid of noisy codes that mix two factors, as a few thousand images of it tell them."""
    mix = np.array([[1, 0.5, 0.0], [0.5, 1, 0.0], [0.0, 0.4, 1]])

    def noisy(values: np.ndarray) -> np.ndarray:
        noise = np.random.default_rng(len(values)).standard_normal((len(values), 3))
        return values @ mix + noise

    sizes = (5, 5, 5)
    factors = np.random.default_rng(1).integers(sizes, size=(5000, 3))
    few = {"train": 2000, "test": 2000}
    of_array = score(noisy(factors), factors, **few)
    of_grid = score(FromGrid(sizes, noisy), **few)
    assert 0.4 < of_grid <= 1
    assert of_array == pytest.approx(of_grid, abs=0.05)


def test_codes_that_hardly_vary_take_no_part_in_the_vote():
    """A code of tiny noise would win no vote rightly; alone it leaves nothing to vote."""
    rng = np.random.default_rng(0)
    tiny = 1e-3 * rng.standard_normal((len(PERFECT), 1))
    assert scores.factor_vae(np.concatenate([PERFECT, tiny], 1), FACTORS) == 1.0
    assert scores.factor_vae(tiny, FACTORS) == 0.0


@pytest.mark.parametrize("score", [scores.factor_vae, scores.beta_vae])
def test_codes_of_noise_score_by_chance(score):
    noise = np.random.default_rng(0).standard_normal((2000, 3))
    factors = FACTORS[:2000]
    assert score(noise, factors, train=1000, test=2000) == pytest.approx(0.25, abs=0.07)


@pytest.mark.parametrize("score", [scores.factor_vae, scores.beta_vae])
def test_a_seed_gives_the_same_score_again_and_another_one_nearly(score):
    codes, factors = small(2000)
    few = {"group": 8, "train": 1000, "test": 1000}
    first, again, other = (score(codes, factors, seed=seed, **few) for seed in (0, 0, 1))
    assert first == again
    assert first == pytest.approx(other, abs=0.1)


# --- what a score must not see ------------------------------------------------------------------

FAST = [scores.mig, scores.modularity, lambda z, v: scores.sap(z, v, continuous=True)]


@pytest.mark.parametrize("score", FAST)
@given(seed=st.integers(0, 2**16), data=st.data())
def test_the_order_of_rows_codes_and_factors_does_not_matter(score, seed, data):
    codes, factors = small(200, seed)
    rows = np.random.default_rng(seed).permutation(len(codes))
    across = data.draw(st.permutations(range(codes.shape[1])))
    turned = data.draw(st.permutations(range(factors.shape[1])))
    shuffled = score(codes[rows][:, across], factors[rows][:, turned])
    assert shuffled == pytest.approx(score(codes, factors), abs=1e-9)


@pytest.mark.parametrize("score", FAST)
@given(
    seed=st.integers(0, 2**16),
    dims=st.integers(1, 5),
    sizes=st.lists(st.integers(2, 7), min_size=2, max_size=4),
)
def test_scores_lie_between_0_and_1(score, seed, dims, sizes):
    rng = np.random.default_rng(seed)
    factors = rng.integers(sizes, size=(150, len(sizes)))
    codes = rng.standard_normal((150, dims)) + rng.integers(0, 3) * factors[:, :1]
    assert -1e-9 <= score(codes, factors) <= 1 + 1e-9


@given(
    seed=st.integers(0, 2**16),
    power=st.integers(-8, 8),
    names=st.permutations([0, 3, 7, -2, 10**9]),
)
def test_units_of_codes_and_numbers_of_values_do_not_matter(seed, power, names):
    codes, factors = small(200, seed)
    renamed = np.stack([factors[:, 0], np.array(names)[factors[:, 1]]], 1)
    expected = mutual_information(codes, factors)
    assert mutual_information(codes * 2.0**power, renamed) == pytest.approx(expected, abs=1e-12)


@given(seed=st.integers(0, 2**16))
def test_mutual_information_is_at_most_the_entropy_of_the_factor(seed):
    codes, factors = small(150, seed)
    shared = mutual_information(codes, factors)
    assert (shared >= 0).all()
    assert (shared <= entropies(factors) + 1e-9).all()


@given(seed=st.integers(0, 2**16), shift=st.floats(-50, 50), power=st.integers(-10, 10))
def test_the_total_correlation_is_that_of_the_codes_in_any_unit(seed, shift, power):
    codes, _ = small(150, seed)
    moved = codes * 2.0**power + shift
    expected = scores.gaussian_total_correlation(codes)
    assert expected >= 0
    assert scores.gaussian_total_correlation(moved) == pytest.approx(expected, abs=1e-6)


def test_a_repeated_code_takes_the_gap_away():
    codes = np.repeat(PERFECT, 2, axis=1)
    assert scores.mig(codes, FACTORS) == 0
    assert scores.sap(codes, FACTORS, continuous=True) == 0
    assert scores.modularity(codes, FACTORS) == scores.modularity(PERFECT, FACTORS)


def test_a_constant_code_among_others_changes_no_gap():
    more = np.concatenate([CODES, np.ones((len(CODES), 1))], 1)
    assert scores.mig(more, FACTORS) == scores.mig(CODES, FACTORS)
    assert scores.gaussian_total_correlation(more) == pytest.approx(
        scores.gaussian_total_correlation(CODES), abs=1e-12
    )


def test_one_code_alone_has_its_whole_information_as_its_gap():
    shared = mutual_information(CODES[:, :1], FACTORS[:, :1])[0, 0]
    expected = shared / entropies(FACTORS[:, :1])[0]
    assert scores.mig(CODES[:, :1], FACTORS[:, :1]) == pytest.approx(expected)


# --- what cannot be scored ----------------------------------------------------------------------

GOOD, KNOWN = small()
ALL = [scores.mig, scores.modularity, scores.sap, scores.dci, scores.factor_vae, scores.beta_vae]


@pytest.mark.parametrize("score", ALL)
@pytest.mark.parametrize(
    ("codes", "factors", "said"),
    [
        (np.full_like(GOOD, np.nan), KNOWN, "not finite"),
        (np.ones_like(GOOD), KNOWN, "same for every image"),
        (GOOD[:20], KNOWN[:20], "at least 100"),
        (GOOD, KNOWN[:-1], "shape (N, K)"),
        (GOOD, KNOWN + 0.5, "must be integers"),
        (GOOD, np.zeros_like(KNOWN), "takes one value only"),
        (GOOD[:, 0], KNOWN, "shape (N, D)"),
        (GOOD, KNOWN[:, :0], "factors"),
    ],
)
def test_what_cannot_be_scored_is_one_sentence(score, codes, factors, said):
    with pytest.raises(ExplorerError) as refused:
        score(codes, factors)
    assert said in str(refused.value)
    assert is_one_sentence(str(refused.value))


@pytest.mark.parametrize("score", [s for s in ALL if s not in (scores.mig, scores.sap)])
def test_scores_that_compare_factors_need_two(score):
    with pytest.raises(ExplorerError, match="at least 2 factors"):
        score(GOOD, KNOWN[:, :1])


def test_further_degenerate_inputs_are_one_sentence_each():
    ordered = np.sort(KNOWN[:, :1], axis=0)
    cases = [
        (lambda: scores.sap(GOOD, ordered, train=50), "shuffle the rows"),
        (lambda: scores.sap(GOOD, KNOWN, train=400), "can be learned from"),
        (lambda: scores.dci(GOOD[:, :1], KNOWN), "at least 2 codes"),
        (lambda: scores.mig(GOOD, KNOWN, bins=1), "at least 2 bins"),
        (lambda: scores.factor_vae(GOOD), "needs the factors"),
        (lambda: scores.beta_vae(FromGrid((3,), encode)), "at least 2 factors"),
        (lambda: scores.gaussian_total_correlation(GOOD[:, [0, 0]]), "infinite"),
    ]
    for score, said in cases:
        with pytest.raises(ExplorerError, match=said) as refused:
            score()
        assert is_one_sentence(str(refused.value))
