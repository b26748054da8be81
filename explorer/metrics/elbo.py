"""Rate, distortion and what follows from them, over a whole split, in nats per image.

Every figure is a mean over all images. The ELBO's parts use one posterior sample per image;
reconstruction error uses the posterior mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.data import Images, unit
from explorer.models import Autoencoder
from explorer.models.base import draw
from explorer.objectives import grey_entropy, kl_to_standard_normal, reconstruction
from explorer.store import Metric

BATCH = 1000
# Active units: Burda et al. 2016, "Importance weighted autoencoders", section 5.2.
ACTIVE_VARIANCE = 0.01


@dataclass(frozen=True)
class Encoded:
    """All images of a split through a model: posterior means `(N, D)` and per-image terms."""

    mean: Tensor
    reconstruction: Tensor
    kl: Tensor
    per_dimension_kl: Tensor
    mse: Tensor


@torch.inference_mode()
def encode_all(model: Autoencoder, images: Images, seed: int = 0) -> Encoded:
    """Encode and decode every image once; the posterior sample's noise comes from `seed`."""
    device = next(model.parameters()).device
    noise = torch.Generator(device).manual_seed(seed)
    means, recs, kls, dimension_kls, errors = [], [], [], [], []
    for batch in _batches(images, device):
        x = unit(batch.pixels)
        posterior = model.posterior(x, batch.labels)
        logits = model.logits(draw(posterior, noise), batch.labels)
        recs.append(reconstruction(x, logits, model.objective))
        x_hat = model.decode(posterior.mean, batch.labels)
        errors.append((x - x_hat).square().flatten(1).mean(1))
        means.append(posterior.mean)
        kl = torch.zeros_like(posterior.mean)
        if posterior.logvar is not None:
            kl = kl_to_standard_normal(posterior.mean, posterior.logvar)
        kls.append(kl.sum(1))
        dimension_kls.append(kl.sum(0))
    return Encoded(
        mean=torch.cat(means).cpu(),
        reconstruction=torch.cat(recs).cpu(),
        kl=torch.cat(kls).cpu(),
        per_dimension_kl=torch.stack(dimension_kls).sum(0).cpu() / len(images),
        mse=torch.cat(errors).cpu(),
    )


@torch.inference_mode()
def importance_nll(model: Autoencoder, images: Images, samples: int, seed: int = 0) -> Tensor:
    """-log 1/S sum_s p(x|z_s) p(z_s) / q(z_s|x) with z_s ~ q(z|x), `(N,)` nats per image.

    Monotone in S in expectation; at S=1 it is the negative ELBO (beta = 1). For grey images under
    BCE it is the importance-weighted bound of that objective, not a likelihood of pixels.
    Source: Burda et al. 2016, eq. 8.
    """
    device = next(model.parameters()).device
    noise = torch.Generator(device).manual_seed(seed)
    chunk = max(1, 20_000 // samples)
    results = []
    for batch in _batches(images, device, chunk):
        x = unit(batch.pixels)
        posterior = model.posterior(x, batch.labels)
        if posterior.logvar is None:
            raise ValueError("importance sampling needs a model with a posterior variance")
        n = len(x)
        mean = posterior.mean.repeat_interleave(samples, 0)
        logvar = posterior.logvar.repeat_interleave(samples, 0)
        eps = torch.empty_like(mean).normal_(generator=noise)
        z = mean + torch.exp(0.5 * logvar) * eps
        # log p(z) - log q(z|x): the Gaussian constants cancel.
        log_ratio = 0.5 * (logvar + eps.square() - z.square()).sum(1)
        labels = batch.labels.repeat_interleave(samples, 0)
        logits = model.logits(z, labels)
        target = x.repeat_interleave(samples, 0)
        log_weight = log_ratio - reconstruction(target, logits, model.objective)
        results.append(math.log(samples) - torch.logsumexp(log_weight.view(n, samples), 1))
    return torch.cat(results).cpu()


def active_units(mean: Tensor) -> int:
    """How many latent dimensions vary: Var_x(E[z_j|x]) > 0.01, from `mean (N, D)`."""
    return int((mean.var(dim=0, unbiased=False) > ACTIVE_VARIANCE).sum())


def measure(
    model: Autoencoder, images: Images, importance_samples: int = 100, seed: int = 0
) -> dict[str, Metric]:
    """The figures of a model's card over `images`, each with its unit and how it was taken."""
    encoded = encode_all(model, images, seed)
    rec = encoded.reconstruction.double().mean().item()
    figures = {
        "mse": _metric(encoded.mse.double().mean(), "per pixel", "from the posterior mean"),
        "active_units": _metric(
            torch.tensor(active_units(encoded.mean)),
            f"of {model.spec.latent_dim} dimensions",
            "variance of the posterior mean over 0.01",
        ),
    }
    one_sample = f"one posterior sample, seed {seed}"
    nats = "nats per image"
    if model.has_prior:
        kl = encoded.kl.double().mean().item()
        figures["negative_elbo"] = _metric(rec + kl, nats, f"reconstruction + KL, {one_sample}")
        figures["kl"] = _metric(kl, nats, "closed form, to N(0, I)")
    figures["reconstruction"] = _metric(rec, nats, one_sample)
    if model.objective.reconstruction == "bce":
        floor = _grey_floor(images)
        total = figures.get("negative_elbo", figures["reconstruction"]).value
        figures["above_grey_floor"] = _metric(
            total - floor, nats, f"above the grey entropy {floor:.2f}, the least BCE there can be"
        )
    if model.has_prior and importance_samples > 0:
        nll = importance_nll(model, images, importance_samples, seed)
        bound = "; on grey pixels a bound of the BCE objective, not a likelihood"
        figures["is_nll"] = _metric(
            nll.double().mean(),
            nats,
            f"S = {importance_samples} importance samples, seed {seed}"
            + (bound if model.objective.reconstruction == "bce" else ""),
        )
    return figures


def _grey_floor(images: Images) -> float:
    parts = [grey_entropy(unit(b.pixels)).double().sum() for b in _batches(images, None)]
    return float(torch.stack(parts).sum()) / len(images)


def _metric(value: Tensor | float, unit: str, note: str) -> Metric:
    return Metric(value=round(float(value), 5), unit=unit, note=note)


def _batches(images: Images, device: torch.device | None, size: int = BATCH) -> Iterator[Images]:
    for start in range(0, len(images), size):
        batch = images.take(slice(start, start + size))
        yield batch if device is None else batch.to(device)
