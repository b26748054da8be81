"""The figures of a card: everything that is measured of a network over a whole split.

Each figure says its unit and how it was taken. A family has the figures that mean something for it.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from explorer.data import Images, unit
from explorer.metrics.denoising import denoising_errors
from explorer.metrics.elbo import active_units, batches, encode_all, importance_nll
from explorer.models import Autoencoder, Network
from explorer.models.classifier import Classifier
from explorer.models.code_prior import CodePrior
from explorer.models.sparse import SILENT, SparseAutoencoder, silent_share
from explorer.models.vq_vae import VQVAE, usage
from explorer.objectives import grey_entropy
from explorer.store import Metric

NATS = "nats per image"
# Samples of a conditional model or of a prior that the classifier reads.
JUDGED = 10_000
CONFIDENT = 0.9

Figures = dict[str, Metric]


def measure(
    network: Network,
    images: Images,
    importance_samples: int = 100,
    seed: int = 0,
    judge: Classifier | None = None,
    decoder: VQVAE | None = None,
) -> Figures:
    """The figures of a network over `images`.

    `judge` reads what conditional models and priors draw; without it those figures are left out.
    `decoder` is the VQ-VAE whose codes a prior has learned.
    """
    if isinstance(network, Classifier):
        return _of_classifier(network, images)
    if isinstance(network, CodePrior):
        return _of_prior(network, images, seed, judge, decoder)
    assert isinstance(network, Autoencoder)
    figures = _rate_and_distortion(network, images, importance_samples, seed)
    if network.objective.noise != "none":
        figures |= _of_denoising(network, images, seed)
    if isinstance(network, VQVAE):
        figures |= _of_codebook(network, images)
    if judge is not None and network.conditional:
        figures |= _of_samples(network, judge, seed)
    return figures


def _rate_and_distortion(
    model: Autoencoder, images: Images, importance_samples: int, seed: int
) -> Figures:
    encoded = encode_all(model, images, seed)
    rec = encoded.reconstruction.double().mean().item()
    figures = {"mse": _metric(encoded.mse.double().mean(), "per pixel", "from the posterior mean")}
    if not isinstance(model, VQVAE):
        figures["active_units"] = _metric(
            active_units(encoded.mean),
            f"of {model.spec.latent_dim} dimensions",
            "variance of the posterior mean over 0.01",
        )
    if isinstance(model, SparseAutoencoder):
        share = silent_share(encoded.mean)
        figures["silent"] = _metric(share, "of all latents", f"smaller than {SILENT:g}")
    one_sample = f"one posterior sample, seed {seed}"
    if model.has_prior:
        kl = encoded.kl.double().mean().item()
        figures["negative_elbo"] = _metric(rec + kl, NATS, f"reconstruction + KL, {one_sample}")
        figures["kl"] = _metric(kl, NATS, "closed form, to N(0, I)")
    figures["reconstruction"] = _metric(rec, NATS, one_sample)
    if model.objective.reconstruction == "bce":
        floor = _grey_floor(images)
        total = figures.get("negative_elbo", figures["reconstruction"]).value
        figures["above_grey_floor"] = _metric(
            total - floor, NATS, f"above the grey entropy {floor:.2f}, the least BCE there can be"
        )
    if model.has_prior and importance_samples > 0:
        nll = importance_nll(model, images, importance_samples, seed)
        bound = "; on grey pixels a bound of the BCE objective, not a likelihood"
        note = f"S = {importance_samples} importance samples, seed {seed}"
        note += bound if model.objective.reconstruction == "bce" else ""
        figures["is_nll"] = _metric(nll.double().mean(), NATS, note)
    return figures


def _of_denoising(model: Autoencoder, images: Images, seed: int) -> Figures:
    ours, median = denoising_errors(model, images, seed)
    spec = model.objective
    noise = f"against the clean image, {spec.noise} noise {spec.noise_amount:g}, seed {seed}"
    return {
        "denoised_mse": _metric(ours, "per pixel", noise),
        "median_filter_mse": _metric(median, "per pixel", f"3x3 median filter, {noise}"),
        "denoising_ratio": _metric(ours / median, "of the median filter's error", noise),
    }


@torch.inference_mode()
def _of_codebook(model: VQVAE, images: Images) -> Figures:
    codes = torch.cat([model.codes(x) for x, _ in _pictures(model, images)])
    used = usage(codes, model.spec.codebook_size)
    alive = 1 - used["dead_codes"] / model.spec.codebook_size
    size = f"of {model.spec.codebook_size} codes"
    return {
        "codes_used": _metric(100 * alive, f"% {size}", "at least once over all images"),
        "perplexity": _metric(used["perplexity"], size, "exp of the entropy of their use"),
    }


@torch.inference_mode()
def _of_samples(model: Autoencoder, judge: Classifier, seed: int) -> Figures:
    """How often the classifier reads, in a sample for a class, that class."""
    noise = torch.Generator(model.device).manual_seed(seed)
    labels = torch.arange(JUDGED, device=model.device) % model.spec.classes
    z = model.sample_prior(JUDGED, noise)
    pictures = (model.decode(*part) for part in zip(z.split(1000), labels.split(1000), strict=True))
    read = torch.cat([judge.probabilities(one).argmax(1) for one in pictures])
    note = f"{JUDGED:,} samples of the prior, as many of each class, seed {seed}, our classifier"
    return {"read_as_asked": _metric(100 * (read == labels).double().mean(), "% of samples", note)}


@torch.inference_mode()
def _of_classifier(network: Classifier, images: Images) -> Figures:
    right = [(network.probabilities(x).argmax(1) == y).cpu() for x, y in _pictures(network, images)]
    return {"accuracy": _metric(100 * torch.cat(right).double().mean(), "% of images")}


@torch.inference_mode()
def _of_prior(
    network: CodePrior,
    images: Images,
    seed: int,
    judge: Classifier | None,
    decoder: VQVAE | None,
) -> Figures:
    nats = torch.cat([network.nats(x) for x, _ in _pictures(network, images)]).double().mean()
    figures = {
        "nats_per_code": _metric(nats / network.length, "nats per code"),
        "nats": _metric(nats, NATS, f"{network.length} codes"),
    }
    if judge is not None and decoder is not None:
        noise = torch.Generator(network.device).manual_seed(seed)
        n = JUDGED // 10
        pictures = decoder.decode_codes(network.sample(n, noise))
        sure = judge.probabilities(pictures).amax(1) > CONFIDENT
        note = f"of {n:,} samples of the prior, by our classifier, seed {seed}"
        figures["read_surely"] = _metric(
            100 * sure.double().mean(), f"% read with confidence over {CONFIDENT:g}", note
        )
    return figures


def _pictures(network: Network, images: Images) -> Iterator[tuple[Tensor, Tensor]]:
    """What the network takes, with its labels, a batch after the other."""
    for batch in batches(images, network.device):
        yield network.prepare(batch.pixels), batch.labels


def _grey_floor(images: Images) -> float:
    parts = [grey_entropy(unit(b.pixels)).double().sum() for b in batches(images, None)]
    return float(torch.stack(parts).sum()) / len(images)


def _metric(value: Tensor | float, unit: str, note: str = "") -> Metric:
    return Metric(value=round(float(value), 5), unit=unit, note=note)
