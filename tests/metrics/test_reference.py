"""The scores beside those of an independent implementation, the one that published tables used.

Opt-in: it runs where `disentanglement-lib` is found, which needs no TensorFlow for its metrics:

    pip install --no-deps --target DIR disentanglement-lib==1.5 absl-py six
    PYTHONPATH=DIR python -m pytest -m reference
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
import types

import numpy as np
import pytest

from explorer.metrics import disentanglement as scores
from explorer.metrics.arrays import mutual_information
from explorer.metrics.groups import FromGrid
from tests.metrics.golden import golden

pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif(
        importlib.util.find_spec("disentanglement_lib") is None,
        reason="disentanglement-lib is not installed",
    ),
]
METRICS = "disentanglement_lib.evaluation.metrics"
# What its configuration files say, in the place of the library that reads them.
SETTINGS = {"discretizer": {"num_bins": 20}, "prune_dims": {"threshold": 0.05}}
CODES, FACTORS = golden()
SIZES = (3, 6, 8, 8)


@pytest.fixture(scope="module")
def theirs():
    """`theirs("mig")` is their module of that name."""

    def configurable(name, **_):
        return lambda function: functools.partial(function, **SETTINGS.get(name, {}))

    gin = types.ModuleType("gin")
    gin.configurable, gin.REQUIRED, gin.tf = configurable, None, types.ModuleType("gin.tf")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "gin", gin)
        patch.setitem(sys.modules, "gin.tf", gin.tf)
        utils = importlib.import_module(f"{METRICS}.utils")
        utils.make_discretizer.keywords["discretizer_fn"] = utils._histogram_discretize
        yield lambda name: importlib.import_module(f"{METRICS}.{name}")


class Grid:
    """A data set of theirs whose images are its factors."""

    num_factors = len(SIZES)

    def sample_factors(self, num, random_state):
        return random_state.randint(SIZES, size=(num, len(SIZES)))

    def sample_observations_from_factors(self, factors, random_state):
        return factors

    def sample_observations(self, num, random_state):
        return self.sample_factors(num, random_state)


MIX = np.array([[2, 0, 0, 0], [0, 1, 0.9, 0], [0, 0.9, 1, 0], [0, 0, 0.5, 1]])


def encode(values: np.ndarray) -> np.ndarray:
    """Codes that mix factors, with as much noise for every image anew."""
    noise = np.random.default_rng(int(values.sum())).standard_normal((len(values), 4))
    return values @ MIX + 1.5 * noise


@pytest.mark.parametrize("codes", [CODES, FACTORS.astype(float)], ids=["golden", "perfect"])
def test_mig_mutual_information_and_modularity_are_theirs(theirs, codes):
    utils = theirs("utils")
    shared = utils.discrete_mutual_info(utils.make_discretizer(codes.T), FACTORS.T)
    assert mutual_information(codes, FACTORS) == pytest.approx(shared, abs=1e-9)
    mig = theirs("mig")._compute_mig(codes.T, FACTORS.T)["discrete_mig"]
    assert scores.mig(codes, FACTORS) == pytest.approx(mig, abs=1e-9)
    modularity = theirs("modularity_explicitness").modularity(shared)
    assert scores.modularity(codes, FACTORS) == pytest.approx(modularity, abs=1e-9)


@pytest.mark.parametrize("continuous", [False, True])
def test_sap_is_theirs(theirs, continuous):
    learn, judge = CODES[:1500].T, CODES[1500:3000].T
    known = FACTORS[:1500].T, FACTORS[1500:3000].T
    table = theirs("sap_score").compute_score_matrix(learn, known[0], judge, known[1], continuous)
    gap = theirs("sap_score").compute_avg_diff_top_two(table)
    rows = slice(0, 1500 if continuous else 3000)
    mine = scores.sap(CODES[rows], FACTORS[rows], continuous=continuous)
    assert mine == pytest.approx(gap, abs=2e-3)


def test_dci_is_theirs(theirs):
    """Of factors with few values: their trees are as slow as ours. Trees break ties at random."""
    codes, factors = CODES[:1200], FACTORS[:1200, :2]
    found = theirs("dci")._compute_dci(
        codes[:600].T, factors[:600].T, codes[600:].T, factors[600:].T
    )
    mine = scores.dci(codes, factors)
    assert mine.disentanglement == pytest.approx(found["disentanglement"], abs=0.02)
    assert mine.completeness == pytest.approx(found["completeness"], abs=0.02)
    assert mine.informativeness == pytest.approx(found["informativeness_test"], abs=0.02)


def test_the_total_correlation_is_theirs(theirs):
    covariance = np.cov(CODES, rowvar=False)
    total = theirs("unsupervised_metrics").gaussian_total_correlation(covariance)
    assert scores.gaussian_total_correlation(CODES) == pytest.approx(total, abs=1e-9)


@pytest.mark.parametrize("group", [4, 16])
def test_the_factor_vae_score_is_theirs(theirs, group):
    found = theirs("factor_vae").compute_factor_vae(
        Grid(), encode, np.random.RandomState(0), None, group, 3000, 3000, 3000
    )
    mine = scores.factor_vae(FromGrid(SIZES, encode), group=group, train=3000, test=3000)
    assert 0.3 < mine < 0.99
    # Two draws of 3,000 groups: a standard error of 0.013.
    assert mine == pytest.approx(found["eval_accuracy"], abs=0.05)


@pytest.mark.parametrize("group", [4, 16])
def test_the_beta_vae_score_is_theirs(theirs, group):
    found = theirs("beta_vae").compute_beta_vae_sklearn(
        Grid(), encode, np.random.RandomState(0), None, group, 3000, 3000
    )
    mine = scores.beta_vae(FromGrid(SIZES, encode), group=group, train=3000, test=3000)
    assert 0.3 < mine < 0.99
    assert mine == pytest.approx(found["eval_accuracy"], abs=0.05)
