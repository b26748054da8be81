"""The training loop: its events, its averages, its schedules and its choice of the best epoch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.data import Dataset
from explorer.models import build
from explorer.objectives import bce, beta_at
from explorer.training import loop
from explorer.training.events import Done, Epoch, Sample, Step
from explorer.training.loop import Trainer, evaluate_loss, learning_rate_at
from tests.support import CPU, equal, finish, first, part, train_spec


def trainer_on(dataset, *, train=600, validation=100, **values) -> Trainer:
    return Trainer(
        train_spec(**values), *part(dataset, train, validation).fit_and_validation(), CPU
    )


# --- events -----------------------------------------------------------------------------------


@pytest.fixture
def every_step(monkeypatch):
    """Report each step instead of four a second."""
    monkeypatch.setattr(loop, "REPORT_EVERY", 0.0)


def test_each_epoch_is_its_steps_then_its_measure_then_its_pictures_and_done_comes_last(
    digits, every_step
):
    events = list(trainer_on(digits, epochs=3).events())
    kinds = [type(event) for event in events]
    assert kinds == ([Step] * 5 + [Epoch, Sample]) * 3 + [Done]
    assert [e.step for e in events if isinstance(e, Step)] == list(range(1, 16))
    assert [e.epoch for e in events if isinstance(e, Step)] == [1] * 5 + [2] * 5 + [3] * 5
    assert [(e.epoch, e.step) for e in events if isinstance(e, Epoch)] == [(1, 5), (2, 10), (3, 15)]
    assert [e.epoch for e in events if isinstance(e, Sample)] == [1, 2, 3]
    done = events[-1]
    assert (done.reason, done.step) == ("finished", 15)
    assert done.seconds > 0
    assert done.images_per_second == pytest.approx(3 * 600 / done.seconds, rel=0.01)


def test_an_epoch_has_at_least_one_step_event_however_short_it_is(digits):
    events = list(trainer_on(digits, epochs=2).events())
    assert [type(e) for e in events] == [Step, Epoch, Sample] * 2 + [Done]


def test_the_pictures_are_validation_images_and_their_reconstructions(digits):
    trainer = trainer_on(digits, epochs=1)
    sample = next(e for e in trainer.events() if isinstance(e, Sample))
    expected = trainer.validation.float(0, 8)
    np.testing.assert_array_equal(sample.originals, expected.numpy())
    with torch.no_grad():
        pictures = trainer.model.decode(trainer.model.posterior(expected).mean)
    np.testing.assert_allclose(sample.reconstructions, pictures.numpy(), atol=1e-6)


def test_the_loss_falls_from_epoch_to_epoch(digits):
    events = list(trainer_on(digits, train=2000, epochs=4, hidden=(128,)).events())
    totals = [e.train.total for e in events if isinstance(e, Epoch)]
    assert all(later < earlier for earlier, later in pairwise(totals))
    assert totals[-1] < 230


def test_a_stop_is_obeyed_before_the_next_step(digits):
    trainer = trainer_on(digits, epochs=3)
    events = list(trainer.events(lambda: trainer.step == 7))
    assert (events[-1].reason, events[-1].step) == ("interrupted", 7)


def test_rate_and_beta_of_each_step_are_those_of_the_schedules(digits, every_step):
    trainer = trainer_on(
        digits,
        epochs=2,
        schedule="one-cycle",
        objective={"beta": 2.0, "warmup_steps": 6},
    )
    for event in trainer.events():
        if isinstance(event, Step):
            step = event.step - 1
            assert event.learning_rate == learning_rate_at(step, 10, trainer.spec)
            assert event.beta == beta_at(step, trainer.spec.objective)
            assert trainer.optimizer.param_groups[0]["lr"] == event.learning_rate


def test_weight_decay_reaches_the_optimiser(digits):
    assert trainer_on(digits, weight_decay=0.25).optimizer.param_groups[0]["weight_decay"] == 0.25


RANDOM = {
    "augmentation": {"augment": "binarise"},
    "dropout": {"family": "denoising-autoencoder"},
    "codebook": {"family": "vq-vae"},
}


@pytest.mark.parametrize("values", RANDOM.values(), ids=RANDOM)
def test_the_same_seed_trains_to_the_same_bits_and_another_does_not(digits, values):
    weights = []
    for seed in (5, 5, 6):
        torch.rand(seed)  # the global generator has no part in it
        trainer = trainer_on(digits, epochs=2, seed=seed, **values)
        list(trainer.events())
        weights.append(trainer.model.state_dict())
    assert equal(weights[0], weights[1])
    assert not equal(weights[0], weights[2])


@pytest.mark.parametrize("values", RANDOM.values(), ids=RANDOM)
def test_training_leaves_the_global_random_state_as_it_was(digits, values):
    before = torch.random.get_rng_state()
    list(trainer_on(digits, epochs=1, **values).events())
    assert torch.equal(torch.random.get_rng_state(), before)


def test_dropout_takes_out_other_units_at_each_step(digits):
    trainer, masks = trainer_on(digits, family="denoising-autoencoder", epochs=2), []
    drop = next(m for m in trainer.model.modules() if isinstance(m, torch.nn.Dropout))
    drop.register_forward_hook(
        lambda layer, args, out: masks.append(out[:50] == 0) if layer.training else None
    )
    list(trainer.events())
    assert len(masks) == 10
    assert all(not torch.equal(a, b) for a, b in combinations(masks, 2))


@pytest.mark.parametrize("family", ["conv-autoencoder", "denoising-autoencoder"])
def test_the_pictures_for_a_watcher_are_made_in_evaluation_mode_and_change_nothing(digits, family):
    trainer = trainer_on(digits, family=family, epochs=1)
    for event in trainer.events():
        if isinstance(event, Epoch):
            before = {name: t.clone() for name, t in trainer.model.state_dict().items()}
        elif isinstance(event, Sample):
            sample = event
    assert equal(trainer.model.state_dict(), before)
    net = trainer.model.eval()
    with torch.no_grad():
        pictures = net.decode(net.posterior(trainer.validation.float(0, 8)).mean)
    np.testing.assert_allclose(sample.reconstructions, pictures.numpy(), atol=1e-6)


# --- averages ---------------------------------------------------------------------------------


def test_an_epochs_average_counts_each_image_once_though_the_last_batch_is_smaller(digits):
    """With weights that stand still, the epoch's average is that of one pass over all images."""
    trainer = trainer_on(
        digits,
        family="autoencoder",
        train=300,
        epochs=1,
        batch_size=280,
        learning_rate=1e-30,
    )
    x = trainer.fit.float()
    with torch.no_grad():
        trainer.model.decoder[-1].bias.fill_(-3)  # dark: images with more ink cost more
        per_image = bce(x, trainer.model.logits(trainer.model.posterior(x).mean))
    epoch = next(e for e in trainer.events() if isinstance(e, Epoch))
    assert epoch.train.total == pytest.approx(per_image.double().mean().item(), abs=1e-3)

    order = torch.randperm(300, generator=loop._order_generator(0, 0))
    batches = [per_image[order[:280]].mean(), per_image[order[280:]].mean()]
    per_batch = torch.stack(batches).mean().item()
    assert abs(per_batch - epoch.train.total) > 0.1  # so the two ways can be told apart


def test_a_validation_average_counts_each_image_once_whatever_the_batch(digits, monkeypatch):
    spec = train_spec("autoencoder")
    net = build(spec.model, spec.objective)
    images = first(digits, 130)
    ink = images.pixels.flatten(1).float().sum(1)
    images = images.take(ink.argsort())  # so that the last batch is unlike the others
    x = images.float()
    with torch.no_grad():
        expected = bce(x, net.logits(net.posterior(x).mean)).mean().item()
    for size in (1000, 60, 1):
        monkeypatch.setattr(loop, "EVALUATION_BATCH", size)
        assert evaluate_loss(net, images, seed=0).total == pytest.approx(expected, rel=1e-5)


def test_the_averages_add_up(digits):
    spec = train_spec(objective={"beta": 3.0})
    net = build(spec.model, spec.objective)
    averages = evaluate_loss(net, first(digits, 100), seed=0)
    assert averages.total == pytest.approx(averages.reconstruction + 3 * averages.kl, rel=1e-5)
    assert sum(averages.per_dimension_kl) == pytest.approx(averages.kl, rel=1e-5)


def test_validation_weighs_the_kl_fully_from_the_first_epoch_of_a_warm_up(digits):
    objective = {"beta": 4.0, "warmup_steps": 10_000}
    epoch = next(
        e
        for e in trainer_on(digits, epochs=1, objective=objective).events()
        if isinstance(e, Epoch)
    )
    measured = epoch.validation
    assert measured.total == pytest.approx(measured.reconstruction + 4 * measured.kl, rel=1e-5)
    assert epoch.train.total == pytest.approx(epoch.train.reconstruction, rel=1e-3)


@pytest.mark.parametrize("family", ["vae", "vq-vae", "conv-autoencoder", "denoising-autoencoder"])
def test_validation_changes_nothing(digits, family):
    trainer = trainer_on(digits, family=family)
    before = trainer.model.state_dict()
    before = {name: tensor.clone() for name, tensor in before.items()}
    noise = trainer.noise.get_state()
    assert evaluate_loss(trainer.model, trainer.validation, 0) == evaluate_loss(
        trainer.model, trainer.validation, 0
    )
    assert equal(trainer.model.state_dict(), before)
    assert torch.equal(trainer.noise.get_state(), noise)
    assert trainer.model.training


# --- the best epoch ---------------------------------------------------------------------------


def test_the_weights_kept_are_those_of_the_epoch_with_the_lowest_validation_total(digits):
    """Forty images are learnt by heart: validation gets worse long before the end."""
    trainer = trainer_on(
        digits, train=40, validation=300, hidden=(256,), epochs=120, learning_rate=3e-3
    )
    totals, weights = [], []
    for event in trainer.events():
        if isinstance(event, Epoch):
            totals.append(event.validation.total)
            weights.append({k: v.clone() for k, v in trainer.model.state_dict().items()})
            assert event.best == (event.validation.total == min(totals))
    best = int(np.argmin(totals))
    assert best < len(totals) - 1
    assert trainer.best.epoch == best + 1
    assert trainer.best.validation == totals[best]
    assert equal(trainer.best.weights, weights[best])
    assert not equal(trainer.best.weights, weights[-1])


@dataclass(frozen=True)
class WithoutTest(Dataset):
    """A data set whose test images are not there to be looked at."""

    def split(self, name):
        if name != "train":
            raise AssertionError(f"training looked at the split '{name}'")
        return super().split(name)


def test_training_never_looks_at_the_test_images(digits, home):
    fields = {name: getattr(digits, name) for name in digits.__dataclass_fields__}
    closed = WithoutTest(**fields)
    poisoned = digits.pixels.clone()
    poisoned[digits.train_size :] = 255
    spec = train_spec(epochs=2)
    finish("closed", spec, closed)
    finish("poisoned", spec, replace(digits, pixels=poisoned))
    finish("ordinary", spec, digits)
    cards = [(home / n / "card.json").read_text() for n in ("closed", "poisoned", "ordinary")]
    digests = {text.split('"weights_sha256": "')[1][:64] for text in cards}
    assert len(digests) == 1


# --- schedules --------------------------------------------------------------------------------


@given(st.integers(20, 5000), st.floats(1e-5, 1))
def test_one_cycle_rises_to_the_peak_in_a_tenth_and_falls_to_a_ten_thousandth(total, peak):
    spec = train_spec(schedule="one-cycle", learning_rate=peak)
    rates = [learning_rate_at(step, total, spec) for step in range(total)]
    top = int(np.argmax(rates))
    assert rates[0] == pytest.approx(peak / 25)
    assert abs(top - 0.1 * total) <= 1
    assert 0.9 * peak < rates[top] <= peak * (1 + 1e-9)
    assert rates[-1] == pytest.approx(peak / 10_000)
    assert all(a <= b for a, b in pairwise(rates[: top + 1]))
    assert all(a >= b for a, b in pairwise(rates[top:]))


@given(st.integers(0, 1000))
def test_a_constant_rate_is_constant(step):
    assert learning_rate_at(step, 1000, train_spec(learning_rate=0.01)) == 0.01
