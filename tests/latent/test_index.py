"""Which maps a model has, from their small files alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from explorer import store
from explorer.latent import atlas as atlases
from explorer.latent import index
from explorer.latent.index import PARAMETERS, folders, projections_of, stamps
from explorer.latent.spec import ProjectionSpec


@pytest.fixture
def artefact(put) -> store.Artefact:
    return put("linear")


@pytest.fixture
def atlas(artefact):
    return atlases.load_for(artefact)


def change(folder, **values) -> None:
    about = json.loads((folder / PARAMETERS).read_text())
    (folder / PARAMETERS).write_text(json.dumps(about | values))


def test_a_map_is_told_with_its_images_projections_and_classes(artefact, atlas):
    (maps,) = projections_of(artefact)
    assert maps.folder == artefact.folder / "atlas" / "mnist-5k-300"
    assert (maps.dataset, maps.images) == ("mnist-5k", 300)
    assert maps.projections == ("pca",)
    assert maps.classes == tuple("0123456789")


def test_projections_come_in_one_order_whatever_order_they_were_made_in(artefact, atlas):
    xy = atlas.coordinates("pca")
    for method in ("tsne", "umap"):
        atlas = replace(
            atlas,
            projections=atlas.projections | {method: xy.copy()},
            specs=atlas.specs | {method: ProjectionSpec(method=method)},
        )
    atlases.save(atlas, atlases.folder_for(artefact, atlas.name))
    assert projections_of(artefact)[0].projections == ("umap", "tsne", "pca")


def test_a_map_of_the_old_form_has_no_classes(artefact, atlas):
    file = atlases.folder_for(artefact, atlas.name) / PARAMETERS
    about = json.loads(file.read_text())
    del about["classes"], about["total"], about["latent_dim"]
    file.write_text(json.dumps(about))
    assert projections_of(artefact)[0].classes == ()


@pytest.mark.parametrize(
    "values",
    [
        {"weights_sha256": "0" * 64},
        {"projections": {}},
        {"images": "many"},
        {"classes": 7},
        {"projections": 7},
    ],
)
def test_maps_of_other_weights_and_damaged_ones_are_left_out(artefact, atlas, values):
    other = atlases.folder_for(artefact, "mnist-5k-299")
    atlases.save(atlas, other)
    change(other, **values)
    assert [maps.folder.name for maps in projections_of(artefact)] == ["mnist-5k-300"]


def test_a_file_cut_short_and_an_empty_folder_are_left_out(artefact, atlas):
    for name in ("mnist-5k-298", "mnist-5k-299"):
        atlases.save(atlas, atlases.folder_for(artefact, name))
    os.truncate(atlases.folder_for(artefact, "mnist-5k-298") / PARAMETERS, 30)
    (atlases.folder_for(artefact, "mnist-5k-299") / PARAMETERS).unlink()
    assert [folder.name for folder in folders(artefact)] == ["mnist-5k-298", "mnist-5k-300"]
    assert [maps.folder.name for maps in projections_of(artefact)] == ["mnist-5k-300"]


def test_the_maps_that_a_person_made_of_a_shipped_model_come_first(artefact, atlas, home):
    shipped = replace(artefact, shipped=True)
    atlases.save(atlas, atlases.folder_for(shipped, "mnist-5k-9"))
    found = [maps.folder for maps in projections_of(shipped)]
    assert found == [home / ".atlas/linear/mnist-5k-9", artefact.folder / "atlas/mnist-5k-300"]


def test_maps_of_very_many_images_come_last_by_their_number(artefact, atlas, monkeypatch):
    monkeypatch.setattr(index, "MANY", 350)
    for images in (900, 400, 301):
        folder = atlases.folder_for(artefact, f"a-{images}")
        atlases.save(atlas, folder)
        change(folder, images=images)
    assert [maps.images for maps in projections_of(artefact)] == [301, 300, 400, 900]


def test_a_map_says_of_how_many_images_it_is_which_part(artefact, atlas):
    assert [(m.total, m.sample) for m in projections_of(artefact)] == [(5000, "random")]
    file = atlases.folder_for(artefact, atlas.name) / PARAMETERS
    about = json.loads(file.read_text())
    del about["total"], about["sample"]
    file.write_text(json.dumps(about))
    assert [(m.total, m.sample) for m in projections_of(artefact)] == [(300, "first")]


def test_an_atlas_has_another_stamp_when_it_was_written_or_removed(artefact, atlas, home):
    shipped = replace(artefact, shipped=True)
    own = atlases.folder_for(artefact, atlas.name)
    other = atlases.folder_for(shipped, "mnist-5k-9")
    before = stamps(store.locate(artefact.id))
    assert list(before) == [own]
    atlases.save(atlas, other)
    added = stamps(store.locate(artefact.id))
    assert added.keys() == {own, other}
    assert added[own] == before[own]
    atlases.save(atlas, own)
    written = stamps(store.locate(artefact.id))
    assert written[own] != before[own]
    assert written[other] == added[other]
    (other / PARAMETERS).unlink()
    assert stamps(store.locate(artefact.id)) == {own: written[own]}


def test_no_array_is_read_and_no_torch_is_imported(artefact):
    script = """
import sys
from explorer import store
from explorer.latent.index import projections_of
(artefact,) = [one for one in store.find().artefacts if one.id == "linear"]
(artefact.folder / "atlas" / "mnist-5k-300" / "atlas.safetensors").unlink()
assert len(projections_of(artefact)) == 1
assert not {"torch", "numpy"} & set(sys.modules), "something heavy was imported"
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
