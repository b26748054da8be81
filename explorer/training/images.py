"""The images of a run, from its DataSpec: a data set, or a VQ-VAE's codes of one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from explorer.data import Dataset, load_dataset
from explorer.errors import ExplorerError
from explorer.latent.names import OWN
from explorer.loaded import load
from explorer.models.vq_vae import VQVAE
from explorer.spec import DataSpec
from explorer.store import open_artefact

BATCH = 1000


def open_data(spec: DataSpec, root: str | Path | None = None, download: bool = False) -> Dataset:
    """The data set that `spec` names. Raises ExplorerError for what is not there or does not fit.

    With `codes_of` its pixels are code numbers, `(N, 1, h, w)`, int16 (or int32).
    """
    dataset = load_dataset(
        spec.name, root, download, path=spec.path, size=spec.size, grey=spec.grey
    )
    return dataset if spec.codes_of is None else encoded(spec.codes_of, dataset)


def refuse_changed(spec: DataSpec, dataset: Dataset) -> None:
    """Raises ExplorerError when the images are no longer those that a model has learned from.

    Which are training and which are test images may then be different too.
    """
    if not spec.stamp or spec.stamp == dataset.stamp:
        return
    if spec.codes_of is not None:
        raise ExplorerError(
            f"'{spec.codes_of}' has other weights than when its codes were learned; train the "
            "prior again, under a new name."
        )
    raise ExplorerError(
        f"The images in '{spec.path}' have changed since training began; put them back as they "
        "were, or train again under a new name."
    )


def load_named(name: str, root: str | Path | None = None, download: bool = False) -> Dataset:
    """The data set of a name that `explorer.latent.names.name_for_map` gave."""
    if not name.startswith(OWN):
        return load_dataset(name, root, download)
    spec = open_artefact(name.removeprefix(OWN)).card.spec.data
    return replace(open_data(spec, root, download), name=name)


def encoded(model_id: str, dataset: Dataset) -> Dataset:
    """The codes that a VQ-VAE gives to every image of a data set, in the place of its pixels."""
    model = load(model_id)
    network = model.network
    if not isinstance(network, VQVAE):
        raise ExplorerError(
            f"'{model_id}' has no codes; name a VQ-VAE, whose codes can be learned."
        )
    kind = torch.int16 if network.spec.codebook_size <= 2**15 else torch.int32
    images, parts = dataset.split("all"), []
    with torch.inference_mode():
        for start in range(0, len(images), BATCH):
            codes = network.codes(images.float(start, start + BATCH).to(model.device))
            parts.append(codes[:, None].to(kind).cpu())
    return replace(
        dataset,
        title=f"{dataset.title}, codes of {model_id}",
        pixels=torch.cat(parts),
        noun="code grid",
        codes=network.spec.codebook_size,
        stamp=model.card.weights_sha256,
    )
