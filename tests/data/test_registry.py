"""Data sets by name, and the folder that holds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.data import data_root, load_dataset
from explorer.errors import ExplorerError
from tests.support import is_one_sentence


@pytest.mark.parametrize(
    ("name", "nearest"), [("mnist5k", "mnist-5k"), ("MNIST", "mnist"), ("minst", "mnist")]
)
def test_an_unknown_data_set_is_answered_with_the_nearest(name, nearest):
    with pytest.raises(ExplorerError, match=f"Did you mean '{nearest}'") as caught:
        load_dataset(name)
    assert is_one_sentence(caught.value)


def test_the_root_is_the_argument_then_the_environment_then_the_home(monkeypatch, tmp_path):
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path / "env"))
    assert data_root(tmp_path / "given") == tmp_path / "given"
    assert data_root() == tmp_path / "env"
    monkeypatch.delenv("EXPLORER_DATA")
    assert data_root() == Path.home() / ".latent-explorer" / "data"


def test_a_tilde_in_the_root_is_the_users_home():
    assert data_root("~/digits") == Path.home() / "digits"
