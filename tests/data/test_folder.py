"""A folder of one's own images: which files, which classes, which rows, and its limits."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.data import folder as folders
from explorer.data import load_dataset
from explorer.data.folder import load, look_through
from explorer.errors import ExplorerError
from tests.support import is_one_sentence


def put(file: Path, value: int = 0, size: tuple[int, int] = (8, 8)) -> Path:
    """A grey PNG of one value."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, value).save(file)
    return file


@pytest.fixture
def path(tmp_path) -> Path:
    """Forty images, image i grey with the value i: 20 cats, 15 dogs, 5 in no folder."""
    path = tmp_path / "pets"
    for i in range(40):
        place = "cats" if i < 20 else "dogs/young" if i < 35 else "."
        put(path / place / f"{i:02}.png", i)
    return path


def numbers(dataset) -> list[int]:
    """Which image each row shows."""
    return dataset.split("all").bytes()[:, 0, 0, 0].tolist()


# --- rows -------------------------------------------------------------------------------------


def test_images_are_squares_of_the_size_that_was_asked_for(path):
    dataset = load(path, size=16)
    assert dataset.pixels.shape == (40, 3, 16, 16)
    assert dataset.pixels.dtype == torch.uint8
    assert load(path, size=24, grey=True).image_shape == (1, 24, 24)
    assert load(path).image_shape == (3, 64, 64)


def test_rows_are_the_sorted_files_in_the_order_of_a_fixed_permutation(path):
    sorted_files = [*range(35, 40), *range(20), *range(20, 35)]  # "35.png" < "cats" < "dogs"
    order = np.random.RandomState(0).permutation(40)
    assert numbers(load(path, 8)) == [sorted_files[i] for i in order]


def test_a_fifth_is_for_testing_and_a_tenth_of_the_rest_to_choose_by(path):
    fit, validation = load(path, 8).fit_and_validation()
    assert (len(fit), len(validation), len(load(path, 8).split("test"))) == (29, 3, 8)


@pytest.mark.parametrize(
    ("n", "sizes"), [(10, (7, 1, 2)), (11, (8, 1, 2)), (13, (9, 1, 3)), (100, (72, 8, 20))]
)
def test_every_split_has_an_image_however_few_there_are(tmp_path, n, sizes):
    for i in range(n):
        put(tmp_path / "few" / f"{i:03}.png", i)
    dataset = load(tmp_path / "few", 8)
    fit, validation = dataset.fit_and_validation()
    assert (len(fit), len(validation), len(dataset.split("test"))) == sizes


def test_the_order_in_which_files_were_made_does_not_matter(path, tmp_path):
    for i in reversed(range(40)):
        place = "cats" if i < 20 else "dogs/young" if i < 35 else "."
        put(tmp_path / "again" / place / f"{i:02}.png", i)
    one, other = load(path, 8), load(tmp_path / "again", 8)
    assert torch.equal(one.pixels, other.pixels)
    assert torch.equal(one.labels, other.labels)


def test_names_and_captions_say_what_it_is_and_not_where_it_lies(path):
    dataset = load(path, 8)
    assert dataset.name == "folder"
    assert dataset.title == "Folder pets"
    assert dataset.source == "40 images of the folder 'pets'"
    assert dataset.origins == ((40, "image {index} of 40"),)
    assert dataset.faults == ()


# --- classes ----------------------------------------------------------------------------------


def test_the_first_level_of_folders_names_the_classes(path):
    dataset = load(path, 8)
    assert dataset.classes == ("cats", "dogs", "(no folder)")
    expected = [0 if i < 20 else 1 if i < 35 else 2 for i in numbers(dataset)]
    assert dataset.labels.tolist() == expected
    assert dataset.labels.dtype == torch.int64


def test_without_folders_all_images_are_of_one_class_with_the_folders_name(tmp_path):
    for i in range(10):
        put(tmp_path / "stones" / f"{i}.png", i)
    dataset = load(tmp_path / "stones", 8)
    assert dataset.classes == ("stones",)
    assert dataset.labels.tolist() == [0] * 10


def test_a_folder_without_a_usable_image_is_no_class(path):
    (path / "birds").mkdir()
    (path / "birds" / "broken.png").write_bytes(b"")
    (path / "ants").mkdir()
    (path / "ants" / "notes.txt").write_text("none yet")
    assert load(path, 8).classes == ("cats", "dogs", "(no folder)")


@pytest.mark.parametrize("n", [255, 256])
def test_up_to_255_classes_can_be_told_apart(tmp_path, n):
    for i in range(n):
        put(tmp_path / "many" / f"{i:03}" / "a.png", i % 256)
    if n == 255:
        dataset = load(tmp_path / "many", 8)
        assert dataset.labels.tolist() == numbers(dataset)
        return
    with pytest.raises(ExplorerError, match="256 sub-folders with images, and at most 255") as no:
        load(tmp_path / "many", 8)
    assert is_one_sentence(no.value)


# --- which files ------------------------------------------------------------------------------


def test_other_and_hidden_files_and_folders_are_passed_over_in_silence(path):
    (path / "notes.txt").write_text("not an image")
    (path / "cats" / "Thumbs.db").write_bytes(b"\0")
    put(path / ".hidden.png", 99)
    put(path / "cats" / "._00.png", 99)
    put(path / ".git" / "a.png", 99)
    os.mkfifo(path / "pipe.png")
    dataset = load(path, 8)
    assert sorted(numbers(dataset)) == list(range(40))
    assert dataset.faults == ()


def test_endings_are_known_in_any_case(tmp_path):
    for i, ending in enumerate([".PNG", ".Png", ".png"] * 4):
        put((tmp_path / "photos" / str(i)).with_suffix(".png"), i)
        (tmp_path / "photos" / f"{i}.png").rename(tmp_path / "photos" / f"{i}{ending}")
    assert sorted(numbers(load(tmp_path / "photos", 8))) == list(range(12))


def test_a_link_to_a_file_is_followed_and_a_link_to_a_folder_is_told(path, tmp_path):
    other = put(tmp_path / "elsewhere" / "50.png", 50)
    (path / "cats" / "50.png").symlink_to(other)
    (path / "cats" / "circle").symlink_to(path)
    (path / "birds").symlink_to(tmp_path / "elsewhere")
    (path / "cats" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    dataset = load(path, 8)
    assert sorted(numbers(dataset)) == [*range(40), 50]
    assert dataset.faults == (
        "The folder 'birds' is a link and was passed over.",
        "The folder 'cats/circle' is a link and was passed over.",
        "'cats/gone.png' is missing.",
    )


def test_the_folder_itself_may_be_a_link(path, tmp_path):
    (tmp_path / "link").symlink_to(path)
    dataset = load(tmp_path / "link", 8)
    assert len(dataset) == 40
    assert dataset.title == "Folder link"


def test_files_that_cannot_be_used_are_named_and_the_others_keep_their_order(path):
    before = numbers(load(path, 8))
    frames = [Image.new("L", (8, 8), value) for value in (0, 100)]
    frames[0].save(path / "cats" / "05.gif", save_all=True, append_images=frames[1:])
    (path / "cats" / "05.png").unlink()
    (path / "cats" / "05.gif").rename(path / "cats" / "05.png")
    (path / "dogs" / "young" / "33.png").write_bytes(b"<html>404</html>")
    dataset = load(path, 8)
    assert dataset.faults == (
        "'cats/05.png' is an animation or has several pages.",
        "'dogs/young/33.png' is damaged or of a kind that cannot be read.",
    )
    assert numbers(dataset) == [i for i in before if i not in (5, 33)]
    assert len(dataset.labels) == len(dataset) == dataset.origins[-1][0] == 38


def test_many_broken_files_are_counted(path):
    for i in range(25):
        (path / "cats" / f"broken {i:02}.jpg").write_bytes(b"")
    faults = load(path, 8).faults
    assert len(faults) == 21
    assert faults[0].startswith("'cats/broken 00.jpg' is damaged")
    assert faults[-1] == "5 more files could not be used."


def test_names_that_are_no_text_are_shown_as_far_as_they_are(path):
    odd = os.fsencode(path) + b"/b\xffrds"
    os.mkdir(odd)
    for name in (b"a\n1.png", b"b.png"):
        with open(odd + b"/" + name, "wb") as stream:
            stream.write((path / "cats" / "07.png").read_bytes() if name == b"b.png" else b"")
    dataset = load(path, 8)
    assert "b\N{REPLACEMENT CHARACTER}rds" in dataset.classes
    (fault,) = dataset.faults
    assert fault.startswith("'b\N{REPLACEMENT CHARACTER}rds/a\N{REPLACEMENT CHARACTER}1.png' is")
    assert is_one_sentence(fault)


# --- limits -----------------------------------------------------------------------------------


def refused(path: Path, **more) -> str:
    with pytest.raises(ExplorerError) as caught:
        load(path, **more)
    assert is_one_sentence(caught.value)
    assert str(caught.value).count(". ") == 0
    return str(caught.value)


def test_a_folder_that_is_not_there_or_no_folder_is_one_sentence(path):
    assert "does not exist" in refused(path / "nowhere")
    assert "is a file, not a folder" in refused(path / "39.png")


def test_fewer_than_ten_usable_images_are_one_sentence(tmp_path):
    path = tmp_path / "few"
    path.mkdir()
    assert "There are no images in" in refused(path)
    assert "png" in refused(path)
    for i in range(9):
        put(path / f"{i}.png", i)
    assert f"'{path}' holds 9 usable images, and at least 10 are needed" in refused(path)
    (path / "9.png").write_bytes(b"")
    assert "holds 9 usable images (the first fault: '9.png' is damaged or" in refused(path)
    put(path / "9.png", 9)
    assert len(load(path, 8)) == 10


@pytest.mark.parametrize("size", [-1, 0, 7, 513, 10**9])
def test_an_impossible_size_is_one_sentence(path, size):
    assert f"from 8 to 512 pixels a side, but was {size}" in refused(path, size=size)


@pytest.mark.parametrize(
    ("n", "grey", "needed", "fits"),
    [(5_200, False, "4.1", 504), (15_400, True, "4.0", 504), (15_400, False, "12.1", 288)],
)
def test_more_than_fits_into_memory_is_refused_before_reading_with_a_size_that_fits(
    tmp_path, n, grey, needed, fits
):
    path = tmp_path / "large"
    path.mkdir()
    for i in range(n):
        (path / f"{i}.png").touch()
    text = refused(path, size=512, grey=grey)
    assert f"{n:,}" in text
    assert f"take {needed} GB of memory" in text
    assert f"a size of at most {fits}." in text
    channels = 1 if grey else 3
    assert n * channels * fits**2 <= 4e9 < n * channels * (fits + 8) ** 2


def test_too_many_files_are_refused_whatever_they_are(path, monkeypatch):
    monkeypatch.setattr(folders, "MAX_FILES", 42)
    (path / "notes.txt").touch()
    (path / "more.txt").touch()
    assert len(look_through(path).names) == 40
    (path / "even more.txt").touch()
    assert "holds more than 42 files" in refused(path)


# --- by name ----------------------------------------------------------------------------------


def test_a_folder_is_a_data_set_by_name_with_its_options(path):
    dataset = load_dataset("folder", path=path, size=16, grey=True)
    assert dataset.image_shape == (1, 16, 16)
    assert load_dataset("folder", path=str(path)).image_shape == (3, 64, 64)


def test_the_path_may_be_relative_or_start_at_the_home(path, monkeypatch):
    dataset = load_dataset("folder", path=path, size=8)
    monkeypatch.chdir(path / "cats")
    monkeypatch.setenv("HOME", str(path.parent))
    assert load_dataset("folder", path="..", size=8) is dataset
    assert load_dataset("folder", path="~/pets", size=8) is dataset


def test_a_folder_is_read_once_for_the_same_options(path):
    one = load_dataset("folder", path=path, size=8)
    assert load_dataset("folder", path=path, size=8) is one
    other = load_dataset("folder", path=path, size=8, grey=True)
    assert other is not one
    assert load_dataset("folder", path=path, size=8) is one


def replaced(path: Path) -> None:
    """Another picture of as many bytes under the same name and a later time."""
    file = path / "cats" / "00.png"
    before = file.stat()
    put(file, 1)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1_000))


CHANGES = {
    "one more": lambda path: put(path / "dogs" / "90.png", 90),
    "one less": lambda path: (path / "dogs" / "young" / "20.png").unlink(),
    "renamed": lambda path: (path / "cats" / "00.png").rename(path / "dogs" / "00.png"),
    "a folder renamed": lambda path: (path / "cats").rename(path / "lions"),
    "replaced": replaced,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_folder_that_changed_is_read_again(path, change):
    before = load_dataset("folder", path=path, size=8)
    change(path)
    after = load_dataset("folder", path=path, size=8)
    assert after is not before
    facts = [
        (d.classes, sorted(zip(numbers(d), d.labels.tolist(), strict=True)))
        for d in (before, after)
    ]
    assert facts[0] != facts[1]


def test_a_file_that_is_no_image_changes_nothing(path):
    before = load_dataset("folder", path=path, size=8)
    (path / "notes.txt").write_text("not an image")
    assert load_dataset("folder", path=path, size=8) is before


def test_a_folder_without_a_path_is_one_sentence():
    with pytest.raises(ExplorerError, match="needs a path") as caught:
        load_dataset("folder")
    assert is_one_sentence(caught.value)


@pytest.mark.parametrize("option", [{"path": "pets"}, {"size": 28}, {"grey": True}])
def test_other_data_sets_take_no_such_options(option):
    with pytest.raises(ExplorerError) as caught:
        load_dataset("mnist-5k", **option)
    assert str(caught.value) == (
        "'mnist-5k' has images of its own size; --size, --grey and a path belong to the data set "
        "'folder'."
    )


def test_an_unknown_data_set_is_said_to_be_unknown_before_its_options(path):
    with pytest.raises(ExplorerError, match="Did you mean 'folder'"):
        load_dataset("foldr", path=path)
