"""What every test shares: a home of its own, and one small model trained on real digits."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from explorer import store
from explorer.__main__ import main
from explorer.data import Dataset, load_dataset
from explorer.loaded import Model, from_artefact
from explorer.serve import catalogue
from tests.support import KeptSignals, finish, train_spec
from tests.workshop import RECIPES, make

# A busy machine must not turn a property into a timing test.
settings.register_profile("explorer", deadline=None, max_examples=50)
settings.load_profile("explorer")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An EXPLORER_HOME that no other test and no person uses; it does not exist yet."""
    # The networks here are so small that a second thread costs more than it gives, and one thread
    # keeps sums in one order. Set anew for each test, since a UMAP fit (numba) undoes it.
    torch.set_num_threads(1)
    folder = tmp_path / "home"
    monkeypatch.setenv("EXPLORER_HOME", str(folder))
    monkeypatch.delenv("EXPLORER_DEVICE", raising=False)
    # Files that a test has written are seen at once, and those of the test before never.
    monkeypatch.setattr(catalogue, "TRUSTED", 0.0)
    return folder


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in the place of `pretrained/`."""
    folder = tmp_path / "pretrained"
    folder.mkdir()
    monkeypatch.setattr(store, "PRETRAINED", folder)
    return folder


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """The 5,000 real digits that need no download."""
    return load_dataset("mnist-5k")


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    """All 70,000 digits, where they are at hand."""
    if not os.environ.get("EXPLORER_DATA"):
        pytest.skip("Full MNIST is needed: set EXPLORER_DATA to the folder that holds MNIST/raw.")
    return load_dataset("mnist")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, digits: Dataset) -> store.Artefact:
    """A VAE with 4 latent dimensions after three epochs on the 5,000 digits. Do not write to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLORER_HOME", str(tmp_path_factory.mktemp("trained")))
        run = finish("small-vae", train_spec(latent_dim=4, hidden=(128,), epochs=3), digits)
        return store.Artefact(run.folder, store.read_card(run.folder), shipped=False)


@pytest.fixture(scope="session")
def model(trained: store.Artefact) -> Model:
    return from_artefact(trained, "cpu")


@pytest.fixture
def own(trained: store.Artefact, home: Path) -> store.Artefact:
    """A copy of the trained model in this test's home, to damage or write to."""
    folder = home / trained.id
    shutil.copytree(trained.folder, folder)
    return store.Artefact(folder, trained.card, shipped=False)


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`workshop("told")` is the folder of a small model of `tests.workshop`, trained when it is
    first asked for. Do not write to it."""
    bench = tmp_path_factory.mktemp("workshop")

    def folder(name: str) -> Path:
        for other in RECIPES[name].needs:
            folder(other)
        if not (bench / name).exists():
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("EXPLORER_HOME", str(bench))
                make(name)
        return bench / name

    return folder


@pytest.fixture
def put(home: Path, workshop: Callable[[str], Path]) -> Callable[..., store.Artefact]:
    """`put("told", "judge")` copies models of the workshop into this test's home, or into `into`;
    it returns the first."""

    def copy(*names: str, into: Path = home, shipped: bool = False) -> store.Artefact:
        for name in names:
            shutil.copytree(workshop(name), into / name)
        folder = into / names[0]
        return store.Artefact(folder, store.read_card(folder), shipped)

    return copy


@dataclass(frozen=True)
class Answer:
    """What a command did: its exit code and all that it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        return json.loads(self.out)


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Answer]:
    """`command("models", "--json")` is `python -m explorer models --json` in this process."""

    def run(*words: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["explorer", *map(str, words)])
        capfd.readouterr()
        with KeptSignals():
            try:
                code = main()
            except SystemExit as stop:
                code = int(stop.code or 0)
        return Answer(code, *capfd.readouterr())

    return run
