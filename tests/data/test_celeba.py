"""CelebA: a dozen generated photographs in its own layout, whole and damaged."""

from __future__ import annotations

import socket
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.data import Rendered, celeba, load_dataset
from explorer.data.vision import torchvision
from explorer.errors import ExplorerError
from tests.support import is_one_sentence

# As the real file names them, in its order.
HEADER = (
    "5_o_Clock_Shadow Arched_Eyebrows Attractive Bags_Under_Eyes Bald Bangs Big_Lips Big_Nose "
    "Black_Hair Blond_Hair Blurry Brown_Hair Bushy_Eyebrows Chubby Double_Chin Eyeglasses Goatee "
    "Gray_Hair Heavy_Makeup High_Cheekbones Male Mouth_Slightly_Open Mustache Narrow_Eyes No_Beard "
    "Oval_Face Pale_Skin Pointy_Nose Receding_Hairline Rosy_Cheeks Sideburns Smiling Straight_Hair "
    "Wavy_Hair Wearing_Earrings Wearing_Hat Wearing_Lipstick Wearing_Necklace Wearing_Necktie Young"
)
ATTRIBUTES = HEADER.split()
NAMES = [f"{i:06}.jpg" for i in range(1, 13)]
# Not in order: the rows are to be sorted by split, and by name within one.
SPLITS = [0, 2, 0, 1, 0, 0, 2, 0, 1, 0, 0, 1]
ORDER = [0, 2, 4, 5, 7, 9, 10, 3, 8, 11, 1, 6]
SIGNS = np.where(np.random.default_rng(5).random((12, 40)) < 0.5, -1, 1)


def photograph(seed: int) -> Image.Image:
    """A smooth colour picture of CelebA's size."""
    small = np.random.default_rng(seed).integers(0, 256, (28, 23, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((178, 218), Image.Resampling.BICUBIC)


def attribute_lines() -> list[str]:
    """The real file pads with two spaces before a positive sign and ends its names with one."""
    rows = [
        name + "".join(f" {sign:2d}" for sign in signs)
        for name, signs in zip(NAMES, SIGNS.tolist(), strict=True)
    ]
    return [str(len(rows)), HEADER + " ", *rows]


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "root" / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    for i, name in enumerate(NAMES):
        photograph(i).save(folder / "img_align_celeba" / name, quality=92)
    write(folder / "list_attr_celeba.txt", attribute_lines())
    lines = [f"{name} {split}" for name, split in zip(NAMES, SPLITS, strict=True)]
    write(folder / "list_eval_partition.txt", lines)
    return folder


def write(file: Path, lines: list[str]) -> None:
    file.write_text("\n".join(lines) + "\n")


def image(folder: Path, number: int) -> Path:
    return folder / "img_align_celeba" / NAMES[number]


def scaling(old: int, new: int) -> np.ndarray:
    """Weights `(new, old)` of linear scaling down, each new pixel a triangle of old ones."""
    scale = old / new
    centre = (np.arange(new)[:, None] + 0.5) * scale
    weights = np.maximum(0, 1 - np.abs(np.arange(old)[None] + 0.5 - centre) / scale)
    return weights / weights.sum(axis=1, keepdims=True)


def face(file: Path) -> np.ndarray:
    """Rows 35-182 and columns 15-162, the middle 148x148, scaled to `(3, 64, 64)` by hand."""
    crop = np.asarray(Image.open(file)).astype(float)[35:183, 15:163]
    weights = scaling(148, 64)
    return np.stack([weights @ crop[:, :, c] @ weights.T for c in range(3)])


# --- what is in it ----------------------------------------------------------------------------


def test_the_middle_of_every_photograph_is_scaled_to_64x64(folder):
    dataset = celeba.read(folder)
    assert dataset.pixels.shape == (12, 3, 64, 64)
    pixels = dataset.split("all").bytes()
    assert pixels.dtype == torch.uint8
    for row, number in enumerate(ORDER):
        np.testing.assert_allclose(pixels[row].numpy(), face(image(folder, number)), atol=1.01)


def test_rows_are_the_training_then_the_validation_then_the_test_images(folder):
    dataset = celeba.read(folder)
    fit, validation = dataset.fit_and_validation()
    assert (len(fit), len(validation), len(dataset.split("test"))) == (7, 3, 2)
    assert dataset.origins == (
        (7, "CelebA training image {index}"),
        (10, "CelebA validation image {index}"),
        (12, "CelebA test image {index}"),
    )
    picture = validation.float(1, 2)[0].numpy() * 255
    np.testing.assert_allclose(picture, face(image(folder, 8)), atol=1.01)


def test_the_40_attributes_are_factors_and_smiling_is_the_class(folder):
    dataset = celeba.read(folder)
    assert dataset.factors is not None
    assert dataset.factors.names == tuple(ATTRIBUTES)
    assert dataset.factors.sizes == (2,) * 40
    assert dataset.factors.values.dtype == torch.int64
    np.testing.assert_array_equal(dataset.factors.values.numpy(), SIGNS[ORDER] > 0)
    assert dataset.classes == ("not smiling", "smiling")
    assert dataset.labels.tolist() == (SIGNS[ORDER, 31] > 0).astype(int).tolist()
    assert dataset.faults == ()


def test_images_are_read_when_they_are_asked_for(folder):
    dataset = celeba.read(folder)
    assert isinstance(dataset.pixels, Rendered)
    rows = torch.tensor([11, 0, 5, 0])
    picked = dataset.split("all").take(rows)
    assert torch.equal(picked.bytes(), dataset.split("all").bytes()[rows])
    np.testing.assert_allclose(dataset.picture(11).numpy() * 255, face(image(folder, 6)), atol=1.01)


def test_it_is_found_by_its_name_under_the_root(folder):
    dataset = load_dataset("celeba", folder.parent)
    assert (dataset.name, dataset.title, dataset.noun) == ("celeba", "CelebA", "face")
    assert len(dataset) == 12


def test_windows_line_ends_do_not_matter(folder):
    for name in ("list_attr_celeba.txt", "list_eval_partition.txt"):
        file = folder / name
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    np.testing.assert_array_equal(celeba.read(folder).factors.values.numpy(), SIGNS[ORDER] > 0)


def test_torchvision_reads_the_same_names_splits_and_attributes(folder, monkeypatch):
    """Its reader, freed of the checksums that only the original files can have."""
    write(folder / "identity_CelebA.txt", [f"{name} 7" for name in NAMES])
    for name, count in (("list_bbox_celeba.txt", 4), ("list_landmarks_align_celeba.txt", 10)):
        words = " ".join(["1"] * count)
        write(folder / name, ["12", words, *(f"{image} {words}" for image in NAMES)])
    theirs = torchvision.datasets.CelebA
    monkeypatch.setattr(theirs, "_check_integrity", lambda self: True)
    parts = [theirs(str(folder.parent), split) for split in ("train", "valid", "test")]
    listing = celeba.read_listing(folder)
    assert listing.names == [name for part in parts for name in part.filename]
    assert listing.splits.tolist() == [0] * 7 + [1] * 3 + [2] * 2
    np.testing.assert_array_equal(listing.attributes, torch.cat([part.attr for part in parts]))


# --- prepared once ----------------------------------------------------------------------------


def prepared(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.glob("*prepared*"))


def test_photographs_are_decoded_once_and_progress_is_told(folder):
    told = []
    celeba.read(folder, lambda done, total: told.append((done, total)))
    assert told == [(12, 12)]
    before = prepared(folder)
    again = celeba.read(folder, lambda done, total: told.append((done, total)))
    assert told == [(12, 12)]
    assert prepared(folder) == before
    np.testing.assert_allclose(again.picture(0) * 255, face(image(folder, 0)), atol=1.01)


def test_a_changed_partition_changes_the_rows(folder):
    celeba.read(folder)
    before = prepared(folder)
    lines = [f"{name} {2 - split}" for name, split in zip(NAMES, SPLITS, strict=True)]
    write(folder / "list_eval_partition.txt", lines)
    dataset = celeba.read(folder)
    assert (dataset.train_size, dataset.validation_size, len(dataset)) == (5, 3, 12)
    pixels = dataset.split("all").bytes()
    for row, number in enumerate([1, 6, 3, 8, 11, 0, 2, 4, 5, 7, 9, 10]):
        np.testing.assert_allclose(pixels[row].numpy(), face(image(folder, number)), atol=1.01)
    assert len(prepared(folder)) == 1
    assert prepared(folder) != before


def test_a_changed_attribute_changes_the_labels_at_once(folder):
    before = celeba.read(folder)
    lines = [line.replace(" -1", " x").replace("  1", " -1") for line in attribute_lines()]
    write(folder / "list_attr_celeba.txt", [line.replace(" x", "  1") for line in lines])
    after = celeba.read(folder)
    assert torch.equal(after.labels, 1 - before.labels)
    assert torch.equal(after.factors.values, 1 - before.factors.values)


# --- photographs that cannot be used ----------------------------------------------------------

FAULTS = {
    "missing": (lambda file: file.unlink(), "'000005.jpg' is missing."),
    "no picture": (
        lambda file: file.write_bytes(b"<html>404</html>"),
        "'000005.jpg' is damaged or of a kind that cannot be read.",
    ),
    "empty": (
        lambda file: file.write_bytes(b""),
        "'000005.jpg' is damaged or of a kind that cannot be read.",
    ),
    "cut short": (
        lambda file: file.write_bytes(file.read_bytes()[:2_000]),
        "'000005.jpg' is damaged or of a kind that cannot be read.",
    ),
    "of another size": (
        lambda file: photograph(0).resize((64, 64)).save(file),
        "'000005.jpg' has 64 x 64 pixels instead of 178 x 218.",
    ),
}


@pytest.mark.parametrize(("spoil", "sentence"), FAULTS.values(), ids=FAULTS)
def test_a_photograph_that_cannot_be_used_is_named_and_passed_over(folder, spoil, sentence):
    spoil(image(folder, 4))
    rest = [number for number in ORDER if number != 4]
    for dataset in (celeba.read(folder), celeba.read(folder)):
        assert dataset.faults == (sentence,)
        assert (dataset.train_size, dataset.validation_size, len(dataset)) == (9, 3, 11)
        assert [stop for stop, _ in dataset.origins] == [6, 9, 11]
        np.testing.assert_array_equal(dataset.factors.values.numpy(), SIGNS[rest] > 0)
        pixels = dataset.split("all").bytes()
        for row, number in enumerate(rest):
            expected = face(image(folder, number))
            np.testing.assert_allclose(pixels[row].numpy(), expected, atol=1.01)


def test_a_photograph_that_was_mended_is_used(folder):
    whole = image(folder, 4).read_bytes()
    image(folder, 4).write_bytes(whole[:2_000])
    assert len(celeba.read(folder)) == 11
    image(folder, 4).write_bytes(whole)
    dataset = celeba.read(folder)
    assert (len(dataset), dataset.faults) == (12, ())


def test_a_part_of_the_photographs_without_one_of_every_split_is_one_sentence(folder):
    for number in (1, 6):
        image(folder, number).unlink()
    with pytest.raises(ExplorerError, match="7 training, 3 validation, 0 test images") as caught:
        celeba.read(folder)
    assert "'000002.jpg' is missing" in str(caught.value)
    assert is_one_sentence(caught.value)


def test_a_name_cannot_lead_out_of_the_folder(folder):
    outside = "../list_attr_celeba.txt"
    for name in ("list_attr_celeba.txt", "list_eval_partition.txt"):
        file = folder / name
        file.write_text(file.read_text().replace(NAMES[4], outside))
    assert celeba.read(folder).faults == (f"'{outside}' is missing.",)


# --- the two lists ----------------------------------------------------------------------------

BROKEN_ATTRIBUTES = {
    "no lines": lambda lines: [],
    "only the count": lambda lines: lines[:1],
    "no names": lambda lines: [lines[0], *lines[2:]],
    "39 names": lambda lines: [lines[0], lines[1].replace("Young", ""), *lines[2:]],
    "nobody smiles": lambda lines: [lines[0], lines[1].replace("Smiling", "Frowning"), *lines[2:]],
    "cut short within a line": lambda lines: [*lines[:-1], lines[-1][:60]],
    "cut short between lines": lambda lines: lines[:-3],
    "other numbers": lambda lines: [*lines[:-1], lines[-1].replace("-1", "-7")],
    "one line twice": lambda lines: [*lines[:-1], lines[-2]],
    "a web page": lambda lines: ["<html>", "<b>404</b>", "</html>"],
    "no text": lambda lines: [lines[0], "\xff\xfe"],
}


@pytest.mark.parametrize("damage", BROKEN_ATTRIBUTES.values(), ids=BROKEN_ATTRIBUTES)
def test_a_damaged_list_of_attributes_is_one_sentence_that_names_it(folder, damage):
    write(folder / "list_attr_celeba.txt", damage(attribute_lines()))
    with pytest.raises(ExplorerError, match=r"list_attr_celeba\.txt' is damaged") as caught:
        celeba.read(folder)
    assert is_one_sentence(caught.value)
    assert prepared(folder) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace(" 2", " 3"),
        lambda text: text[:-2],
        lambda text: text.replace(" 1", " 1 1"),
        lambda text: "<html>a web page</html>",
        lambda text: text + "\xff",
    ],
)
def test_a_damaged_partition_is_one_sentence_that_names_it(folder, damage):
    file = folder / "list_eval_partition.txt"
    file.write_text(damage(file.read_text()))
    with pytest.raises(ExplorerError, match=r"list_eval_partition\.txt' is damaged") as caught:
        celeba.read(folder)
    assert is_one_sentence(caught.value)


def test_a_partition_cut_between_lines_is_seen_by_the_names(folder):
    file = folder / "list_eval_partition.txt"
    write(file, file.read_text().splitlines()[:-4])
    with pytest.raises(ExplorerError, match="name different images") as caught:
        celeba.read(folder)
    assert is_one_sentence(caught.value)


# --- absent -----------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["list_attr_celeba.txt", "list_eval_partition.txt", "images"])
def test_an_absent_part_is_one_sentence_that_says_where_it_belongs_and_comes_from(folder, missing):
    place = folder / ("img_align_celeba" if missing == "images" else missing)
    place.rename(folder / "elsewhere")
    with pytest.raises(ExplorerError, match="There is no CelebA in") as caught:
        load_dataset("celeba", folder.parent)
    words = (str(folder), "img_align_celeba", "list_attr_celeba.txt", "list_eval_partition.txt")
    for word in (*words, celeba.PAGE, "--download", "--data-root", "EXPLORER_DATA"):
        assert word in str(caught.value)
    assert is_one_sentence(caught.value)


def test_an_absent_root_is_not_made(tmp_path):
    with pytest.raises(ExplorerError, match="There is no CelebA in"):
        load_dataset("celeba", tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_download_that_was_asked_for_and_fails_is_one_sentence(tmp_path, monkeypatch):
    def refuse(*words, **more):
        raise OSError("refused by a test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(ExplorerError, match="could not be downloaded") as caught:
        load_dataset("celeba", tmp_path, download=True)
    for word in ("gdown", celeba.PAGE, "img_align_celeba"):
        assert word in str(caught.value)
    assert is_one_sentence(caught.value)
