"""The words that everything shares: what to train, on what, towards what.

A spec is plain data: it travels in a card, on a command line and in a URL, and alone it rebuilds
a model. Bounds live here, so that every front (command line, pages, files) refuses the same
values with the same sentence.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explorer.errors import ExplorerError

MAX_LATENT_DIM = 1024
MAX_WIDTH = 8192


class Spec(BaseModel):
    """Immutable, strict about unknown words, so that a misspelt setting is never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DataSpec(Spec):
    """Which images. The folder that holds them belongs to the machine, not to the spec."""

    name: str = "mnist"


class ModelSpec(Spec):
    """The architecture: enough to build the network without its weights.

    `hidden` are the widths of the fully connected layers from the image inwards (the decoder
    mirrors them); `channels` those of the stride-2 convolutions, for convolutional families.
    """

    family: str = "vae"
    image_shape: tuple[int, int, int] = (1, 28, 28)
    latent_dim: int = Field(default=2, ge=1, le=MAX_LATENT_DIM)
    hidden: tuple[int, ...] = (512, 512)
    channels: tuple[int, ...] = (32, 64)
    activation: Literal["relu", "gelu", "silu"] = "gelu"


class ObjectiveSpec(Spec):
    """What is minimised, in nats per image: reconstruction + beta * KL.

    `variance` is that of the Gaussian likelihood behind `mse`; at 1/2 the term is the summed
    squared error plus a constant. `warmup_steps` raises beta linearly from 0 to its value.
    """

    reconstruction: Literal["bce", "mse"] = "bce"
    variance: float = Field(default=0.5, gt=0)
    beta: float = Field(default=1.0, ge=0)
    warmup_steps: int = Field(default=0, ge=0)


class TrainSpec(Spec):
    """One training run. The same spec, seed and device give the same weights on a CPU."""

    data: DataSpec = DataSpec()
    model: ModelSpec = ModelSpec()
    objective: ObjectiveSpec = ObjectiveSpec()
    epochs: int = Field(default=30, ge=1, le=10_000)
    batch_size: int = Field(default=128, ge=1, le=65_536)
    learning_rate: float = Field(default=1e-3, gt=0, le=1)
    schedule: Literal["constant", "one-cycle"] = "constant"
    weight_decay: float = Field(default=0.0, ge=0, le=1)
    augment: Literal["none", "binarise", "shift", "binarise+shift"] = "none"
    precision: Literal["float32", "bfloat16"] = "float32"
    seed: int = Field(default=0, ge=0, lt=2**31)


AnySpec = TypeVar("AnySpec", bound=Spec)


def build(kind: type[AnySpec], values: dict[str, Any]) -> AnySpec:
    """Validate `values` as a spec; an impossible one becomes one sentence (ExplorerError)."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise ExplorerError(sentence(error)) from error


def grouped(settings: dict[str, Any]) -> dict[str, Any]:
    """Flat settings (`latent_dim`, `beta`, `epochs`) sorted into the parts of a TrainSpec by name.

    What is no setting of any part is left out.
    """
    parts: dict[str, type[Spec]] = {"model": ModelSpec, "objective": ObjectiveSpec}
    own = {key: value for key, value in settings.items() if key in TrainSpec.model_fields}
    return own | {
        part: {key: value for key, value in settings.items() if key in spec.model_fields}
        for part, spec in parts.items()
    }


def sentence(error: ValidationError) -> str:
    """The first fault of a spec in words: which setting, what it may be, what it was."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        return f"'{'.'.join(place)}' is not a setting; remove it or correct its name."
    setting = (place[-1] if place else "value").replace("_", " ")
    rule = first["msg"].removeprefix("Input ").rstrip(".")
    shown = first.get("input")
    was = f", but was {shown!r}" if isinstance(shown, (int, float, str)) else ""
    return f"The {setting} {rule[0].lower() + rule[1:]}{was}."
