"""What a training run reports while it goes: typed events, in the order in which they happen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from explorer.errors import ExplorerError


@dataclass(frozen=True)
class Averages:
    """Means over images, in nats per image: each image counts once, whatever its batch.

    `extras` are what a family minimises or watches besides, by name.
    """

    total: float
    reconstruction: float
    kl: float
    per_dimension_kl: tuple[float, ...]
    extras: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """After some steps: the averages over the images since the last such event."""

    step: int
    total_steps: int
    epoch: int
    averages: Averages
    beta: float
    learning_rate: float
    images_per_second: float


@dataclass(frozen=True)
class Epoch:
    """After each epoch. `best` says that the validation total is the lowest so far."""

    epoch: int
    step: int
    train: Averages
    validation: Averages
    best: bool
    seconds: float


@dataclass(frozen=True)
class Sample:
    """Pictures for a watcher, after each epoch: `(n, C, H, W)` in [0, 1]."""

    epoch: int
    originals: np.ndarray
    reconstructions: np.ndarray


@dataclass(frozen=True)
class Done:
    """The last event. `interrupted` leaves a checkpoint to resume from."""

    reason: Literal["finished", "interrupted"]
    step: int
    best_epoch: int
    best_validation: float
    seconds: float
    images_per_second: float


Event = Step | Epoch | Sample | Done


class DivergedError(ExplorerError):
    """The loss is no longer a number; the weights are back at the last good epoch."""
