"""An atlas: one data set seen by one model, with its maps, kept on disk.

`atlas/<dataset>-<n>/atlas.safetensors` holds `mean (N, D)`, `logvar (N, D)` where there is one,
`labels (N,)`, `rows (N,)` into the data set and `projection.<key> (N, 2)` for each map that was
made with it; `atlas.json` beside it the parameters of each. Maps that were made later are files of
their own (`explorer.latent.map_files`). Latents above two dimensions are kept to float16's
precision; those of more than WIDE not at all, unless there are MANY images: they are encoded again
(`completed`).

An atlas holds the first so many rows of its data set, so that a small one is a part of a large one,
and an image of the one is found in the other. Where the rows are in a seeded random order, as those
of all generated sets and folders are, these are a fair sample (`sample`). Every point keeps the row
of its image, so a picture is always looked up by row, never by its position in some filtered list.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from explorer import store
from explorer.data import Dataset, Images
from explorer.errors import ExplorerError, unknown_name
from explorer.latent import keep, map_files
from explorer.latent.index import (
    MANY,
    NO_FACTORS,
    PARAMETERS,
    FactorNames,
    folders,
    projections_of,
)
from explorer.latent.neighbours import Index
from explorer.latent.project import project
from explorer.latent.report import Report, silent
from explorer.latent.spec import ProjectionSpec
from explorer.loaded import Model, from_artefact
from explorer.spec import build
from explorer.training.images import load_named

log = logging.getLogger(__name__)
ARRAYS = "atlas.safetensors"
# Latents that are not kept in an atlas, beside it.
LATENTS = "latents"
BATCH = 1000
# Points of a map when nobody asks for another number: a page draws them at once.
COUNT = 5000
# Wider latents of 5,000 images take longer to download with the project than to encode again: a
# VQ-VAE's would be 8 MB, a convolutional encoder does 5,000 images in a second or two.
WIDE = 20


@dataclass(frozen=True)
class Atlas:
    """Latents of N images and their maps. `rows` index the data set named `dataset`, which has
    `total` images of `classes`; `sample` says whether they are its first ones or a random part.
    `maps` are the folders that later maps are kept in."""

    model_id: str
    dataset: str
    mean: np.ndarray
    logvar: np.ndarray | None
    labels: np.ndarray
    rows: np.ndarray
    projections: dict[str, np.ndarray]
    specs: dict[str, ProjectionSpec]
    weights_sha256: str
    total: int = 0
    classes: tuple[str, ...] = ()
    sample: Literal["first", "random"] = "first"
    factors: FactorNames = NO_FACTORS
    maps: tuple[Path, ...] = ()

    def __len__(self) -> int:
        return len(self.mean)

    @property
    def name(self) -> str:
        return f"{self.dataset}-{len(self)}"

    def coordinates(self, key: str) -> np.ndarray:
        """The map `(N, 2)` of a projection, its own or one that lies on disk by now.

        Raises ExplorerError when it was not made.
        """
        if key in self.projections:
            return self.projections[key]
        xy = map_files.read(self.maps, key, self.weights_sha256, len(self))
        if xy is None:
            since = map_files.listed(self.maps, self.weights_sha256, len(self))
            raise unknown_name("projection", key, {*self.projections, *since})
        return xy

    @cached_property
    def index(self) -> Index:
        """The points by their latents."""
        return Index(self.mean)

    @cached_property
    def by_angle(self) -> Index:
        """The points by the direction of their latents."""
        return Index(self.mean, "cosine")

    def holds(self, row: int) -> bool:
        """Whether the image with this row of the data set is in the atlas."""
        at = int(np.searchsorted(self.rows, row, sorter=self._by_row))
        return at < len(self) and bool(self.rows[self._by_row[at]] == row)

    def position(self, row: int) -> int:
        """Where the image with this row of the data set stands in the atlas.

        Raises ExplorerError when the atlas does not hold it.
        """
        if self.holds(row):
            return int(self._by_row[np.searchsorted(self.rows, row, sorter=self._by_row)])
        raise ExplorerError(f"There is no image {row} on this map; it holds {len(self)} images.")

    @cached_property
    def sha256(self) -> str:
        """Of what is kept of the points beside their maps: changes when they are encoded anew."""
        digest = hashlib.sha256()
        for array in _kept(self).values():
            digest.update(array.tobytes())
        return digest.hexdigest()

    @cached_property
    def _by_row(self) -> np.ndarray:
        return np.argsort(self.rows, kind="stable")


def encode(
    model: Model, dataset: Dataset, count: int | None = None, report: Report = silent
) -> Atlas:
    """Posterior means (and log variances) of the first `count` images of a data set; no map yet.

    Without a count COUNT of them, or all of fewer. Raises ExplorerError for a count that there is
    not, and for images that the model does not take.
    """
    count = min(COUNT, len(dataset)) if count is None else count
    if not 2 <= count <= len(dataset):
        raise ExplorerError(
            f"A map of '{dataset.name}' holds from 2 to {len(dataset):,} images; {count:,} were "
            "asked for."
        )
    images = dataset.split("all").take(slice(0, count))
    mean, logvar = _latents(model, images, report)
    return Atlas(
        model_id=model.id,
        dataset=dataset.name,
        mean=mean,
        logvar=logvar,
        labels=images.labels.numpy(),
        rows=images.rows.numpy(),
        projections={},
        specs={},
        weights_sha256=model.card.weights_sha256,
        total=len(dataset),
        classes=dataset.classes,
        sample="random" if dataset.shuffled else "first",
        factors=FactorNames(dataset.factors.names, dataset.factors.sizes)
        if dataset.factors
        else NO_FACTORS,
    )


def complete(artefact: store.Artefact, atlas: Atlas, model: Model, dataset: Dataset) -> Atlas:
    """The atlas of an artefact with its latents, read where they were kept by whoever needed them
    first. What cannot be written is encoded each time."""
    if atlas.mean.shape[1] == model.latent_dim:
        return atlas
    by = {"points_sha256": atlas.sha256}
    found = keep.read(artefact, atlas.dataset, len(atlas), LATENTS)
    shape = (len(atlas), model.latent_dim)
    if found is not None and found[1] == by and all(a.shape == shape for a in found[0].values()):
        arrays = {name: array.astype(np.float32) for name, array in found[0].items()}
        return replace(atlas, mean=arrays["mean"], logvar=arrays.get("logvar"))
    whole = completed(atlas, model, dataset)
    stored = {"mean": _stored(whole.mean)}
    if whole.logvar is not None:
        stored["logvar"] = _stored(whole.logvar)
    try:
        keep.write(artefact, atlas, LATENTS, stored, by)
    except ExplorerError as error:
        log.warning("latents are not kept: %s", error)
    return whole


def completed(atlas: Atlas, model: Model, dataset: Dataset) -> Atlas:
    """The atlas with its latents, encoded again where they were too wide to keep."""
    if atlas.mean.shape[1] == model.latent_dim:
        return atlas
    mean, logvar = _latents(model, dataset.split("all").take(torch.from_numpy(atlas.rows)))
    return replace(atlas, mean=mean, logvar=logvar)


def _latents(
    model: Model, images: Images, report: Report = silent
) -> tuple[np.ndarray, np.ndarray | None]:
    """Posterior means and log variances `(N, D)` float32; beside them one batch is held."""
    n = len(images)
    mean, logvar = np.empty((n, model.latent_dim), np.float32), None
    for start in range(0, n, BATCH):
        batch = images.take(slice(start, start + BATCH))
        posterior = model.encode(batch.bytes().numpy(), batch.labels.numpy())
        done = start + len(batch)
        mean[start:done] = _stored(posterior.mean)
        if posterior.logvar is not None:
            logvar = np.empty_like(mean) if logvar is None else logvar
            logvar[start:done] = _stored(posterior.logvar)
        report(done / n, f"{done:,} of {n:,} images encoded")
    return mean, logvar


def _stored(latents: np.ndarray) -> np.ndarray:
    """Latents as they are kept. A 2-D latent is its own place on the map, so it is kept exactly."""
    return latents.astype(np.float32 if latents.shape[1] <= 2 else np.float16)


def with_projection(atlas: Atlas, spec: ProjectionSpec) -> Atlas:
    """The atlas with one more map (or the same map made anew)."""
    coordinates = project(atlas.mean, spec, atlas.labels)
    return replace(
        atlas,
        projections=atlas.projections | {spec.key: coordinates},
        specs=atlas.specs | {spec.key: spec},
    )


def made(
    artefact: store.Artefact,
    model: Model,
    dataset: Dataset,
    count: int | None = None,
    report: Report = silent,
) -> Atlas:
    """The atlas of so many images with the maps that it has: the one on disk when it is whole and
    of these weights, else encoded now and kept with the map that costs nothing, raw in 2-D, else
    PCA. How far to trust it is kept beside it. Raises as `encode` does."""
    from explorer.latent.round_trip import crowd_once, trust_once

    count = min(COUNT, len(dataset)) if count is None else count
    try:
        atlas = completed(load_for(artefact, dataset.name, count), model, dataset)
    except ExplorerError:  # there is none, or a damaged one
        method: Literal["raw", "pca"] = "raw" if model.latent_dim == 2 else "pca"
        atlas = encode(model, dataset, count, report)
        atlas = with_projection(atlas, ProjectionSpec(method=method))
        save(atlas, folder_for(artefact, atlas.name))
    trust_once(artefact, model, atlas)
    if atlas.logvar is not None:
        crowd_once(artefact, model, atlas)
    return atlas


def make(report: Report, *, model: str, dataset: str, count: int) -> None:
    """Encode an atlas and keep it; see `made`.

    Raises ExplorerError for names that are unknown and a count that there is not.
    """
    artefact = store.open_artefact(model)
    made(artefact, from_artefact(artefact), load_named(dataset), count, report)


def folder_for(artefact: store.Artefact, name: str) -> Path:
    """Where an atlas of this model is written: with the model, or in the home for shipped ones."""
    if artefact.shipped:
        return store.home() / ".atlas" / artefact.id / name
    return artefact.folder / "atlas" / name


def save(atlas: Atlas, folder: Path) -> None:
    """Write an atlas atomically, in one file for the arrays and one for their parameters."""
    arrays = _kept(atlas) | {f"projection.{key}": xy for key, xy in atlas.projections.items()}
    tensors = {key: torch.from_numpy(np.ascontiguousarray(a)) for key, a in arrays.items()}
    store.write_tensors(folder / ARRAYS, tensors)
    parameters = {
        "model": atlas.model_id,
        "dataset": atlas.dataset,
        "images": len(atlas),
        "total": atlas.total,
        "sample": atlas.sample,
        "latent_dim": atlas.mean.shape[1],
        "classes": atlas.classes,
        "factors": dict(zip(atlas.factors.names, atlas.factors.sizes, strict=True)),
        "weights_sha256": atlas.weights_sha256,
        "projections": {m: s.model_dump(mode="json") for m, s in atlas.specs.items()},
    }
    store.write_json(folder / PARAMETERS, parameters)


def _kept(atlas: Atlas) -> dict[str, np.ndarray]:
    """The arrays that are kept of the points, beside their maps."""
    arrays = {
        "labels": atlas.labels.astype(np.int32),
        "rows": atlas.rows.astype(np.int32),
    }
    if atlas.mean.shape[1] <= WIDE or len(atlas) > MANY:
        arrays["mean"] = _stored(atlas.mean)
        if atlas.logvar is not None:
            arrays["logvar"] = _stored(atlas.logvar)
    return arrays


def load(folder: Path) -> Atlas:
    """Read an atlas. Raises ExplorerError when its files are damaged or do not fit together."""
    parameters = store.read_json(folder / PARAMETERS)
    tensors, _ = store.read_tensors(folder / ARRAYS)
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    try:
        if parameters.get("latent_dim", 0) > WIDE and "mean" not in arrays:
            arrays["mean"] = np.empty((len(arrays["rows"]), 0))
        for name in {"mean", "logvar"} & arrays.keys():
            arrays[name] = arrays[name].astype(np.float32)
        prefix = "projection."
        atlas = Atlas(
            model_id=parameters["model"],
            dataset=parameters["dataset"],
            mean=arrays["mean"],
            logvar=arrays.get("logvar"),
            labels=arrays["labels"].astype(np.int64),
            rows=arrays["rows"].astype(np.int64),
            projections={
                name.removeprefix(prefix): xy
                for name, xy in arrays.items()
                if name.startswith(prefix)
            },
            specs={m: build(ProjectionSpec, s) for m, s in parameters["projections"].items()},
            weights_sha256=parameters["weights_sha256"],
            total=parameters.get("total", len(arrays["rows"])),
            classes=tuple(parameters.get("classes", ())),
            sample=parameters.get("sample", "first"),
            factors=FactorNames(
                tuple(parameters.get("factors", {})), tuple(parameters.get("factors", {}).values())
            ),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ExplorerError(f"The atlas in '{folder}' is incomplete; project it again.") from error
    per_point = [atlas.labels, atlas.rows, *([] if atlas.logvar is None else [atlas.logvar])]
    flat = any(xy.shape != (len(atlas), 2) for xy in atlas.projections.values())
    misnamed = atlas.projections.keys() != {spec.key for spec in atlas.specs.values()}
    if flat or misnamed or any(len(array) != len(atlas) for array in per_point):
        raise ExplorerError(f"The atlas in '{folder}' does not fit together; project it again.")
    return atlas


def load_for(
    artefact: store.Artefact, dataset: str | None = None, count: int | None = None
) -> Atlas:
    """The first atlas of a model that belongs to its present weights, in the order of
    `projections_of`, of this data set and number of images where they are given.

    A damaged one is passed over when another fits. Raises ExplorerError that names the damage, or
    says how to make a map when there is none.
    """
    listed = projections_of(artefact)
    fits = [m for m in listed if dataset in (None, m.dataset) and count in (None, m.images)]
    unlisted = set(folders(artefact)) - {maps.folder for maps in listed}
    fault: ExplorerError | None = None
    for folder in [maps.folder for maps in fits] or sorted(unlisted):
        try:
            atlas = load(folder)
        except ExplorerError as error:
            fault = fault or error
            continue
        if fits:
            return replace(atlas, maps=map_files.folders(artefact, folder.name))
    asked = {"--dataset": dataset, "--count": count}
    words = "".join(f" {word} {value}" for word, value in asked.items() if value is not None)
    raise fault or ExplorerError(
        f"'{artefact.id}' has no map yet; make one with 'python -m explorer project "
        f"{artefact.id}{words}'."
    )
