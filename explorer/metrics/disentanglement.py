"""How far each dimension of a latent stands for one known factor, and each factor in one dimension.

Pure functions on arrays: codes `(N, D)` are posterior means, factors `(N, K)` integers that are
known of every image. No score needs torch. Those that draw groups of images that share a factor
take a sampler (`explorer.metrics.groups`), or draw the groups from the array.

What raises ExplorerError everywhere: codes that are not finite, too few, all constant; factors that
are no integers or take a single value.

The definitions, with their numbers, are those of Locatello et al. 2019, "Challenging common
assumptions in the unsupervised learning of disentangled representations" (appendix C and the
disentanglement_lib), so that published values can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from explorer.errors import ExplorerError
from explorer.metrics.arrays import (
    BINS,
    entropies,
    halves,
    mutual_information,
    usable,
    usable_codes,
)
from explorer.metrics.groups import FromArray, Sampler

__all__ = [
    "Dci",
    "beta_vae",
    "dci",
    "factor_vae",
    "gaussian_total_correlation",
    "mig",
    "modularity",
    "mutual_information",
    "sap",
]

# Images that share a factor, and how many groups of them are learned from and judged by.
GROUP, VOTES, JUDGED = 64, 10_000, 5_000
# A code whose standard deviation is below this takes no part in the FactorVAE score's vote.
DEAD = 0.05
# Codes that are drawn at a time: what is held stays below 100 MB at 100 dimensions.
CHUNK = 2**16


def mig(codes: np.ndarray, factors: np.ndarray, *, bins: int = BINS) -> float:
    """The mutual information gap, in [0, 1]: mean over factors of (I_1 - I_2) / H(v_k).

    I_1 and I_2 are the two largest mutual informations of a code with the factor (I_2 = 0 with one
    code). Codes are put into `bins` bins of equal width, so that a perfect code of a factor with
    more values than bins stays below 1. Source: Chen et al. 2018, "Isolating sources of
    disentanglement in VAEs", eq. 6.
    """
    codes, factors = usable(codes, factors)
    shared = np.sort(mutual_information(codes, factors, bins=bins), axis=0)
    second = shared[-2] if len(shared) > 1 else 0.0
    return float(np.mean((shared[-1] - second) / entropies(factors)))


def modularity(codes: np.ndarray, factors: np.ndarray, *, bins: int = BINS) -> float:
    """Whether each code knows of one factor only, in [0, 1]: mean over codes of
    1 - sum_{k != k*} I_jk^2 / (I_jk*^2 (K - 1)), k* the factor of which code j knows most.

    A code that knows of none counts 0. Raises ExplorerError for a single factor. Source: Ridgeway &
    Mozer 2018, "Learning deep disentangled embeddings with the F-statistic loss", section 2.
    """
    codes, factors = usable(codes, factors, least_factors=2)
    squares = mutual_information(codes, factors, bins=bins) ** 2
    most = squares.max(1)
    others = (squares.sum(1) - most) / (squares.shape[1] - 1)
    knows = most > 0
    return float(np.mean(np.where(knows, 1 - others / np.where(knows, most, 1), 0)))


def sap(
    codes: np.ndarray,
    factors: np.ndarray,
    *,
    train: int | None = None,
    continuous: bool = False,
) -> float:
    """Separated attribute predictability, in [0, 1]: mean over factors of the gap between the two
    codes that predict it best, each alone.

    A code's score is the accuracy of a linear SVM (C = 0.01, balanced classes) on the rows after
    the first `train` (default: half), which it learned from; for `continuous` factors it is the
    squared correlation over all rows. One code: its gap is to 0. Source: Kumar et al. 2018,
    "Variational inference of disentangled latent concepts", section 3.
    """
    codes, factors = usable(codes, factors)
    if continuous:
        scores = _squared_correlations(codes, factors)
    else:
        scores = _predicted(codes, factors, train)
    best = np.sort(scores, axis=0)
    second = best[-2] if len(best) > 1 else 0.0
    return float(np.mean(best[-1] - second))


def _predicted(codes: np.ndarray, factors: np.ndarray, train: int | None) -> np.ndarray:
    """The accuracy `(D, K)` with which each code alone tells each factor."""
    from sklearn.svm import LinearSVC

    learn, judge = halves(len(codes), train)
    scores = np.zeros((codes.shape[1], factors.shape[1]))
    for k, factor in enumerate(factors.T):
        _refuse_one_class(factor[learn], k)
        for j in range(codes.shape[1]):
            code = codes[:, j : j + 1]
            machine = LinearSVC(C=0.01, class_weight="balanced", random_state=0)
            scores[j, k] = machine.fit(code[learn], factor[learn]).score(code[judge], factor[judge])
    return scores


def _squared_correlations(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    z, v = codes - codes.mean(0), factors - factors.mean(0)
    scale = np.sqrt((z**2).sum(0))[:, None] * np.sqrt((v**2).sum(0))
    return np.divide(z.T @ v, scale, out=np.zeros_like(scale), where=scale > 0) ** 2


@dataclass(frozen=True)
class Dci:
    """Three scores in [0, 1]: `disentanglement` (each code serves one factor), `completeness` (each
    factor is in one code), `informativeness` (mean accuracy on rows not learned from); and the
    `importance (D, K)` of each code for each factor, columns summing to 1."""

    disentanglement: float
    completeness: float
    informativeness: float
    importance: np.ndarray


def dci(
    codes: np.ndarray,
    factors: np.ndarray,
    *,
    train: int | None = None,
    trees: int = 100,
    seed: int = 0,
) -> Dci:
    """Disentanglement, completeness, informativeness, from the importances of boosted trees.

    One classifier of `trees` rounds of gradient boosting for each factor learns from the first
    `train` rows (default: half). D = sum_j rho_j (1 - H_K(P_j)), P_j the importances of code j for
    the factors as shares, rho_j its share of all importance; C = sum_k (1 - H_D(P_k)) by columns
    likewise; H to the base of how many there are. Slow: about values x trees x N x D steps.
    Raises ExplorerError for a single factor or code, of which there is no entropy. Source: Eastwood
    & Williams 2018, "A framework for the quantitative evaluation of disentangled representations".
    """
    from sklearn.ensemble import GradientBoostingClassifier

    codes, factors = usable(codes, factors, least_factors=2)
    if codes.shape[1] < 2:
        raise ExplorerError("DCI compares at least 2 codes, but there is 1.")
    learn, judge = halves(len(codes), train)
    importance = np.zeros((codes.shape[1], factors.shape[1]))
    accuracy = np.zeros(factors.shape[1])
    for k, factor in enumerate(factors.T):
        _refuse_one_class(factor[learn], k)
        forest = GradientBoostingClassifier(n_estimators=trees, random_state=seed)
        forest.fit(codes[learn], factor[learn])
        importance[:, k] = np.abs(forest.feature_importances_)
        accuracy[k] = forest.score(codes[judge], factor[judge])
    return Dci(
        disentanglement=_concentrated(importance),
        completeness=_concentrated(importance.T),
        informativeness=float(accuracy.mean()),
        importance=importance,
    )


def _concentrated(importance: np.ndarray) -> float:
    """1 - the entropy of each row (to the base of its length), rows weighted by their sums."""
    # A row of zeros is spread evenly, and has no weight.
    shares = importance + 1e-11
    shares = shares / shares.sum(1, keepdims=True)
    entropy = -(shares * np.log(shares)).sum(1) / np.log(shares.shape[1])
    return float(((1 - entropy) * importance.sum(1)).sum() / importance.sum())


def _refuse_one_class(factor: np.ndarray, number: int) -> None:
    if len(np.unique(factor)) < 2:
        raise ExplorerError(
            f"Among the rows to learn from, factor {number} takes one value only; shuffle the rows."
        )


def factor_vae(
    codes: np.ndarray | Sampler,
    factors: np.ndarray | None = None,
    *,
    group: int = GROUP,
    train: int = VOTES,
    test: int = JUDGED,
    seed: int = 0,
) -> float:
    """The FactorVAE score, in [0, 1]: how often the code that varies least tells the factor that a
    group of images shares.

    In each group of `group` images one factor is fixed; its vote is the code with the least
    variance relative to that over all images, of those with a standard deviation of at least DEAD
    (none: score 0). Each code tells the factor for which it voted most in `train` groups; the score
    is the accuracy in `test` others. Chance is 1 / K. `codes` may be a sampler, without `factors`.
    Source: Kim & Mnih 2018, "Disentangling by factorising", section 4 and appendix C.
    """
    sampler = _sampler(codes, factors)
    rng = np.random.default_rng(seed)
    whole = sampler.codes(VOTES, rng).var(0, ddof=1)
    alive = np.sqrt(whole) >= DEAD
    if not alive.any():
        return 0.0

    def votes(groups: int) -> np.ndarray:
        table = np.zeros((alive.sum(), sampler.factors), dtype=np.int64)
        for fixed, drawn in _drawn(sampler, groups, group, rng):
            least = (drawn.var(1, ddof=1)[:, alive] / whole[alive]).argmin(1)
            np.add.at(table, (least, fixed), 1)
        return table

    tells = votes(train).argmax(1)
    judged = votes(test)
    return float(judged[np.arange(len(tells)), tells].sum() / judged.sum())


def beta_vae(
    codes: np.ndarray | Sampler,
    factors: np.ndarray | None = None,
    *,
    group: int = GROUP,
    train: int = VOTES,
    test: int = JUDGED,
    seed: int = 0,
) -> float:
    """The BetaVAE score, in [0, 1]: the accuracy with which a linear classifier tells the factor
    that pairs of images share from the mean |z_1 - z_2| `(D,)` over `group` such pairs.

    A logistic regression learns from `train` such means and is judged by `test` others. Chance is
    1 / K. `codes` may be a sampler, without `factors`. Source: Higgins et al. 2017, "beta-VAE",
    section 3, in the form of Locatello et al.
    """
    from sklearn.linear_model import LogisticRegression

    sampler = _sampler(codes, factors)
    rng = np.random.default_rng(seed)

    def points(count: int) -> tuple[np.ndarray, np.ndarray]:
        fixed, means = [], []
        # A pair is a group of two; `group` of them share a factor, not its value.
        chunk = max(1, CHUNK // (group * 2))
        for start in range(0, count, chunk):
            these = rng.integers(sampler.factors, size=min(chunk, count - start))
            pairs = sampler(np.repeat(these, group), 2, rng)
            apart = np.abs(pairs[:, 0] - pairs[:, 1]).reshape(len(these), group, -1)
            fixed.append(these)
            means.append(apart.mean(1))
        return np.concatenate(means), np.concatenate(fixed)

    learned = LogisticRegression(max_iter=1000).fit(*points(train))
    return float(learned.score(*points(test)))


def _drawn(
    sampler: Sampler, groups: int, size: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The fixed factors `(B,)` and the codes `(B, size, D)` of so many groups, chunk by chunk."""
    chunk = max(1, CHUNK // size)
    for start in range(0, groups, chunk):
        fixed = rng.integers(sampler.factors, size=min(chunk, groups - start))
        yield fixed, sampler(fixed, size, rng)


def _sampler(codes: np.ndarray | Sampler, factors: np.ndarray | None) -> Sampler:
    """What draws the groups; from the arrays where they were given."""
    if isinstance(codes, np.ndarray):
        if factors is None:
            raise ExplorerError("The score needs the factors of the codes, or a sampler.")
        codes = FromArray(*usable(codes, factors, least_factors=2))
    if codes.factors < 2:
        raise ExplorerError("This score compares at least 2 factors, but there is 1.")
    return codes


def gaussian_total_correlation(codes: np.ndarray) -> float:
    """1/2 (sum_j ln S_jj - ln det S) in nats, S the covariance of the codes: the total correlation
    that they would have if they were Gaussian. 0 where they are uncorrelated, no upper bound.

    Codes that are constant are left out: they correlate with none. Raises ExplorerError when codes
    are linear combinations of others, for which it is infinite. Source: Watanabe 1960,
    "Information theoretical analysis of multivariate correlation"; Locatello et al. 2019,
    section 5.4.
    """
    codes = usable_codes(codes)
    codes = codes[:, codes.std(0) > 0]
    # Of the correlations, for digits: the sum of the logarithms of their diagonal is 0.
    sign, logdet = np.linalg.slogdet(np.atleast_2d(np.corrcoef(codes, rowvar=False)))
    if sign <= 0 or not np.isfinite(logdet):
        raise ExplorerError(
            "Some codes are exact combinations of others: their total correlation is infinite."
        )
    return float(max(0.0, -0.5 * logdet))
