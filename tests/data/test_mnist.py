"""Full MNIST: its canonical facts, and folders where it is absent or damaged."""

from __future__ import annotations

import socket
import struct
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from explorer.data import data_root, load_dataset
from explorer.data.vision import torchvision
from explorer.errors import ExplorerError
from tests.support import is_one_sentence

FILES = {
    "train-images-idx3-ubyte": (60_000, 28, 28),
    "train-labels-idx1-ubyte": (60_000,),
    "t10k-images-idx3-ubyte": (10_000, 28, 28),
    "t10k-labels-idx1-ubyte": (10_000,),
}


def idx(shape: tuple[int, ...]) -> bytes:
    """A valid IDX file of zeros."""
    size = 1
    for side in shape:
        size *= side
    return struct.pack(f">{1 + len(shape)}I", 0x800 + len(shape), *shape) + bytes(size)


@pytest.fixture
def raw(tmp_path) -> Path:
    """A folder with four IDX files of the right shapes (all black)."""
    folder = tmp_path / "root" / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for name, shape in FILES.items():
        (folder / name).write_bytes(idx(shape))
    return folder


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


def root_of(raw: Path) -> Path:
    return raw.parent.parent


# --- the real thing ---------------------------------------------------------------------------


def test_there_are_60000_training_and_10000_test_digits(mnist):
    assert mnist.pixels.shape == (70_000, 1, 28, 28)
    fit, validation = mnist.fit_and_validation()
    assert (len(fit), len(validation), len(mnist.split("test"))) == (55_000, 5_000, 10_000)


def test_the_training_pixels_have_mean_0_1307_and_deviation_0_3081(mnist):
    x = mnist.split("train").float().double()
    assert x.mean().item() == pytest.approx(0.1307, abs=5e-5)
    assert x.std().item() == pytest.approx(0.3081, abs=5e-5)


def test_the_first_labels_are_the_canonical_ones(mnist):
    assert mnist.split("train").labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.split("test").labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_cut_short_is_one_sentence_that_says_what_to_do(mnist, tmp_path, name):
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for file in FILES:
        original = data_root() / "MNIST" / "raw" / file
        if file == name:
            with original.open("rb") as stream:
                (folder / file).write_bytes(stream.read(original.stat().st_size // 2))
        else:
            (folder / file).symlink_to(original.resolve())
    with pytest.raises(ExplorerError, match="damaged or cut short") as caught:
        load_dataset("mnist", tmp_path)
    assert str(folder) in str(caught.value)
    assert is_one_sentence(caught.value)


# --- other folders ----------------------------------------------------------------------------


def test_whole_files_are_read_without_any_connection(raw, no_network):
    dataset = load_dataset("mnist", root_of(raw))
    assert dataset.origins == (
        (60_000, "MNIST training image {index}"),
        (70_000, "MNIST test image {index}"),
    )
    assert dataset.pixels.shape == (70_000, 1, 28, 28)
    assert torch.equal(dataset.labels, torch.zeros(70_000, dtype=torch.int64))
    assert no_network == []


DAMAGE = {
    "empty": lambda data: b"",
    "two bytes": lambda data: data[:2],
    "header only": lambda data: data[:8],
    "half": lambda data: data[: len(data) // 2],
    "one byte short": lambda data: data[:-1],
    "a web page": lambda data: b"<!DOCTYPE html><html>404</html>",
    "an unknown type": lambda data: b"\x00\x00\x0a" + data[3:],
    "fewer images": lambda data: idx((100, 28, 28)),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_one_sentence(raw, damage):
    file = raw / "t10k-images-idx3-ubyte"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ExplorerError, match="damaged or cut short") as caught:
        load_dataset("mnist", root_of(raw))
    assert is_one_sentence(caught.value)


@pytest.mark.parametrize("missing", [*FILES, "all of them"])
def test_absent_files_are_one_sentence_that_says_how_to_get_them(raw, missing, no_network):
    for name in FILES if missing == "all of them" else [missing]:
        (raw / name).unlink()
    with pytest.raises(ExplorerError) as caught:
        load_dataset("mnist", root_of(raw))
    text = str(caught.value)
    for way in (str(root_of(raw)), "--data-root", "EXPLORER_DATA", "--download", "'mnist-5k'"):
        assert way in text
    assert is_one_sentence(text)
    assert no_network == []


def test_an_absent_root_is_not_made(tmp_path, no_network):
    with pytest.raises(ExplorerError, match="There is no MNIST under"):
        load_dataset("mnist", tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    assert no_network == []


def test_a_download_that_was_asked_for_and_fails_is_one_sentence(tmp_path, no_network):
    with pytest.raises(ExplorerError, match="could not be downloaded") as caught:
        load_dataset("mnist", tmp_path, download=True)
    assert is_one_sentence(caught.value)
    assert no_network != []


def test_a_download_that_brings_something_else_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "mirror").mkdir()
    for name in FILES:
        (tmp_path / "mirror" / f"{name}.gz").write_bytes(b"<html>a login page</html>")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "mirror"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        mirror = f"http://127.0.0.1:{server.server_port}/"
        monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [mirror])
        with pytest.raises(ExplorerError, match="could not be downloaded") as caught:
            load_dataset("mnist", tmp_path / "root", download=True)
        server.shutdown()
    assert is_one_sentence(caught.value)
