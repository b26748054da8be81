"""Every family at the edge: huge inputs, blank images, a batch of one, half precision."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from explorer.models import family, names
from explorer.training.events import Epoch
from explorer.training.loop import Trainer
from tests.support import CPU, equal, first, generator, network, part, train_spec

TRAINABLE = [name for name in names() if not family(name).closed_form]
CASES = {name: (name, {}) for name in TRAINABLE} | {
    "loss codebook": ("vq-vae", {"codebook": "loss"}),
    "sigmoid latents": ("sparse-autoencoder", {"sparsity": "kl"}),
    "free bits": ("vae", {"free_bits": 0.5}),
    "capacity": ("conv-vae", {"capacity": 5.0}),
    "relu": ("autoencoder", {"activation": "relu", "hidden": (32,) * 4}),
}


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def assert_finite(net, total) -> None:
    """The loss and every gradient that it gives are numbers."""
    net.zero_grad()
    total.backward()
    assert total.isfinite()
    for name, parameter in net.named_parameters():
        assert parameter.grad is None or parameter.grad.isfinite().all(), name
    assert any(p.grad is not None and p.grad.any() for p in net.parameters())


@pytest.mark.parametrize("size", [1e3, -1e3])
def test_inputs_a_thousand_times_too_large_give_a_finite_loss_and_gradient(case, digits, size):
    name, values = case
    net = network(name, **{"noise": "none", **values}).train()  # noise would clamp to [0, 1]
    images = first(digits, 16)
    x, labels = images.float(), images.labels
    assert_finite(net, net.loss(x, labels, generator=generator(), seen=size * x).total)


@pytest.mark.parametrize("size", [1e3, -1e3])
def test_latents_a_thousand_times_too_large_give_a_finite_loss_and_gradient(case, digits, size):
    name, values = case
    net = network(name, **values).train()
    images = first(digits, 16)
    z = size * torch.rand(16, net.spec.latent_dim, generator=generator())
    logits = net.logits(z, images.labels)
    assert_finite(net, net.reconstruction(images.float(), logits).mean())


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_a_constant_image_has_a_finite_loss_and_gradient(case, grey):
    name, values = case
    net = network(name, **values).train()
    x, labels = torch.full((4, 1, 28, 28), grey), torch.tensor([0, 9, 3, 3])
    assert_finite(net, net.loss(x, labels, generator=generator()).total)


def test_training_on_nothing_but_black_images_stays_finite(case, digits):
    name, values = case
    black = replace(part(digits, 120, 20), pixels=torch.zeros(190, 1, 28, 28, dtype=torch.uint8))
    spec = train_spec(name, batch_size=40, epochs=3, learning_rate=0.01, **values)
    trainer = Trainer(spec, *black.fit_and_validation(), CPU)
    totals = [e.validation.total for e in trainer.events() if isinstance(e, Epoch)]
    assert all(weights.isfinite().all() for weights in trainer.model.state_dict().values())
    assert totals[-1] < totals[0]


def test_a_batch_of_one_image_trains_a_step(case, digits):
    name, values = case
    trainer = Trainer(
        train_spec(name, batch_size=1, **values), *part(digits, 3, 2).fit_and_validation(), CPU
    )
    before = {key: tensor.clone() for key, tensor in trainer.model.state_dict().items()}
    list(trainer.events(lambda: trainer.step == 1))
    after = trainer.model.state_dict()
    assert trainer.step == 1
    assert all(tensor.isfinite().all() for tensor in after.values())
    changed = [key for key in after if not torch.equal(after[key], before[key])]
    assert {key.partition(".")[0] for key in changed} >= {
        key.partition(".")[0] for key, _ in trainer.model.named_parameters() if key != "codebook"
    }


def test_a_last_batch_of_one_image_that_has_shrunk_to_one_place_can_be_normalised(digits):
    """33 images of 8x8 in batches of 32: the last one is a single number of each channel."""
    tiny = part(digits, 33, 5)
    tiny = replace(tiny, pixels=tiny.pixels[:, :, 10:18, 10:18])
    spec = train_spec("conv-autoencoder", dataset=tiny, channels=(4, 4, 4), batch_size=32, epochs=2)
    trainer = Trainer(spec, *tiny.fit_and_validation(), CPU)
    list(trainer.events())
    assert trainer.step == 4
    assert all(weights.isfinite().all() for weights in trainer.model.state_dict().values())


@pytest.mark.parametrize("reconstruction", ["bce", "mse"])
def test_training_in_bfloat16_is_finite_and_close_to_float32(case, digits, reconstruction):
    name, values = case
    totals, weights = {}, {}
    for precision in ("float32", "bfloat16"):
        spec = train_spec(
            name, precision=precision, epochs=1, reconstruction=reconstruction, **values
        )
        trainer = Trainer(spec, *part(digits, 600, 100).fit_and_validation(), CPU)
        list(trainer.events())
        assert all(w.isfinite().all() for w in trainer.model.state_dict().values())
        assert all(w.dtype == torch.float32 for w in trainer.model.parameters())
        totals[precision], weights[precision] = trainer.best.validation, trainer.best.weights
    assert not equal(weights["bfloat16"], weights["float32"])
    assert totals["bfloat16"] == pytest.approx(totals["float32"], rel=0.02)
