"""Small builders and checks that several test modules share."""

from __future__ import annotations

import signal
from dataclasses import replace

import torch

from explorer import models as families
from explorer.data import Dataset, Images, load_dataset
from explorer.errors import ExplorerError
from explorer.models import Autoencoder
from explorer.spec import DataSpec, TrainSpec
from explorer.training import run as runs
from explorer.training.compose import compose

CPU = torch.device("cpu")


def train_spec(
    family: str = "vae",
    *,
    objective: dict | None = None,
    dataset: Dataset | None = None,
    **values,
) -> TrainSpec:
    """A small spec on the 5,000 digits; words of the architecture and of the run together."""
    known = families.family(family).all_settings()
    small = {"latent_dim": 3, "hidden": (32,), "channels": (4, 8), "codebook_size": 16}
    given = {word: value for word, value in small.items() if word in known}
    given |= (objective or {}) | values
    return compose(family, given, DataSpec(name="mnist-5k"), dataset or load_dataset("mnist-5k"))


def network(family: str, seed: int = 0, dataset: Dataset | None = None, **values) -> Autoencoder:
    """A small network of a family, in evaluation mode; one in closed form is fitted already."""
    spec = train_spec(family, dataset=dataset, **values)
    net = families.build(spec.model, spec.objective, seed)
    if net.closed_form:
        net.fit(first(dataset or load_dataset("mnist-5k"), 400))
    return net.eval()


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


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
