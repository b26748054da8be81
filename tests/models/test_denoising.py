"""Denoising autoencoders: what they are shown, what they are judged by, what they remove."""

from __future__ import annotations

import pytest
import torch

from explorer.models import Posterior, names
from explorer.objectives import corrupt
from explorer.spec import ObjectiveSpec
from explorer.training.loop import Trainer
from tests.support import CPU, first, generator, network, part, train_spec

DENOISING = [name for name in names() if "denoising" in name]
NOISES = ["gaussian", "salt-and-pepper", "masking"]


@pytest.fixture
def x(digits):
    return first(digits, 32).float()


def test_there_are_a_fully_connected_and_a_convolutional_one_with_noise_by_default():
    assert DENOISING == ["conv-denoising-autoencoder", "denoising-autoencoder"]
    for name in DENOISING:
        spec = train_spec(name)
        assert (spec.objective.noise, spec.model.dropout) == ("gaussian", 0.2)


@pytest.mark.parametrize("name", [*DENOISING, "vae", "vq-vae"])
@pytest.mark.parametrize("noise", NOISES)
def test_the_encoder_is_shown_the_noise_that_the_objective_names(x, name, noise):
    net = network(name, noise=noise, noise_amount=0.3)
    shown = []
    encode = "vectors" if name == "vq-vae" else "posterior"
    inner = getattr(net, encode)
    setattr(net, encode, lambda seen, *rest: shown.append(seen) or inner(seen, *rest))
    net.loss(x, generator=generator(5))
    spec = ObjectiveSpec(noise=noise, noise_amount=0.3)
    assert torch.equal(shown[0], corrupt(x, spec, generator(5)))
    assert not torch.equal(shown[0], x)


def test_the_target_is_the_clean_image(x):
    """An encoder and decoder that copy have the error of the noise itself, not none."""
    net = network("autoencoder", reconstruction="mse", noise="masking", noise_amount=0.4)
    net.posterior = lambda seen, labels=None: Posterior(seen.flatten(1), None)
    net.logits = lambda z, labels=None: torch.logit(z.view(x.shape), eps=1e-6)
    loss = net.loss(x, generator=generator())
    masked = corrupt(x, net.objective, generator())
    expected = net.reconstruction(x, torch.logit(masked, eps=1e-6))
    torch.testing.assert_close(loss.reconstruction, expected)
    removed = (x - masked).square().flatten(1).sum(1)
    floor = net.reconstruction(x, torch.logit(x, eps=1e-6))
    torch.testing.assert_close(loss.reconstruction - floor, removed, atol=1e-2, rtol=1e-3)
    assert removed.min() > 1


@pytest.mark.parametrize("noise", NOISES)
def test_after_a_short_training_the_output_is_nearer_to_the_clean_image_than_the_input(
    digits, noise
):
    spec = train_spec(
        "denoising-autoencoder",
        latent_dim=32,
        hidden=(128,),
        epochs=5,
        batch_size=50,
        learning_rate=3e-3,
        objective={"noise": noise, "noise_amount": 0.5},
    )
    trainer = Trainer(spec, *part(digits, 3000, 500).fit_and_validation(), CPU)
    list(trainer.events())
    net, clean = trainer.model.eval(), trainer.validation.float()
    shown = corrupt(clean, spec.objective, generator())
    with torch.no_grad():
        cleaned = net.decode(net.posterior(shown).mean)
    before, after = ((clean - one).square().mean().item() for one in (shown, cleaned))
    assert after < 0.7 * before


@pytest.mark.parametrize("name", DENOISING)
def test_dropout_acts_in_training_mode_only(x, name):
    net = network(name, dropout=0.5)
    once, again = (net.posterior(x).mean for _ in range(2))
    assert torch.equal(once, again)
    z = torch.zeros(4, 3)
    assert torch.equal(net.decode(z), net.decode(z))
    net.train()
    once, again = (net.posterior(x).mean for _ in range(2))
    assert not torch.equal(once, again)
    assert not torch.equal(net.decode(z), net.decode(z))


def test_dropout_takes_out_its_share_of_the_hidden_units_and_makes_up_for_them(x):
    net = network("denoising-autoencoder", dropout=0.25, hidden=(4000,), activation="silu").train()
    seen = []
    drop = next(m for m in net.encoder if isinstance(m, torch.nn.Dropout))
    drop.register_forward_hook(lambda layer, args, out: seen.append((args[0], out)))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net.posterior(x)
    [(before, after)] = seen
    kept = after != 0
    assert kept.float().mean().item() == pytest.approx(0.75, abs=0.01)
    torch.testing.assert_close(after[kept], before[kept] / 0.75)
