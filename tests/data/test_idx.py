"""MNIST, Fashion-MNIST and KMNIST from files in their real layout, written by these tests."""

from __future__ import annotations

import socket
from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.data import load_dataset
from explorer.data.fashion_mnist import FASHION_MNIST
from explorer.data.idx import FILES, Idx, load_idx
from explorer.data.kmnist import KMNIST
from explorer.data.mnist import MNIST
from explorer.errors import ExplorerError
from tests.support import is_one_sentence

KINDS = {kind.name: kind for kind in (MNIST, FASHION_MNIST, KMNIST)}


@pytest.fixture(params=KINDS)
def kind(request) -> Idx:
    return KINDS[request.param]


def idx(array: np.ndarray) -> bytes:
    """An array of bytes as an IDX file."""
    sizes = (0x800 + array.ndim, *array.shape)
    return b"".join(size.to_bytes(4, "big") for size in sizes) + array.tobytes()


def images(n: int, side: int = 28) -> np.ndarray:
    """Image i holds the number i in its first four bytes and is black elsewhere."""
    array = np.zeros((n, side, side), dtype=np.uint8)
    array[:, 0, :4] = np.arange(n, dtype=">u4").view(np.uint8).reshape(n, 4)
    return array


def number(image: torch.Tensor) -> int:
    return int.from_bytes(bytes(image[0, 0, :4].tolist()), "big")


def labels(n: int) -> np.ndarray:
    return (np.arange(n) * 7 % 10).astype(np.uint8)


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> Path:
    """The four files, written once; the three sets differ only in what they show."""
    folder = tmp_path_factory.mktemp("idx")
    contents = (images(60_000), labels(60_000), images(10_000), labels(10_000))
    for name, array in zip(FILES, contents, strict=True):
        (folder / name).write_bytes(idx(array))
    return folder


@pytest.fixture
def raw(tmp_path, kind, originals) -> Path:
    """The folder of a data set. Put another file in the place of one; do not write into one."""
    folder = tmp_path / kind.folder / "raw"
    folder.mkdir(parents=True)
    for name in FILES:
        (folder / name).symlink_to(originals / name)
    return folder


def put(file: Path, data: bytes) -> None:
    file.unlink()
    file.write_bytes(data)


@pytest.fixture
def no_network(monkeypatch):
    """Refuse every connection and note that one was asked for."""
    asked = []

    def refuse(*words, **more):
        asked.append(words)
        raise OSError("refused by a test")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return asked


def test_every_row_is_the_image_and_the_label_of_the_files(raw, kind, tmp_path, no_network):
    dataset = load_dataset(kind.name, tmp_path)
    assert dataset.pixels.shape == (70_000, 1, 28, 28)
    assert dataset.pixels.dtype == torch.uint8
    for row, (part, place) in {
        0: ("training", 0),
        54_999: ("training", 54_999),
        59_999: ("training", 59_999),
        60_000: ("test", 0),
        69_999: ("test", 9_999),
    }.items():
        assert number(dataset.pixels[row]) == place
        assert dataset.labels[row] == place * 7 % 10
        stretch = dataset.origins[part == "test"][1]
        assert stretch.format(index=place) == f"{kind.title} {part} image {place}"
    assert no_network == []


def test_there_are_55000_to_fit_5000_to_choose_by_and_10000_to_test(raw, kind, tmp_path):
    dataset = load_dataset(kind.name, tmp_path)
    fit, validation = dataset.fit_and_validation()
    assert (len(fit), len(validation), len(dataset.split("test"))) == (55_000, 5_000, 10_000)
    assert number(validation.pixels[0]) == 55_000
    assert dataset.name == kind.name


def test_the_classes_have_their_names():
    assert FASHION_MNIST.classes[0] == "T-shirt/top"
    assert FASHION_MNIST.classes[9] == "Ankle boot"
    sounds = [name.split()[0] for name in KMNIST.classes]
    assert sounds == ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]
    assert [name.split()[1] for name in KMNIST.classes] == [*"おきすつなはまやれを"]


@pytest.mark.parametrize("missing", [*FILES, "all of them"])
def test_absent_files_are_one_sentence_that_says_how_to_get_them(
    kind, tmp_path, missing, no_network
):
    raw = tmp_path / kind.folder / "raw"
    raw.mkdir(parents=True)
    for name in FILES:
        if missing not in (name, "all of them"):
            (raw / name).write_bytes(b"")
    with pytest.raises(ExplorerError, match=f"There is no {kind.title} under") as caught:
        load_dataset(kind.name, tmp_path)
    for way in (str(tmp_path), "--data-root", "EXPLORER_DATA", "--download", f"{kind.folder}/raw"):
        assert way in str(caught.value)
    assert is_one_sentence(caught.value)
    assert no_network == []


DAMAGE = {
    "no bytes": lambda array: b"",
    "a web page": lambda array: b"<!DOCTYPE html><html>404</html>",
    "one byte short": lambda array: idx(array)[:-1],
    "one image short": lambda array: idx(array[:-1]),
    "images of another size": lambda array: idx(images(10_000, side=20)),
    "billions announced": lambda array: idx(array[:0])[:4] + b"\x7f\xff\xff\xff" * 3,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damaged_images_are_one_sentence(raw, kind, tmp_path, damage):
    put(raw / "t10k-images-idx3-ubyte", damage(images(10_000)))
    with pytest.raises(ExplorerError, match=f"The {kind.title} files .* are damaged") as caught:
        load_dataset(kind.name, tmp_path)
    assert str(raw) in str(caught.value)
    assert is_one_sentence(caught.value)


def test_a_label_of_no_class_is_damage(raw, kind, tmp_path):
    wrong = labels(10_000)
    wrong[5_000] = 10
    put(raw / "t10k-labels-idx1-ubyte", idx(wrong))
    with pytest.raises(ExplorerError, match="damaged or cut short"):
        load_dataset(kind.name, tmp_path)


def test_files_that_would_have_to_be_unpickled_are_passed_over(raw, kind, tmp_path):
    old = tmp_path / kind.folder / "processed"
    old.mkdir()
    for name in ("training.pt", "test.pt"):
        (old / name).write_bytes(b"not to be opened")
    assert number(load_dataset(kind.name, tmp_path).pixels[123]) == 123


def test_a_download_that_was_asked_for_and_fails_is_one_sentence(kind, tmp_path, no_network):
    with pytest.raises(ExplorerError, match=f"{kind.title} could not be downloaded") as caught:
        load_idx(kind, tmp_path, download=True)
    assert str(tmp_path / kind.folder / "raw") in str(caught.value)
    assert is_one_sentence(caught.value)
    assert no_network != []


def test_whole_files_are_not_fetched_again(raw, kind, tmp_path, no_network):
    load_dataset(kind.name, tmp_path, download=True)
    assert no_network == []


def test_a_download_into_a_place_that_takes_no_files_is_one_sentence(kind, tmp_path, no_network):
    (tmp_path / kind.folder).write_text("a file where a folder should be")
    with pytest.raises(ExplorerError, match="could not be downloaded") as caught:
        load_dataset(kind.name, tmp_path, download=True)
    assert is_one_sentence(caught.value)
