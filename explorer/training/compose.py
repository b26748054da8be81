"""From what a person asked for to a complete TrainSpec, or to one sentence that says why not.

A family fills in its own defaults, and what the images decide (their shape, the number of classes,
the size of a code grid). A setting that the family would ignore is refused, not dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from explorer import models
from explorer.data import Dataset
from explorer.errors import ExplorerError
from explorer.models.vq_vae import VQVAE, grid_dim
from explorer.spec import (
    MAX_LATENT_DIM,
    DataSpec,
    ModelSpec,
    ObjectiveSpec,
    TrainSpec,
    build,
    grouped,
    option,
)

MAX_PARAMETERS = 100_000_000
# What a closed-form family does not do.
STEPWISE = {
    *("epochs", "batch_size", "learning_rate", "schedule", "weight_decay", "augment", "precision"),
}
# What a prior is not asked: its codes say how many there are, and are no images to change.
OF_CODES = ("codebook_size", "augment")
# A setting that works through another one alone: that one, and with which of its values.
THROUGH: dict[str, tuple[str, Callable[[Any], bool], str]] = {
    "variance": ("reconstruction", lambda value: value == "mse", "mse"),
    "annealing": ("warmup_steps", bool, "a number above 0"),
    "cycles": ("annealing", lambda value: value == "cyclical", "cyclical"),
    "capacity_steps": ("capacity", bool, "a number above 0"),
    "noise_amount": ("noise", lambda value: value != "none", "a kind of noise"),
    "sparsity_weight": ("sparsity", lambda value: value != "none", "l1 or kl"),
    "sparsity_target": ("sparsity", lambda value: value == "kl", "kl"),
}
# On images of this side or more, convolutions are given one more layer unless told otherwise.
LARGE, LARGE_CHANNELS = 64, (32, 64, 128, 256)


def compose(family: str, given: dict[str, Any], data: DataSpec, dataset: Dataset) -> TrainSpec:
    """The run of a family on a data set, which `data` names.

    `given` are the flat settings that were asked for. Raises ExplorerError with one sentence for a
    misfit of family, settings and images.
    """
    kind = models.family(family)
    _refuse_unused(kind, family, given)
    if (kind.kind == "prior") != bool(dataset.codes):
        raise ExplorerError(
            f"A {family} learns from images; leave --codes-of out."
            if dataset.codes
            else f"A {family} learns the codes of a VQ-VAE; name the model with --codes-of."
        )
    settings = {**kind.defaults, **given, "family": family, "image_shape": dataset.image_shape}
    settings["data"] = data.model_copy(update={"stamp": dataset.stamp})
    large = min(dataset.image_shape[1:]) >= LARGE and kind is not VQVAE
    if large and "channels" in kind.all_settings() and "channels" not in given:
        settings["channels"] = LARGE_CHANNELS
    if kind.conditional:
        settings["classes"] = len(dataset.classes)
    if kind is VQVAE:
        settings["latent_dim"] = _grid_dim(settings)
    if kind.kind == "prior":
        settings["codebook_size"] = dataset.codes
    if kind.closed_form:
        settings["epochs"] = 1
    spec = build(TrainSpec, grouped(settings))
    _refuse_idle(spec.objective, given)
    _refuse_giant(spec)
    return spec


def _grid_dim(settings: dict[str, Any]) -> int:
    one = build(ModelSpec, {**grouped(settings)["model"], "latent_dim": 1})
    size = grid_dim(one)
    if size > MAX_LATENT_DIM:
        raise ExplorerError(
            f"A grid of codes of {one.code_dim} numbers would have {size:,} dimensions here, more "
            f"than {MAX_LATENT_DIM:,}; choose a smaller --code-dim, or more --channels."
        )
    return size


def _refuse_unused(kind: type[models.Network], family: str, given: dict[str, Any]) -> None:
    parts, known = {*ModelSpec.model_fields, *ObjectiveSpec.model_fields}, kind.all_settings()
    for word in given:
        if word not in parts | STEPWISE | {"seed"}:
            raise ExplorerError(f"'{word}' is not a setting; remove it or correct its name.")
    unused = [word for word in given if word in parts and word not in known]
    unused += [word for word in given if kind.closed_form and word in STEPWISE]
    unused += [word for word in given if kind.kind == "prior" and word in OF_CODES]
    if unused:
        raise ExplorerError(f"A {family} has no use for {option(unused[0])}; leave it out.")


def _refuse_idle(objective: ObjectiveSpec, given: dict[str, Any]) -> None:
    for word in sorted(THROUGH.keys() & given):
        other, works, values = THROUGH[word]
        if not works(getattr(objective, other)):
            idle, needed = option(word), option(other)
            raise ExplorerError(
                f"{idle} does nothing without {needed}; give {needed} {values} too, or leave "
                f"{idle} out."
            )


def _refuse_giant(spec: TrainSpec) -> None:
    """Count the weights without making any (on torch's meta device)."""
    with torch.device("meta"):
        network = models.build(spec.model, spec.objective)
    count = sum(p.numel() for p in network.parameters())
    if count > MAX_PARAMETERS:
        size = " x ".join(map(str, spec.model.image_shape))
        raise ExplorerError(
            f"This {spec.model.family} on images of {size} would have {count / 1e6:,.0f} million "
            f"weights, more than {MAX_PARAMETERS / 1e6:,.0f} million; choose narrower layers, or a "
            "convolutional family."
        )
