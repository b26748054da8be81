"""Atlases of any number of images: which rows they hold, how they are made, which one is opened."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.data import load_dataset
from explorer.errors import ExplorerError
from explorer.latent import atlas as atlases
from explorer.latent.project import ProjectionSpec, principal_plane
from explorer.latent.report import silent
from explorer.loaded import load
from tests.latent.test_atlas import kept_arrays, wider
from tests.support import is_one_sentence


@pytest.fixture(scope="module")
def atlas(model, digits):
    return atlases.with_projection(atlases.encode(model, digits), ProjectionSpec(method="pca"))


@settings(max_examples=15)
@given(st.integers(5, 400), st.integers(0, 2**31))
def test_a_point_is_always_that_of_its_rows_image(model, digits, count, seed):
    """Whatever rows an atlas holds, in whatever order: after encoding, a map, and the disk."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(5000, count, replace=False)
    whole = atlases.encode(model, digits, 2)
    bare = replace(whole, rows=rows, labels=digits.labels.numpy()[rows], mean=np.empty((count, 0)))
    atlas = atlases.completed(bare, model, digits)
    atlas = atlases.with_projection(atlas, ProjectionSpec(method="pca"))
    with tempfile.TemporaryDirectory() as folder:
        atlases.save(atlas, Path(folder))
        read = atlases.load(Path(folder))
    some = rng.choice(count, 5, replace=False)
    again = model.encode(digits.pixels[rows[some]].numpy()).mean
    plane = principal_plane(read.mean)
    for i, mean in zip(some.tolist(), again, strict=True):
        assert read.position(int(read.rows[i])) == i
        assert read.labels[i] == digits.labels[read.rows[i]]
        np.testing.assert_allclose(read.mean[i], mean, rtol=1e-3, atol=1e-3)
        place = plane.places(mean[None].astype(np.float64))[0]
        np.testing.assert_allclose(read.coordinates("pca")[i], place, atol=5e-3)
        nearest, distance = read.index.nearest(mean[None], 1)
        assert (nearest[0, 0], distance[0, 0] < 0.01) == (i, True)
    missing = int(np.setdiff1d(np.arange(5000), rows)[0])
    for row in (missing, -1, 5000):
        with pytest.raises(ExplorerError, match=f"no image {row} on this map; it holds {count} "):
            read.position(row)


@settings(max_examples=10)
@given(st.integers(2, 300), st.integers(2, 300))
def test_a_small_atlas_is_a_part_of_a_large_one(model, digits, one, other):
    small, large = (atlases.encode(model, digits, n) for n in sorted((one, other)))
    for row in small.rows[:: max(1, len(small) // 5)].tolist():
        np.testing.assert_allclose(
            small.mean[small.position(row)], large.mean[large.position(row)], atol=2e-3
        )


@pytest.mark.parametrize("count", [-1, 0, 1, 5001, 10**9])
def test_a_count_that_there_is_not_is_one_sentence(model, digits, count):
    with pytest.raises(ExplorerError, match="from 2 to 5,000 images") as caught:
        atlases.encode(model, digits, count)
    assert is_one_sentence(caught.value)


def test_encoding_tells_how_far_it_is(model, digits, monkeypatch):
    monkeypatch.setattr(atlases, "BATCH", 40)
    told = []
    atlases.encode(model, digits, 100, lambda share, doing: told.append((share, doing)))
    assert [share for share, _ in told] == [0.4, 0.8, 1]
    assert told[1][1] == "80 of 100 images encoded"


def test_images_that_are_drawn_are_encoded_a_batch_at_a_time(put, monkeypatch):
    put("colour")
    faces, drawn = load_dataset("faces"), []

    def draw(index):
        drawn.append(len(index))
        return faces.pixels.draw(index)

    monkeypatch.setattr(atlases, "BATCH", 50)
    watched = replace(faces, pixels=replace(faces.pixels, draw=draw))
    assert len(atlases.encode(load("colour", "cpu"), watched, 120)) == 120
    assert drawn == [50, 50, 20]


def test_the_first_rows_of_a_shuffled_set_are_called_a_random_sample(put, model, digits, tmp_path):
    assert atlases.load_for(put("colour")).sample == "random"
    unshuffled = atlases.encode(model, replace(digits, shuffled=False), 50)
    atlases.save(unshuffled, tmp_path)
    assert unshuffled.sample == atlases.load(tmp_path).sample == "first"


def test_the_first_rows_of_generated_sets_are_a_fair_sample_of_them():
    """5,000 of 737,280 sprites: every value of every factor as often as it should be."""
    for name in ("sprites", "faces"):
        dataset = load_dataset(name)
        assert dataset.shuffled
        for values, size in zip(
            dataset.factors.values[:5000].T, dataset.factors.sizes, strict=True
        ):
            expected, counts = 5000 / size, np.bincount(values, minlength=size)
            assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)


def test_wide_latents_of_many_images_are_kept(atlas, tmp_path, monkeypatch):
    monkeypatch.setattr(atlases, "MANY", 4999)
    wide = wider(atlas, 30)
    atlases.save(wide, tmp_path)
    read = atlases.load(tmp_path)
    assert str(kept_arrays(tmp_path)["mean"].dtype) == "torch.float16"
    np.testing.assert_array_equal(read.mean, wide.mean.astype(np.float16).astype(np.float32))
    np.testing.assert_array_equal(read.logvar, wide.logvar.astype(np.float16).astype(np.float32))


def test_of_several_atlases_the_one_that_is_asked_for_is_opened(own, model, digits):
    for count in (60, 40):
        atlases.make(silent, model=own.id, dataset="mnist-5k", count=count)
    for count in (60, 40):
        assert len(atlases.load_for(own, count=count)) == count
        assert len(atlases.load_for(own, "mnist-5k", count)) == count
    with pytest.raises(ExplorerError, match="--dataset mnist-5k --count 50'") as caught:
        atlases.load_for(own, "mnist-5k", 50)
    assert is_one_sentence(caught.value)


@pytest.mark.parametrize(("name", "method"), [("told", "raw"), ("linear", "pca")])
def test_making_an_atlas_lays_it_out_at_once_and_tells_how_far_it_is(put, digits, name, method):
    artefact, told = put(name), []
    atlases.make(lambda share, doing: told.append(share), model=name, dataset="mnist-5k", count=77)
    atlas = atlases.load_for(artefact, "mnist-5k", 77)
    assert list(atlas.projections) == list(atlas.specs) == [method]
    assert told[-1] == 1
    exact = load(name, "cpu").encode(digits.pixels[:77].numpy(), digits.labels[:77].numpy()).mean
    np.testing.assert_allclose(atlas.mean, exact, rtol=1e-3, atol=1e-3)


def test_making_an_atlas_that_is_there_keeps_its_maps_and_encodes_nothing(own, atlas, monkeypatch):
    xy = {"umap": atlas.coordinates("pca")}
    specs = {"umap": ProjectionSpec(method="umap")}
    folder = atlases.folder_for(own, atlas.name)
    atlases.save(replace(atlas, projections=xy, specs=specs), folder)
    monkeypatch.delattr(atlases, "encode")
    told = []
    atlases.make(lambda *words: told.append(words), model=own.id, dataset="mnist-5k", count=5000)
    assert list(atlases.load(folder).projections) == ["umap"]
    assert told == []


def test_making_an_atlas_of_a_shipped_model_again_keeps_its_shipped_maps(put, home, shipped):
    artefact = put("linear", into=shipped, shipped=True)
    atlases.make(silent, model="linear", dataset="mnist-5k", count=300)
    assert not list(home.rglob("atlas.json"))  # it is there already
    atlases.make(silent, model="linear", dataset="mnist-5k", count=200)
    assert len(atlases.load(home / ".atlas/linear/mnist-5k-200")) == 200
    assert len(atlases.load_for(artefact, count=300)) == 300


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"model": "lineal"}, "Did you mean 'linear'"),
        ({"dataset": "mnist-5"}, "Did you mean 'mnist-5k'"),
        ({"count": 5001}, "from 2 to 5,000"),
        ({"dataset": "faces"}, "takes images of shape"),
    ],
)
def test_an_atlas_that_cannot_be_made_is_one_sentence_and_nothing_is_left(put, asked, said):
    artefact = put("linear")
    words = {"model": "linear", "dataset": "mnist-5k", "count": 100} | asked
    with pytest.raises(ExplorerError, match=said) as caught:
        atlases.make(silent, **words)
    assert is_one_sentence(caught.value)
    assert [folder.name for folder in (artefact.folder / "atlas").iterdir()] == ["mnist-5k-300"]
