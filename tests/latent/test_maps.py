"""Maps on disk: made once, measured, found again, and never one of other weights."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from explorer import store
from explorer.errors import ExplorerError
from explorer.latent import atlas as atlases
from explorer.latent import map_files, maps
from explorer.latent.index import projections_of
from explorer.latent.places import Map
from explorer.latent.project import project
from explorer.latent.report import silent
from explorer.latent.spec import spec_of
from explorer.metrics.projection import continuity, trustworthiness
from explorer.serve.catalogue import catalogue
from tests.support import is_one_sentence

KEY = "tsne-p5-s1"


def made(artefact, key: str = KEY, report=silent) -> atlases.Atlas:
    """Make a map of the atlas of 300 digits as the worker does."""
    maps.make(report, model=artefact.id, dataset="mnist-5k", count=300, projection=key)
    return atlases.load_for(artefact)


def file_of(artefact, key: str = KEY):
    return atlases.folder_for(artefact, "mnist-5k-300") / "maps" / f"{key}.safetensors"


@pytest.fixture
def linear(put) -> store.Artefact:
    """A model of 6 dimensions with a PCA of 300 digits."""
    return put("linear")


# --- making -----------------------------------------------------------------------------------


def test_a_map_is_the_projection_of_the_latents_with_its_figures_beside_it(linear):
    atlas = made(linear)
    xy = atlas.coordinates(KEY)
    np.testing.assert_array_equal(xy, project(atlas.mean, spec_of(KEY)))
    record = map_files.record_of(atlas.maps, KEY, atlas.weights_sha256, 300)
    assert record.spec == spec_of(KEY)
    assert record.weights_sha256 == linear.card.weights_sha256
    assert record.seconds > 0
    assert record.note == ""
    quality = record.quality
    assert (quality.neighbours, quality.images, quality.points, quality.seed) == (10, 300, 300, 0)
    assert quality.trustworthiness == pytest.approx(trustworthiness(atlas.mean, xy), abs=1e-4)
    assert quality.continuity == pytest.approx(continuity(atlas.mean, xy), abs=1e-4)
    assert "10 nearest of 300 points, at all of them" in quality.sentence


def test_what_is_made_once_is_not_made_again(linear, monkeypatch):
    made(linear)
    before = file_of(linear).stat().st_mtime_ns
    heard: list[str] = []
    made(linear, report=lambda share, doing, preview=None: heard.append(doing))
    made(linear, "pca")  # which came with the atlas
    assert file_of(linear).stat().st_mtime_ns == before
    assert heard == ["reading the latents"]
    assert not file_of(linear, "pca").exists()


def test_making_is_heard_from_its_beginning_to_its_end(linear):
    heard: list[tuple[float, str, bytes | None]] = []

    def hear(share: float, doing: str, preview: bytes | None = None) -> None:
        heard.append((share, doing, preview))

    made(linear, report=hear)
    shares = [share for share, _, _ in heard]
    assert shares == sorted(shares)
    assert (shares[0], heard[-1][1]) == (0, "measuring the map")
    assert {len(preview) for _, _, preview in heard if preview} == {300 * 2 * 4}


def test_parameters_cut_to_the_number_of_points_are_noted(linear):
    atlas = made(linear, "tsne-p120")
    record = map_files.record_of(atlas.maps, "tsne-p120", atlas.weights_sha256, 300)
    assert "perplexity of 99 at most" in record.note
    np.testing.assert_array_equal(
        atlas.coordinates("tsne-p120"), project(atlas.mean, spec_of("tsne-p99"))
    )


def test_wide_latents_are_encoded_again_to_be_laid_out(put):
    artefact = put("codes")
    assert atlases.load_for(artefact).mean.shape == (300, 0)
    xy = made(artefact).coordinates(KEY)
    assert xy.shape == (300, 2)
    assert len(np.unique(xy, axis=0)) > 290


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"projection": "umap-n15"}, "is called 'umap'"),
        ({"projection": "../card"}, "no projection called"),
        ({"projection": "raw"}, "Only a 2-D latent"),
        ({"model": "liner"}, "no model called 'liner'"),
        ({"dataset": "fashion-mnist"}, "no map yet"),
        ({"count": 200}, "no map"),
    ],
)
def test_what_cannot_be_made_is_one_sentence_and_leaves_nothing(linear, shipped, change, said):
    asked = {"model": "linear", "dataset": "mnist-5k", "count": 300, "projection": KEY} | change
    with pytest.raises(ExplorerError, match=said) as caught:
        maps.make(silent, **asked)
    assert is_one_sentence(caught.value)
    assert not (linear.folder / "atlas" / "mnist-5k-300" / "maps").exists()


def test_a_map_that_is_broken_off_leaves_no_file(linear):
    class StoppedError(BaseException):
        pass

    def stop(share: float, doing: str, preview: bytes | None = None) -> None:
        if share > 0.5:
            raise StoppedError

    with pytest.raises(StoppedError):
        made(linear, report=stop)
    assert maps.kept(linear, "mnist-5k-300") == ("pca",)
    assert made(linear).coordinates(KEY).shape == (300, 2)


# --- finding ----------------------------------------------------------------------------------


def test_kept_maps_are_listed_after_their_method_with_those_of_the_atlas(linear):
    made(linear)
    made(linear, "tsne-p9")
    assert maps.kept(linear, "mnist-5k-300") == ("tsne-p5-s1", "tsne-p9", "pca")
    assert maps.kept(linear, "mnist-5k-299") == ()
    assert projections_of(linear)[0].projections == maps.kept(linear, "mnist-5k-300")


def test_listing_kept_maps_needs_no_array(linear):
    made(linear)
    script = """
import sys
from explorer import store
from explorer.latent.index import projections_of
(artefact,) = [one for one in store.find().artefacts if one.id == "linear"]
assert projections_of(artefact)[0].projections == ("tsne-p5-s1", "pca")
assert not {"torch", "numpy"} & set(sys.modules), "something heavy was imported"
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_maps_of_a_shipped_model_are_kept_in_the_home(put, shipped, home):
    artefact = put("linear", into=shipped, shipped=True)
    before = sorted(artefact.folder.rglob("*"))
    atlas = made(artefact)
    assert atlas.coordinates(KEY).shape == (300, 2)
    assert file_of(artefact).is_relative_to(home)
    assert sorted(artefact.folder.rglob("*")) == before
    # One that is shipped with the model is found too, without a home.
    shutil.move(file_of(artefact).parent, artefact.folder / "atlas" / "mnist-5k-300" / "maps")
    assert maps.kept(artefact, "mnist-5k-300") == (KEY, "pca")
    np.testing.assert_array_equal(
        atlas.coordinates(KEY), atlases.load_for(artefact).coordinates(KEY)
    )


def test_a_map_of_other_parameters_works_as_any_other(linear):
    themap = Map(made(linear), KEY)
    assert (themap.method, themap.axes) == ("tsne", None)
    latent = themap.latent_at(themap.coordinates[7].astype(np.float64))
    assert not latent.exact
    np.testing.assert_allclose(latent.z, themap.atlas.mean[7], atol=1e-6)


def test_an_open_atlas_sees_a_map_that_is_made_later(linear):
    opened = catalogue.open("linear", "mnist-5k")
    with pytest.raises(ExplorerError, match=r"no projection called 'tsne-p5-s1'.*Known: pca"):
        opened.map(KEY)
    atlas = made(linear)
    np.testing.assert_array_equal(opened.map(KEY).coordinates, atlas.coordinates(KEY))
    assert opened.map(KEY) is opened.map(KEY) is catalogue.open("linear", "mnist-5k").map(KEY)
    x, y = atlas.coordinates(KEY)[17]
    assert opened.row_near(KEY, (float(x), float(y))) == atlas.rows[17]


def test_a_name_that_is_no_key_never_becomes_a_path(linear):
    atlas = made(linear)
    for name in ("../maps/tsne-p5-s1", "maps", "", "/etc/passwd", "tsne-p5-s1.safetensors"):
        with pytest.raises(ExplorerError, match="no projection called"):
            atlas.coordinates(name)


# --- damage -----------------------------------------------------------------------------------


def cut(file) -> None:
    os.truncate(file, file.stat().st_size - 8)


def cut_in_the_header(file) -> None:
    os.truncate(file, 100)


def empty(file) -> None:
    file.write_bytes(b"")


def garbage(file) -> None:
    file.write_bytes(b"\xff" * 3000)


def of_other_weights(file) -> None:
    rewrite(file, weights_sha256="0" * 64)


def of_other_parameters(file) -> None:
    rewrite(file, spec={"method": "tsne", "perplexity": 6})


def without_figures(file) -> None:
    rewrite(file, quality=None)


def of_fewer_images(file) -> None:
    tensors, about = store.read_tensors(file)
    store.write_tensors(file, {"xy": tensors["xy"][:200].contiguous()}, about)


def without_a_record(file) -> None:
    store.write_tensors(file, store.read_tensors(file)[0])


def a_list(file) -> None:
    file.write_bytes(struct.pack("<Q", 6) + b"[1, 2]")


def rewrite(file, **values) -> None:
    tensors, about = store.read_tensors(file)
    record = json.loads(about["map"]) | values
    store.write_tensors(file, tensors, {"map": json.dumps(record)})


DAMAGE = [
    *(cut, cut_in_the_header, empty, garbage, of_other_weights, of_other_parameters),
    *(without_figures, of_fewer_images, without_a_record, a_list),
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_or_stale_map_is_passed_over_and_made_again(linear, damage):
    before = made(linear).coordinates(KEY)
    damage(file_of(linear))
    atlas = atlases.load_for(linear)
    assert maps.kept(linear, "mnist-5k-300") == ("pca",)
    with pytest.raises(ExplorerError, match="no projection called") as caught:
        atlas.coordinates(KEY)
    assert is_one_sentence(caught.value)
    np.testing.assert_array_equal(made(linear).coordinates(KEY), before)


# --- how far to believe -----------------------------------------------------------------------


def test_a_shipped_map_is_measured_when_first_asked_and_not_again(monkeypatch):
    artefact = store.open_artefact("mnist-vae-20")
    atlas = atlases.load_for(artefact)
    figures = {key: maps.quality(artefact, atlas, key) for key in ("umap", "tsne", "pca")}
    # t-SNE keeps neighbours best; a plane through 20 dimensions keeps few of them.
    trusted = {key: one.trustworthiness for key, one in figures.items()}
    assert trusted["tsne"] > trusted["umap"] > 0.9 > trusted["pca"] > 0.6
    assert all(one.points == 1000 and one.images == 5000 for one in figures.values())
    monkeypatch.setattr(maps, "measured", None)
    assert {key: maps.quality(artefact, atlas, key) for key in figures} == figures
    assert maps.kept(artefact, atlas.name) == ("umap", "tsne", "pca")


def test_the_figures_of_other_weights_are_not_taken_over(linear):
    atlas = made(linear)
    figures = maps.quality(linear, atlas, "pca")
    random = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    other = replace(atlas, weights_sha256="0" * 64, projections={"pca": random})
    assert maps.quality(linear, other, "pca").trustworthiness < 0.6 < figures.trustworthiness


def test_a_map_that_was_not_made_has_no_figures(linear):
    with pytest.raises(ExplorerError, match="no projection called 'umap'"):
        maps.quality(linear, atlases.load_for(linear), "umap")
