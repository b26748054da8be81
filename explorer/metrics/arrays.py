"""What the scores of codes share: arrays that are usable, and mutual information.

Everywhere here codes are `(N, D)` numbers (posterior means), factors `(N, K)` integers, one row an
image; natural logarithms.
"""

from __future__ import annotations

import numpy as np

from explorer.errors import ExplorerError

# Fewer samples than this say nothing: the plug-in mutual information is then mostly its own bias.
LEAST = 100
BINS = 20


def usable_codes(codes: np.ndarray) -> np.ndarray:
    """Codes `(N, D)` as float64.

    Raises ExplorerError for another shape, fewer than LEAST rows, values that are not finite, and
    codes that are the same for every image.
    """
    codes = np.asarray(codes, dtype=np.float64)
    if codes.ndim != 2 or codes.shape[1] == 0:
        raise ExplorerError(f"Codes must be of shape (N, D), but they are {codes.shape}.")
    if len(codes) < LEAST:
        raise ExplorerError(
            f"There are {len(codes)} codes; at least {LEAST} are needed to measure anything."
        )
    if not np.isfinite(codes).all():
        raise ExplorerError("The codes hold values that are not finite numbers; mend them first.")
    if (codes == codes[0]).all():
        raise ExplorerError("The codes are the same for every image: they tell nothing to measure.")
    return codes


def usable(
    codes: np.ndarray, factors: np.ndarray, least_factors: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Codes as `usable_codes` and factors `(N, K)` as int64, each numbered 0 .. values - 1.

    Raises ExplorerError for what `usable_codes` refuses, another number of rows, factors that are
    no integers or take a single value, and fewer than `least_factors` of them.
    """
    codes, factors = usable_codes(codes), np.asarray(factors)
    if factors.ndim != 2 or len(factors) != len(codes):
        raise ExplorerError(
            f"Factors must be of shape (N, K) with the N = {len(codes)} of the codes, but they are "
            f"{factors.shape}."
        )
    if not np.issubdtype(factors.dtype, np.integer):
        raise ExplorerError(f"Factors must be integers, but they are {factors.dtype}.")
    if factors.shape[1] < least_factors:
        raise ExplorerError(
            f"This score compares at least {least_factors} factors, but there is "
            f"{factors.shape[1] or 'none'}."
        )
    numbered = [np.unique(column, return_inverse=True)[1] for column in factors.T]
    for number, column in enumerate(numbered):
        if column.max() == 0:
            raise ExplorerError(f"Factor {number} takes one value only; leave it out.")
    return codes, np.stack(numbered, axis=1).astype(np.int64)


def halves(rows: int, train: int | None) -> tuple[slice, slice]:
    """The rows to learn from, the first `train` (default: half), and the others to be judged by."""
    train = rows // 2 if train is None else train
    if not 0 < train < rows:
        raise ExplorerError(f"Of {rows} rows, 1 to {rows - 1} can be learned from, not {train}.")
    return slice(0, train), slice(train, rows)


def binned(codes: np.ndarray, bins: int = BINS) -> np.ndarray:
    """The bin `(N, D)` int64, 0 .. bins - 1, of every code: equal widths from least to largest.

    Source: Locatello et al. 2019, "Challenging common assumptions", appendix C.
    """
    if bins < 2:
        raise ExplorerError(f"Codes are put into at least 2 bins, not {bins}.")
    columns = [np.digitize(code, np.histogram(code, bins)[1][1:-1]) for code in codes.T]
    return np.stack(columns, axis=1)


def mutual_information(codes: np.ndarray, factors: np.ndarray, *, bins: int = BINS) -> np.ndarray:
    """I(z_j; v_k) in nats, `(D, K)`: plug-in, with every code in `bins` bins of equal width.

    I = sum p(z, v) ln (p(z, v) / p(z) p(v)) over the bins and the values; 0 where code and factor
    are independent (but for a bias of about (bins - 1)(values - 1) / 2N), at most H(v_k).
    Raises ExplorerError for unusable arrays. Source: Locatello et al. 2019, appendix C.
    """
    codes, factors = usable(codes, factors)
    pairs = [[_information(code, factor) for factor in factors.T] for code in binned(codes, bins).T]
    return np.array(pairs)


def entropies(factors: np.ndarray) -> np.ndarray:
    """H(v_k) `(K,)` in nats, plug-in, of factors `(N, K)` numbered from 0."""
    return np.array([_entropy(np.bincount(column)) for column in factors.T])


def _information(code: np.ndarray, factor: np.ndarray) -> float:
    values = int(factor.max()) + 1
    joint = np.bincount(code * values + factor, minlength=(int(code.max()) + 1) * values)
    table = joint.reshape(-1, values)
    # H(z) + H(v) - H(z, v); rounding must not make it negative.
    return max(0.0, _entropy(table.sum(1)) + _entropy(table.sum(0)) - _entropy(joint))


def _entropy(counts: np.ndarray) -> float:
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum())
