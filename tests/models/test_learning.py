"""A small version of every family, trained on real digits for seconds, has learned something.

The yardstick is the best picture that knows nothing of the image: the mean of the training images.
"""

from __future__ import annotations

import pytest
import torch

from explorer.models import family, names
from explorer.training.loop import Trainer
from tests.support import CPU, train_spec

DENSE = {"latent_dim": 16, "hidden": (128,), "epochs": 5, "learning_rate": 3e-3}
CONVOLUTIONAL = {
    **{"latent_dim": 16, "hidden": (64,), "channels": (8, 16)},
    **{"epochs": 3, "learning_rate": 5e-3},
}
QUANTISED = {"channels": (8, 16), "codebook_size": 64, "epochs": 2, "learning_rate": 3e-3}
RUN = {"batch_size": 25, "schedule": "one-cycle"}

# The share of the mean image's squared error that may be left. A heavier KL, noise and dropout, and
# a sparsity penalty leave more.
LEFT = {name: 0.6 for name in names()} | {
    **{"beta-vae": 0.75, "conv-beta-vae": 0.8, "sparse-autoencoder": 0.85},
    **{"denoising-autoencoder": 0.75, "conv-denoising-autoencoder": 0.85},
    "pca": 0.45,
    "vq-vae": 0.4,
}


def settings(name: str) -> dict:
    if family(name).closed_form:
        return {"latent_dim": 16}
    if name == "vq-vae":
        return QUANTISED | RUN
    return (CONVOLUTIONAL if name.startswith("conv-") else DENSE) | RUN


@pytest.mark.parametrize("name", names())
def test_a_short_training_leaves_less_error_than_the_best_constant_image(name, digits):
    fit, validation = digits.fit_and_validation()
    x, labels = validation.float(), validation.labels
    constant = (x - fit.float().mean(0)).square().mean().item()
    trainer = Trainer(train_spec(name, **settings(name)), fit, validation, CPU)

    def error() -> float:
        net = trainer.model.eval()
        with torch.no_grad():
            picture = net.decode(net.posterior(x, labels).mean, labels)
        return (x - picture).square().mean().item()

    before = error()
    list(trainer.events())
    after = error()
    assert after < LEFT[name] * constant
    assert after < 0.5 * before
