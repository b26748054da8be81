"""The words that everything shares: what to train, on what, towards what.

A spec is plain data: it travels in a card, on a command line and in a URL, and alone it rebuilds
a model. Bounds and descriptions live here, so that every front (command line, pages, files) refuses
the same values with the same sentence and explains a setting in the same words.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from explorer.errors import ExplorerError

MAX_LATENT_DIM = 16_384
MAX_WIDTH = 8192


class Spec(BaseModel):
    """Immutable, strict about unknown words, so that a misspelt setting is never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DataSpec(Spec):
    """Which images. The folder that holds them belongs to the machine, not to the spec.

    But for the data set `folder`, which is any folder of images: `path` says where, `size` and
    `grey` what its images are made to be. With `codes_of` a VQ-VAE's codes of the images stand in
    their place, for a prior to learn. `stamp` tells whether images that can change still are what
    they were.
    """

    name: str = "mnist"
    path: str | None = None
    size: int | None = Field(default=None, ge=8, le=256)
    grey: bool = False
    codes_of: str | None = None
    stamp: str = ""


class ModelSpec(Spec):
    """The architecture: enough to build the network without its weights.

    `hidden` are the widths of the fully connected layers from the image inwards (the decoder
    mirrors them); `channels` those of the stride-2 convolutions, for convolutional families.
    Conditional families are told one of `classes` classes, one-hot or through a learned embedding
    of `label_embedding` numbers. A VQ-VAE has `codebook_size` codes of `code_dim` numbers, and its
    `latent_dim` is that of all codes of an image together; a prior over its codes is a transformer
    of `layers` layers of `width` with `heads` heads.
    """

    family: str = "vae"
    image_shape: tuple[int, int, int] = (1, 28, 28)
    latent_dim: int = Field(
        default=2, ge=1, le=MAX_LATENT_DIM, description="Number of latent dimensions."
    )
    hidden: tuple[int, ...] = Field(
        default=(512, 512), description="Widths of the fully connected layers, like 512,512."
    )
    channels: tuple[int, ...] = Field(
        default=(32, 64), description="Channels of the stride-2 convolutions, like 32,64."
    )
    activation: Literal["relu", "gelu", "silu"] = Field(
        default="gelu", description="relu, gelu or silu."
    )
    batch_norm: bool = Field(
        default=False, description="Batch normalisation after each convolution."
    )
    dropout: float = Field(
        default=0.0, ge=0, lt=1, description="Share of hidden units dropped in training."
    )
    classes: int = Field(default=0, ge=0, le=255)
    label_embedding: int = Field(
        default=0,
        ge=0,
        le=1024,
        description="Conditional: width of a learned embedding of the class; 0: one-hot.",
    )
    codebook_size: int = Field(
        default=128, ge=2, le=65_536, description="VQ-VAE: number of codes, K."
    )
    code_dim: int = Field(default=16, ge=1, le=1024, description="VQ-VAE: numbers of a code, D.")
    codebook: Literal["ema", "loss"] = Field(
        default="ema",
        description="VQ-VAE: learned by moving averages (ema) or by a loss term (loss).",
    )
    residual_blocks: int = Field(
        default=2,
        ge=0,
        le=16,
        description="VQ-VAE: residual blocks of the decoder, where a code meets its neighbours.",
    )
    width: int = Field(
        default=128, ge=8, le=1024, description="Prior over codes: width of the transformer."
    )
    layers: int = Field(
        default=4, ge=1, le=32, description="Prior over codes: layers of the transformer."
    )
    heads: int = Field(default=4, ge=1, le=32, description="Prior over codes: attention heads.")


class ObjectiveSpec(Spec):
    """What is minimised, in nats per image: reconstruction + beta * KL, and what bends either.

    `variance` is that of the Gaussian likelihood behind `mse`; at 1/2 the term is the summed
    squared error plus a constant. `warmup_steps` raises beta linearly from 0 to its value, once or
    in `cycles`; `free_bits` leaves so many nats of each dimension unpunished; with a `capacity` the
    KL is drawn to that many nats, reached over `capacity_steps`. `noise` corrupts what the encoder
    sees, `sparsity` adds a penalty on the latents, `commitment` weighs that of a VQ-VAE.
    `explorer.objectives` has the formulas.
    """

    reconstruction: Literal["bce", "mse"] = Field(default="bce", description="bce or mse.")
    variance: float = Field(
        default=0.5, gt=0, description="Variance of the Gaussian likelihood behind mse."
    )
    beta: float = Field(default=1.0, ge=0, description="Weight of the KL term.")
    annealing: Literal["linear", "cyclical"] = Field(
        default="linear", description="How beta rises over the warm-up: linear (once) or cyclical."
    )
    warmup_steps: int = Field(
        default=0, ge=0, description="Steps over which beta rises from 0; 0: no warm-up."
    )
    cycles: int = Field(default=4, ge=1, description="How often cyclical annealing starts again.")
    free_bits: float = Field(
        default=0.0, ge=0, description="Nats of KL that each dimension has for nothing."
    )
    capacity: float = Field(
        default=0.0, ge=0, description="Nats that the KL is drawn to, with weight beta; 0: none."
    )
    capacity_steps: int = Field(
        default=0, ge=0, description="Steps over which the capacity rises from 0."
    )
    noise: Literal["none", "gaussian", "salt-and-pepper", "masking"] = Field(
        default="none",
        description="Corrupt what the encoder sees: gaussian, salt-and-pepper, masking or none.",
    )
    noise_amount: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Gaussian: standard deviation in pixel units; else the share of pixels hit.",
    )
    sparsity: Literal["none", "l1", "kl"] = Field(
        default="none", description="Penalty on the latents: l1, kl (to a mean activation) or none."
    )
    sparsity_weight: float = Field(
        default=1e-3, ge=0, description="Weight of the sparsity penalty."
    )
    sparsity_target: float = Field(
        default=0.05, gt=0, lt=1, description="Mean activation that the kl penalty aims at."
    )
    commitment: float = Field(
        default=0.25,
        ge=0,
        description="VQ-VAE: weight of the distance between encoder outputs and their codes.",
    )

    @model_validator(mode="after")
    def _one_floor(self) -> ObjectiveSpec:
        if self.free_bits and self.capacity:
            raise ValueError("Free bits and capacity both set a floor of the KL; choose one.")
        return self


class TrainSpec(Spec):
    """One training run. The same spec, seed and device give the same weights on a CPU."""

    data: DataSpec = DataSpec()
    model: ModelSpec = ModelSpec()
    objective: ObjectiveSpec = ObjectiveSpec()
    epochs: int = Field(default=30, ge=1, le=10_000, description="Passes over the training images.")
    batch_size: int = Field(default=128, ge=1, le=65_536, description="Images per step.")
    learning_rate: float = Field(
        default=1e-3, gt=0, le=1, description="Peak learning rate of Adam."
    )
    schedule: Literal["constant", "one-cycle"] = Field(
        default="constant", description="Learning rate over the run: constant or one-cycle."
    )
    weight_decay: float = Field(default=0.0, ge=0, le=1, description="Decoupled weight decay.")
    augment: Literal["none", "binarise", "shift", "binarise+shift"] = Field(
        default="none",
        description="What training changes in the images: none, binarise, shift or binarise+shift.",
    )
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32", description="float32 or bfloat16."
    )
    seed: int = Field(default=0, ge=0, lt=2**31, description="Seed of weights, order and noise.")


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


def option(setting: str) -> str:
    """How a setting is written on the command line: `latent_dim` as `--latent-dim`."""
    return "--" + setting.replace("_", "-")


def sentence(error: ValidationError) -> str:
    """The first fault of a spec in words: which setting, what it may be, what it was."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    if first["type"] == "extra_forbidden":
        return f"'{'.'.join(place)}' is not a setting; remove it or correct its name."
    if first["type"] == "value_error":  # a check of ours, which speaks for itself
        return str(first["ctx"]["error"])
    setting = (place[-1] if place else "value").replace("_", " ")
    rule = first["msg"].removeprefix("Input ").rstrip(".")
    shown = first.get("input")
    was = f", but was {shown!r}" if isinstance(shown, (int, float, str)) else ""
    return f"The {setting} {rule[0].lower() + rule[1:]}{was}."
