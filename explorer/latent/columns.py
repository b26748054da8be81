"""Columns: one number or category for each point of an atlas, to colour or choose points by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from explorer.errors import unknown_name
from explorer.latent import keep
from explorer.latent.density import NEAR, log_density
from explorer.latent.index import FactorNames
from explorer.latent.neighbours import Index
from explorer.latent.opened import open_atlas
from explorer.latent.report import Report, silent

if TYPE_CHECKING:
    from explorer.data import Dataset, Factors
    from explorer.latent.atlas import Atlas
    from explorer.loaded import Model
    from explorer.store import Artefact, Card

# Families with a posterior variance, and so with a KL.
VARIATIONAL = (
    *("vae", "conv-vae", "beta-vae", "conv-beta-vae"),
    *("conditional-vae", "conv-conditional-vae"),
)
# A factor of up to so many values is a category, whose values can be told apart by colour and shown
# one by one; of more values, a number.
CATEGORIES = 10
# Images decoded, and latents looked up, at once.
BATCH = 500
# Latents that a density is estimated from: more would take long in many dimensions and only make
# its bandwidth narrower.
REFERENCE = 10_000
# The share of points beyond each end of the range that is cut into bins.
BEYOND = 0.01

Kind = Literal["category", "number"]


@dataclass(frozen=True)
class Described:
    """What a column is: `unit` is empty for categories."""

    title: str
    unit: str
    kind: Kind


@dataclass(frozen=True)
class Column(Described):
    """`values (N,)` float32, in the order of the atlas's points; of a category the number of one of
    `categories`."""

    values: np.ndarray
    categories: tuple[str, ...] = ()


ERROR = Described("Reconstruction error", "squared error per pixel", "number")
KL = Described("KL", "nats per image", "number")
DENSITY = Described("Density of latents", f"ln density, from the {NEAR}th neighbour", "number")


def offered(card: Card, factors: Factors | FactorNames | None = None) -> dict[str, Described]:
    """The columns that a model's atlas of a data set has, by name; `factors` are the data set's.

    Cheap: nothing is computed, and nothing heavy imported.
    """
    columns = {"label": Described("Class", "", "category")}
    for name, size in zip(factors.names, factors.sizes, strict=True) if factors else ():
        few = size <= CATEGORIES
        unit = "" if few else f"step, 0 to {size - 1}"
        columns[factor_column(name)] = Described(
            _titled(name), unit, "category" if few else "number"
        )
    columns["error"] = ERROR
    if card.spec.model.family in VARIATIONAL:
        columns["kl"] = KL
    return columns | {"density": DENSITY}


def factor_column(name: str) -> str:
    """What the column of a factor or attribute is called."""
    return f"factor-{name.replace(' ', '-')}"


def compute(
    name: str, model: Model, atlas: Atlas, dataset: Dataset, report: Report = silent
) -> Column:
    """A column of an atlas whose latents are complete. Raises ExplorerError for an unknown name."""
    known = offered(model.card, dataset.factors)
    if name not in known:
        raise unknown_name("column", name, known)
    one = known[name]
    found = _FOUND_BY.get(name)
    if found is not None:
        values = found(model, atlas, dataset, report).astype(np.float32)
        return Column(one.title, one.unit, one.kind, values)
    if name == "label":
        values, categories = atlas.labels, dataset.classes
    else:
        values, categories = _factor(name, atlas, dataset)
    categories = categories if one.kind == "category" else ()
    return Column(one.title, one.unit, one.kind, values.astype(np.float32), categories)


def _factor(name: str, atlas: Atlas, dataset: Dataset) -> tuple[np.ndarray, tuple[str, ...]]:
    """The values `(N,)` of a factor and their names: those of the classes where it is the class."""
    factors = dataset.factors
    assert factors is not None
    position = [factor_column(one) for one in factors.names].index(name)
    values = factors.values[:, position]
    size = factors.sizes[position]
    if size == len(dataset.classes) and bool((values == dataset.labels).all()):
        categories = dataset.classes
    else:
        categories = ("no", "yes") if size == 2 else tuple(str(i) for i in range(size))
    return values.numpy()[atlas.rows], categories


def _error(model: Model, atlas: Atlas, dataset: Dataset, report: Report) -> np.ndarray:
    """Mean over pixels of (x - D(E(x)))^2, from the posterior mean."""
    import torch

    errors = np.empty(len(atlas))
    for start in range(0, len(atlas), BATCH):
        report(start / len(atlas), "decoding the images")
        part = slice(start, start + BATCH)
        rows = torch.from_numpy(atlas.rows[part])
        x = dataset.split("all").take(rows).float().numpy()
        labels = atlas.labels[part] if model.conditional else None
        errors[part] = np.square(x - model.decode(atlas.mean[part], labels)).mean((1, 2, 3))
    return errors


def _kl(model: Model, atlas: Atlas, dataset: Dataset, report: Report) -> np.ndarray:
    """KL(q(z|x) || N(0, I)), in closed form."""
    import torch

    from explorer.objectives import kl_to_standard_normal

    assert atlas.logvar is not None
    mean, logvar = torch.from_numpy(atlas.mean), torch.from_numpy(atlas.logvar)
    return kl_to_standard_normal(mean, logvar).sum(1).numpy()


def _density(model: Model, atlas: Atlas, dataset: Dataset, report: Report) -> np.ndarray:
    """ln p of each latent among a seeded sample of at most REFERENCE others."""
    n = len(atlas)
    sample = np.arange(n)
    if n > REFERENCE:
        sample = np.sort(np.random.default_rng(0).choice(n, REFERENCE, replace=False))
    reference, rest = Index(atlas.mean[sample]), np.setdiff1d(np.arange(n), sample)
    density, done = np.empty(n), 0
    # One that is in the sample is not its own neighbour.
    for group, own in ((sample, True), (rest, False)):
        for start in range(0, len(group), BATCH):
            report(done / n, "looking for neighbours")
            part = group[start : start + BATCH]
            exclude = np.arange(start, start + len(part)) if own else None
            density[part] = log_density(reference, atlas.mean[part], exclude)
            done += len(part)
    return density


_FOUND_BY: dict[str, Callable[[Model, Atlas, Dataset, Report], np.ndarray]] = {
    "error": _error,
    "kl": _kl,
    "density": _density,
}


def binned(values: np.ndarray, bins: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """The bin `(N,)` uint8 of each number, and the edges `(bins + 1,)` of the bins.

    Bins are equally wide between the 1st and the 99th percentile; the first and the last also take
    what lies beyond, since a few far values must not press all others into one colour. Equal
    numbers are all in bin 0.
    """
    low, high = np.quantile(values, (BEYOND, 1 - BEYOND)) if len(values) else (0.0, 0.0)
    edges = np.linspace(low, high, bins + 1)
    return np.searchsorted(edges[1:-1], values).astype(np.uint8), edges


# --- kept on disk -----------------------------------------------------------------------------


def make(report: Report, *, model: str, dataset: str, count: int, column: str) -> None:
    """Compute a column of the atlas of the first `count` images of a data set, and keep it.

    Raises ExplorerError for names that are unknown and an atlas that is not there.
    """
    opened = open_atlas(model, dataset, count)
    report(0.0, "reading the model")
    found = compute(column, opened.model, opened.atlas, opened.dataset, report)
    about = {
        **{"title": found.title, "unit": found.unit, "kind": found.kind},
        **{"categories": found.categories},
    }
    arrays = {"values": found.values}
    keep.write(opened.artefact, opened.atlas, f"columns/{column}", arrays, about)
    report(1.0, "done")


def kept(artefact: Artefact, *, dataset: str, count: int, column: str) -> Column | None:
    """The column as `make` kept it; None where there is none for the present weights."""
    found = keep.read(artefact, dataset, count, f"columns/{column}")
    if found is None:
        return None
    arrays, about = found
    try:
        words = {key: about[key] for key in ("title", "unit", "kind")}
        return Column(**words, values=arrays["values"], categories=tuple(about["categories"]))
    except (KeyError, TypeError):
        return None


def _titled(name: str) -> str:
    """`hair style` or `Wavy_Hair` as a title."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]
