"""The contract of `base.Autoencoder`, held by every registered family on real digits."""

from __future__ import annotations

import sys

import pytest
import torch

from explorer.models import build, family, names
from explorer.models.base import LOGVAR_BOUND, draw
from explorer.objectives import bce
from explorer.spec import ModelSpec, ObjectiveSpec
from explorer.training.loop import Trainer
from tests.support import CPU, equal, first, part, train_spec


@pytest.fixture(params=names())
def name(request):
    return request.param


def small(name: str, seed: int = 0, **values):
    spec = train_spec(name, **values)
    return build(spec.model, spec.objective, seed)


@pytest.fixture
def net(name):
    return small(name).eval()


@pytest.fixture
def x(digits):
    return first(digits, 24).float()


def test_latents_and_pictures_have_their_shapes(net, x):
    posterior = net.posterior(x)
    assert posterior.mean.shape == (24, 3)
    if posterior.logvar is not None:
        assert posterior.logvar.shape == (24, 3)
    assert net.logits(posterior.mean).shape == net.decode(posterior.mean).shape == x.shape


def test_any_image_shape_that_the_spec_names_is_taken(name):
    shape = (3, 16, 8)
    spec = ModelSpec(family=name, image_shape=shape, latent_dim=3, hidden=(8,), channels=(4, 8))
    net = build(spec, ObjectiveSpec())
    x = torch.rand(5, 3, 16, 8, generator=torch.Generator().manual_seed(0))
    assert net.decode(net.posterior(x).mean).shape == x.shape


def test_pictures_lie_in_0_to_1_and_are_finite_for_any_latent(net):
    z = torch.randn(50, 3, generator=torch.Generator().manual_seed(0)) * 1000
    pictures = net.decode(z)
    assert pictures.isfinite().all()
    assert ((pictures >= 0) & (pictures <= 1)).all()


def test_encoding_twice_gives_the_same_mean_in_training_and_evaluation_mode(net, x):
    once = net.posterior(x)
    net.train()
    again = net.posterior(x)
    assert torch.equal(once.mean, again.mean)
    assert once.logvar is None or torch.equal(once.logvar, again.logvar)


def test_an_image_alone_has_the_latent_and_picture_that_it_has_among_many(net, x):
    together = net.posterior(x)
    alone = [net.posterior(image[None]) for image in x]
    torch.testing.assert_close(
        torch.cat([p.mean for p in alone]), together.mean, atol=1e-5, rtol=1e-5
    )
    pictures = torch.cat([net.decode(p.mean) for p in alone])
    torch.testing.assert_close(pictures, net.decode(together.mean), atol=1e-5, rtol=1e-5)


def test_a_gradient_reaches_every_parameter(net, x):
    net.loss(x).total.backward()
    for parameter_name, parameter in net.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert parameter.grad.abs().sum() > 0, parameter_name


def test_the_seed_decides_the_weights(name):
    weights = [small(name, seed).state_dict() for seed in (1, 1, 2)]
    assert equal(weights[0], weights[1])
    assert not equal(weights[0], weights[2])


def test_building_leaves_the_callers_random_state_as_it_was(name):
    before = torch.random.get_rng_state()
    small(name, seed=3)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_callers_random_state_does_not_change_the_weights(name):
    before = small(name).state_dict()
    torch.rand(100)
    assert equal(small(name).state_dict(), before)


def test_log_variances_are_bounded_however_large_the_weights(net, x):
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(100)
    logvar = net.posterior(x).logvar
    if not net.has_prior:
        assert logvar is None
        return
    assert logvar.abs().max() <= LOGVAR_BOUND
    assert logvar.abs().max() > 0.9 * LOGVAR_BOUND
    assert draw(net.posterior(x), torch.Generator().manual_seed(0)).isfinite().all()


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_a_constant_image_has_a_finite_loss_and_gradient(net, grey):
    loss = net.loss(torch.full((4, 1, 28, 28), grey))
    loss.total.backward()
    assert loss.total.isfinite()
    assert all(p.grad.isfinite().all() for p in net.parameters())


@pytest.mark.parametrize("reconstruction", ["bce", "mse"])
def test_training_in_bfloat16_is_finite_and_close_to_float32(name, digits, reconstruction):
    totals, weights = {}, {}
    for precision in ("float32", "bfloat16"):
        spec = train_spec(
            name, precision=precision, epochs=1, objective={"reconstruction": reconstruction}
        )
        trainer = Trainer(spec, *part(digits, 600, 100).fit_and_validation(), CPU)
        list(trainer.events())
        assert all(w.isfinite().all() for w in trainer.model.state_dict().values())
        assert all(w.dtype == torch.float32 for w in trainer.model.parameters())
        totals[precision], weights[precision] = trainer.best.validation, trainer.best.weights
    assert not equal(weights["bfloat16"], weights["float32"])
    assert totals["bfloat16"] == pytest.approx(totals["float32"], rel=0.02)


def test_a_family_with_a_prior_draws_from_the_standard_normal_and_one_without_has_no_kl(net, x):
    if net.has_prior:
        z = net.sample_prior(20_000, torch.Generator().manual_seed(0))
        assert z.shape == (20_000, 3)
        torch.testing.assert_close(z.T.cov(), torch.eye(3), atol=0.05, rtol=0)
        assert net.loss(x).kl.min() > 0
    else:
        assert net.loss(x).kl.tolist() == [0.0] * 24
        assert net.loss(x).beta == 0


def test_the_noise_of_a_draw_comes_from_the_generator_alone(net, x):
    losses = [
        net.loss(x, generator=torch.Generator().manual_seed(seed)).total for seed in (1, 1, 2)
    ]
    assert losses[0] == losses[1]
    assert (losses[1] != losses[2]) == net.has_prior


def test_the_encoder_is_shown_the_augmented_image_and_the_target_stays(net, x):
    seen = (x > 0.5).float()
    generator = torch.Generator().manual_seed(0)
    loss = net.loss(x, generator=generator, seen=seen)
    posterior = net.posterior(seen)
    logits = net.logits(draw(posterior, torch.Generator().manual_seed(0)))
    torch.testing.assert_close(loss.reconstruction, bce(x, logits))


def test_the_class_says_its_name_and_its_reference(name):
    module = sys.modules[family(name).__module__]
    assert "Source" in module.__doc__ or "Source" in family(name).__doc__
