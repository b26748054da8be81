"""Devices by name, on machines that have them and machines that do not."""

from __future__ import annotations

import pytest
import torch

from explorer.device import resolve
from explorer.errors import ExplorerError
from tests.support import is_one_sentence


@pytest.fixture
def machine(monkeypatch):
    """A machine with so many CUDA devices and with or without MPS, as torch would report it."""

    def have(cuda: int = 0, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    have()
    return have


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(0, False, "cpu"), (0, True, "mps"), (1, True, "cuda")]
)
def test_auto_takes_the_best_device_there_is(machine, cuda, mps, expected):
    machine(cuda, mps)
    assert resolve("auto").type == expected


def test_auto_honours_the_environment_and_a_name_overrides_it(machine, monkeypatch):
    machine(cuda=1)
    monkeypatch.setenv("EXPLORER_DEVICE", "cpu")
    assert resolve().type == "cpu"
    assert resolve("cuda").type == "cuda"


def test_a_numbered_device_is_taken_when_it_exists(machine):
    machine(cuda=2)
    assert resolve("cuda:1") == torch.device("cuda", 1)


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps"])
def test_an_absent_device_is_one_sentence_that_offers_the_cpu(machine, name):
    with pytest.raises(ExplorerError, match="'auto' or 'cpu'") as caught:
        resolve(name)
    assert is_one_sentence(caught.value)


def test_a_number_beyond_the_devices_says_how_many_there_are(machine):
    machine(cuda=2)
    with pytest.raises(ExplorerError, match=r"has 2 CUDA device"):
        resolve("cuda:2")


@pytest.mark.parametrize("name", ["gpu", "auto:1", "cpu:", "cpu:3", "mps:1", "cuda:x", "cuda:", ""])
def test_a_name_that_is_no_device_is_refused_in_one_sentence(machine, name):
    machine(cuda=4, mps=True)
    with pytest.raises(ExplorerError, match=r"no device called '.*'.*Known: auto, cpu") as caught:
        resolve(name)
    assert is_one_sentence(caught.value)


def test_an_unknown_device_in_the_environment_is_refused_too(machine, monkeypatch):
    monkeypatch.setenv("EXPLORER_DEVICE", "gpu")
    with pytest.raises(ExplorerError, match="no device called 'gpu'"):
        resolve()
