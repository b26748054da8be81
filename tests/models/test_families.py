"""The contract of `base.Autoencoder`, held by every registered family on real digits."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
import torch

from explorer.models import build, family, names
from explorer.models.base import draw
from explorer.models.gaussian import LOGVAR_BOUND
from explorer.objectives import corrupt
from explorer.spec import ModelSpec, ObjectiveSpec, TrainSpec
from explorer.spec import build as build_spec
from tests.support import equal, first, generator, network, train_spec

# Settings that change a family enough to be held to the contract for themselves.
VARIANTS = {
    "batch norm and dropout": ("conv-vae", {"batch_norm": True, "dropout": 0.3}),
    "embedded class": ("conditional-vae", {"label_embedding": 4}),
    "sigmoid latents": ("sparse-autoencoder", {"sparsity": "kl"}),
    "loss codebook": ("vq-vae", {"codebook": "loss", "code_dim": 5}),
    "noisy VAE": ("vae", {"noise": "salt-and-pepper", "noise_amount": 0.1}),
}
CASES = {name: (name, {}) for name in names()} | VARIANTS
IMAGES = 24


@pytest.fixture(params=CASES)
def case(request):
    """A family and the settings in which it differs from its defaults."""
    return CASES[request.param]


@pytest.fixture(params=names())
def name(request):
    return request.param


@pytest.fixture
def net(case):
    name, values = case
    return network(name, **values)


@pytest.fixture
def x(digits):
    return first(digits, IMAGES).float()


@pytest.fixture
def labels(digits):
    """The classes of `x`; a family that is told no class passes them over."""
    return first(digits, IMAGES).labels


def test_latents_and_pictures_have_their_shapes(net, x, labels):
    posterior = net.posterior(x, labels)
    assert posterior.mean.shape == (IMAGES, net.spec.latent_dim)
    if posterior.logvar is not None:
        assert posterior.logvar.shape == posterior.mean.shape
    logits, pictures = (f(posterior.mean, labels) for f in (net.logits, net.decode))
    assert logits.shape == pictures.shape == x.shape
    assert posterior.mean.dtype == pictures.dtype == torch.float32


def test_any_image_shape_that_the_data_set_has_is_taken(name, digits):
    pixels = torch.randint(256, (5000, 3, 16, 8), generator=generator()).to(torch.uint8)
    coloured = replace(digits, pixels=pixels)
    net = network(name, dataset=coloured)
    x, labels = first(coloured, 5).float(), first(coloured, 5).labels
    assert net.decode(net.posterior(x, labels).mean, labels).shape == (5, 3, 16, 8)


def test_pictures_lie_in_0_to_1_and_are_finite_for_any_latent(net, labels):
    z = torch.randn(IMAGES, net.spec.latent_dim, generator=generator()) * 1000
    pictures = net.decode(z, labels)
    assert pictures.isfinite().all()
    assert ((pictures >= 0) & (pictures <= 1)).all()


def test_encoding_twice_gives_the_same_bits_and_changes_nothing(net, x, labels):
    before = {key: tensor.clone() for key, tensor in net.state_dict().items()}
    once, again = net.posterior(x, labels), net.posterior(x, labels)
    assert torch.equal(once.mean, again.mean)
    assert once.logvar is None or torch.equal(once.logvar, again.logvar)
    assert equal(net.state_dict(), before)


def test_only_dropout_and_batch_norm_make_training_mode_encode_otherwise(net, x, labels):
    once = net.posterior(x, labels)
    net.train()
    again = net.posterior(x, labels)
    plain = not (net.spec.dropout or net.spec.batch_norm)
    assert torch.equal(once.mean, again.mean) == plain


def test_an_image_alone_has_the_latent_and_picture_that_it_has_among_many(net, x, labels):
    together = net.posterior(x, labels)
    each = list(zip(x.split(1), labels.split(1), strict=True))
    alone = [net.posterior(*one) for one in each]
    torch.testing.assert_close(
        torch.cat([p.mean for p in alone]), together.mean, atol=1e-5, rtol=1e-5
    )
    pictures = torch.cat(
        [net.decode(p.mean, label) for p, (_, label) in zip(alone, each, strict=True)]
    )
    torch.testing.assert_close(pictures, net.decode(together.mean, labels), atol=1e-5, rtol=1e-5)


def test_a_gradient_reaches_every_parameter_that_training_steps(net, x, labels):
    if net.closed_form:
        assert not any(parameter.requires_grad for parameter in net.parameters())
        return
    net.loss(x, labels).total.backward()
    for parameter_name, parameter in net.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert parameter.grad.abs().sum() > 0, parameter_name


def test_the_seed_decides_the_weights_but_of_a_closed_form(case):
    name, values = case
    weights = [network(name, seed, **values).state_dict() for seed in (1, 1, 2)]
    assert equal(weights[0], weights[1])
    assert equal(weights[0], weights[2]) == family(name).closed_form


def test_building_leaves_the_callers_random_state_as_it_was(case):
    before = torch.random.get_rng_state()
    network(case[0], 3, **case[1])
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_callers_random_state_does_not_change_the_weights(case):
    before = network(case[0], **case[1]).state_dict()
    torch.rand(100)
    assert equal(network(case[0], **case[1]).state_dict(), before)


def test_log_variances_are_bounded_however_large_the_weights(net, x, labels):
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(100)
    logvar = net.posterior(x, labels).logvar
    if not net.has_prior:
        assert logvar is None
        return
    assert logvar.abs().max() <= LOGVAR_BOUND
    assert logvar.abs().max() > 0.9 * LOGVAR_BOUND
    assert draw(net.posterior(x, labels), generator()).isfinite().all()


def test_a_family_with_a_prior_draws_from_the_standard_normal_and_one_without_has_no_kl(
    net, x, labels
):
    loss = net.loss(x, labels)
    if net.has_prior:
        z = net.sample_prior(20_000, generator())
        assert z.shape == (20_000, 3)
        torch.testing.assert_close(z.T.cov(), torch.eye(3), atol=0.05, rtol=0)
        assert loss.kl.min() > 0
        assert loss.per_dimension_kl.shape == (3,)
    else:
        assert loss.kl.tolist() == [0.0] * IMAGES
        assert loss.per_dimension_kl.shape == (0,)
        assert loss.beta == 0


def test_the_noise_of_a_loss_comes_from_the_generator_alone(net, x, labels):
    losses = [net.loss(x, labels, generator=generator(seed)).total for seed in (1, 1, 2)]
    assert losses[0] == losses[1]
    noisy = net.has_prior or net.objective.noise != "none"
    assert (losses[1] != losses[2]) == noisy


def test_a_loss_in_evaluation_mode_changes_no_weight_and_no_buffer(net, x, labels):
    before = {key: tensor.clone() for key, tensor in net.state_dict().items()}
    net.loss(x, labels, generator=generator())
    assert equal(net.state_dict(), before)


def test_the_encoder_is_shown_the_augmented_and_corrupted_image_and_the_target_stays(
    net, x, labels
):
    shown = (x > 0.5).float()
    loss = net.loss(x, labels, generator=generator(), seen=shown)
    noise = generator()
    posterior = net.posterior(corrupt(shown, net.objective, noise), labels)
    logits = net.logits(draw(posterior, noise), labels)
    torch.testing.assert_close(loss.reconstruction, net.reconstruction(x, logits))


def test_the_parts_of_a_loss_have_their_shapes_and_every_extra_is_one_number(net, x, labels):
    loss = net.loss(x, labels, generator=generator())
    assert loss.total.shape == ()
    assert loss.reconstruction.shape == loss.kl.shape == (IMAGES,)
    assert all(value.shape == () and value.isfinite() for value in loss.extras.values())


def test_the_preview_is_the_picture_of_the_posterior_mean(net, x, labels):
    expected = net.decode(net.posterior(x, labels).mean, labels)
    assert torch.equal(net.preview(x, labels), expected)


def test_a_network_is_rebuilt_from_its_specs_after_a_way_through_json(case, x, labels):
    name, values = case
    spec = train_spec(name, **values)
    again = build_spec(TrainSpec, spec.model_dump(mode="json"))
    assert again == spec
    net = network(name, **values)
    rebuilt = build(again.model, again.objective, seed=9).eval()
    rebuilt.load_state_dict(net.state_dict())
    assert torch.equal(rebuilt.posterior(x, labels).mean, net.posterior(x, labels).mean)


def test_the_class_says_its_name_and_its_reference(name):
    module = sys.modules[family(name).__module__]
    assert "Source" in module.__doc__ or "Source" in family(name).__doc__
    assert family(name).title[0].isupper()


def test_no_two_families_have_the_same_title():
    assert len({family(name).title for name in names()}) == len(names()) >= 13


def test_the_defaults_of_a_family_are_settings_that_it_reads(name):
    kind = family(name)
    fields = ModelSpec.model_fields | ObjectiveSpec.model_fields
    assert kind.all_settings() <= fields.keys()
    assert kind.defaults.keys() <= kind.all_settings()
