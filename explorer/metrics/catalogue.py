"""The further figures of a model: which there are, what they are taken from, and why one is not.

The scores themselves are pure functions on arrays; here they are given the codes of real images,
and their values the unit and the note of a card.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from explorer.data import Dataset, Factors, Images, unit
from explorer.errors import ExplorerError, unknown_name
from explorer.loaded import Model
from explorer.metrics import disentanglement as scores
from explorer.metrics import features, probes
from explorer.metrics.arrays import halves
from explorer.metrics.decomposition import decompose
from explorer.metrics.elbo import batches
from explorer.metrics.measure import Figures, measure
from explorer.metrics.names import BASIC, NAMES
from explorer.metrics.udr import udr
from explorer.models import Autoencoder, Network
from explorer.models.classifier import Classifier
from explorer.models.vq_vae import VQVAE
from explorer.objectives import kl_to_standard_normal
from explorer.store import Artefact, Evaluation, Metric

# Images whose codes are scored, drawn samples, and images that probes learn from.
COUNT = 10_000
# Codes beyond which boosted trees learn from those alone that vary: they take their time for each.
WIDE = 32
SHARE = "of 1"
NATS = "nats per image"


@dataclass(frozen=True)
class Coded:
    """Images of a split with their posteriors: `mean (N, D)`, `logvar (N, D)` or None."""

    images: Images
    mean: np.ndarray
    logvar: np.ndarray | None


@dataclass(frozen=True)
class Evidence:
    """What the figures of one artefact are taken from; each part is made once, when it is needed.

    `judge` is the classifier of these images, `decoder` the VQ-VAE of a prior over codes.
    """

    artefact: Artefact
    network: Network
    dataset: Dataset
    how: Evaluation
    judge: Classifier | None = None
    decoder: VQVAE | None = None

    @property
    def on(self) -> str:
        """The images that the figures are of."""
        return f"{len(self.dataset.split('test')):,} test images of {self.dataset.title}"

    @property
    def seed(self) -> int:
        return self.how.seed

    @property
    def autoencoder(self) -> Autoencoder:
        if not isinstance(self.network, Autoencoder):
            raise ExplorerError(f"A {self.network.kind} has no latent of its own to measure.")
        return self.network

    @cached_property
    def test(self) -> Coded:
        """At most COUNT test images."""
        return self._coded(self.dataset.split("test"))

    @cached_property
    def train(self) -> Coded:
        """At most COUNT training images."""
        return self._coded(self.dataset.split("train"))

    def _coded(self, images: Images) -> Coded:
        if len(images) > COUNT:
            rng = np.random.default_rng(self.seed)
            rows = np.sort(rng.choice(len(images), COUNT, replace=False))
            images = images.take(torch.from_numpy(rows))
        mean, logvar = encoded(self.autoencoder, images)
        return Coded(images, mean, logvar)

    @property
    def factors(self) -> Factors:
        """Those that the images were drawn from. Raises ExplorerError where none are known."""
        if self.dataset.factors is None:
            raise ExplorerError(f"The factors of {self.dataset.title} are not known.")
        return self.dataset.factors

    @property
    def scored(self) -> tuple[np.ndarray, np.ndarray]:
        """The codes `(N, D)` and factors `(N, K)` of the test images."""
        known = self.factors.values
        return self.test.mean, known[self.test.images.rows].numpy()

    @property
    def about(self) -> str:
        return f"of {len(self.test.images):,} test images"

    @cached_property
    def clouds(self) -> tuple[np.ndarray, np.ndarray]:
        """The classifier's features `(N, F)` of test images and of as many samples of the prior."""
        model = self.autoencoder
        if not model.has_prior:
            raise ExplorerError("This family has no prior to draw samples from.")
        if self.judge is None:
            raise ExplorerError(f"No classifier of ours reads {self.dataset.title}.")
        real = (unit(batch.pixels) for batch in batches(self.test.images, model.device))
        return _read(self.judge, real), _read(self.judge, _samples(self))


def select(words: str) -> tuple[str, ...]:
    """The ids in a list like "mig,sap"; "all" names every figure, "basic" those always taken.

    Raises ExplorerError for an id that there is not.
    """
    chosen: dict[str, None] = {}
    for word in filter(None, (part.strip() for part in words.split(","))):
        if word not in NAMES and word not in ("all", "basic"):
            raise unknown_name("figure", word, (*NAMES, "all", "basic"))
        chosen |= dict.fromkeys({"all": NAMES, "basic": BASIC}.get(word, (word,)))
    if not chosen:
        raise ExplorerError("Name a figure, for example 'mig', or say 'all'.")
    return tuple(chosen)


def take(evidence: Evidence, wanted: Collection[str]) -> tuple[Figures, dict[str, str]]:
    """The figures among `wanted` that mean something for a model, and why the others do not.

    A basic figure that a family does not have needs a reason only when few were asked for. "udr"
    is of several models, and taken by `rank`.
    """
    figures: Figures = {}
    left_out: dict[str, str] = {}
    basic = [name for name in wanted if name in BASIC]
    if basic:
        samples = evidence.how.importance_samples if "is_nll" in basic else 0
        taken = measure(
            evidence.network,
            evidence.dataset.split("test"),
            samples,
            evidence.seed,
            judge=evidence.judge,
            decoder=evidence.decoder,
        )
        figures |= {name: metric for name, metric in taken.items() if name in basic}
        if len(basic) < len(BASIC):
            reason = "This model has no such figure."
            left_out |= {name: reason for name in basic if name not in taken}
    for ids, of in TAKERS.items():
        asked = [name for name in ids if name in wanted]
        if asked:
            try:
                found = of(evidence)
                figures |= {name: found[name] for name in asked}
            except ExplorerError as error:
                left_out |= dict.fromkeys(asked, str(error))
    return figures, left_out


def rank(one: Evidence, others: Sequence[Evidence]) -> Metric:
    """The UDR of a model among others of its setting.

    Raises ExplorerError when there are none, or the family has no KL.
    """
    if not others:
        raise ExplorerError("UDR compares at least 2 models that differ in their seed alone.")
    codes, kl = [], []
    for test in (evidence.test for evidence in (one, *others)):
        if test.logvar is None:
            raise ExplorerError("UDR asks which dimensions have a KL; this family has none.")
        mean, logvar = torch.from_numpy(test.mean), torch.from_numpy(test.logvar)
        codes.append(test.mean)
        kl.append(kl_to_standard_normal(mean, logvar).mean(0).numpy())
    note = f"rank correlations with {len(others)} models of other seeds, {one.about}"
    return _metric(udr(codes, kl)[0], SHARE, note)


# --- what each figure is taken from ---------------------------------------------------------------


def _of_parts(evidence: Evidence) -> Figures:
    test = evidence.test
    if not evidence.autoencoder.has_prior or test.logvar is None:
        raise ExplorerError("This family has no KL to a prior.")
    parts = decompose(test.mean, test.logvar, seed=evidence.seed)
    most = np.log(len(test.mean))
    note = f"{evidence.about}, their exact mixture, one draw of each, seed {evidence.seed}"
    at_most = f"at most ln {len(test.mean):,} = {most:.2f}; {note}"
    return {
        "mutual_information": _metric(parts.mutual_information, NATS, at_most),
        "total_correlation": _metric(parts.total_correlation, NATS, note),
        "dimension_wise_kl": _metric(parts.dimension_wise_kl, NATS, note),
    }


def _of_correlation(evidence: Evidence) -> Figures:
    value = scores.gaussian_total_correlation(evidence.test.mean)
    return {"gaussian_tc": _metric(value, "nats", f"posterior means {evidence.about}")}


def _of_information(evidence: Evidence) -> Figures:
    codes, factors = evidence.scored
    note = f"{evidence.about}, {scores.BINS} bins"
    return {
        "mig": _metric(scores.mig(codes, factors), SHARE, note),
        "modularity": _metric(scores.modularity(codes, factors), SHARE, note),
    }


def _of_prediction(evidence: Evidence) -> Figures:
    codes, factors = evidence.scored
    note = _halves(len(codes))
    return {"sap": _metric(scores.sap(codes, factors), SHARE, f"linear SVMs, {note}")}


def _of_importance(evidence: Evidence) -> Figures:
    codes, factors = evidence.scored
    note = f"boosted trees, {_halves(len(codes))}, seed {evidence.seed}"
    if codes.shape[1] > WIDE:
        vary = codes.std(0) >= scores.DEAD
        note += f", of the {vary.sum()} of {len(vary)} dimensions with a deviation of {scores.DEAD}"
        codes = codes[:, vary]
    found = scores.dci(codes, factors, seed=evidence.seed)
    return {
        "dci_disentanglement": _metric(found.disentanglement, SHARE, note),
        "dci_completeness": _metric(found.completeness, SHARE, note),
        "dci_informativeness": _metric(found.informativeness, SHARE, note),
    }


def _of_groups(score: Callable[..., float], name: str) -> Callable[[Evidence], Figures]:
    def of(evidence: Evidence) -> Figures:
        codes, factors = evidence.scored
        value = score(codes, factors, seed=evidence.seed)
        note = (
            f"{scores.VOTES:,} groups to learn, {scores.JUDGED:,} to judge, {evidence.about}, "
            f"seed {evidence.seed}; chance is {1 / factors.shape[1]:.2f}"
        )
        return {name: _metric(value, SHARE, note)}

    return of


def _of_probe(probe: Callable[..., float], name: str, how: str) -> Callable[[Evidence], Figures]:
    def of(evidence: Evidence) -> Figures:
        if len(evidence.dataset.classes) < 2:
            raise ExplorerError(f"The images of {evidence.dataset.title} have no classes to tell.")
        train, test = evidence.train, evidence.test
        value = probe(
            train.mean, train.images.labels.numpy(), test.mean, test.images.labels.numpy()
        )
        note = f"{how}, {len(train.images):,} training images, seed {evidence.seed}"
        return {name: _metric(100 * value, "% of test images", f"{note}, {evidence.about}")}

    return of


def _of_samples(evidence: Evidence) -> Figures:
    real, drawn = evidence.clouds
    precision, recall = features.precision_recall(real, drawn)
    note = (
        f"{len(drawn):,} samples of the prior, seed {evidence.seed}, and {len(real):,} test "
        "images in the features of our own classifier, not of Inception"
    )
    balls = f"k = {features.K}; {note}"
    return {
        "frechet": _metric(features.frechet(real, drawn), "squared units of the features", note),
        "precision": _metric(100 * precision, "% of samples", balls),
        "recall": _metric(100 * recall, "% of test images", balls),
    }


def _of_map(evidence: Evidence) -> Figures:
    from explorer.latent import atlas as atlases
    from explorer.latent import maps
    from explorer.training.images import load_named

    artefact, network = evidence.artefact, evidence.autoencoder
    atlas = atlases.load_for(artefact)
    keys = [key for key in maps.kept(artefact, atlas.name) if key != "raw"]
    if not keys:
        raise ExplorerError("The latent has two dimensions and is shown as it is.")
    key = "umap" if "umap" in keys else keys[0]
    model = Model(artefact.card, network, network.device)
    whole = atlases.completed(atlas, model, load_named(atlas.dataset))
    quality = maps.quality(artefact, whole, key)
    note = (
        f"{key} map, {quality.neighbours} nearest of {quality.images:,} images, at "
        f"{quality.points:,} of them, seed {quality.seed}"
    )
    return {"trustworthiness": _metric(quality.trustworthiness, SHARE, note)}


TAKERS: dict[tuple[str, ...], Callable[[Evidence], Figures]] = {
    ("mutual_information", "total_correlation", "dimension_wise_kl"): _of_parts,
    ("gaussian_tc",): _of_correlation,
    ("mig", "modularity"): _of_information,
    ("sap",): _of_prediction,
    ("dci_disentanglement", "dci_completeness", "dci_informativeness"): _of_importance,
    ("factor_vae",): _of_groups(scores.factor_vae, "factor_vae"),
    ("beta_vae",): _of_groups(scores.beta_vae, "beta_vae"),
    ("knn_accuracy",): _of_probe(probes.knn_accuracy, "knn_accuracy", f"k = {probes.K}"),
    ("linear_probe_accuracy",): _of_probe(
        probes.linear_probe_accuracy, "linear_probe_accuracy", "logistic regression"
    ),
    ("frechet", "precision", "recall"): _of_samples,
    ("trustworthiness",): _of_map,
}


# --- images through networks ----------------------------------------------------------------------


@torch.inference_mode()
def encoded(model: Autoencoder, images: Images) -> tuple[np.ndarray, np.ndarray | None]:
    """Posterior means and log variances (or None) `(N, D)` float32 of images."""
    means, logvars = [], []
    for batch in batches(images, model.device):
        posterior = model.posterior(unit(batch.pixels), batch.labels)
        means.append(posterior.mean.float().cpu())
        if posterior.logvar is not None:
            logvars.append(posterior.logvar.float().cpu())
    logvar = torch.cat(logvars).numpy() if logvars else None
    return torch.cat(means).numpy(), logvar


@torch.inference_mode()
def _samples(evidence: Evidence) -> Iterable[Tensor]:
    """As many samples of the prior as there are test images, decoded, of their classes."""
    model, labels = evidence.autoencoder, evidence.test.images.labels
    noise = torch.Generator(model.device).manual_seed(evidence.seed)
    z = model.sample_prior(len(labels), noise)
    parts = zip(z.split(1000), labels.to(model.device).split(1000), strict=True)
    return [model.decode(*part) for part in parts]


@torch.inference_mode()
def _read(judge: Classifier, pictures: Iterable[Tensor]) -> np.ndarray:
    return torch.cat([judge.features(one).float().cpu() for one in pictures]).numpy()


def _halves(rows: int) -> str:
    learn, judge = halves(rows, None)
    return f"{learn.stop:,} test images to learn from, {judge.stop - judge.start:,} others to judge"


def _metric(value: float, unit: str, note: str) -> Metric:
    return Metric(value=round(float(value), 5), unit=unit, note=note)
