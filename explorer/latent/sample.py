"""New latents of a model: from its prior, and from a density fit to where its encoder puts images.

Two samplers stand side by side. `prior` is what the model was trained to be drawn from: N(0, I) for
VAEs, the learned prior of a VQ-VAE, N(0, Lambda) for PCA; plain autoencoders have none and are
drawn from N(0, I) to show what that means. `mixture` is fit afterwards: Gaussians over the
encodings, or how often each code stands in each cell. A draw is told by the model, its atlas, the
sampler, `n`, `temperature` and `seed` alone, so that it is the same in any browser.

Source: van den Oord et al. 2017 (the learned prior); for the mixture see `latent.mixture`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from explorer import store
from explorer.errors import ExplorerError, unknown_name
from explorer.latent import keep
from explorer.latent.mixture import COMPONENTS, MOST_COMPONENTS, Mixture, fit
from explorer.latent.opened import Opened, open_atlas
from explorer.latent.report import Report

if TYPE_CHECKING:
    from explorer.latent.atlas import Atlas

Sampler = Literal["prior", "mixture"]
SAMPLERS: tuple[Sampler, ...] = ("prior", "mixture")
MOST, HOTTEST = 256, 3.0
MAX_SEED = 2**31 - 1
# Code grids written at once, whatever their number, so that the first do not depend on it.
TOGETHER = 64
# What a mixture says of itself beside its arrays.
FIGURES = ("images", "held_out", "nats", "normal_nats")
# Of the density that is fit; of the draws there is another one.
FIT_SEED = 0


@dataclass(frozen=True)
class Asked:
    """What a person asks to be drawn: `n` latents at a `temperature`; `label` is the class that a
    conditional model is told (None: each in turn), `components` those of a mixture."""

    n: int = 64
    temperature: float = 1.0
    seed: int = 0
    label: int | None = None
    components: int = COMPONENTS

    def __post_init__(self) -> None:
        if not (1 <= self.n <= MOST and 0 <= self.temperature <= HOTTEST):
            raise ExplorerError(
                f"1 to {MOST} samples can be drawn, at a temperature of 0 to {HOTTEST:g}."
            )
        if not 0 <= self.seed <= MAX_SEED:
            raise ExplorerError(f"A seed is a whole number of 0 to {MAX_SEED:,}.")
        if not 1 <= self.components <= MOST_COMPONENTS:
            raise ExplorerError(f"A mixture has 1 to {MOST_COMPONENTS} components.")


@dataclass(frozen=True)
class Drawn:
    """`z (n, D)` float32; `codes (n, h, w)` of a VQ-VAE, `labels (n,)` that a conditional model is
    told; `title` and `words` say from what they were drawn and how."""

    z: np.ndarray
    codes: np.ndarray | None
    labels: np.ndarray | None
    title: str
    words: str


@dataclass(frozen=True)
class Cells:
    """How often each of K codes stands in each cell `(h, w, K)` of the code grids of `images`."""

    counts: np.ndarray
    images: int

    def draw(self, n: int, rng: np.random.Generator, temperature: float = 1.0) -> np.ndarray:
        """`n` code grids `(n, h, w)`, each cell by itself. A temperature below 1 draws likelier
        codes, 0 the likeliest alone. The first grids do not depend on `n`."""
        with np.errstate(divide="ignore"):
            scores = np.log(self.counts) / max(temperature, 1e-6)
        # The largest of scores with Gumbel noise is a draw of their softmax.
        uniform = rng.random((n, *self.counts.shape))
        return (scores - np.log(-np.log(np.maximum(uniform, 1e-300)))).argmax(-1)


def normal(
    n: int, dimensions: int, rng: np.random.Generator, temperature: float = 1.0
) -> np.ndarray:
    """`n` latents `(n, D)` float32 of N(0, temperature^2 I). The first do not depend on `n`."""
    return (temperature * rng.standard_normal((n, dimensions))).astype(np.float32)


def learned_prior(card: store.Card) -> store.Artefact | None:
    """The prior that learned the codes of a VQ-VAE, with its present weights; None without one."""
    for artefact in store.find().artefacts:
        data = artefact.card.spec.data
        fits = data.stamp in ("", card.weights_sha256)
        if artefact.card.kind == "prior" and data.codes_of == card.id and fits:
            return artefact
    return None


def draw(opened: Opened, sampler: str, asked: Asked) -> Drawn:
    """Latents of a model from one of SAMPLERS.

    Raises ExplorerError for an unknown sampler, a VQ-VAE without a learned prior, a density that
    was not fit yet (see `make`), and a class that there is not.
    """
    if sampler not in SAMPLERS:
        raise unknown_name("sampler", sampler, SAMPLERS)
    labels = told(opened, asked)
    if opened.model.card.spec.model.family == "vq-vae":
        codes, title, words = _codes(opened, sampler, asked)
        return Drawn(_embedded(opened, codes), codes, labels, title, words)
    z, title, words = _latents(opened, sampler, asked)
    return Drawn(z, None, labels, title, words)


def told(opened: Opened, asked: Asked) -> np.ndarray | None:
    """The class `(n,)` that a conditional model is told for each sample."""
    if not opened.model.conditional:
        return None
    classes = opened.model.card.spec.model.classes
    if asked.label is None:
        return np.arange(asked.n) % classes
    if asked.label >= classes:
        raise ExplorerError(f"Classes are numbered 0 to {classes - 1}.")
    return np.full(asked.n, asked.label)


def _latents(opened: Opened, sampler: str, asked: Asked) -> tuple[np.ndarray, str, str]:
    rng = np.random.default_rng(asked.seed)
    if sampler == "mixture":
        mixture = fitted(opened, asked.components)
        assert isinstance(mixture, Mixture)
        title = f"Gaussian mixture, {len(mixture)} component{'s' if len(mixture) > 1 else ''}"
        return mixture.draw(asked.n, rng, asked.temperature), title, _mixture_words(mixture, opened)
    z = from_prior(opened, asked.n, rng, asked.temperature)
    if opened.model.network.has_prior:
        return z, "Prior, N(0, I)", "What the KL pulled the latents of all images towards."
    if _prior_spread(opened) is not None:
        words = "Each principal component with the variance that it has over the training images."
        return z, "N(0, Λ), the variances of PCA", words
    return z, "N(0, I), though this model has no prior", _no_prior_words(opened, z)


def from_prior(
    opened: Opened, n: int, rng: np.random.Generator, temperature: float = 1.0
) -> np.ndarray:
    """`n` latents `(n, D)` float32 of N(0, I), or of N(0, Λ) for PCA."""
    z = normal(n, opened.model.latent_dim, rng, temperature)
    spread = _prior_spread(opened)
    return z if spread is None else z * spread


def _prior_spread(opened: Opened) -> np.ndarray | None:
    """The standard deviations `(D,)` of PCA's components; None for other families."""
    from explorer.models.pca import PCA

    network = opened.model.network
    return network.spread.cpu().numpy() if isinstance(network, PCA) else None


def _no_prior_words(opened: Opened, z: np.ndarray) -> str:
    """Why N(0, I) is a poor place to draw from in a plain autoencoder, with its own numbers: of
    these draws `(n, D)`, and of the encodings that they could stand for."""
    from scipy.stats import chi2

    from explorer.latent.trust import DATA

    mean = opened.atlas.mean
    spread = mean.std(0)
    among = float((opened.crowd.standings(z) == DATA).mean())
    reached = float((np.square(mean).sum(1) <= chi2.ppf(0.95, mean.shape[1])).mean())
    if among < 0.5:
        then = f"so only {among:.0%} of these draws land where the decoder has seen images."
    elif reached < 0.5:
        then = (
            f"so these draws come from a small part: only {reached:.0%} of the encodings lie where "
            "N(0, I) draws, and whole kinds of image never come."
        )
    else:
        then = (
            f"and yet {among:.0%} of these draws land among encodings, and {reached:.0%} of the "
            "encodings lie where N(0, I) draws: this encoder came close to it by itself."
        )
    return (
        "Poor on purpose: nothing pulled these latents towards N(0, I) in training. The encoder "
        f"put images at a spread of {spread.min():.2g} to {spread.max():.2g} per dimension "
        f"(N(0, I) has 1), {then}"
    ).replace("%", " %")


def _mixture_words(mixture: Mixture, opened: Opened) -> str:
    one = "one posterior draw each of " if opened.atlas.logvar is not None else "the latents of "
    kind = f"{mixture.covariance} covariance{'s' if len(mixture) > 1 else ''}"
    prior = "N(0, I)" if _prior_spread(opened) is None else "N(0, Λ)"
    return (
        f"Fit by expectation maximisation ({kind}) to {one}{mixture.images:,} images of "
        f"{opened.atlas.dataset}. {mixture.held_out:,} held-out latents have ln p = "
        f"{signed(mixture.nats)} nats on average; under {prior}, {signed(mixture.normal_nats)}."
    )


def signed(value: float) -> str:
    return f"{value:,.1f}".replace("-", "\N{MINUS SIGN}")


# --- codes ------------------------------------------------------------------------------------


def _codes(opened: Opened, sampler: str, asked: Asked) -> tuple[np.ndarray, str, str]:
    if sampler == "mixture":
        cells = fitted(opened, asked.components)
        assert isinstance(cells, Cells)
        codes = cells.draw(asked.n, np.random.default_rng(asked.seed), asked.temperature)
        words = (
            "Each cell by itself, as often as its codes stand there in "
            f"{cells.images:,} encoded images: every patch is likely, but no two of them agree."
        )
        return codes, "Codes drawn apart", words
    from explorer.loaded import network_of
    from explorer.models.code_prior import CodePrior

    artefact = learned_prior(opened.model.card)
    if artefact is None:
        raise ExplorerError(
            f"'{opened.model.id}' has no learned prior over its codes yet; train one with 'python "
            f"-m explorer train --model code-prior --codes-of {opened.model.id} --name "
            f"{opened.model.id}-prior'."
        )
    prior = network_of(artefact, opened.model.device.type)
    assert isinstance(prior, CodePrior)
    import torch

    generator = torch.Generator(prior.device).manual_seed(asked.seed)
    parts = [
        prior.sample(TOGETHER, generator, asked.temperature) for _ in range(0, asked.n, TOGETHER)
    ]
    codes = torch.cat(parts)[: asked.n].cpu().numpy()
    length = codes[0].size
    words = (
        f"'{artefact.id}', a transformer that learned which code follows which, writes the "
        f"{length} codes of each image one after the other."
    )
    return codes, "Learned prior over the codes", words


def _embedded(opened: Opened, codes: np.ndarray) -> np.ndarray:
    """Code grids `(n, h, w)` as latents `(n, D)` float32."""
    import torch

    from explorer.models.vq_vae import VQVAE

    network = opened.model.network
    assert isinstance(network, VQVAE)
    with torch.inference_mode():
        return network.embed(torch.from_numpy(codes).to(network.device)).float().cpu().numpy()


# --- fit once, kept beside the atlas ----------------------------------------------------------


def aggregate(atlas: Atlas, rng: np.random.Generator) -> np.ndarray:
    """The aggregate posterior of an atlas as latents `(N, D)`: one draw of q(z|x) per image, or its
    latent where the encoder is deterministic."""
    if atlas.logvar is None:
        return atlas.mean
    return atlas.mean + np.exp(0.5 * atlas.logvar) * rng.standard_normal(atlas.mean.shape)


def make(report: Report, *, model: str, dataset: str, count: int, components: int) -> None:
    """Fit the density of an atlas's latents, or of its codes, and keep it.

    Raises ExplorerError for names that are unknown and a number of components that cannot be.
    """
    opened = open_atlas(model, dataset, count)
    report(0.1, "fitting the latents")
    atlas = opened.atlas
    codes = opened.model.codes(atlas.mean)
    arrays: dict[str, np.ndarray]
    figures: dict[str, Any]
    if codes is not None:
        size = opened.model.card.spec.model.codebook_size
        counts = np.stack([(codes == code).sum(0) for code in range(size)], axis=-1)
        arrays, figures = {"counts": counts.astype(np.int32)}, {"images": len(codes)}
    else:
        latents = aggregate(atlas, np.random.default_rng(FIT_SEED))
        spread = _prior_spread(opened)
        one = fit(latents, components, FIT_SEED, 1.0 if spread is None else spread)
        arrays = {"weights": one.weights, "means": one.means, "factors": one.factors}
        figures = {name: getattr(one, name) for name in FIGURES}
    about = {"points_sha256": atlas.sha256, "figures": figures}
    keep.write(opened.artefact, atlas, _name(opened.artefact, components), arrays, about)
    report(1.0, "done")


def kept(
    artefact: store.Artefact, atlas_sha256: str, *, dataset: str, count: int, components: int
) -> Mixture | Cells | None:
    """The density as `make` kept it; None where there is none for these weights and latents."""
    found = keep.read(artefact, dataset, count, _name(artefact, components))
    if found is None or found[1].get("points_sha256") != atlas_sha256:
        return None
    arrays, about = found
    try:
        kind: Any = Cells if "counts" in arrays else Mixture
        return kind(**arrays, **about["figures"])
    except (KeyError, TypeError):
        return None


def fitted(opened: Opened, components: int) -> Mixture | Cells:
    """The density that was fit to an atlas. Raises ExplorerError when it was not."""
    atlas = opened.atlas
    where = {"dataset": atlas.dataset, "count": len(atlas), "components": components}
    found = kept(opened.artefact, atlas.sha256, **where)  # type: ignore[arg-type]
    if found is None:
        raise ExplorerError(
            f"No density has been fit to the latents of '{opened.model.id}' yet; ask for it again."
        )
    return found


def _name(artefact: store.Artefact, components: int) -> str:
    codes = artefact.card.spec.model.family == "vq-vae"
    return "samplers/cells" if codes else f"samplers/mixture-{components}"
