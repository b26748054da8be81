"""The lines of Python that a view is copied as: they run, and make the view's own image."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import explorer
from explorer.latent.share import python
from explorer.serve.answer import answer
from explorer.serve.catalogue import catalogue
from explorer.serve.requests import ImageRequest, PlaceRequest

ROOT = Path(explorer.__file__).parents[1]
DIGITS, FACES = "mnist-5k", "faces"
# Model, data set, projection, and what of it is looked at.
VIEWS = {
    "an image": ("mnist-vae-20", DIGITS, "umap", {"row": 7}),
    "an image of a plain autoencoder": ("mnist-ae-2d", DIGITS, "raw", {"row": 4999}),
    "a raw place": ("mnist-vae-2d", DIGITS, "raw", {"place": (0.5, -1.25)}),
    "a PCA place": ("mnist-vae-20", DIGITS, "pca", {"place": (1.5, 2.0)}),
    "a UMAP place": ("mnist-vae-20", DIGITS, "umap", {"place": (8.1234, 1.9)}),
    "a place far outside": ("mnist-vae-20", DIGITS, "tsne", {"place": (-1e5, 9999.0)}),
    "an image as its class": ("mnist-cvae-20", DIGITS, "umap", {"row": 3}),
    "an image as another class": ("mnist-cvae-20", DIGITS, "umap", {"row": 3, "label": 8}),
    "a raw place as a class": ("mnist-cvae-2d", DIGITS, "raw", {"place": (0.3, 0.4), "label": 2}),
    "a raw place as it comes": ("mnist-cvae-2d", DIGITS, "raw", {"place": (0.3, 0.4)}),
    "a UMAP place as it comes": ("mnist-cvae-20", DIGITS, "umap", {"place": (5.0, 5.0)}),
    "an image in codes": ("mnist-vq-vae", DIGITS, "pca", {"row": 12}),
    "a place between codes": ("mnist-vq-vae", DIGITS, "umap", {"place": (4.0, 6.5)}),
    "PCA": ("mnist-pca-20", DIGITS, "pca", {"row": 42}),
    "a face": ("faces-beta-vae-16-b4", FACES, "pca", {"row": 5}),
    "a place among faces": ("faces-beta-vae-16-b4", FACES, "umap", {"place": (3.0, 4.0)}),
}


def text_of(model: str, dataset: str, projection: str, at: dict) -> str:
    opened = catalogue.model(model)
    channels = opened.card.spec.model.image_shape[0]
    return python(
        model, dataset, projection, **at, conditional=opened.conditional, channels=channels
    )


def decoded(model: str, dataset: str, projection: str, at: dict) -> np.ndarray:
    """What the decode channel answers for a view, as a PNG holds it."""
    view = {"seq": 1, "model": model, "dataset": dataset, "projection": projection}
    view["label"] = at.get("label")
    request = (
        ImageRequest(kind="image", row=at["row"], **view)
        if "row" in at
        else PlaceRequest(kind="place", xy=(at["place"],), **view)
    )
    pixels, _ = answer(request, catalogue)
    return pixels[0, ..., 0] if pixels.shape[-1] == 1 else pixels[0]


def saved(folder: Path) -> np.ndarray:
    (file,) = folder.glob("*.png")
    return np.asarray(Image.open(file)).astype(int)


@pytest.mark.parametrize("view", VIEWS)
def test_the_lines_make_the_image_of_the_decode_channel(view, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EXPLORER_DEVICE", "cpu")
    exec(text_of(*VIEWS[view]), {})
    pixels, expected = saved(tmp_path), decoded(*VIEWS[view])
    assert pixels.shape == expected.shape
    assert np.abs(pixels - expected).max() <= 1
    assert expected.max() > 100, "an image that is all black would prove nothing"


def test_the_lines_run_by_themselves_in_a_fresh_python(tmp_path):
    view = VIEWS["a UMAP place"]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", text_of(*view)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert np.abs(saved(tmp_path) - decoded(*view)).max() <= 1


@pytest.mark.parametrize("view", VIEWS)
def test_the_work_is_five_lines_or_one_more_where_a_class_is_told(view):
    text = text_of(*VIEWS[view])
    work = text.split("import explorer\n")[1].strip().splitlines()
    assert len(work) <= 5 + ("label = " in text)
    assert max(map(len, text.splitlines())) <= 100


def test_the_lines_for_a_place_on_a_map_read_so():
    assert python("mnist-vae-20", "mnist-5k", "umap", place=(1.5, 2)) == (
        "import numpy as np\n"
        "from PIL import Image\n"
        "\n"
        "import explorer\n"
        "\n"
        'model = explorer.load("mnist-vae-20")\n'
        'themap = explorer.load_map("mnist-vae-20", "mnist-5k", "umap")\n'
        "z = themap.latents_at([(1.5, 2.0)])\n"
        "image = model.decode(z)[0, 0]\n"
        'Image.fromarray(np.uint8(np.rint(255 * image))).save("mnist-vae-20.png")\n'
    )


def test_a_view_of_nothing_has_no_lines():
    with pytest.raises(ValueError, match="image's row, of a place"):
        python("mnist-vae-20", "mnist-5k", "umap")
