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
from explorer.objectives import kl_to_standard_normal

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
    for batch in batches(images, device):
        x = unit(batch.pixels)
        posterior = model.posterior(x, batch.labels)
        logits = model.logits(draw(posterior, noise), batch.labels)
        recs.append(model.reconstruction(x, logits))
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
    for batch in batches(images, device, chunk):
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
        log_weight = log_ratio - model.reconstruction(target, logits)
        results.append(math.log(samples) - torch.logsumexp(log_weight.view(n, samples), 1))
    return torch.cat(results).cpu()


def active_units(mean: Tensor) -> int:
    """How many latent dimensions vary: Var_x(E[z_j|x]) > 0.01, from `mean (N, D)`."""
    return int((mean.var(dim=0, unbiased=False) > ACTIVE_VARIANCE).sum())


def batches(images: Images, device: torch.device | None, size: int = BATCH) -> Iterator[Images]:
    """A split in stretches of `size` images, on a device if one is given."""
    for start in range(0, len(images), size):
        batch = images.take(slice(start, start + size))
        yield batch if device is None else batch.to(device)
