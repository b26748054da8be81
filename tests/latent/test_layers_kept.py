"""Layers over a map as they are kept on disk, for everyone."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from explorer import store
from explorer.errors import ExplorerError
from explorer.latent import keep, layers
from explorer.latent.atlas import load_for
from explorer.latent.places import Map
from explorer.latent.report import silent
from explorer.latent.round_trip import trust_of
from explorer.loaded import load
from tests.support import is_one_sentence

CELLS = 12
VIEW = {"dataset": "mnist-5k", "count": 300, "projection": "raw"}


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(layers, "CELLS", CELLS)


@pytest.mark.parametrize("layer", ["standing", "density", "class"])
def test_a_layer_that_was_made_is_kept_for_everyone(put, small, layer):
    artefact = put("told")
    assert layers.kept(artefact, layer=layer, **VIEW) is None
    told: list[tuple[float, str]] = []
    layers.make(lambda *words: told.append(words), model="told", layer=layer, **VIEW)
    grid = layers.kept(artefact, layer=layer, **VIEW)
    model, atlas = load("told", "cpu"), load_for(artefact)
    again = layers.compute(layer, model, Map(atlas, "raw"), trust_of(model, atlas), cells=CELLS)
    np.testing.assert_array_equal(grid.values, again.values)
    assert (grid.box, grid.names, grid.layer) == (again.box, again.names, layer)
    assert (grid.sureness is None) == (layer != "class")
    assert told[-1][0] == 1.0
    file = artefact.folder / "atlas" / "mnist-5k-300" / "layers" / f"raw.{layer}.safetensors"
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_a_layer_is_kept_for_each_class_that_was_chosen(put, small):
    artefact = put("told")
    view = VIEW | {"layer": "round-trip"}
    for label in (1, 2):
        layers.make(silent, model="told", label=label, **view)
    model, atlas = load("told", "cpu"), load_for(artefact)
    trust, themap = trust_of(model, atlas), Map(atlas, "raw")
    for label in (1, 2):
        again = layers.compute("round-trip", model, themap, trust, cells=CELLS, label=label)
        kept = layers.kept(artefact, label=label, **view)
        np.testing.assert_array_equal(kept.values, again.values)
    assert layers.kept(artefact, **view) is layers.kept(artefact, label=3, **view) is None


def test_a_stale_or_damaged_layer_is_not_used(put, small):
    artefact = put("told")
    layers.make(silent, model="told", layer="density", **VIEW)
    other = artefact.card.model_copy(update={"weights_sha256": "0" * 64})
    stale = replace(artefact, card=other)
    assert layers.kept(artefact, layer="density", **VIEW) is not None
    assert layers.kept(stale, layer="density", **VIEW) is None
    file = keep.file_for(artefact, "mnist-5k", 300, "layers/raw.density")
    tensors, said = store.read_tensors(file)
    for about in ("{}", '{"box": [1], "names": []}', "no JSON", "[]"):
        store.write_tensors(file, tensors, said | {"about": about})
        assert layers.kept(artefact, layer="density", **VIEW) is None
    os.truncate(file, 100)
    assert layers.kept(artefact, layer="density", **VIEW) is None


def test_a_layer_of_a_map_that_was_not_made_is_refused_in_one_sentence(put):
    put("told")
    for wrong, match in (
        ({"projection": "umap"}, "no projection called 'umap'"),
        ({"count": 299}, "no map yet"),
        ({"dataset": "mnist-6k"}, "mnist-5k"),
        ({"layer": "stretch", "label": 10}, "no class 10; classes are numbered 0 to 9"),
    ):
        with pytest.raises(ExplorerError, match=match) as caught:
            layers.make(silent, model="told", **(VIEW | {"layer": "density"} | wrong))
        assert is_one_sentence(caught.value)
