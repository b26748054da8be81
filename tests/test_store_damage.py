"""Every kind of damaged, foreign or forbidden model folder."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from explorer import store
from explorer.errors import ExplorerError
from explorer.loaded import load
from tests.support import is_one_sentence, train_spec


def card_without(key: str):
    def damage(folder: Path) -> None:
        card = json.loads((folder / store.CARD).read_text())
        del card[key]
        (folder / store.CARD).write_text(json.dumps(card))

    return damage


def card_with(**changes):
    def damage(folder: Path) -> None:
        card = json.loads((folder / store.CARD).read_text())
        (folder / store.CARD).write_text(json.dumps(card | changes))

    return damage


def cut_card(folder: Path) -> None:
    text = (folder / store.CARD).read_bytes()
    (folder / store.CARD).write_bytes(text[: len(text) // 2])


CARD_DAMAGE = {
    "cut short": cut_card,
    "empty": lambda folder: (folder / store.CARD).write_text(""),
    "binary": lambda folder: (folder / store.CARD).write_bytes(bytes(range(256))),
    "a list": lambda folder: (folder / store.CARD).write_text("[]"),
    "a folder": lambda folder: ((folder / store.CARD).unlink(), (folder / store.CARD).mkdir()),
    "without its spec": card_without("spec"),
    "without the checksum": card_without("weights_sha256"),
    "with an impossible spec": card_with(spec={"model": {"latent_dim": -3}}),
    "of a later version": card_with(wings=2),
    "without weights": lambda folder: (folder / store.WEIGHTS).unlink(),
}


@pytest.mark.parametrize("damage", CARD_DAMAGE.values(), ids=CARD_DAMAGE)
def test_a_damaged_card_is_one_sentence_with_its_folder_and_the_rest_is_still_listed(
    own, home, damage
):
    broken = home / "broken"
    shutil.copytree(own.folder, broken)
    damage(broken)
    shelf = store.find([(home, False)])
    assert [a.id for a in shelf.artefacts] == ["small-vae"]
    (fault,) = shelf.faults
    assert str(broken) in fault
    assert is_one_sentence(fault)
    for name in ("broken", broken):
        with pytest.raises(ExplorerError) as caught:
            store.open_artefact(name)
        assert str(broken) in str(caught.value)
        assert is_one_sentence(caught.value)


def test_a_foreign_folder_is_named_and_skipped_and_hidden_ones_and_files_are_not_looked_at(
    own, home
):
    for name in ("holiday-photos", ".cache", "_old", "data"):
        (home / name).mkdir()
        (home / name / "file").write_text("x")
    (home / "notes.txt").write_text("x")
    shelf = store.find([(home, False)])
    assert [a.id for a in shelf.artefacts] == ["small-vae"]
    assert len(shelf.faults) == 1
    assert str(home / "holiday-photos") in shelf.faults[0]


def truncate(folder: Path) -> None:
    with (folder / store.WEIGHTS).open("r+b") as stream:
        stream.truncate(1000)


def flip_one_bit(folder: Path) -> None:
    data = bytearray((folder / store.WEIGHTS).read_bytes())
    data[-1] ^= 1
    (folder / store.WEIGHTS).write_bytes(data)


def with_digest(folder: Path) -> None:
    """Make the card agree with the weights that lie there now."""
    card_with(weights_sha256=store.sha256(folder / store.WEIGHTS))(folder)


def truncate_unnoticed(folder: Path) -> None:
    truncate(folder)
    with_digest(folder)


def empty_unnoticed(folder: Path) -> None:
    (folder / store.WEIGHTS).write_bytes(b"")
    with_digest(folder)


def other_names(folder: Path) -> None:
    save_file({"weights": torch.ones(3)}, folder / store.WEIGHTS)
    with_digest(folder)


def other_architecture(folder: Path) -> None:
    spec = train_spec(latent_dim=7).model_dump(mode="json")
    card_with(spec=spec)(folder)


def unknown_family(folder: Path) -> None:
    spec = train_spec().model_dump(mode="json")
    spec["model"]["family"] = "transformer"
    card_with(spec=spec)(folder)


@pytest.mark.parametrize(
    "damage",
    [
        truncate,
        flip_one_bit,
        truncate_unnoticed,
        empty_unnoticed,
        other_names,
        other_architecture,
        unknown_family,
    ],
)
def test_weights_that_are_not_those_of_the_card_are_refused_in_one_sentence(own, home, damage):
    damage(own.folder)
    with pytest.raises(ExplorerError) as caught:
        load(own.id, "cpu")
    assert is_one_sentence(caught.value)
    assert own.id in str(caught.value)


def test_a_model_is_read_without_executing_anything_it_holds(own, tmp_path):
    """A pickle in the place of the weights is refused, whatever its checksum."""

    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "executed"),)

    torch.save({"weights": Bomb()}, own.folder / store.WEIGHTS)
    with_digest(own.folder)
    with pytest.raises(ExplorerError, match="damaged"):
        load(own.id, "cpu")
    assert not (tmp_path / "executed").exists()


@contextmanager
def an_ordinary_user():
    """Lay down root's right to read everything for a while."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_folder_that_may_not_be_read_is_named_and_skipped(own):
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        root = Path(name)
        root.chmod(0o755)
        shutil.copytree(own.folder, root / "open")
        shutil.copytree(own.folder, root / "locked")
        (root / "open").chmod(0o755)
        (root / "locked").chmod(0)
        with an_ordinary_user():
            shelf = store.find([(root, False)])
        (root / "locked").chmod(0o755)
    assert [a.folder.name for a in shelf.artefacts] == ["open"]
    (fault,) = shelf.faults
    assert str(root / "locked") in fault
    assert is_one_sentence(fault)


def test_damaged_weights_are_not_exported(own, tmp_path):
    flip_one_bit(own.folder)
    with pytest.raises(ExplorerError, match="sha256"):
        store.export(own, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
