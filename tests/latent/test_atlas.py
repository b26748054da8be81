"""Atlases: every point's row is its image, and a map belongs to the weights that made it."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pytest

from explorer import store
from explorer.errors import ExplorerError
from explorer.latent import atlas as atlases
from explorer.latent.project import ProjectionSpec
from explorer.loaded import load
from explorer.training import run as runs
from tests.support import finish, is_one_sentence, part, train_spec


@pytest.fixture(scope="module")
def atlas(model, digits):
    return atlases.with_projection(atlases.encode(model, digits), ProjectionSpec(method="pca"))


def test_every_point_keeps_the_row_of_its_image(atlas, model, digits):
    assert len(atlas) == len(digits) == 5000
    assert atlas.name == "mnist-5k-5000"
    for i in np.random.default_rng(0).integers(0, 5000, 30):
        image = digits.pixels[atlas.rows[i]][None].numpy()
        np.testing.assert_allclose(model.encode(image).mean[0], atlas.mean[i], atol=1e-4)
        assert digits.labels[atlas.rows[i]] == atlas.labels[i]
    # Another row's image would not do: latents of different images differ.
    others = model.encode(digits.pixels[atlas.rows[:100]].numpy()).mean
    assert np.abs(others - atlas.mean[1:101]).max(1).min() > 1e-3


def test_the_rows_are_right_whatever_the_batch(model, digits, monkeypatch):
    small = part(digits, 100, 20, 17)
    whole = atlases.encode(model, small)
    monkeypatch.setattr(atlases, "BATCH", 50)
    pieces = atlases.encode(model, small)
    np.testing.assert_allclose(pieces.mean, whole.mean, atol=1e-5)
    np.testing.assert_array_equal(pieces.rows, np.arange(137))


def test_an_atlas_survives_the_way_to_disk_and_back(atlas, tmp_path):
    atlases.save(atlas, tmp_path)
    read = atlases.load(tmp_path)
    for name in ("mean", "logvar", "labels", "rows"):
        np.testing.assert_array_equal(getattr(read, name), getattr(atlas, name))
    np.testing.assert_array_equal(read.coordinates("pca"), atlas.coordinates("pca"))
    for name in ("model_id", "dataset", "weights_sha256", "specs"):
        assert getattr(read, name) == getattr(atlas, name)


def test_a_deterministic_encoders_atlas_has_no_variances(digits, home, tmp_path):
    finish("ae", train_spec("autoencoder", epochs=1), part(digits, 300, 50))
    atlas = atlases.encode(load("ae", "cpu"), part(digits, 300, 50))
    atlases.save(atlas, tmp_path)
    assert atlases.load(tmp_path).logvar is None


def test_the_coordinates_of_a_map_are_those_of_its_points(atlas):
    np.testing.assert_allclose(
        atlas.coordinates("pca")[17],
        atlases.with_projection(atlas, ProjectionSpec(method="pca")).coordinates("pca")[17],
    )
    with pytest.raises(ExplorerError, match=r"no projection called 'umap'.*Known: pca") as caught:
        atlas.coordinates("umap")
    assert is_one_sentence(caught.value)


def test_a_shipped_models_atlas_is_written_to_the_home_and_ones_own_beside_the_model(own, home):
    assert atlases.folder_for(own, "x-1") == own.folder / "atlas" / "x-1"
    shipped = replace(own, shipped=True)
    assert atlases.folder_for(shipped, "x-1").is_relative_to(home)
    assert not atlases.folder_for(shipped, "x-1").is_relative_to(own.folder)


def test_a_model_without_a_map_says_how_to_make_one(own):
    with pytest.raises(ExplorerError, match="explorer project small-vae") as caught:
        atlases.load_for(own)
    assert is_one_sentence(caught.value)


def test_the_map_of_a_data_set_is_found_and_that_of_another_is_not(own, atlas):
    atlases.save(atlas, atlases.folder_for(own, atlas.name))
    assert len(atlases.load_for(own)) == len(atlases.load_for(own, "mnist-5k")) == 5000
    with pytest.raises(ExplorerError, match="--dataset mnist'"):
        atlases.load_for(own, "mnist")


def test_the_map_of_other_weights_is_not_used(own, atlas):
    folder = atlases.folder_for(own, atlas.name)
    atlases.save(replace(atlas, weights_sha256="0" * 64), folder)
    with pytest.raises(ExplorerError, match="no map yet"):
        atlases.load_for(own)
    atlases.save(atlas, folder)
    assert atlases.load_for(own).weights_sha256 == own.card.weights_sha256


def cut(folder):
    os.truncate(folder / atlases.ARRAYS, 2000)


def cut_parameters(folder):
    os.truncate(folder / atlases.PARAMETERS, 20)


def without(key):
    def damage(folder):
        parameters = json.loads((folder / atlases.PARAMETERS).read_text())
        del parameters[key]
        (folder / atlases.PARAMETERS).write_text(json.dumps(parameters))

    return damage


def a_list(folder):
    (folder / atlases.PARAMETERS).write_text("[1, 2]")


def with_arrays(change):
    def damage(folder):
        tensors, _ = store.read_tensors(folder / atlases.ARRAYS)
        change(tensors)
        store.write_tensors(folder / atlases.ARRAYS, tensors)

    return damage


DAMAGE = {
    "arrays cut short": cut,
    "parameters cut short": cut_parameters,
    "no projections": without("projections"),
    "no checksum": without("weights_sha256"),
    "a list": a_list,
    "no means": with_arrays(lambda t: t.pop("mean")),
    "fewer rows": with_arrays(lambda t: t.update(rows=t["rows"][:9])),
    "fewer variances": with_arrays(lambda t: t.update(logvar=t["logvar"][:9])),
    "a shorter map": with_arrays(lambda t: t.update({"projection.pca": t["projection.pca"][:9]})),
    "a flat map": with_arrays(lambda t: t.update({"projection.pca": t["projection.pca"][:, 0]})),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_atlas_is_one_sentence_and_projecting_again_mends_it(own, atlas, command, damage):
    folder = atlases.folder_for(own, atlas.name)
    atlases.save(atlas, folder)
    damage(folder)
    with pytest.raises(ExplorerError) as caught:
        atlases.load_for(own)
    assert is_one_sentence(caught.value)
    assert str(folder) in str(caught.value)
    assert command("project", own.id, "--method", "pca", "--json").code == 0
    assert len(atlases.load_for(own)) == 5000


def test_projecting_once_more_keeps_the_other_maps(own, atlas, command):
    folder = atlases.folder_for(own, atlas.name)
    other = replace(
        atlas,
        projections={"umap": atlas.coordinates("pca")},
        specs={"umap": ProjectionSpec(method="umap", seed=9)},
    )
    atlases.save(other, folder)
    assert command("project", own.id, "--method", "pca", "--json").code == 0
    both = atlases.load(folder)
    assert sorted(both.projections) == sorted(both.specs) == ["pca", "umap"]
    assert both.specs["umap"].seed == 9


def test_projecting_after_training_again_drops_the_maps_of_the_old_weights(
    own, atlas, command, digits
):
    folder = atlases.folder_for(own, atlas.name)
    stale = replace(atlas, weights_sha256="0" * 64, projections={}, specs={})
    atlases.save(
        replace(
            stale,
            projections={"umap": atlas.coordinates("pca")},
            specs={"umap": ProjectionSpec(method="umap")},
        ),
        folder,
    )
    assert command("project", own.id, "--method", "pca", "--json").code == 0
    assert list(atlases.load(folder).projections) == ["pca"]
    assert not (own.folder / runs.CHECKPOINT).exists()
