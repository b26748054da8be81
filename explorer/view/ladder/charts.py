"""Which plots a comparison has: what stands on their axes, and what they are for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from explorer import store
from explorer.comparisons import Comparison
from explorer.view.ladder.figures import NOT_COMPARABLE, comparable


@dataclass(frozen=True)
class Axis:
    """What stands on an axis: a metric of the card, or `latent_dim`; `log` for a logarithmic
    scale, `whole` where it counts."""

    of: str
    title: str
    log: bool = False
    whole: bool = False


@dataclass(frozen=True)
class Chart:
    """A plot with a point for each model. `iso`: x and y add up to −ELBO, whose lines are drawn;
    `series`: points of one family are joined, not all; none are unless `joined`. `curve`: a line
    for each model, which the route `between` gives."""

    title: str
    help: str
    x: Axis
    y: Axis
    iso: bool = False
    series: bool = False
    curve: bool = False
    joined: bool = True
    note: str = ""


RATE = Axis("kl", "rate: KL (nats per image)")
RECONSTRUCTION = Axis("reconstruction", "distortion: reconstruction (nats per image)")
ERROR = Axis("mse", "squared error per pixel")
DIMENSIONS = Axis("latent_dim", "latent dimensions", log=True)
CHOOSES = " Each point is a model; click it, or press Enter on it, to choose that model."
RATE_DISTORTION = Chart(
    "Rate and distortion",
    "How many nats the latent carries against what reconstruction costs. Models on one dashed line "
    "have the same −ELBO; the nearer to the lower left, the better." + CHOOSES,
    RECONSTRUCTION,
    RATE,
    iso=True,
)
RATE_ERROR = Chart(
    "Rate and squared error",
    "How many nats the latent carries against the squared error of a pixel." + CHOOSES,
    ERROR,
    RATE,
)
ELBOW = Chart(
    "Where more dimensions stop helping",
    "What reconstruction costs against the number of dimensions: it falls up to an elbow."
    + CHOOSES,
    DIMENSIONS,
    RECONSTRUCTION,
)
ACTIVE = Chart(
    "Dimensions that are used",
    "How many dimensions carry anything against how many there are." + CHOOSES,
    DIMENSIONS,
    Axis("active_units", "active dimensions", whole=True),
)
LINEAR = Chart(
    "Squared error at each number of dimensions",
    "PCA is the best linear autoencoder; what lies below it, non-linear layers buy." + CHOOSES,
    DIMENSIONS,
    ERROR,
    series=True,
)
BETWEEN = Chart(
    "How empty it is between the classes",
    "Straight ways between images of two classes: how far the nearest encoded image is on the way, "
    "in usual distances between neighbours (median of 200 ways). High in the middle: a hole. "
    "Click a line's dot to choose that model.",
    Axis("share", "share of the way"),
    Axis("relative", "distance to the nearest image"),
    curve=True,
)


def charts(comparison: Comparison, cards: Sequence[store.Card]) -> list[Chart]:
    """The plots of a comparison, the one that chooses models first. Reconstruction terms that do
    not stand on one scale are not put on one: squared error takes their place."""
    alike = comparable(cards)
    if comparison.varies == "family":
        return [LINEAR if len({card.spec.model.latent_dim for card in cards}) > 1 else BETWEEN]
    found = [RATE_DISTORTION if alike else replace(RATE_ERROR, note=NOT_COMPARABLE)]
    if len({card.spec.model.latent_dim for card in cards}) > 1:
        found = [ELBOW if alike else replace(ELBOW, y=ERROR), ACTIVE, *found]
    # What varies in two ways has no one order.
    found = [replace(one, joined=" and " not in comparison.varies) for one in found]
    return [one for one in found if all(_has(card, one) for card in cards)]


def _has(card: store.Card, chart: Chart) -> bool:
    own = {"latent_dim", "share", "relative"}
    return all(axis.of in own or axis.of in card.metrics for axis in (chart.x, chart.y))
