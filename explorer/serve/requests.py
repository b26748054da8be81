"""The typed requests of the decode channel; see `serve.decode` for what each asks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from explorer.latent.neighbours import MAX_NEIGHBOURS, Metric
from explorer.latent.spec import MAX_KEY
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
Coordinate = Annotated[float, Field(ge=-MAX_COORDINATE, le=MAX_COORDINATE)]


class Numbered(Spec):
    """What every request says: its number, and the model that shall answer."""

    seq: int = Field(ge=0, le=MAX_SEQUENCE)
    model: str = Field(max_length=MAX_ID)


class OnMap(Numbered):
    """A request about a map; `detail` asks also for trust and why, neighbours, class. `label` is
    the class that a conditional model shall draw; without it, that of the image. `count` is the
    number of images of the map, where there are several; `neighbours` how many nearest images are
    told, by `metric`; `beside` the row of a real image that shall come after the decoded ones."""

    label: Label | None = None
    dataset: str = Field(max_length=MAX_DATASET)
    count: int | None = Field(default=None, ge=2)
    projection: str = Field(max_length=MAX_KEY)
    detail: bool = False
    neighbours: int = Field(default=5, ge=1, le=MAX_NEIGHBOURS)
    metric: Metric = "euclidean"
    beside: int | None = Field(default=None, ge=0, le=MAX_ROW)


class LatentRequest(Numbered):
    kind: Literal["latent"]
    labels: tuple[Label, ...] | None = Field(default=None, max_length=MAX_IMAGES)
    z: tuple[tuple[Coordinate, ...], ...] = Field(min_length=1, max_length=MAX_IMAGES)


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


AnyRequest = LatentRequest | TraverseRequest | PlaceRequest | ImageRequest
_ADAPTER: TypeAdapter[AnyRequest] = TypeAdapter(Annotated[AnyRequest, Field(discriminator="kind")])


def parse(text: str) -> AnyRequest:
    """Read one request. Raises pydantic's ValidationError."""
    return _ADAPTER.validate_json(text)
