"""An atlas: one data set seen by one model, with its maps, kept on disk.

`atlas/<dataset>-<n>/atlas.safetensors` holds `mean (N, D)`, `logvar (N, D)` where there is one,
`labels (N,)`, `rows (N,)` into the data set and `projection.<method> (N, 2)` for each map;
`atlas.json` beside it the parameters and seed of each. Latents above two dimensions are kept to
float16's precision, those of more than WIDE not at all: they are encoded again (`completed`).
Every point keeps the row of its image, so a picture is always looked up by row, never by its
position in some filtered list.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from explorer import store
from explorer.data import Dataset, Images
from explorer.errors import ExplorerError, unknown_name
from explorer.latent.index import PARAMETERS, folders
from explorer.latent.project import ProjectionSpec, project
from explorer.loaded import Model
from explorer.spec import build

ARRAYS = "atlas.safetensors"
BATCH = 1000
# Points of a map: the first so many images of the data set.
COUNT = 5000
# Wider latents of 5,000 images take longer to download with the project than to encode again: a
# VQ-VAE's would be 8 MB, a convolutional encoder does 5,000 images in a second or two.
WIDE = 20


@dataclass(frozen=True)
class Atlas:
    """Latents of N images and their maps. `rows` index the data set named `dataset`, which has
    `total` images of `classes`."""

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

    def __len__(self) -> int:
        return len(self.mean)

    @property
    def name(self) -> str:
        return f"{self.dataset}-{len(self)}"

    def coordinates(self, method: str) -> np.ndarray:
        """The map `(N, 2)` of a projection. Raises ExplorerError when it was not made."""
        if method not in self.projections:
            raise unknown_name("projection", method, self.projections)
        return self.projections[method]

    def position(self, row: int) -> int:
        """Where the image with this row of the data set stands. Raises ExplorerError if nowhere."""
        positions = np.flatnonzero(self.rows == row)
        if not len(positions):
            raise ExplorerError(
                f"There is no image {row} on this map; it holds {len(self)} images."
            )
        return int(positions[0])


def encode(model: Model, dataset: Dataset, count: int = COUNT) -> Atlas:
    """Posterior means (and log variances) of the first `count` images of a data set; no map yet."""
    images = dataset.split("all").take(slice(0, count))
    mean, logvar = _latents(model, images)
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
    )


def completed(atlas: Atlas, model: Model, dataset: Dataset) -> Atlas:
    """The atlas with its latents, encoded again where they were too wide to keep."""
    if atlas.mean.shape[1] == model.latent_dim:
        return atlas
    mean, logvar = _latents(model, dataset.split("all").take(torch.from_numpy(atlas.rows)))
    return replace(atlas, mean=mean, logvar=logvar)


def _latents(model: Model, images: Images) -> tuple[np.ndarray, np.ndarray | None]:
    """Posterior means and log variances `(N, D)` float32."""
    means, logvars = [], []
    for start in range(0, len(images), BATCH):
        batch = images.take(slice(start, start + BATCH))
        posterior = model.encode(batch.bytes().numpy(), batch.labels.numpy())
        means.append(_stored(posterior.mean).astype(np.float32))
        if posterior.logvar is not None:
            logvars.append(_stored(posterior.logvar).astype(np.float32))
    return np.concatenate(means), np.concatenate(logvars) if logvars else None


def _stored(latents: np.ndarray) -> np.ndarray:
    """Latents as they are kept. A 2-D latent is its own place on the map, so it is kept exactly."""
    return latents.astype(np.float32 if latents.shape[1] <= 2 else np.float16)


def with_projection(atlas: Atlas, spec: ProjectionSpec) -> Atlas:
    """The atlas with one more map (or the same map made anew)."""
    coordinates = project(atlas.mean, spec)
    return replace(
        atlas,
        projections=atlas.projections | {spec.method: coordinates},
        specs=atlas.specs | {spec.method: spec},
    )


def folder_for(artefact: store.Artefact, name: str) -> Path:
    """Where an atlas of this model is written: with the model, or in the home for shipped ones."""
    if artefact.shipped:
        return store.home() / ".atlas" / artefact.id / name
    return artefact.folder / "atlas" / name


def save(atlas: Atlas, folder: Path) -> None:
    """Write an atlas atomically, in one file for the arrays and one for their parameters."""
    arrays = {
        "labels": atlas.labels.astype(np.int32),
        "rows": atlas.rows.astype(np.int32),
    }
    if atlas.mean.shape[1] <= WIDE:
        arrays["mean"] = _stored(atlas.mean)
        if atlas.logvar is not None:
            arrays["logvar"] = _stored(atlas.logvar)
    arrays |= {f"projection.{method}": xy for method, xy in atlas.projections.items()}
    tensors = {key: torch.from_numpy(np.ascontiguousarray(a)) for key, a in arrays.items()}
    store.write_tensors(folder / ARRAYS, tensors)
    parameters = {
        "model": atlas.model_id,
        "dataset": atlas.dataset,
        "images": len(atlas),
        "total": atlas.total,
        "latent_dim": atlas.mean.shape[1],
        "classes": atlas.classes,
        "weights_sha256": atlas.weights_sha256,
        "projections": {m: s.model_dump(mode="json") for m, s in atlas.specs.items()},
    }
    store.write_json(folder / PARAMETERS, parameters)


def load(folder: Path) -> Atlas:
    """Read an atlas. Raises ExplorerError when its files are damaged or do not fit together."""
    parameters = store.read_json(folder / PARAMETERS)
    tensors, _ = store.read_tensors(folder / ARRAYS)
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    try:
        if parameters.get("latent_dim", 0) > WIDE:
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
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ExplorerError(f"The atlas in '{folder}' is incomplete; project it again.") from error
    per_point = [atlas.labels, atlas.rows, *([] if atlas.logvar is None else [atlas.logvar])]
    flat = any(xy.shape != (len(atlas), 2) for xy in atlas.projections.values())
    if flat or any(len(array) != len(atlas) for array in per_point):
        raise ExplorerError(f"The atlas in '{folder}' does not fit together; project it again.")
    return atlas


def load_for(artefact: store.Artefact, dataset: str | None = None) -> Atlas:
    """The first atlas of a model that belongs to its present weights (and to `dataset`, if given).

    One without a projection, or a damaged one, is passed over when another fits. Raises
    ExplorerError that names the damage, or says how to make a map when there is none.
    """
    fault: ExplorerError | None = None
    for folder in folders(artefact):
        try:
            atlas = load(folder)
        except ExplorerError as error:
            fault = fault or error
            continue
        fits = atlas.weights_sha256 == artefact.card.weights_sha256 and atlas.projections
        if fits and dataset in (None, atlas.dataset):
            return atlas
    raise fault or ExplorerError(
        f"'{artefact.id}' has no map yet; make one with 'python -m explorer project "
        f"{artefact.id}{f' --dataset {dataset}' if dataset else ''}'."
    )
