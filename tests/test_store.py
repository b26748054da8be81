"""Artefacts on disk: atomic writes on real full disks, finding them, exporting them."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from explorer import store
from explorer.errors import ExplorerError
from explorer.loaded import load
from tests.support import equal, finish, first, is_one_sentence, train_spec

LARGE = {"a": torch.arange(200_000, dtype=torch.float32)}


@contextmanager
def files_no_larger_than(size: int):
    """A real limit of the kernel: a longer write fails half-way with EFBIG."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 KiB; only root may make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("Only root may mount a small file system to fill.")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


# --- writing ----------------------------------------------------------------------------------


def test_what_is_written_is_read_back_bit_for_bit(tmp_path):
    file = tmp_path / "new" / "folder" / "a.safetensors"
    tensors = LARGE | {"bytes": torch.tensor([1, 255], dtype=torch.uint8)}
    store.write_tensors(file, tensors, {"key": "value"})
    read, metadata = store.read_tensors(file)
    assert equal(read, tensors)
    assert metadata == {"key": "value"}


def test_a_reader_of_the_old_file_goes_on_reading_it_whole(tmp_path):
    file = tmp_path / "a.json"
    store.write_json(file, "old")
    with file.open() as reader:
        store.write_json(file, "the new one")
        assert reader.read() == '"old"\n'
    assert store.read_json(file) == "the new one"


def test_a_write_that_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path):
    file = tmp_path / "a.safetensors"
    store.write_tensors(file, {"a": torch.ones(3)})
    before = contents(tmp_path)
    with files_no_larger_than(50_000), pytest.raises(ExplorerError) as caught:
        store.write_tensors(file, LARGE)
    assert is_one_sentence(caught.value)
    assert str(file) in str(caught.value)
    assert "unchanged" in str(caught.value)
    assert contents(tmp_path) == before


def test_a_text_write_that_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path):
    file = tmp_path / "a.json"
    store.write_json(file, {"old": True})
    before = contents(tmp_path)
    with files_no_larger_than(50_000), pytest.raises(ExplorerError, match="File too large"):
        store.write_json(file, "x" * 100_000)
    assert contents(tmp_path) == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device /dev/full of Linux")
def test_the_kernels_no_space_left_is_told_as_a_full_disk(tmp_path):
    with pytest.raises(ExplorerError, match=r"the disk is full.*free some space") as caught:
        store.write_atomically(tmp_path / "a", lambda _: Path("/dev/full").write_text("x" * 9999))
    assert is_one_sentence(caught.value)
    assert contents(tmp_path) == {}


def test_a_full_disk_is_one_sentence_and_leaves_the_old_file(small_disk):
    file = small_disk / "a.safetensors"
    store.write_tensors(file, {"a": torch.ones(3)})
    before = contents(small_disk)
    with pytest.raises(ExplorerError, match="the disk is full") as caught:
        store.write_tensors(file, LARGE)
    assert is_one_sentence(caught.value)
    assert contents(small_disk) == before


def test_a_run_whose_disk_fills_up_goes_on_after_space_was_freed(
    small_disk, digits, monkeypatch, command, home
):
    words = ["train", "--dataset", "mnist-5k", "--hidden", "16", "--epochs", "2", "--seed", "4"]
    assert command(*words, "--name", "roomy", "--json").code == 0
    expected, _ = store.read_tensors(home / "roomy" / store.WEIGHTS)

    monkeypatch.setenv("EXPLORER_HOME", str(small_disk))
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 180_000)
    answer = command(*words, "--name", "tight", "--json")
    assert answer.code == 2
    last = answer.err.splitlines()[-1]
    assert last.startswith("Error: ")
    assert "the disk is full" in last
    assert not (small_disk / "tight" / store.CARD).exists()
    ballast.unlink()
    assert command("train", "--resume", "--name", "tight", "--json").code == 0
    weights, _ = store.read_tensors(small_disk / "tight" / store.WEIGHTS)
    assert equal(weights, expected)


def test_a_home_that_is_a_file_is_refused_in_one_sentence(home, command):
    home.write_text("not a folder")
    answer = command("train", "--name", "a", "--dataset", "mnist-5k", "--epochs", 1)
    assert answer.code == 2
    assert answer.err.startswith("Error: ")
    assert is_one_sentence(answer.err)


@pytest.mark.parametrize("name", ["a", "my-vae_2.1", "0", "x" * 64])
def test_a_readable_name_is_taken(name):
    assert store.check_id(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../up", "a/b", "A", "é", "-x", ".x", "x" * 65, "a b", "a\n", "data"]
)
def test_a_name_that_cannot_be_a_model_folder_is_refused(name):
    with pytest.raises(ExplorerError) as caught:
        store.check_id(name)
    assert "name a model" in str(caught.value)


def test_an_empty_explorer_home_is_the_default_and_not_the_working_folder(monkeypatch):
    monkeypatch.setenv("EXPLORER_HOME", "")
    assert store.home() == Path.home() / ".latent-explorer"


# --- finding ----------------------------------------------------------------------------------


def test_a_finished_model_is_found_and_opened_by_id_and_by_path(own):
    assert [a.id for a in store.find([(store.home(), False)]).artefacts] == ["small-vae"]
    for name in ("small-vae", own.folder, f"{own.folder}/"):
        assert store.open_artefact(name).card == own.card


def test_the_users_model_wins_over_a_shipped_one_of_the_same_id(own, shipped):
    other = shipped / own.id
    shutil.copytree(own.folder, other)
    store.write_card(other, own.card.model_copy(update={"title": "the shipped one"}))
    shutil.copytree(other, shipped / "second")
    store.write_card(shipped / "second", own.card.model_copy(update={"id": "second"}))

    shelf = store.find()
    assert [(a.id, a.shipped) for a in shelf.artefacts] == [(own.id, False), ("second", True)]
    assert store.open_artefact(own.id).folder == own.folder
    shutil.rmtree(own.folder)
    assert store.open_artefact(own.id).card.title == "the shipped one"


def test_an_unfinished_run_is_no_fault_and_opening_it_says_how_to_go_on(home):
    store.write_json(home / "half-way" / store.RUN, {})
    assert store.find([(home, False)]) == store.Shelf([], [])
    with pytest.raises(ExplorerError, match="--resume --name half-way") as caught:
        store.open_artefact("half-way")
    assert is_one_sentence(caught.value)


def test_an_unknown_model_is_answered_with_the_nearest(own, shipped):
    with pytest.raises(ExplorerError, match=r"Did you mean 'small-vae'\?") as caught:
        store.open_artefact("smal-vea")
    assert is_one_sentence(caught.value)


# --- export -----------------------------------------------------------------------------------


def test_an_export_is_the_same_model_without_its_checkpoints(own, model, digits, tmp_path):
    (own.folder / "checkpoints").mkdir(exist_ok=True)
    (own.folder / "checkpoints" / "resume.safetensors").write_bytes(b"x")
    folder = store.export(own, tmp_path / "out")
    assert sorted(contents(folder)) == sorted([store.CARD, store.HISTORY, store.WEIGHTS])
    images = first(digits, 20).float().numpy()
    copy = load(folder, "cpu")
    np.testing.assert_array_equal(copy.encode(images).mean, model.encode(images).mean)


def test_a_half_precision_export_decodes_within_2e_3_of_the_original(own, model, digits, tmp_path):
    folder = store.export(own, tmp_path, half=True)
    size = [(f / store.WEIGHTS).stat().st_size for f in (folder, own.folder)]
    assert size[0] < 0.51 * size[1]
    copy = load(folder, "cpu")
    latents = model.encode(first(digits, 500).float().numpy()).mean
    difference = np.abs(copy.decode(latents) - model.decode(latents)).max()
    assert 0 < difference < 2e-3


def test_an_export_refuses_a_target_that_exists(own, tmp_path):
    (tmp_path / own.id).mkdir()
    (tmp_path / own.id / "mine").write_text("precious")
    with pytest.raises(ExplorerError, match="already exists") as caught:
        store.export(own, tmp_path)
    assert is_one_sentence(caught.value)
    assert contents(tmp_path / own.id) == {"mine": b"precious"}


def test_an_export_that_fails_half_way_leaves_nothing(own, tmp_path):
    out = tmp_path / "out"
    with files_no_larger_than(50_000), pytest.raises(ExplorerError) as caught:
        store.export(own, out)
    assert is_one_sentence(caught.value)
    assert contents(out) == {}
    assert list(out.iterdir()) == []


def test_the_card_of_a_trained_model_tells_how_it_was_made(own):
    card = own.card
    assert card.spec == train_spec(latent_dim=4, hidden=(128,), epochs=3)
    assert card.command == "made by a test"
    assert set(card.versions) == {"python", "torch"}
    assert card.weights_sha256 == store.sha256(own.folder / store.WEIGHTS)
    tensors, _ = store.read_tensors(own.folder / store.WEIGHTS)
    assert card.parameters == sum(t.numel() for t in tensors.values())
    assert len(card.training.log) == card.training.epochs == 3


def test_finishing_a_run_leaves_no_checkpoint_and_no_temporary_file(home, digits):
    run = finish("tidy", train_spec(epochs=1), digits)
    assert sorted(contents(run.folder)) == sorted(
        [store.CARD, store.HISTORY, store.RUN, store.WEIGHTS]
    )
