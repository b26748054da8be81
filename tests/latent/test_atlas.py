"""Atlases: every point's row is its image, and a map belongs to the weights that made it."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pytest

from explorer import store
from explorer.data import load_dataset
from explorer.errors import ExplorerError
from explorer.latent import atlas as atlases
from explorer.latent.spec import ProjectionSpec
from explorer.loaded import load
from explorer.training import run as runs
from tests.support import finish, is_one_sentence, part, train_spec
from tests.workshop import lay_out


@pytest.fixture(scope="module")
def atlas(model, digits):
    return atlases.with_projection(atlases.encode(model, digits), ProjectionSpec(method="pca"))


def test_every_point_keeps_the_row_of_its_image(atlas, model, digits):
    assert len(atlas) == len(digits) == 5000
    assert atlas.name == "mnist-5k-5000"
    for i in np.random.default_rng(0).integers(0, 5000, 30):
        image = digits.pixels[atlas.rows[i]][None].numpy()
        mean = model.encode(image).mean[0]
        np.testing.assert_allclose(mean, atlas.mean[i], rtol=1e-3, atol=1e-4)
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


def test_an_atlas_that_has_no_map_yet_does_not_hide_one_that_has(own, atlas):
    atlases.save(replace(atlas, projections={}, specs={}), atlases.folder_for(own, "a-begun"))
    with pytest.raises(ExplorerError, match="no map yet"):
        atlases.load_for(own)
    atlases.save(atlas, atlases.folder_for(own, "b-done"))
    assert atlases.load_for(own).projections


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
    "another name": with_arrays(lambda t: t.update({"projection.tsne": t.pop("projection.pca")})),
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
    spec = ProjectionSpec(method="umap", seed=9)
    other = replace(atlas, projections={spec.key: atlas.coordinates("pca")}, specs={spec.key: spec})
    atlases.save(other, folder)
    before = (folder / atlases.ARRAYS).read_bytes()
    assert command("project", own.id, "--method", "pca", "--json").code == 0
    assert (folder / atlases.ARRAYS).read_bytes() == before
    both = atlases.load_for(own)
    assert list(both.projections) == ["umap-s9"]
    np.testing.assert_array_equal(both.coordinates("pca"), atlas.coordinates("pca"))


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


# --- how much is kept -------------------------------------------------------------------------


def kept_arrays(folder) -> dict:
    return store.read_tensors(folder / atlases.ARRAYS)[0]


def wider(atlas, dimensions: int):
    """The atlas with random latents of another width."""
    shape = (len(atlas), dimensions)
    mean, logvar = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    return replace(atlas, mean=mean, logvar=logvar)


def test_a_count_takes_the_first_rows_and_remembers_of_how_many(model, digits, tmp_path):
    atlas = atlases.encode(model, digits, 123)
    atlases.save(atlas, tmp_path)
    for one in (atlas, atlases.load(tmp_path)):
        assert (len(one), one.total, one.name) == (123, 5000, "mnist-5k-123")
        assert one.rows.tolist() == list(range(123))
        np.testing.assert_array_equal(one.labels, digits.labels[:123])
    whole = atlases.encode(model, digits)
    np.testing.assert_allclose(atlas.mean, whole.mean[:123], atol=2e-3)


def test_latents_above_two_dimensions_are_kept_as_float16(model, digits, tmp_path):
    atlas = atlases.encode(model, digits, 200)
    exact = model.encode(digits.pixels[:200].numpy())
    for name in ("mean", "logvar"):
        expected = getattr(exact, name).astype(np.float16).astype(np.float32)
        np.testing.assert_array_equal(getattr(atlas, name), expected)
    assert (atlas.mean != exact.mean).any()
    atlases.save(atlas, tmp_path)
    assert {str(kept_arrays(tmp_path)[n].dtype) for n in ("mean", "logvar")} == {"torch.float16"}
    assert atlases.load(tmp_path).mean.dtype == np.float32


def test_a_2d_latent_is_kept_exactly_since_it_is_its_own_place(put, digits):
    artefact = put("told")
    atlas = atlases.load_for(artefact)
    exact = load("told", "cpu").encode(digits.pixels[:300].numpy(), digits.labels[:300].numpy())
    # Exact but for the last bits, which depend on the number of threads that encoded.
    np.testing.assert_allclose(atlas.mean, exact.mean, atol=1e-5)
    np.testing.assert_allclose(atlas.logvar, exact.logvar, atol=1e-5)
    np.testing.assert_array_equal(atlas.coordinates("raw"), atlas.mean)
    assert np.abs(exact.mean - exact.mean.astype(np.float16)).max() > 1e-4


def test_a_conditional_encoder_is_told_the_class_of_each_image(put, digits):
    atlas, model = atlases.load_for(put("told")), load("told", "cpu")
    others = (digits.labels[:300].numpy() + 1) % 10
    told_another = model.encode(digits.pixels[:300].numpy(), others).mean
    assert np.abs(atlas.mean - told_another).max() > 0.1


@pytest.mark.parametrize(("dimensions", "kept"), [(20, True), (21, False)])
def test_latents_are_kept_up_to_20_dimensions(atlas, tmp_path, dimensions, kept):
    atlases.save(wider(atlas, dimensions), tmp_path)
    assert ({"mean", "logvar"} <= set(kept_arrays(tmp_path))) == kept
    read = atlases.load(tmp_path)
    assert read.mean.shape == (5000, dimensions if kept else 0)
    np.testing.assert_array_equal(read.coordinates("pca"), atlas.coordinates("pca"))
    np.testing.assert_array_equal(read.rows, atlas.rows)


def test_latents_that_are_too_wide_to_keep_are_encoded_again_the_same(put, digits):
    artefact = put("codes")
    model, read = load("codes", "cpu"), atlases.load_for(artefact)
    assert read.mean.shape == (300, 0)
    whole = atlases.completed(read, model, digits)
    np.testing.assert_array_equal(whole.mean, atlases.encode(model, digits, 300).mean)
    assert whole.mean.shape == (300, 784)
    assert whole.logvar is None
    np.testing.assert_array_equal(whole.coordinates("pca"), read.coordinates("pca"))


def test_wide_variances_come_back_too(digits, home, tmp_path):
    small = part(digits, 100, 20, 10)
    finish("wide", train_spec(latent_dim=300, hidden=(16,), epochs=1), small)
    model = load("wide", "cpu")
    atlas = atlases.encode(model, small)
    atlases.save(atlas, tmp_path)
    whole = atlases.completed(atlases.load(tmp_path), model, small)
    np.testing.assert_array_equal(whole.mean, atlas.mean)
    np.testing.assert_array_equal(whole.logvar, atlas.logvar)


def test_the_images_that_are_encoded_again_are_those_of_the_rows(put, digits):
    read, model = atlases.load_for(put("codes")), load("codes", "cpu")
    some = np.array([250, 3, 77])
    few = replace(read, mean=read.mean[some], rows=read.rows[some], labels=read.labels[some])
    again = atlases.completed(few, model, digits)
    np.testing.assert_array_equal(again.mean, atlases.encode(model, digits, 300).mean[some])


def test_latents_that_were_encoded_again_are_kept_for_the_next_time(put, digits, monkeypatch):
    artefact = put("codes")
    model, read = load("codes", "cpu"), atlases.load_for(artefact)
    first = atlases.complete(artefact, read, model, digits)
    file = artefact.folder / "atlas" / "mnist-5k-300" / "latents.safetensors"
    assert file.exists()
    np.testing.assert_array_equal(first.mean, atlases.completed(read, model, digits).mean)

    def never(*_):
        raise AssertionError("encoded again")

    with monkeypatch.context() as patched:
        patched.setattr(atlases, "completed", never)
        again = atlases.complete(artefact, read, model, digits)
    np.testing.assert_array_equal(again.mean, first.mean)
    assert again.sha256 == first.sha256 == read.sha256
    os.truncate(file, 1000)
    mended = atlases.complete(artefact, read, model, digits)
    np.testing.assert_array_equal(mended.mean, first.mean)
    other = replace(read, rows=read.rows[::-1].copy())
    turned = atlases.complete(artefact, other, model, digits)
    np.testing.assert_array_equal(turned.mean, first.mean[::-1])


def test_latents_that_cannot_be_kept_are_encoded_each_time(put, digits, monkeypatch):
    artefact = put("codes")
    model, read = load("codes", "cpu"), atlases.load_for(artefact)
    (artefact.folder / "atlas" / "mnist-5k-300" / "latents.safetensors").mkdir()
    whole = atlases.complete(artefact, read, model, digits)
    assert whole.mean.shape == (300, 784)


def test_an_atlas_that_has_its_latents_is_not_encoded_again(atlas, model, digits):
    assert atlases.completed(atlas, model, digits) is atlas


def test_images_that_are_drawn_when_asked_for_can_be_laid_out(put):
    faces = load_dataset("faces")
    artefact, model = put("colour"), load("colour", "cpu")
    atlas = atlases.load_for(artefact)
    assert (len(atlas), atlas.total, atlas.name) == (300, 40_000, "faces-300")
    assert atlas.classes == faces.classes
    exact = model.encode(faces.split("all").take(slice(0, 300)).bytes().numpy()).mean
    np.testing.assert_allclose(atlas.mean, exact, rtol=1e-3, atol=1e-3)


# --- what is said of the images ---------------------------------------------------------------


def test_the_classes_survive_the_way_to_disk_and_back(put, digits):
    artefact = put("linear")
    assert atlases.load_for(artefact).classes == digits.classes == tuple("0123456789")
    named = replace(digits, classes=tuple(f"cipher «{i}»" for i in range(10)))
    lay_out(artefact.folder, named, "pca", count=40)
    assert atlases.load(artefact.folder / "atlas" / "mnist-5k-40").classes == named.classes


def test_an_atlas_of_the_old_form_still_opens(own, atlas):
    """Until now there were neither total, classes nor width in it, and all floats had 32 bits."""
    folder = atlases.folder_for(own, atlas.name)
    atlases.save(atlas, folder)
    for key in ("total", "classes", "latent_dim"):
        without(key)(folder)
    with_arrays(lambda t: t.update({name: t[name].float() for name in ("mean", "logvar")}))(folder)
    read = atlases.load_for(own)
    assert (read.total, read.classes) == (5000, ())
    for name in ("mean", "logvar", "labels", "rows"):
        np.testing.assert_array_equal(getattr(read, name), getattr(atlas, name))


def test_the_shipped_atlases_open_whatever_their_form():
    for artefact in store.find([(store.PRETRAINED, True)]).artefacts:
        if artefact.card.kind == "model":
            atlas = atlases.load_for(artefact)
            assert atlas.total >= len(atlas) >= 1000
            shuffled = load_dataset(atlas.dataset).shuffled
            assert atlas.sample == ("random" if shuffled else "first")
