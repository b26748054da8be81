"""Everything that a run needs to go on as if it had never stopped, in one safetensors file."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor

from explorer.errors import ExplorerError
from explorer.store import read_tensors, write_tensors
from explorer.training.loop import Best, Trainer
from explorer.training.sums import Sums


def save(trainer: Trainer, file: Path) -> None:
    """Write the whole state atomically: weights, optimiser moments, random state, sums, best."""
    tensors: dict[str, Tensor] = {
        "noise": trainer.noise.get_state(),
        "epoch_sums": trainer.epoch_sums.values,
    }
    tensors |= {f"model.{name}": value for name, value in trainer.model.state_dict().items()}
    tensors |= {f"best.{name}": value for name, value in trainer.best.weights.items()}
    tensors |= {f"good.{name}": value for name, value in trainer.last_good.items()}
    for index, state in trainer.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in state.items()}
    scalars = {
        "spec": trainer.spec.model_dump(mode="json"),
        "step": trainer.step,
        "seconds": trainer.seconds,
        "epoch_images": trainer.epoch_sums.images,
        "epoch_extras": trainer.epoch_sums.extras,
        "best_epoch": trainer.best.epoch,
        "best_validation": trainer.best.validation,
    }
    write_tensors(file, _apart(tensors), {"state": json.dumps(scalars)})


def restore(trainer: Trainer, file: Path) -> None:
    """Put a saved state back. Raises ExplorerError when the file belongs to another spec."""
    tensors, metadata = read_tensors(file)
    scalars = json.loads(metadata.get("state", "{}"))
    if scalars.get("spec") != trainer.spec.model_dump(mode="json"):
        raise ExplorerError(
            f"The checkpoint '{file}' was made with other settings; train under a new name."
        )
    trainer.model.load_state_dict(_part(tensors, "model."))
    optimizer = trainer.optimizer.state_dict()
    optimizer["state"] = {}
    parameters = list(trainer.model.parameters())
    for name, value in _part(tensors, "optimizer.").items():
        index, _, key = name.partition(".")
        parameter = parameters[int(index)]
        if value.shape == parameter.shape:
            # The fused optimiser walks memory: a moment must lie as its weight does, and files
            # hold no memory format (channels-last).
            value = torch.empty_like(parameter).copy_(value)
        optimizer["state"].setdefault(int(index), {})[key] = value
    trainer.optimizer.load_state_dict(optimizer)
    trainer.noise.set_state(tensors["noise"])
    trainer.step, trainer.seconds = scalars["step"], scalars["seconds"]
    sums = tensors["epoch_sums"].to(trainer.device)
    trainer.epoch_sums = Sums(sums, scalars["epoch_images"], tuple(scalars["epoch_extras"]))
    best = {name: value.to(trainer.device) for name, value in _part(tensors, "best.").items()}
    trainer.best = Best(scalars["best_epoch"], scalars["best_validation"], best)
    good = _part(tensors, "good.").items()
    trainer.last_good = {name: value.to(trainer.device) for name, value in good}


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def _apart(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copies, because safetensors refuses tensors that share memory (best may be last_good)."""
    return {name: torch.clone(value) for name, value in tensors.items()}
