"""Maps of several models laid out together: the same image lies near the same place in all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from explorer import store
from explorer.errors import ExplorerError
from explorer.latent import together
from explorer.latent.align import procrustes
from explorer.latent.atlas import Atlas
from explorer.latent.project import project
from explorer.latent.spec import spec_of
from explorer.serve.catalogue import catalogue

MODELS = ("mnist-beta-vae-10-b1", "mnist-beta-vae-10-b8", "mnist-vae-2d")
FEW = 300


def part(model: str, count: int = FEW) -> Atlas:
    atlas = catalogue.open(model, "mnist-5k").atlas
    cut = {name: getattr(atlas, name)[:count] for name in ("rows", "mean", "labels")}
    return replace(atlas, logvar=None, projections={}, specs={}, **cut)


@pytest.fixture(scope="module")
def atlases() -> list[Atlas]:
    return [part(model) for model in MODELS]


@pytest.fixture(scope="module")
def maps(atlases) -> dict[str, np.ndarray]:
    return together.laid_out(atlases)


def test_each_model_has_a_map_of_all_images(maps):
    assert set(maps) == set(MODELS)
    for xy in maps.values():
        assert xy.shape == (FEW, 2)
        assert xy.dtype == np.float32
        assert np.isfinite(xy).all()


def test_the_same_image_lies_nearer_to_itself_than_on_maps_that_were_made_apart(atlases, maps):
    """Even after the best turn of these: points within them lie elsewhere."""
    first, second = MODELS[:2]
    apart = [project(one.mean, spec_of("umap")) for one in atlases[:2]]
    assert procrustes(maps[first], maps[second]).residual < procrustes(*apart).residual
    between = np.linalg.norm(maps[first] - maps[second], axis=1).mean()
    spread = np.linalg.norm(maps[second] - maps[second].mean(0), axis=1).mean()
    assert between < 0.5 * spread  # without any turn


def test_the_maps_still_show_each_models_own_neighbours(atlases, maps):
    """More than chance by far: of 300 images, 10 nearest on the map and in latent space."""
    for atlas in atlases:
        near = [_nearest(points) for points in (atlas.mean, maps[atlas.model_id])]
        shared = [len(set(a) & set(b)) for a, b in zip(*near, strict=True)]
        assert np.mean(shared) > 3


def _nearest(points: np.ndarray) -> np.ndarray:
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    return np.argsort(distance, axis=1)[:, 1:11]


def test_maps_are_kept_under_the_name_of_exactly_these_weights(atlases, maps):
    assert together.kept(atlases) is None
    tensors = {name: torch.from_numpy(xy) for name, xy in maps.items()}
    store.write_tensors(
        store.home() / ".together" / f"{together.name_of(atlases)}.safetensors", tensors
    )
    found = together.kept(atlases[::-1])  # whatever their order
    for name in MODELS:
        np.testing.assert_array_equal(found[name], maps[name])
    assert together.kept(atlases[:2]) is None
    assert together.kept([*atlases[:2], replace(atlases[2], weights_sha256="other")]) is None


@pytest.mark.parametrize(
    "wrong",
    [
        lambda a, b: [a],
        lambda a, b: [a, part(MODELS[1], FEW - 1)],
        lambda a, b: [a, replace(b, dataset="mnist")],
        lambda a, b: [part(MODELS[0], 20), part(MODELS[1], 20)],
    ],
)
def test_what_cannot_be_laid_out_together_is_refused(atlases, wrong):
    with pytest.raises(ExplorerError, match="together"):
        together.laid_out(wrong(*atlases[:2]))
