"""Sparse autoencoders: what the two penalties do to real latents in a short training."""

from __future__ import annotations

import pytest
import torch

from explorer.models.sparse import SILENT, silent_share
from explorer.objectives import sparsity_penalty
from explorer.training.events import Epoch
from explorer.training.loop import Trainer
from tests.support import CPU, first, generator, network, part, train_spec


def trained(digits, epochs=4, **objective):
    """The latents `(N, 32)` of the validation images after a short training, and its last epoch."""
    spec = train_spec(
        "sparse-autoencoder",
        latent_dim=32,
        hidden=(64,),
        epochs=epochs,
        batch_size=50,
        learning_rate=3e-3,
        objective=objective,
    )
    trainer = Trainer(spec, *part(digits, 2000, 300).fit_and_validation(), CPU)
    *_, last = (event for event in trainer.events() if isinstance(event, Epoch))
    with torch.no_grad():
        return trainer.model.eval().posterior(trainer.validation.float()).mean, last


def test_a_heavier_l1_penalty_silences_more_latents(digits):
    shares = []
    for weight in (0.0, 0.1, 1.0):
        z, last = trained(digits, sparsity="l1", sparsity_weight=weight)
        shares.append((z < SILENT).float().mean().item())
        assert last.validation.extras["silent"] == pytest.approx(shares[-1], abs=1e-4)
    assert shares[0] + 0.2 < shares[1]
    assert shares[1] + 0.05 < shares[2] < 1


def test_the_penalty_that_the_family_has_by_default_makes_latents_silent(digits):
    spec = train_spec("sparse-autoencoder").objective
    given = {"sparsity": spec.sparsity, "sparsity_weight": spec.sparsity_weight}
    shares = [
        (trained(digits, epochs=10, **objective)[0] < SILENT).float().mean().item()
        for objective in ({"sparsity": "none"}, given)
    ]
    assert shares[1] > shares[0] + 0.04


@pytest.mark.parametrize("target", [0.05, 0.3])
def test_the_kl_penalty_brings_the_mean_activation_to_its_target(digits, target):
    z, _ = trained(digits, sparsity="kl", sparsity_weight=10.0, sparsity_target=target)
    assert z.mean().item() == pytest.approx(target, abs=0.2 * target)
    assert (z.mean(0) - target).abs().max() < 0.6 * target
    assert z.std() > 0.3 * target  # by being on for some images and off for others


@pytest.mark.parametrize(
    ("sparsity", "low", "high"), [("none", 0, None), ("l1", 0, None), ("kl", 0, 1)]
)
def test_latents_are_rectified_or_squashed_as_the_penalty_needs(digits, sparsity, low, high):
    net = network("sparse-autoencoder", sparsity=sparsity)
    z = net.posterior(100 * first(digits, 50).float()).mean
    assert z.min() >= low
    assert z.max() > 1 if high is None else z.max() <= high
    assert (z == 0).any() == (sparsity != "kl")


@pytest.mark.parametrize("sparsity", ["none", "l1", "kl"])
def test_the_loss_is_the_reconstruction_plus_the_penalty(digits, sparsity):
    x = first(digits, 16).float()
    weight = {} if sparsity == "none" else {"sparsity_weight": 2.0}
    net = network("sparse-autoencoder", sparsity=sparsity, **weight)
    loss = net.loss(x, generator=generator())
    penalty = sparsity_penalty(net.posterior(x).mean, net.objective)
    torch.testing.assert_close(loss.total, loss.reconstruction.mean() + penalty)
    torch.testing.assert_close(loss.extras["sparsity_penalty"], penalty)
    assert (penalty > 0.01) == (sparsity != "none")


def test_a_latent_is_silent_when_its_size_is_under_a_hundredth():
    z = torch.tensor([[0.0, 0.0099, -0.0099, 0.0101], [5.0, -0.5, 0.0, 1.0]])
    assert silent_share(z).item() == pytest.approx(4 / 8)
