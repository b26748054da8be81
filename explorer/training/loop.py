"""The training loop: a generator of typed events over images that are already in memory.

One order of images per epoch comes from (seed, epoch) alone, the noise from a generator whose state
is part of the checkpoint: a run that was stopped and resumed gives, on a CPU, the same weights bit
for bit as one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from explorer.data import Images
from explorer.models import Network, build
from explorer.objectives import Loss, settled
from explorer.spec import TrainSpec
from explorer.training.augment import augment
from explorer.training.events import Averages, DivergedError, Done, Epoch, Event, Sample, Step
from explorer.training.sums import Sums

EVALUATION_BATCH = 1000
SAMPLE_COUNT = 8
# Seconds between "step" events; each reads the sums back from the device, so not every step.
REPORT_EVERY = 0.25


@dataclass
class Best:
    """The weights of the epoch with the lowest validation total so far."""

    epoch: int = 0
    validation: float = math.inf
    weights: dict[str, Tensor] = field(default_factory=dict)


class Trainer:
    """All the state of one run: network, optimiser, random state, progress and the best so far."""

    def __init__(
        self, spec: TrainSpec, fit: Images, validation: Images, device: torch.device
    ) -> None:
        self.spec = spec
        self.device = device
        self.fit = fit.to(device)
        self.validation = validation.to(device)
        self.model: Network = build(spec.model, spec.objective, spec.seed).to(device)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=spec.learning_rate,
            weight_decay=spec.weight_decay,
            fused=device.type in ("cpu", "cuda"),
        )
        self.noise = torch.Generator(device).manual_seed(spec.seed)
        self.step = 0
        self.seconds = 0.0
        self.epoch_sums = Sums.zeros(device)
        self.best = Best()
        self.last_good = _copy(self.model)

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(len(self.fit) / self.spec.batch_size)

    @property
    def total_steps(self) -> int:
        return self.steps_per_epoch * self.spec.epochs

    def events(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Event]:
        """Train from where the state stands; yield what happens; end with `Done`.

        `stop` is asked before each step. Raises DivergedError when the loss is not a number.
        """
        # Adam's averages of weights at pixels that are always blank decay to denormal numbers, on
        # which a CPU is many times slower: from the third epoch an MLP trained 20 % slower.
        torch.set_flush_denormal(True)
        try:
            yield from self._events(stop)
        finally:
            torch.set_flush_denormal(False)  # it holds for the whole thread, not for this run

    def _events(self, stop: Callable[[], bool]) -> Iterator[Event]:
        started, before, trained = time.perf_counter(), self.seconds, 0
        resumed = self.epoch_sums.images  # images of this epoch that an earlier process did
        while self.step < self.total_steps and not self.model.closed_form:
            epoch = self.step // self.steps_per_epoch
            for event in self._epoch(epoch, stop):
                self.seconds = before + time.perf_counter() - started
                yield event
            trained += self.epoch_sums.images - resumed
            resumed = 0
            if self.step < (epoch + 1) * self.steps_per_epoch:  # stopped within the epoch
                break
            yield from self._end_of_epoch(epoch + 1, self.epoch_sums.averages())
        if self.model.closed_form:
            self.model.fit(self.fit)
            self.step, trained = self.total_steps, len(self.fit)
            self.seconds = before + time.perf_counter() - started
            yield from self._end_of_epoch(1, evaluate_loss(self.model, self.fit, self.spec.seed))
        self.seconds = before + time.perf_counter() - started
        yield Done(
            reason="finished" if self.step >= self.total_steps else "interrupted",
            step=self.step,
            best_epoch=self.best.epoch,
            best_validation=self.best.validation,
            seconds=self.seconds,
            images_per_second=trained / max(self.seconds - before, 1e-9),
        )

    def _epoch(self, epoch: int, stop: Callable[[], bool]) -> Iterator[Event]:
        """The steps that this epoch still lacks."""
        self.model.train()
        done = self.step - epoch * self.steps_per_epoch
        order = torch.randperm(len(self.fit), generator=_order_generator(self.spec.seed, epoch))
        shuffled = self.fit.take(order.to(self.device))
        reported, since = self.epoch_sums.copy(), time.perf_counter()
        for batch in range(done, self.steps_per_epoch):
            if stop():
                return
            start = batch * self.spec.batch_size
            loss, learning_rate = self._step(
                shuffled.take(slice(start, start + self.spec.batch_size))
            )
            self.epoch_sums.add(loss)
            elapsed = time.perf_counter() - since
            if elapsed >= REPORT_EVERY or batch == self.steps_per_epoch - 1:
                window = self.epoch_sums.since(reported)
                averages = window.averages()
                self._refuse_nan(averages.total)
                yield Step(
                    step=self.step,
                    total_steps=self.total_steps,
                    epoch=epoch + 1,
                    averages=averages,
                    beta=loss.beta,
                    learning_rate=learning_rate,
                    images_per_second=window.images / max(elapsed, 1e-9),
                )
                reported, since = self.epoch_sums.copy(), time.perf_counter()

    def _step(self, batch: Images) -> tuple[Loss, float]:
        """One update of the weights."""
        learning_rate = learning_rate_at(self.step, self.total_steps, self.spec)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        progress = self.step / self.total_steps
        x, seen = augment(self.model.prepare(batch.pixels), self.spec.augment, self.noise, progress)
        half = self.spec.precision == "bfloat16"
        with (
            _global_draws(self.spec.seed * 1_000_003 + self.step, self.device),
            torch.autocast(self.device.type, torch.bfloat16, enabled=half),
        ):
            loss = self.model.loss(x, batch.labels, self.step, self.noise, seen)
        self.model.zero_grad()
        loss.total.backward()
        self.optimizer.step()
        self.step += 1
        return loss, learning_rate

    def _end_of_epoch(self, epoch: int, train: Averages) -> Iterator[Event]:
        """Measure on the validation images, keep the best, report."""
        self._refuse_nan(train.total)
        self.epoch_sums = Sums.zeros(self.device)
        validation = evaluate_loss(self.model, self.validation, self.spec.seed)
        self._refuse_nan(validation.total)
        self.last_good = _copy(self.model)
        better = validation.total < self.best.validation
        if better:
            self.best = Best(epoch, validation.total, self.last_good)
        yield Epoch(epoch, self.step, train, validation, better, self.seconds)
        few = self.validation.take(slice(0, SAMPLE_COUNT))
        originals = self.model.prepare(few.pixels)
        self.model.eval()
        with torch.inference_mode():
            pictures = self.model.preview(originals, few.labels)
        if pictures is not None:
            yield Sample(epoch, originals.cpu().numpy(), pictures.cpu().numpy())

    def _refuse_nan(self, total: float) -> None:
        if math.isfinite(total):
            return
        self.model.load_state_dict(self.last_good)
        raise DivergedError(
            f"Training stopped: the loss was no longer a number by step {self.step} "
            f"(learning rate {self.spec.learning_rate:g}). The weights of the last good epoch are "
            "kept; try a learning rate ten times smaller, or precision float32."
        )


def learning_rate_at(step: int, total_steps: int, spec: TrainSpec) -> float:
    """The learning rate of a step: constant, or one cycle.

    One cycle rises on a cosine from 1/25 of the peak over the first tenth of the run and falls on
    a cosine to 1/10,000 of it. Source: Smith & Topin 2018, "Super-convergence".
    """
    peak = spec.learning_rate
    if spec.schedule == "constant":
        return peak
    rise = max(1.0, 0.1 * total_steps)
    if step < rise:
        return _cosine(peak / 25, peak, step / rise)
    return _cosine(peak, peak / 10_000, (step - rise) / max(1.0, total_steps - 1 - rise))


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))


@torch.inference_mode()
def evaluate_loss(model: Network, images: Images, seed: int) -> Averages:
    """The objective at full beta, without augmentation, over `images` (one posterior sample each).

    The noise comes from `seed`, so epochs are compared under the same draws.
    """
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    noise = torch.Generator(device).manual_seed(seed)
    sums = Sums.zeros(device)
    at_full_beta = settled(model.objective)
    for start in range(0, len(images), EVALUATION_BATCH):
        batch = images.take(slice(start, start + EVALUATION_BATCH)).to(device)
        sums.add(model.loss(model.prepare(batch.pixels), batch.labels, at_full_beta, noise))
    model.train(was_training)
    return sums.averages()


@contextmanager
def _global_draws(seed: int, device: torch.device) -> Iterator[None]:
    """Dropout takes no generator, it draws from torch's own: in here from `seed`, and afterwards
    that generator stands where it stood.
    """
    cuda = device.type == "cuda"
    with torch.random.fork_rng(devices=[device] if cuda else []):
        torch.default_generator.manual_seed(seed)
        if cuda:
            torch.cuda.manual_seed(seed)
        yield


def _order_generator(seed: int, epoch: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed * 1_000_003 + epoch)


def _copy(model: Network) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
