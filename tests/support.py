"""Small builders and checks that several test modules share."""

from __future__ import annotations

import signal
from dataclasses import replace

import torch

from explorer.data import Dataset, Images
from explorer.errors import ExplorerError
from explorer.spec import TrainSpec, build
from explorer.training import run as runs

CPU = torch.device("cpu")


def train_spec(family: str = "vae", *, objective: dict | None = None, **values) -> TrainSpec:
    """A small spec on the 5,000 digits; words of the architecture and of the run together."""
    model = {"family": family, "latent_dim": 3, "hidden": (32,), "channels": (4, 8)}
    model |= {key: values.pop(key) for key in list(values) if key in {*model, "activation"}}
    return build(
        TrainSpec,
        {"data": {"name": "mnist-5k"}, "model": model, "objective": objective or {}, **values},
    )


def part(dataset: Dataset, train: int, validation: int, test: int = 50) -> Dataset:
    """The first images of a data set as a smaller one."""
    n = train + validation + test
    return replace(
        dataset,
        pixels=dataset.pixels[:n],
        labels=dataset.labels[:n],
        train_size=train + validation,
        validation_size=validation,
    )


def first(dataset: Dataset, n: int) -> Images:
    return dataset.split("all").take(slice(0, n))


def finish(name: str, spec: TrainSpec, dataset: Dataset) -> runs.Run:
    """Train a run to its end."""
    run = runs.create(name, spec, "made by a test")
    list(runs.follow(run, dataset, CPU))
    return run


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    """The same names with the same bits."""
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def is_one_sentence(error: ExplorerError | str) -> bool:
    """A message for people: one line that ends like a sentence and shows no trace."""
    text = str(error).strip()
    return "\n" not in text and text.endswith((".", "?")) and "Traceback" not in text


class KeptSignals:
    """Put the handlers back that a command installs for itself."""

    def __enter__(self) -> None:
        self.before = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}

    def __exit__(self, *_: object) -> None:
        for signum, handler in self.before.items():
            signal.signal(signum, handler)
