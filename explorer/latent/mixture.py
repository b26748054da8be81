"""A Gaussian mixture fit to latents: where the encoder really puts images, as a density to draw
from.

Source: Bishop 2006, "Pattern recognition and machine learning", chapter 9 (expectation
maximisation); Ghosh et al. 2020, "From variational to deterministic autoencoders" (a density fit to
the latents afterwards makes any autoencoder generate).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np

from explorer.errors import ExplorerError

COMPONENTS, MOST_COMPONENTS = 10, 64
# Latents that a mixture is fit to: a larger seeded sample would move it by less than the seed does.
FIT_TO = 10_000
# The share of them that is held out, to say how well the mixture describes latents it has not seen.
HELD_OUT = 0.1
# Up to so many dimensions a component has a covariance matrix. Beyond, 5,000 images are too few: of
# 100 dimensions the held-out latents are likelier under N(0, I) than under full covariances.
FULL = 64
# Added to every variance, as a share of the mean variance of the latents: a dimension that never
# moves would be infinitely dense.
FLOOR = 1e-6

Covariance = Literal["full", "diagonal"]


@dataclass(frozen=True)
class Mixture:
    """p(z) = sum_k weights_k N(z; means_k, factors_k factors_k^T) of K components in D dimensions.

    `weights (K,)` sum to 1, `means (K, D)`; `factors` are lower triangular `(K, D, D)`, or standard
    deviations `(K, D)` of diagonal covariances. It was fit to `images` latents; `held_out` others
    have ln p(z) = `nats` on average, and `normal_nats` under the normal prior, N(0, I) unless the
    prior has another spread.
    """

    weights: np.ndarray
    means: np.ndarray
    factors: np.ndarray
    images: int
    held_out: int
    nats: float
    normal_nats: float

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def covariance(self) -> Covariance:
        return "full" if self.factors.ndim == 3 else "diagonal"

    def draw(self, n: int, rng: np.random.Generator, temperature: float = 1.0) -> np.ndarray:
        """`n` latents `(n, D)` float32. The temperature multiplies the spread of each component: 0
        gives their means. The first rows do not depend on `n`."""
        of_component, of_noise = rng.spawn(2)
        chosen = of_component.choice(len(self), n, p=self.weights)
        noise = temperature * of_noise.standard_normal((n, self.means.shape[1]))
        factors = self.factors[chosen]
        moved = factors * noise if factors.ndim == 2 else np.einsum("nij,nj->ni", factors, noise)
        return (self.means[chosen] + moved).astype(np.float32)

    def log_density(self, z: np.ndarray) -> np.ndarray:
        """ln p(z) `(N,)` of latents `(N, D)`, in nats."""
        from scipy.special import logsumexp

        parts = np.stack([self._log_component(k, z) for k in range(len(self))])
        return logsumexp(parts + np.log(self.weights)[:, None], axis=0)

    def _log_component(self, k: int, z: np.ndarray) -> np.ndarray:
        from scipy.linalg import solve_triangular

        offset, factor = z - self.means[k], self.factors[k]
        if factor.ndim == 1:
            return standard_log_density(offset / factor) - np.log(factor).sum()
        whitened = solve_triangular(factor, offset.T, lower=True).T
        return standard_log_density(whitened) - np.log(np.diag(factor)).sum()


def standard_log_density(z: np.ndarray) -> np.ndarray:
    """ln N(z; 0, I) `(N,)` of latents `(N, D)`, in nats."""
    return -0.5 * (np.square(z).sum(1) + z.shape[1] * np.log(2 * np.pi))


def fit(
    latents: np.ndarray,
    components: int = COMPONENTS,
    seed: int = 0,
    spread: np.ndarray | float = 1.0,
) -> Mixture:
    """The mixture that describes latents `(N, D)`, by expectation maximisation from k-means.

    HELD_OUT of them are kept back. Up to FULL dimensions the covariances are full or diagonal,
    whichever makes those likelier; beyond they are diagonal. The same seed gives the same mixture.
    `spread` is the standard deviation of the prior that it is compared with, one or `(D,)`.
    Raises ExplorerError for fewer latents than the components need, or too many components.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(latents))[:FIT_TO]
    back = int(np.ceil(HELD_OUT * len(order)))
    held, used = (latents[part].astype(np.float64) for part in (order[:back], order[back:]))
    if not 1 <= components <= MOST_COMPONENTS or len(used) < 2 * components:
        raise ExplorerError(
            f"A mixture has 1 to {MOST_COMPONENTS} components and needs two latents for each; "
            f"{components} components were asked for, with {len(used)} latents to fit."
        )
    prior_nats = float((standard_log_density(held / spread) - _log_volume(held, spread)).mean())
    tried = [_fitted(used, held, components, "diagonal", seed, prior_nats)]
    if latents.shape[1] <= FULL:
        tried.append(_fitted(used, held, components, "full", seed, prior_nats))
    return max(tried, key=lambda one: one.nats)


def _log_volume(latents: np.ndarray, spread: np.ndarray | float) -> float:
    """ln of the volume that dividing latents `(N, D)` by a spread takes away."""
    return float(np.log(np.broadcast_to(spread, latents.shape[1])).sum())


def _fitted(
    used: np.ndarray,
    held: np.ndarray,
    components: int,
    covariance: Covariance,
    seed: int,
    normal_nats: float,
) -> Mixture:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(
        components,
        covariance_type="full" if covariance == "full" else "diag",
        reg_covar=FLOOR * max(float(used.var()), 1e-12),
        max_iter=200,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # Fewer different latents than components, or a slow end: the held-out figure tells.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(used)
    spread = model.covariances_
    return Mixture(
        weights=model.weights_,
        means=model.means_,
        factors=np.linalg.cholesky(spread) if covariance == "full" else np.sqrt(spread),
        images=len(used),
        held_out=len(held),
        nats=float(model.score(held)),
        normal_nats=normal_nats,
    )
