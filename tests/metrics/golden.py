"""An array whose scores two public implementations agree on."""

from __future__ import annotations

import numpy as np

N = 10_000


def golden() -> tuple[np.ndarray, np.ndarray]:
    """Codes `(10000, 5)` of factors `(10000, 4)` with 3, 6, 32 and 32 values: one clean, two noisy,
    one of two factors at once, one of none."""
    rng = np.random.RandomState(0)
    factors = [rng.randint(size, size=N) for size in (3, 6, 32, 32)]

    def noise() -> np.ndarray:
        return rng.standard_normal(N)

    codes = [
        factors[0] + 0.1 * noise(),
        factors[1] + 0.5 * noise(),
        factors[2] + 0.5 * noise(),
        0.7 * factors[3] + 0.3 * factors[2] + noise(),
        noise(),
    ]
    return np.stack(codes, 1), np.stack(factors, 1)
