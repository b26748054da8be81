"""What all pages share: the models that can be shown, looked for once a second."""

import shutil

import pytest

from explorer.data import load_dataset
from explorer.latent.index import projections_of
from explorer.view import shell
from tests.workshop import lay_out


@pytest.fixture(autouse=True)
def nothing_found_yet(monkeypatch):
    monkeypatch.setattr(shell, "_found", (0.0, (), None))


def test_a_model_that_comes_or_goes_is_seen_at_once(put, shipped, monkeypatch):
    monkeypatch.setattr(shell, "FOUND_SECONDS", 1e9)
    put("told")
    assert list(shell.shelf().cards) == ["told"]
    artefact = put("codes")
    assert set(shell.shelf().cards) == {"told", "codes"}
    shutil.rmtree(artefact.folder)
    assert list(shell.shelf().cards) == ["told"]


def test_a_map_that_is_made_is_seen_after_the_second(put, shipped, monkeypatch):
    artefact = put("told")
    before = shell.shelf().shown["told"].sets
    monkeypatch.setattr(shell, "FOUND_SECONDS", 1e9)
    lay_out(artefact.folder, load_dataset("mnist-5k"), "raw", 50)
    assert len(projections_of(artefact)) == 2
    assert shell.shelf().shown["told"].sets == before
    monkeypatch.setattr(shell, "FOUND_SECONDS", 0.0)
    assert set(shell.shelf().shown["told"].sets) == {*before, ("mnist-5k", 50)}
