"""Small trained models of the families that pages and commands treat differently."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explorer import models as families
from explorer import store
from explorer.data import Dataset
from explorer.latent import atlas as atlases
from explorer.latent.spec import ProjectionSpec
from explorer.loaded import from_artefact
from explorer.spec import DataSpec
from explorer.training import run as runs
from explorer.training.compose import compose
from explorer.training.images import open_data
from tests.support import finish, part

# Points of each map: enough to be judged, few enough to be encoded at once.
POINTS = 300
DIGITS = DataSpec(name="mnist-5k")


@dataclass(frozen=True)
class Recipe:
    """A model: its family, what it learns from (how many images of it) and its settings."""

    family: str
    settings: dict[str, Any]
    data: DataSpec = DIGITS
    train: int = 1500
    method: str = "pca"
    needs: tuple[str, ...] = field(default=())


RECIPES = {
    "told": Recipe(
        "conditional-vae",
        {
            **{"latent_dim": 2, "hidden": (128,)},
            **{"epochs": 12, "batch_size": 32, "learning_rate": 3e-3},
        },
        method="raw",
    ),
    "codes": Recipe(  # some 400 steps: codes that nobody uses are restarted after 230
        "vq-vae",
        {
            **{"channels": (8, 16), "codebook_size": 16},
            **{"epochs": 6, "batch_size": 16, "learning_rate": 3e-3},
        },
        train=1000,
    ),
    "linear": Recipe("pca", {"latent_dim": 6}),
    "few": Recipe(
        "sparse-autoencoder", {"latent_dim": 24, "hidden": (64,), "epochs": 8, "batch_size": 32}
    ),
    "colour": Recipe(
        "conv-vae",
        {
            **{"latent_dim": 4, "hidden": (32,), "channels": (4, 8, 8, 8), "beta": 0.1},
            **{"epochs": 8, "batch_size": 16, "learning_rate": 3e-3},
        },
        data=DataSpec(name="faces"),
        train=300,
    ),
    "judge": Recipe(
        "classifier", {"channels": (8, 16), "hidden": (32,), "epochs": 3, "batch_size": 32}
    ),
    "prior": Recipe(
        "code-prior",
        {"width": 16, "layers": 2, "heads": 2, "epochs": 4, "batch_size": 32},
        data=DataSpec(name="mnist-5k", codes_of="codes"),
        needs=("codes",),
    ),
}


def make(name: str) -> runs.Run:
    """Train the recipe of this name in the present home; a model also gets a small map."""
    recipe = RECIPES[name]
    dataset = open_data(recipe.data)
    spec = compose(recipe.family, recipe.settings, recipe.data, dataset)
    run = finish(name, spec, part(dataset, recipe.train, 100))
    if families.family(recipe.family).kind == "model":
        lay_out(run.folder, dataset, recipe.method)
    return run


def lay_out(folder: Path, dataset: Dataset, method: str, count: int = POINTS) -> None:
    """Keep a map of the first images of a data set beside a model."""
    artefact = store.Artefact(folder, store.read_card(folder), shipped=False)
    atlas = atlases.encode(from_artefact(artefact, "cpu"), dataset, min(count, len(dataset)))
    atlas = atlases.with_projection(atlas, ProjectionSpec(method=method))
    atlases.save(atlas, atlases.folder_for(artefact, atlas.name))
