"""Pictures decoded once into a mapped file: what is in it, and when it is made anew."""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.data.pictures import UnusableError
from explorer.data.prepared import FACTS, PIXELS, Prepared, Recipe, prepare
from explorer.errors import ExplorerError
from tests.support import is_one_sentence

NAMES = [f"{i}.txt" for i in range(300)]


def read(file: Path) -> np.ndarray:
    """A picture of 2x2 from a file that holds its value."""
    text = file.read_text()
    if not text.isdigit():
        raise UnusableError("holds no number")
    return np.full((1, 2, 2), int(text) % 256, dtype=np.uint8)


RECIPE = Recipe("values", (1, 2, 2), read)


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "set" / "images"
    folder.mkdir(parents=True)
    for i, name in enumerate(NAMES):
        (folder / name).write_text(str(i))
    return folder


def made(folder: Path, names: list[str] = NAMES, recipe: Recipe = RECIPE) -> tuple[Prepared, bool]:
    """What was prepared, and whether files were read for it."""
    reports: list[tuple[int, int]] = []
    prepared = prepare(folder, names, recipe, lambda done, total: reports.append((done, total)))
    if reports:
        assert reports[-1] == (len(names), len(names))
    return prepared, bool(reports)


def kept(folder: Path) -> list[str]:
    """All that lies beside the images, hidden things included."""
    return sorted(entry.name for entry in folder.parent.iterdir() if entry != folder)


def values(prepared: Prepared, index: list[int]) -> list[int]:
    rendered = prepared.rendered(torch.arange(len(prepared.pixels)))
    picked = rendered[torch.tensor(index)]
    return picked.draw(picked.index)[:, 0, 1, 1].tolist()


def test_pictures_are_read_by_index_in_any_order_and_repeatedly(folder):
    prepared, _ = made(folder)
    assert prepared.pixels.shape == (300, 1, 2, 2)
    assert values(prepared, [299, 0, 17, 17, 256]) == [43, 0, 17, 17, 0]
    assert prepared.broken == {}
    rendered = prepared.rendered(torch.tensor([5, 7, 9]))
    assert rendered.image_shape == (1, 2, 2)
    assert rendered.draw(rendered.index).dtype == torch.uint8


def test_the_file_is_mapped_and_not_held(folder):
    prepared, _ = made(folder)
    base = prepared.pixels
    while base.base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)


def test_a_second_call_reads_no_file_again(folder):
    assert made(folder)[1]
    again, read_again = made(folder)
    assert not read_again
    assert values(again, [3]) == [3]
    assert len(kept(folder)) == 1


@pytest.mark.parametrize(
    ("names", "recipe"),
    [
        (NAMES[1:], RECIPE),
        (NAMES[::-1], RECIPE),
        (NAMES, Recipe("values, otherwise", (1, 2, 2), read)),
    ],
    ids=["one less", "another order", "another recipe"],
)
def test_other_names_or_another_recipe_are_prepared_anew_and_the_old_removed(folder, names, recipe):
    made(folder)
    before = kept(folder)
    prepared, read_again = made(folder, names, recipe)
    assert read_again
    assert values(prepared, [0]) == [int(Path(names[0]).stem) % 256]
    assert len(kept(folder)) == 1
    assert kept(folder) != before


def test_what_is_not_ours_is_not_removed(folder):
    own = folder.parent / "prepared-by-me"
    alike = folder.parent / "prepared-0123456789abcdef"
    for other in (own, alike):
        other.mkdir()
        (other / "notes.txt").write_text("mine")
    made(folder)
    assert (own / "notes.txt").exists()
    assert (alike / "notes.txt").exists()


def test_what_a_killed_process_left_is_removed_after_a_day(folder):
    old = folder.parent / ".prepared-0123456789abcdef.tmp-x"
    new = folder.parent / ".prepared-0123456789abcdef.tmp-y"
    for left in (old, new):
        left.mkdir()
    day_before_yesterday = old.stat().st_mtime - 2 * 24 * 3600
    os.utime(old, (day_before_yesterday, day_before_yesterday))
    made(folder)
    assert not old.exists()
    assert new.exists()


# --- broken pictures --------------------------------------------------------------------------


def test_a_broken_or_missing_picture_is_named_by_its_slot_and_its_slot_is_blank(folder):
    (folder / "10.txt").write_text("ten")
    (folder / "20.txt").unlink()
    for prepared, _ in (made(folder), made(folder)):
        assert prepared.broken == {10: "holds no number", 20: "is missing"}
        assert values(prepared, [9, 10, 11, 20, 21]) == [9, 0, 11, 0, 21]


@pytest.mark.parametrize("broken", ["ten", None])
def test_a_broken_picture_is_tried_again_once_it_was_replaced(folder, broken):
    if broken is None:
        (folder / "10.txt").unlink()
    else:
        (folder / "10.txt").write_text(broken)
    made(folder)
    (folder / "10.txt").write_text("110")
    prepared, read_again = made(folder)
    assert read_again
    assert prepared.broken == {}
    assert values(prepared, [10]) == [110]


# --- damage -----------------------------------------------------------------------------------


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


DAMAGE = {
    "pixels cut short": lambda folder: cut(folder / PIXELS),
    "pixels empty": lambda folder: (folder / PIXELS).write_bytes(b""),
    "pixels gone": lambda folder: (folder / PIXELS).unlink(),
    "pixels of another shape": lambda folder: np.save(folder / PIXELS, np.zeros((9, 1, 2, 2))),
    "objects": lambda folder: np.save(folder / PIXELS, np.array([{}]), allow_pickle=True),
    "facts cut short": lambda folder: (folder / FACTS).write_text("{"),
    "facts of another kind": lambda folder: (folder / FACTS).write_text("[1]"),
    "facts about no slot": lambda folder: (folder / FACTS).write_text(
        json.dumps({"999": ["x", []]})
    ),
    "facts gone": lambda folder: (folder / FACTS).unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_prepared_file_is_made_anew(folder, damage):
    made(folder)
    (name,) = kept(folder)
    damage(folder.parent / name)
    prepared, read_again = made(folder)
    assert read_again
    assert values(prepared, [123]) == [123]
    assert kept(folder) == [name]
    assert not made(folder)[1]


def test_pictures_that_lie_where_nothing_may_be_written_are_prepared_in_the_home(tmp_path, home):
    prepared, _ = made(tmp_path / "nowhere" / "images")
    assert len(prepared.broken) == 300
    assert len(list(home.glob("_prepared/*/prepared-*"))) == 1
    assert not (tmp_path / "nowhere").exists()


def test_no_room_is_one_sentence_and_leaves_nothing_behind(folder):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))
    try:
        with pytest.raises(ExplorerError, match="could not be prepared") as caught:
            made(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(folder.parent) in str(caught.value)
    assert is_one_sentence(caught.value)
    assert kept(folder) == []


def test_an_interrupted_preparation_leaves_nothing_behind(folder):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(folder, NAMES, RECIPE, stop)
    assert kept(folder) == []
