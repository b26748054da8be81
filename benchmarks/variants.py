"""What `training.py` compares: each way to train the same network, behind one protocol.

A variant is a function `(job, turn) -> nats per image on the test split`. It calls `turn.begin()`
before and `turn.end()` after each epoch, and trains only in between.
"""

from __future__ import annotations

import itertools
import os
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import prod
from multiprocessing.connection import Connection
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from benchmarks.networks import TutorialVAE
from explorer.data import Dataset, Images, load_dataset
from explorer.models.base import draw
from explorer.objectives import kl_to_standard_normal
from explorer.spec import DataSpec, ModelSpec, ObjectiveSpec, TrainSpec
from explorer.training.events import Sample, Step
from explorer.training.loop import Trainer
from explorer.training.malloc import keep_freed_memory

BATCH = 128
LEARNING_RATE = 1e-3
# Seconds for which each precision's matrix products are repeated in a turn of the floor.
FLOOR_SECONDS = 1.5
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}

ARCHITECTURES = {
    "mlp": ModelSpec(family="vae", latent_dim=20, hidden=(400,), activation="relu"),
    "conv": ModelSpec(
        family="conv-vae", latent_dim=16, hidden=(), channels=(32, 64), activation="relu"
    ),
}
# A forward pass of the posterior and the decoder: x -> (probabilities, mean, logvar).
Forward = Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]


@dataclass(frozen=True)
class Job:
    """What a worker is asked to do; plain values, because it crosses a process boundary."""

    variant: str
    architecture: str
    dataset: str
    data_root: str | None
    epochs: int
    seed: int
    threads: int
    cores: tuple[int, ...]
    clock: str = "wall"

    @property
    def model(self) -> ModelSpec:
        return ARCHITECTURES[self.architecture]

    def data(self) -> Dataset:
        return load_dataset(self.dataset, self.data_root)

    def fit(self) -> Images:
        """The images that every variant trains on."""
        return self.data().fit_and_validation()[0]


class Turn:
    """The worker's end of the pipe: it works only while it has the turn, and times itself."""

    def __init__(self, pipe: Connection, clock: str) -> None:
        self.pipe = pipe
        self.clock = CLOCKS[clock]
        self.started = 0.0

    def begin(self) -> None:
        self.pipe.recv()
        self.started = self.clock()

    def end(self, result: Any = None) -> None:
        """Give the turn back with `result`, by default the seconds that the turn took."""
        seconds = self.clock() - self.started
        self.pipe.send(("turn", seconds if result is None else result))


def work(job: Job, pipe: Connection) -> None:
    """A worker process: set up, say so, train in turns, report the test loss."""
    if job.cores:
        os.sched_setaffinity(0, job.cores)
    torch.set_num_threads(job.threads)
    try:
        result = VARIANTS[job.variant](job, Turn(pipe, job.clock))
    except EOFError:
        return  # the driver is gone, and with it the next turn
    except Exception:
        pipe.send(("failed", traceback.format_exc()))
    else:
        pipe.send(("done", result))


# --- the tutorial's loop ------------------------------------------------------------------------


class Pictures(torch.utils.data.Dataset):
    """Digits one by one as pictures, as `torchvision.datasets.MNIST` hands them out."""

    def __init__(self, images: Images, transform: Callable[[Any], Tensor]) -> None:
        self.pixels, self.labels, self.transform = images.pixels[:, 0], images.labels, transform

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self.pixels[index].numpy())
        return self.transform(picture), int(self.labels[index])


def tutorial(job: Job, turn: Turn) -> float:
    """DataLoader, ToTensor per item, sigmoid + BCE summed, default Adam, `loss.item()` per step."""
    from explorer.data.vision import torchvision

    torch.manual_seed(job.seed)
    pictures = Pictures(job.fit(), torchvision.transforms.ToTensor())
    loader = torch.utils.data.DataLoader(pictures, batch_size=BATCH, shuffle=True)
    model = TutorialVAE(job.model, job.seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    for _ in range(job.epochs):
        turn.begin()
        model.train()
        train_loss = 0.0
        for x, _ in loader:
            optimizer.zero_grad()
            x_hat, mean, logvar = model(x)
            rec = F.binary_cross_entropy(x_hat, x, reduction="sum")
            kl = -0.5 * torch.sum(1 + logvar - mean.pow(2) - logvar.exp())
            loss = rec + kl
            loss.backward()
            train_loss += loss.item()
            optimizer.step()
        turn.end()
    return test_loss(model, job)


# --- pythae -------------------------------------------------------------------------------------


def pythae(job: Job, turn: Turn) -> float:
    """`BaseTrainer.train()` as it comes, with the tutorial's layers as its own encoder/decoder."""
    from pythae.data.datasets import BaseDataset
    from pythae.models import VAEConfig
    from pythae.trainers import BaseTrainer, BaseTrainerConfig
    from pythae.trainers.training_callbacks import TrainingCallback

    class TakeTurns(TrainingCallback):
        def on_epoch_begin(self, training_config: Any, **kwargs: Any) -> None:
            turn.begin()

        def on_epoch_end(self, training_config: Any, **kwargs: Any) -> None:
            turn.end()

    torch.manual_seed(job.seed)
    # Its progress bar is part of what it costs, but it would garble the table.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    fit = job.fit()
    network = TutorialVAE(job.model, job.seed)
    config = VAEConfig(
        input_dim=job.model.image_shape, latent_dim=job.model.latent_dim, reconstruction_loss="bce"
    )
    model = _pythae_model(network, config)
    with tempfile.TemporaryDirectory() as folder:
        settings = BaseTrainerConfig(
            output_dir=folder,
            per_device_train_batch_size=BATCH,
            num_epochs=job.epochs,
            learning_rate=LEARNING_RATE,
            seed=job.seed,
            no_cuda=True,
        )
        images = BaseDataset(fit.float(), fit.labels)
        BaseTrainer(model, images, training_config=settings, callbacks=[TakeTurns()]).train()
    return test_loss(network, job)


def _pythae_model(network: TutorialVAE, config: Any) -> Any:
    from pythae.models import VAE
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.trunk, self.mean, self.logvar = network.trunk, network.mean, network.logvar

        def forward(self, x: Tensor) -> Any:
            h = self.trunk(x)
            return ModelOutput(embedding=self.mean(h), log_covariance=self.logvar(h))

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.layers = network.decoder

        def forward(self, z: Tensor) -> Any:
            return ModelOutput(reconstruction=self.layers(z))

    return VAE(config, encoder=Encoder(), decoder=Decoder())


# --- this project -------------------------------------------------------------------------------


def ours(job: Job, turn: Turn, precision: str) -> float:
    """The project's own `Trainer`, with the allocator setting of its command line.

    An epoch's turn ends at its last step: the validation pass that the Trainer adds, and that the
    others do not make, is not timed. Its shuffling and its progress events are.
    """
    keep_freed_memory()
    spec = TrainSpec(
        data=DataSpec(name=job.dataset),
        model=job.model,
        objective=ObjectiveSpec(),
        epochs=job.epochs,
        batch_size=BATCH,
        learning_rate=LEARNING_RATE,
        precision=precision,
        seed=job.seed,
    )
    trainer = Trainer(spec, *job.data().fit_and_validation(), torch.device("cpu"))
    turn.begin()
    for event in trainer.events():
        if isinstance(event, Step) and event.step % trainer.steps_per_epoch == 0:
            turn.end()
        elif isinstance(event, Sample) and trainer.step < trainer.total_steps:
            turn.begin()

    def forward(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        posterior = trainer.model.posterior(x)
        assert posterior.logvar is not None
        return trainer.model.decode(draw(posterior)), posterior.mean, posterior.logvar

    return test_loss(forward, job)


# --- the measures -------------------------------------------------------------------------------


@torch.inference_mode()
def test_loss(forward: Forward, job: Job) -> float:
    """BCE + KL over the whole test split in float32, nats per image, one sample per image."""
    torch.manual_seed(job.seed)
    images = job.data().split("test")
    total = 0.0
    for start in range(0, len(images), 1000):
        x = images.float(start, start + 1000)
        x_hat, mean, logvar = forward(x)
        rec = F.binary_cross_entropy(x_hat, x, reduction="sum")
        total += float(rec + kl_to_standard_normal(mean, logvar).sum())
    return total / len(images)


def products(spec: ModelSpec) -> list[tuple[int, int, int]]:
    """The matrix product `(rows per image, inputs, outputs)` behind each layer, in order.

    A 4x4 convolution is the product of its patches with its kernel; a transposed one the product
    of its input with the kernel, before the overlapping patches are added up.
    """
    channels, height, _ = spec.image_shape
    pixels = prod(spec.image_shape)
    if spec.family == "vae":
        widths = [pixels, *spec.hidden]
        down = [(1, i, o) for i, o in itertools.pairwise(widths)]
        up = [(1, o, i) for _, i, o in reversed(down)]
        width = widths[-1]
    else:
        down, up, side, width = [], [], height, channels
        for outward in spec.channels:
            side //= 2
            down.append((side * side, 16 * width, outward))
            up.insert(0, (side * side, outward, 16 * width))
            width = outward
        width *= side * side
    return [*down, (1, width, 2 * spec.latent_dim), (1, spec.latent_dim, width), *up]


def flops_per_image(spec: ModelSpec) -> int:
    """Of one training step: three products per layer, but no gradient of the first one's input."""
    forward = [2 * rows * i * o for rows, i, o in products(spec)]
    return 3 * sum(forward) - forward[0]


def floor(job: Job, turn: Turn) -> None:
    """Images per second if a step were its matrix products alone, `{precision: img/s}` a turn."""
    keep_freed_memory()
    steps = {
        name: _products_of_a_step(job.model, dtype)
        for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16))
    }
    for _ in range(job.epochs):
        turn.begin()
        turn.end({name: _rate(step, turn.clock) for name, step in steps.items()})


def _products_of_a_step(spec: ModelSpec, dtype: torch.dtype) -> Callable[[], None]:
    calls: list[Callable[[], Any]] = []
    for layer, (rows, i, o) in enumerate(products(spec)):
        x, weight = torch.randn(BATCH * rows, i, dtype=dtype), torch.randn(o, i, dtype=dtype)
        gradient = torch.randn(BATCH * rows, o, dtype=dtype)
        calls.append(partial(torch.mm, x, weight.T, out=torch.empty_like(gradient)))
        calls.append(partial(torch.mm, gradient.T, x, out=torch.empty_like(weight)))
        if layer > 0:
            calls.append(partial(torch.mm, gradient, weight, out=torch.empty_like(x)))

    def step() -> None:
        for call in calls:
            call()

    return step


def _rate(step: Callable[[], None], clock: Callable[[], float]) -> float:
    step()
    steps, started = 0, clock()
    while (elapsed := clock() - started) < FLOOR_SECONDS:
        step()
        steps += 1
    return steps * BATCH / elapsed


VARIANTS: dict[str, Callable[[Job, Turn], Any]] = {
    "tutorial": tutorial,
    "pythae": pythae,
    "ours float32": partial(ours, precision="float32"),
    "ours bfloat16": partial(ours, precision="bfloat16"),
    "floor": floor,
}
