"""One test against each defect that was seen in other projects' code and that ours could have.

Some have their place elsewhere already:

- losses averaged per batch instead of per image: `tests/training/test_sums.py`, and
  `test_an_epochs_average_counts_each_image_once_though_the_last_batch_is_smaller` and
  `test_a_validation_average_counts_each_image_once_whatever_the_batch` in
  `tests/training/test_loop.py`
- a VQ loss that is a mean over everything, or a sum over the batch:
  `test_a_batch_twice_over_has_the_loss_of_the_batch` and
  `test_the_commitment_is_the_squared_distance_of_all_vectors_of_an_image` in
  `tests/models/test_vq.py`
- a hundred importance samples when one was asked for: `test_one_sample_is_one_sample` in
  `tests/metrics/test_elbo.py`
- checkpoints that nothing can resume: `tests/training/test_resume.py`
- weights that execute code when they are read:
  `test_a_model_is_read_without_executing_anything_it_holds` in `tests/test_store.py`
- a 2-D latent that is pushed through a projection: `tests/latent/test_project.py`
- the wrong picture at a point: `tests/latent/test_atlas.py`, `tests/serve/test_catalogue.py`
"""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch

from explorer.errors import ExplorerError
from explorer.loaded import load
from explorer.models import family, names
from explorer.models.vq_vae import usage
from explorer.training import checkpoint, loop
from explorer.training import run as runs
from explorer.training.events import Epoch, Step
from explorer.training.loop import Trainer, evaluate_loss
from tests.support import (
    CPU,
    finish,
    first,
    generator,
    is_one_sentence,
    network,
    part,
    train_spec,
)


@pytest.mark.parametrize("size", [1000, 64, 7])
def test_the_validation_loss_of_a_vq_vae_does_not_depend_on_the_batch(digits, monkeypatch, size):
    """pythae sums the VQ loss over the batch, others take the mean over every number."""
    net, images = network("vq-vae"), first(digits, 150)
    whole = net.loss(images.float(), images.labels)
    monkeypatch.setattr(loop, "EVALUATION_BATCH", size)
    measured = evaluate_loss(net, images, seed=0)
    assert measured.total == pytest.approx(whole.total.item(), rel=1e-5)
    assert measured.extras["commitment"] == pytest.approx(
        whole.extras["commitment"].item(), rel=1e-4
    )


SETTLED = {
    "linear": {"beta": 3.0, "warmup_steps": 4},
    "cyclical": {"beta": 3.0, "annealing": "cyclical", "warmup_steps": 1, "cycles": 2},
    "capacity": {"beta": 3.0, "capacity": 0.01, "capacity_steps": 4},
}


@pytest.mark.parametrize("objective", SETTLED.values(), ids=SETTLED)
def test_once_the_schedule_has_settled_training_and_validation_weigh_the_kl_alike(
    digits, objective
):
    """PyTorch-VAE weighs the KL of training and of validation batches differently."""
    spec = train_spec(objective=objective, epochs=2)
    trainer = Trainer(spec, *part(digits, 640, 100).fit_and_validation(), CPU)
    *_, last = (event for event in trainer.events() if isinstance(event, Epoch))
    floor = objective.get("capacity", 0.0)
    for averages in (last.train, last.validation):
        assert averages.kl > floor
        weighted = averages.total - averages.reconstruction
        assert weighted == pytest.approx(3 * (averages.kl - floor), rel=1e-3)


@pytest.mark.parametrize("annealing", [{}, {"annealing": "cyclical", "cycles": 2}])
def test_validation_batches_do_not_advance_a_schedule(digits, monkeypatch, annealing):
    """PyTorch-VAE counts the calls of its loss, those on validation images too."""
    monkeypatch.setattr(loop, "REPORT_EVERY", 0.0)
    monkeypatch.setattr(loop, "EVALUATION_BATCH", 1)
    spec = train_spec(objective={"warmup_steps": 4, **annealing}, epochs=3, batch_size=70)
    betas = []
    for validation in (1, 50):
        trainer = Trainer(spec, *part(digits, 280, validation).fit_and_validation(), CPU)
        betas.append([event.beta for event in trainer.events() if isinstance(event, Step)])
    assert betas[0] == betas[1]
    ramp = [0, 0.25, 0.5, 0.75]
    assert betas[0] == ramp + ([1] * 4 + ramp if annealing else [1] * 8)


@pytest.mark.parametrize("name", names())
def test_a_loaded_model_encodes_to_the_mean_and_reconstructs_from_it(digits, home, name):
    """pythae's `embed` and `reconstruct` return a random sample."""
    run = {} if family(name).closed_form else {"epochs": 1}
    finish("one", train_spec(name, **run), part(digits, 150, 30))
    model, images = load("one", "cpu"), first(digits, 10)
    x, labels = images.float().numpy(), images.labels.numpy()
    before = torch.random.get_rng_state()
    once, again = (model.encode(x, labels).mean for _ in range(2))
    np.testing.assert_array_equal(once, again)
    with torch.no_grad():
        posterior = model.network.posterior(images.float(), images.labels)
    np.testing.assert_array_equal(once, posterior.mean.numpy())
    np.testing.assert_array_equal(model.decode(once, labels), model.decode(again, labels))
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_as_many_latents_are_drawn_as_were_asked_for(n):
    """pythae takes one sample for "not said" and draws a hundred."""
    for name in names():
        net = network(name)
        if net.has_prior:
            assert net.sample_prior(n, generator()).shape == (n, net.spec.latent_dim)


def test_a_checkpoint_is_read_without_executing_anything_it_holds(digits, tmp_path):
    """pythae unpickles what it reads; a pickle keeps its dangers under the name safetensors."""

    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "executed"),)

    run = runs.create("run", train_spec(epochs=1), "made by a test")
    run.checkpoint.parent.mkdir(parents=True)
    torch.save({"model": Bomb()}, run.checkpoint)
    assert run.checkpoint.suffix == ".safetensors"
    with pytest.raises(ExplorerError) as caught:
        list(runs.follow(run, part(digits, 150, 30), CPU))
    assert is_one_sentence(caught.value)
    assert str(run.checkpoint) in str(caught.value)
    assert not (tmp_path / "executed").exists()
    with run.checkpoint.open("rb") as file:
        torch.load(file, weights_only=False)  # where it is unpickled, it goes off
    assert (tmp_path / "executed").exists()


def test_a_run_goes_on_from_a_checkpoint_with_its_moving_averages_and_optimiser(digits, tmp_path):
    """Checkpoints of weights alone start Adam, schedule and codebook anew."""
    images = part(digits, 300, 30).fit_and_validation()
    spec = train_spec("vq-vae", epochs=2, batch_size=30)
    whole, begun, resumed = (Trainer(spec, *images, CPU) for _ in range(3))
    list(whole.events())
    list(begun.events(lambda: begun.step == 13))
    checkpoint.save(begun, tmp_path / "c.safetensors")
    checkpoint.restore(resumed, tmp_path / "c.safetensors")
    assert resumed.step == 13
    list(resumed.events())
    for key, tensor in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[key], tensor), key


def test_most_codes_of_a_trained_vq_vae_are_used(digits):
    """Without a restart of dead codes 40 to 90 % of a codebook are never used.

    400 steps, because a code that was restarted in vain is tried again after 230.
    """
    spec = train_spec("vq-vae", codebook_size=64, epochs=4, batch_size=20, learning_rate=3e-3)
    trainer = Trainer(spec, *part(digits, 2000, 300).fit_and_validation(), CPU)
    list(trainer.events())
    with torch.no_grad():
        codes = trainer.model.eval().codes(trainer.validation.float())
    used = usage(codes, 64)
    assert used["dead_codes"] <= 0.2 * 64
    assert used["perplexity"] > 16
