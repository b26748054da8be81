"""The typed requests of the decode channel; see `serve.decode` for what each asks."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from explorer.latent.neighbours import MAX_NEIGHBOURS, Metric
from explorer.latent.spec import MAX_KEY
from explorer.latent.walk import Walk
from explorer.serve.tracks import Asked
from explorer.spec import MAX_LATENT_DIM, Spec

MAX_IMAGES = 256
MAX_SEQUENCE = 2**32 - 1
# A model's id, or "images-of-" one.
MAX_ID, MAX_DATASET = 64, 74
MAX_ROW = 2**31 - 1
# Far beyond any latent or map, and small enough that no sum or distance of them overflows.
MAX_COORDINATE = 1e6
# Of a traversal, which decodes no more than MAX_IMAGES in all.
MAX_WALKS, MAX_STEPS = 32, 25
Label = Annotated[int, Field(ge=0, le=255)]
Share = Annotated[float, Field(ge=0, le=1)]
# How much of each class; as many numbers as there are classes.
MAX_CLASSES, ROUNDING = 255, 1e-3
Weights = Annotated[
    tuple[Annotated[float, Field(ge=0, le=1)], ...], Field(min_length=1, max_length=MAX_CLASSES)
]
# Letters of a subject, and codes of a map: beyond any that a model takes.
MAX_SUBJECT, MAX_CELLS, MAX_CODE = 60, 4096, 2**16 - 1
# Models that one image goes through at once: as many as a page shows beside each other.
MAX_THROUGH = 8
Code = Annotated[int, Field(ge=0, le=MAX_CODE)]
Codes = Annotated[tuple[Code, ...], Field(max_length=MAX_CELLS)]
Coordinate = Annotated[float, Field(ge=-MAX_COORDINATE, le=MAX_COORDINATE)]


class Numbered(Spec):
    """What every request says: its number, and the model that shall answer."""

    seq: int = Field(ge=0, le=MAX_SEQUENCE)
    model: str = Field(max_length=MAX_ID)


class Told(Numbered):
    """What may be asked beside the image: `detail` is trust and why, neighbours, class; so many
    `neighbours` are told, by `metric`."""

    detail: bool = False
    neighbours: int = Field(default=5, ge=1, le=MAX_NEIGHBOURS)
    metric: Metric = "euclidean"
    count: int | None = Field(default=None, ge=2)


class OnMap(Told):
    """A request about a map. `label` is the class that a conditional model shall draw; without it,
    that of the image. `count` is the number of images of the map, where there are several; `beside`
    the row of a real image that shall come after the decoded ones."""

    label: Label | None = None
    dataset: str = Field(max_length=MAX_DATASET)
    projection: str = Field(max_length=MAX_KEY)
    beside: int | None = Field(default=None, ge=0, le=MAX_ROW)


class LatentRequest(Told):
    """Latents by their numbers. A conditional model is told the class of each (`labels`), or how
    much of each class (`weights`, rows that sum to 1). Where the first one stands among the images
    of a map is told if that map is named."""

    kind: Literal["latent"]
    labels: tuple[Label, ...] | None = Field(default=None, max_length=MAX_IMAGES)
    weights: tuple[Weights, ...] | None = Field(default=None, max_length=MAX_IMAGES)
    z: tuple[tuple[Coordinate, ...], ...] = Field(min_length=1, max_length=MAX_IMAGES)
    dataset: str | None = Field(default=None, max_length=MAX_DATASET)
    projection: str | None = Field(default=None, max_length=MAX_KEY)

    @model_validator(mode="after")
    def _on_a_map(self) -> Self:
        if (self.dataset is None) != (self.projection is None):
            raise ValueError("A map is named by its data set and its projection, both.")
        if self.detail and self.dataset is None:
            raise ValueError(
                "Details need the map on which the latent stands: its dataset and projection."
            )
        return self

    @model_validator(mode="after")
    def _one_class(self) -> Self:
        if self.labels is not None and self.weights is not None:
            raise ValueError("A class is told by its label or by weights, not by both.")
        if any(abs(sum(row) - 1) > ROUNDING for row in self.weights or ()):
            raise ValueError("The weights of the classes must sum to 1.")
        return self


class TraverseRequest(Numbered):
    """Walks along some dimensions (from 0) of a latent, `steps` images each: from the first to the
    second of its `ranges`, the others held. `label` is the class that a conditional model draws."""

    kind: Literal["traverse"]
    z: tuple[Coordinate, ...] = Field(min_length=1, max_length=MAX_LATENT_DIM)
    dimensions: tuple[Annotated[int, Field(ge=0, lt=MAX_LATENT_DIM)], ...] = Field(
        min_length=1, max_length=MAX_WALKS
    )
    ranges: tuple[tuple[Coordinate, Coordinate], ...] = Field(min_length=1, max_length=MAX_WALKS)
    steps: int = Field(ge=2, le=MAX_STEPS)
    label: Label | None = None


class PlaceRequest(OnMap):
    kind: Literal["place"]
    xy: tuple[tuple[Coordinate, Coordinate], ...] = Field(min_length=1, max_length=MAX_IMAGES)


class ImageRequest(OnMap):
    kind: Literal["image"]
    row: int = Field(ge=0, le=MAX_ROW)


class OwnRequest(OnMap):
    """A picture of one's own: kept under the name `own`, or the `drawing` that a person is at, a
    square of grey bytes in base64. The image that the model sees comes after the decoded one."""

    kind: Literal["own"]
    own: str | None = Field(default=None, max_length=16)
    drawing: str | None = None

    @model_validator(mode="after")
    def _one_picture(self) -> Self:
        if (self.own is None) == (self.drawing is None):
            raise ValueError("An own picture is either named (own) or drawn (drawing).")
        return self


class WalkRequest(Numbered):
    """What lies at the shares `at` of a way; `home` is the model on whose map its ends were
    chosen, where it is another one."""

    kind: Literal["walk"]
    dataset: str = Field(max_length=MAX_DATASET)
    count: int | None = Field(default=None, ge=2)
    home: str | None = Field(default=None, max_length=MAX_ID)
    walk: Walk
    at: tuple[Share, ...] = Field(min_length=1, max_length=MAX_IMAGES)


class CodesRequest(Numbered):
    """Maps of codes of a VQ-VAE, each row by row."""

    kind: Literal["codes"]
    codes: tuple[Codes, ...] = Field(min_length=1, max_length=MAX_IMAGES)


class NoiseRequest(Numbered):
    """The image that the subject `at` names (see `latent.origin`) with noise of a `seed`, for a
    model to clean. `label` is what a conditional model is told; without it, the image's class."""

    kind: Literal["noise"]
    dataset: str = Field(max_length=MAX_DATASET)
    count: int | None = Field(default=None, ge=2)
    at: str = Field(max_length=MAX_SUBJECT)
    noise: Literal["gaussian", "salt-and-pepper", "masking"]
    amount: float = Field(ge=0, le=1)
    seed: int = Field(default=0, ge=0, le=MAX_ROW)
    label: Label | None = None


class Through(Spec):
    """A model that an image goes through, and the map on which it lands."""

    model: str = Field(max_length=MAX_ID)
    dataset: str = Field(max_length=MAX_DATASET)
    projection: str = Field(max_length=MAX_KEY)
    count: int | None = Field(default=None, ge=2)


class TransferRequest(Through, Numbered):
    """One image through this model and through those of `to`: what the subject `at` names, a
    `drawing` (see OwnRequest), or what the model decodes at a latent `z`. `label` is the class that
    conditional models are told; without it, the image's. `together`: on the maps that were laid
    out together for exactly these models."""

    kind: Literal["transfer"]
    at: str | None = Field(default=None, max_length=MAX_SUBJECT)
    z: tuple[Coordinate, ...] | None = Field(default=None, min_length=1, max_length=MAX_LATENT_DIM)
    drawing: str | None = None
    to: tuple[Through, ...] = Field(default=(), max_length=MAX_THROUGH - 1)
    together: bool = False
    label: Label | None = None

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if sum(one is not None for one in (self.at, self.z, self.drawing)) != 1:
            raise ValueError("What goes through the models is one of: at, z, drawing.")
        return self

    @property
    def models(self) -> tuple[Through, ...]:
        """All models that the image goes through, the one that it comes from first."""
        return self, *self.to


MapRequest = LatentRequest | PlaceRequest | ImageRequest | OwnRequest
AnyRequest = (
    MapRequest | TraverseRequest | WalkRequest | CodesRequest | NoiseRequest | TransferRequest
)
_ADAPTER: TypeAdapter[AnyRequest] = TypeAdapter(Annotated[AnyRequest, Field(discriminator="kind")])


def parse(text: str) -> AnyRequest:
    """Read one request. Raises pydantic's ValidationError."""
    return _ADAPTER.validate_json(text)


def asked_by(request: WalkRequest) -> Asked:
    """The way that a request is about."""
    named = (request.model, request.dataset, request.count)
    return Asked(*named, request.home, request.walk)
