"""The typed requests of the decode channel; see `serve.decode` for what each asks."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from explorer.latent.neighbours import MAX_NEIGHBOURS, Metric
from explorer.latent.spec import MAX_KEY
from explorer.spec import Spec

MAX_IMAGES = 256
MAX_SEQUENCE = 2**32 - 1
# A model's id, or "images-of-" one.
MAX_ID, MAX_DATASET = 64, 74
MAX_ROW = 2**31 - 1
# Far beyond any latent or map, and small enough that no sum or distance of them overflows.
MAX_COORDINATE = 1e6
# Letters of a subject, and codes of a map: beyond any that a model takes.
MAX_SUBJECT, MAX_CELLS, MAX_CODE = 60, 4096, 2**16 - 1
Label = Annotated[int, Field(ge=0, le=255)]
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
    """Latents by their numbers. Where the first one stands among the images of a map is told if
    that map is named."""

    kind: Literal["latent"]
    labels: tuple[Label, ...] | None = Field(default=None, max_length=MAX_IMAGES)
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


AnyRequest = LatentRequest | PlaceRequest | ImageRequest | OwnRequest | CodesRequest | NoiseRequest
_ADAPTER: TypeAdapter[AnyRequest] = TypeAdapter(Annotated[AnyRequest, Field(discriminator="kind")])


def parse(text: str) -> AnyRequest:
    """Read one request. Raises pydantic's ValidationError."""
    return _ADAPTER.validate_json(text)
