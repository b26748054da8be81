"""The images of a run: a data set, a folder, the codes of a VQ-VAE; and their names for a map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from explorer import store
from explorer.data import load_dataset
from explorer.errors import ExplorerError
from explorer.latent.names import name_for_map
from explorer.latent.share import python
from explorer.loaded import load
from explorer.models import build
from explorer.serve import decode as channel
from explorer.serve.catalogue import catalogue
from explorer.spec import DataSpec
from explorer.training import images as sources
from explorer.training import run as runs
from explorer.training.compose import compose
from explorer.training.images import encoded, load_named, open_data
from tests.support import CPU, finish, is_one_sentence, part, train_spec
from tests.workshop import lay_out


@pytest.fixture
def folder(tmp_path) -> Path:
    """Thirty grey PNGs, image i of the one value 8 i: 20 of them cats, 10 dogs."""
    path = tmp_path / "pets"
    for i in range(30):
        file = path / ("cats" if i < 20 else "dogs") / f"{i:02}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (20, 12), 8 * i).save(file)
    return path


@pytest.fixture
def pets(folder) -> DataSpec:
    return DataSpec(name="folder", path=str(folder), size=8, grey=True)


# --- data sets and folders --------------------------------------------------------------------


def test_a_plain_name_is_that_data_set(digits):
    assert torch.equal(open_data(DataSpec(name="mnist-5k")).pixels, digits.pixels)


def test_a_folder_is_read_as_its_spec_says(pets, folder):
    data = open_data(pets)
    assert data.image_shape == (1, 8, 8)
    assert data.classes == ("cats", "dogs")
    values = data.pixels[:, 0, 3, 3] // 8
    assert sorted(values.tolist()) == list(range(30))
    assert torch.equal(data.labels, (values >= 20).long())
    coloured = open_data(DataSpec(name="folder", path=str(folder), size=16))
    assert coloured.image_shape == (3, 16, 16)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"name": "mnist5k"}, "Did you mean 'mnist-5k'?"),
        ({"name": "folder"}, "needs a path"),
        ({"name": "folder", "path": "/nowhere/at/all"}, "does not exist"),
        ({"name": "mnist-5k", "grey": True}, "images of its own size"),
        ({"name": "mnist-5k", "codes_of": "ghost"}, "no model called 'ghost'"),
    ],
)
def test_what_is_not_there_or_does_not_fit_is_one_sentence(shipped, spec, said):
    with pytest.raises(ExplorerError) as caught:
        open_data(DataSpec(**spec))
    assert said in str(caught.value)
    assert is_one_sentence(caught.value)


# --- codes ------------------------------------------------------------------------------------


def test_the_codes_of_a_vq_vae_stand_in_the_place_of_the_pixels_row_by_row(put, digits):
    put("codes")
    network = load("codes", "cpu").network
    data = open_data(DataSpec(name="mnist-5k", codes_of="codes"))
    assert data.pixels.shape == (5000, 1, 7, 7)
    assert data.pixels.dtype == torch.int16
    for start in (0, 995, 4980):  # within a stretch, across two, the last
        rows = slice(start, start + 20)
        expected = network.codes(digits.split("all").take(rows).float())
        assert torch.equal(data.pixels[rows, 0].long(), expected)
    assert data.pixels.max() < data.codes == 16
    assert len(data.pixels.unique()) > 8


def test_rows_labels_and_splits_are_those_of_the_images(put, digits):
    put("codes")
    data = encoded("codes", digits)
    assert torch.equal(data.labels, digits.labels)
    for name in ("train", "test", "all"):
        assert torch.equal(data.split(name).rows, digits.split(name).rows)
    assert data.validation_size == digits.validation_size
    assert data.classes == digits.classes
    assert (data.name, data.noun) == ("mnist-5k", "code grid")
    assert "codes of codes" in data.title
    assert digits.codes == 0


def test_the_stretches_in_which_images_are_encoded_do_not_matter(put, digits, monkeypatch):
    put("codes")
    small = part(digits, 200, 20)
    whole = encoded("codes", small)
    monkeypatch.setattr(sources, "BATCH", 64)
    assert torch.equal(encoded("codes", small).pixels, whole.pixels)


def test_code_numbers_beyond_16_bits_survive(put, digits):
    """A codebook of 40,000 whose first codes are out of reach."""
    artefact = put("codes")
    spec = artefact.card.spec
    larger = spec.model.model_copy(update={"codebook_size": 40_000, "code_dim": 2})
    larger = larger.model_copy(update={"latent_dim": 98})
    network = build(larger, spec.objective)
    network.codebook[:39_000] += 1000
    store.write_tensors(artefact.folder / store.WEIGHTS, network.state_dict())
    update = {
        "spec": spec.model_copy(update={"model": larger}),
        "weights_sha256": store.sha256(artefact.folder / store.WEIGHTS),
    }
    store.write_card(artefact.folder, artefact.card.model_copy(update=update))
    data = encoded("codes", part(digits, 6, 2, 2))
    assert data.pixels.min() >= 39_000
    x = digits.split("all").float(0, 10)
    assert torch.equal(data.pixels[:, 0].long(), network.eval().codes(x))


def test_a_lazily_drawn_data_set_can_be_encoded(put, digits):
    """A VQ-VAE of 64x64 colour images gives the codes of drawn faces."""
    faces = part(load_dataset("faces"), 40, 8, 8)
    words = {"channels": (4, 8), "codebook_size": 8, "code_dim": 2, "epochs": 1}
    finish("face-codes", compose("vq-vae", words, DataSpec(name="faces"), faces), faces)
    data = encoded("face-codes", faces)
    x = faces.split("all").float()
    assert data.image_shape == (1, 16, 16)
    assert torch.equal(data.pixels[:, 0].long(), load("face-codes", "cpu").network.codes(x))


@pytest.mark.parametrize(
    ("name", "said"),
    [("told", "'told' has no codes; name a VQ-VAE"), ("prior", "is a prior"), ("judge", "is a cl")],
)
def test_only_a_vq_vae_has_codes(put, digits, name, said):
    put(name)
    with pytest.raises(ExplorerError, match=said) as caught:
        encoded(name, digits)
    assert is_one_sentence(caught.value)


# --- names for a map --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ({"name": "mnist"}, "mnist-5k"),
        ({"name": "mnist-5k"}, "mnist-5k"),
        ({"name": "faces"}, "faces"),
        ({"name": "folder", "path": "/a/b", "size": 8}, "images-of-mine"),
    ],
)
def test_a_map_is_named_after_its_images(spec, name):
    assert name_for_map("mine", DataSpec(**spec)) == name


def trained_on(pets: DataSpec, name: str) -> store.Artefact:
    """A small VAE of a folder, with a map of its images."""
    data = open_data(pets)
    words = {"latent_dim": 2, "hidden": (8,), "epochs": 1}
    run = finish(name, compose("vae", words, pets, data), data)
    lay_out(run.folder, load_named(name_for_map(name, pets)), "raw")
    return store.open_artefact(name)


def test_the_images_of_a_folder_model_are_found_again_by_their_name(pets):
    trained_on(pets, "mine")
    data, again = open_data(pets), load_named("images-of-mine")
    assert again.name == "images-of-mine"
    assert torch.equal(again.pixels, data.pixels)
    assert torch.equal(again.labels, data.labels)
    opened = catalogue.open("mine", "images-of-mine")
    assert (opened.atlas.total, opened.atlas.classes) == (30, ("cats", "dogs"))
    assert opened.model.decode(opened.atlas.mean).shape == (30, 1, 8, 8)


def test_project_lays_out_the_images_of_a_folder_model_by_itself(pets, command):
    trained_on(pets, "mine")
    answer = command("project", "mine", "--json")
    assert answer.code == 0
    assert answer.json["dataset"] == "images-of-mine"
    assert answer.json["folder"].endswith("atlas/images-of-mine-30")


def test_the_lines_of_python_for_a_folder_model_find_its_images(pets, tmp_path, monkeypatch):
    trained_on(pets, "mine")
    monkeypatch.chdir(tmp_path)
    exec(python("mine", "images-of-mine", "raw", row=5), {})
    model, x = load("mine", "cpu"), load_named("images-of-mine").picture(5)
    expected = model.decode(model.encode(x[None].numpy()).mean)[0, 0]
    saved = np.asarray(Image.open(tmp_path / "mine-5.png"))
    assert np.abs(saved - 255 * expected).max() <= 1


def test_the_longest_name_of_a_model_still_reaches_its_images(pets):
    name = "m" * 64
    trained_on(pets, name)
    request = f'"kind":"image","model":"{name}","dataset":"images-of-{name}","projection":"raw"'
    answer = channel.reply(f'{{"seq":3,{request},"row":5}}')
    assert np.frombuffer(answer[:20], "<u4").tolist() == [3, 1, 8, 8, 1], answer[20:]


def test_a_data_set_by_its_own_name_is_itself(digits):
    assert torch.equal(load_named("mnist-5k").pixels, digits.pixels)


def test_the_images_of_a_model_that_is_gone_are_one_sentence(shipped):
    with pytest.raises(ExplorerError, match="no model called 'mine'") as caught:
        load_named("images-of-mine")
    assert is_one_sentence(caught.value)


def test_images_of_a_folder_that_changed_are_read_anew(pets, folder):
    before = open_data(pets)
    Image.new("L", (20, 12), 251).save(folder / "cats" / "new.png")
    after = open_data(pets)
    assert len(after) == len(before) + 1
    assert 251 in after.pixels


def test_the_codes_of_a_folder_are_those_of_its_images(pets):
    data = open_data(pets)
    words = {"channels": (4, 8), "codebook_size": 8, "code_dim": 2, "epochs": 1}
    finish("pet-codes", compose("vq-vae", words, pets, data), data)
    codes = open_data(pets.model_copy(update={"codes_of": "pet-codes"}))
    assert torch.equal(codes.labels, data.labels)
    network = load("pet-codes", "cpu").network
    assert torch.equal(codes.pixels[:, 0].long(), network.codes(data.split("all").float()))


def test_nothing_of_a_data_set_is_changed_by_encoding_it(put, digits):
    before = replace(digits)
    put("codes")
    encoded("codes", part(digits, 40, 10))
    assert digits == before
    assert train_spec().model.image_shape == (1, 28, 28)


# --- images that can change -------------------------------------------------------------------


def test_a_run_on_a_folder_that_changed_since_is_refused_in_one_sentence(pets, folder, home):
    data = open_data(pets)
    spec = compose("autoencoder", {"hidden": (8,), "epochs": 2}, pets, data)
    assert spec.data.stamp == data.stamp != ""
    run = runs.create("pets", spec, "made by a test")
    Image.new("L", (20, 12), 251).save(folder / "cats" / "new.png")
    with pytest.raises(ExplorerError, match="have changed since training began") as caught:
        next(iter(runs.follow(run, open_data(pets), CPU)))
    assert is_one_sentence(caught.value)
    (folder / "cats" / "new.png").unlink()
    list(runs.follow(run, open_data(pets), CPU))
    assert run.finished


def test_a_prior_is_not_measured_on_the_codes_of_a_vq_vae_that_was_trained_anew(put, command):
    put("codes", "prior")
    assert command("evaluate", "prior", "--json").code == 0
    card = store.read_card(store.home() / "codes")
    weights = store.home() / "codes" / store.WEIGHTS
    tensors, _ = store.read_tensors(weights)
    store.write_tensors(weights, {name: value + 0.01 for name, value in tensors.items()})
    digest = {"weights_sha256": store.sha256(weights)}
    store.write_card(weights.parent, card.model_copy(update=digest))
    answer = command("evaluate", "prior")
    assert answer.code == 2
    assert "'codes' has other weights than when its codes were learned" in answer.err


def test_images_that_cannot_change_have_no_stamp(digits):
    assert digits.stamp == "" == train_spec().data.stamp
