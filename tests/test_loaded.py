"""The public face: `explorer.load`, then numpy or tensors in and the same kind out."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

import explorer
from explorer.errors import ExplorerError
from tests.support import first, is_one_sentence


@pytest.fixture
def images(digits):
    return first(digits, 12).float().numpy()


def test_a_model_is_loaded_by_name_and_listed(own, shipped, images, model):
    assert [card.id for card in explorer.cards()] == ["small-vae"]
    loaded = explorer.load("small-vae", device="cpu")
    np.testing.assert_array_equal(loaded.encode(images).mean, model.encode(images).mean)


PUBLIC_NAMES = """
from pathlib import Path
from explorer import store
store.PRETRAINED = Path("/nowhere")

import explorer
assert [card.id for card in explorer.cards()] == ["small-vae"]
explorer.load("small-vae", "cpu")
from explorer import *
assert isinstance(cards()[0], Card) and isinstance(load("small-vae", "cpu"), Model)
import explorer.models.vae as family
assert len(cards()) == len(explorer.cards()) == 1 and family.VAE
"""


def test_the_public_names_can_be_imported_and_called_in_any_order(own):
    done = subprocess.run([sys.executable, "-c", PUBLIC_NAMES], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.filterwarnings("error")
def test_a_read_only_array_is_read_without_a_warning(model, images):
    images.flags.writeable = False
    assert model.encode(images).mean.shape == (12, 4)


def test_numpy_in_numpy_out(model, images):
    posterior = model.encode(images)
    pictures = model.decode(posterior.mean)
    for array, shape in (
        (posterior.mean, (12, 4)),
        (posterior.logvar, (12, 4)),
        (pictures, (12, 1, 28, 28)),
    ):
        assert isinstance(array, np.ndarray)
        assert (array.dtype, array.shape) == (np.float32, shape)


def test_tensor_in_tensor_out_with_the_same_values(model, images):
    posterior = model.encode(torch.from_numpy(images))
    pictures = model.decode(posterior.mean)
    assert isinstance(posterior.mean, torch.Tensor)
    assert isinstance(posterior.logvar, torch.Tensor)
    assert isinstance(pictures, torch.Tensor)
    np.testing.assert_array_equal(posterior.mean.numpy(), model.encode(images).mean)


def test_bytes_and_floats_of_the_same_images_have_the_same_latents(model, digits, images):
    pixels = first(digits, 12).pixels
    expected = model.encode(images).mean
    for same in (pixels, pixels.numpy(), pixels[:, 0].numpy(), images.astype(np.float64)):
        np.testing.assert_allclose(np.asarray(model.encode(same).mean), expected, atol=1e-6)


def test_mirrored_and_transposed_views_are_read_as_they_look(model, images):
    for view in (images[::-1], images[..., ::-1], images.swapaxes(2, 3)):
        expected = model.encode(view.copy()).mean
        np.testing.assert_array_equal(model.encode(view).mean, expected)
    latents = model.encode(images).mean
    np.testing.assert_allclose(model.decode(latents[::-1]), model.decode(latents)[::-1], atol=1e-6)


def test_no_images_give_no_latents_and_no_pictures(model, images):
    empty = model.encode(images[:0]).mean
    assert empty.shape == (0, 4)
    assert model.decode(empty).shape == (0, 1, 28, 28)


def test_what_goes_in_is_not_changed(model, images):
    before = images.copy()
    model.decode(model.encode(images).mean)
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda x: x[:, :, :27], r"\(N, 1, 28, 28\), but got \(12, 1, 27, 28\)"),
        (lambda x: x[0, 0], r"but got \(28, 28\)"),
        (lambda x: x.repeat(3, axis=1), r"but got \(12, 3, 28, 28\)"),
        (lambda x: x * 255, r"values in \[0, 1\]"),
        (lambda x: x - 0.5, r"values in \[0, 1\]"),
        (lambda x: x * np.nan, r"values in \[0, 1\]"),
        (lambda x: (x * 255).astype(np.int64), "bytes 0-255"),
    ],
)
def test_images_of_another_shape_or_range_are_refused_in_one_sentence(model, images, make, words):
    with pytest.raises(ExplorerError, match=words) as caught:
        model.encode(make(images))
    assert is_one_sentence(caught.value)


@pytest.mark.parametrize(
    ("latents", "words"),
    [
        (np.zeros((3, 5)), r"\(N, 4\), but got \(3, 5\)"),
        (np.zeros(4), r"but got \(4,\)"),
        (np.full((1, 4), np.nan), "not finite"),
        (np.full((1, 4), np.inf), "not finite"),
    ],
)
def test_latents_of_another_shape_or_not_finite_are_refused_in_one_sentence(model, latents, words):
    with pytest.raises(ExplorerError, match=words) as caught:
        model.decode(latents)
    assert is_one_sentence(caught.value)


def test_labels_that_do_not_match_the_images_are_refused(model, images):
    with pytest.raises(ExplorerError, match="3 labels for 12 rows"):
        model.encode(images, np.zeros(3, dtype=np.int64))


def test_far_away_latents_still_decode_to_pictures(model):
    pictures = model.decode(np.full((2, 4), [[1e6], [-1e6]], dtype=np.float64))
    assert np.isfinite(pictures).all()
    assert ((pictures >= 0) & (pictures <= 1)).all()


def test_many_threads_share_one_model_without_mixing_their_answers(model):
    latents = np.random.default_rng(0).normal(size=(200, 1, 4)).astype(np.float32)
    expected = [model.decode(z) for z in latents]
    with ThreadPoolExecutor(8) as pool:
        for given, wanted in zip(pool.map(model.decode, latents), expected, strict=True):
            np.testing.assert_array_equal(given, wanted)


def test_a_loaded_model_needs_no_gradient_and_is_in_evaluation_mode(model):
    assert not model.network.training
    assert not any(p.requires_grad for p in model.network.parameters())


def test_a_map_and_the_images_on_it_are_loaded_by_name(digits):
    themap = explorer.load_map("mnist-conv-vae-32", "mnist-5k", "umap")
    model = explorer.load("mnist-conv-vae-32", "cpu")
    assert torch.equal(explorer.dataset("mnist-5k").pixels, digits.pixels)
    assert isinstance(themap, explorer.Map)
    assert isinstance(digits, explorer.Dataset)
    # Its latents are too wide to be kept: they are encoded again.
    mean = model.encode(digits.picture(3)[None].numpy()).mean
    assert np.allclose(themap.atlas.mean[3], mean, atol=0.01)
    assert np.allclose(themap.latents_at([themap.coordinates[3]]), mean, atol=0.01)


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        (("nothing", "mnist-5k", "umap"), "no model called 'nothing'"),
        (("mnist-vae-20", "faces", "umap"), "no map"),
        (("mnist-vae-20", "mnist-5k", "raw"), "no projection called 'raw'"),
    ],
)
def test_a_map_that_there_is_not_is_one_sentence(view, reason):
    with pytest.raises(ExplorerError, match=reason) as caught:
        explorer.load_map(*view)
    assert is_one_sentence(caught.value)
