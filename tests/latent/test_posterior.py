"""The posterior of an image: its samples, where they land on the map, what they decode to."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import explorer
from explorer import own
from explorer.errors import ExplorerError
from explorer.latent import posterior
from explorer.latent.opened import open_atlas
from explorer.latent.posterior import Spread, samples
from explorer.latent.subject import subject
from tests.support import is_one_sentence


def view(model: str, projection: str):
    return explorer.load_map(model, "mnist-5k", projection), explorer.load(model, "cpu")


def spread(themap, model, at: int | str, label: int | None = None, **asked) -> Spread:
    """The posterior of an image by its row, or of what a text names."""
    text = at if isinstance(at, str) else f"row:{at}"
    opened = open_atlas(model.id, "mnist-5k", 5000)
    return posterior.spread(themap, model, subject(opened, text, themap.key, label), **asked)


@pytest.fixture(scope="module")
def raw():
    return view("mnist-vae-2d", "raw")


@pytest.fixture(scope="module")
def deep():
    return view("mnist-vae-20", "umap")


def test_samples_have_the_mean_and_the_deviation_of_the_posterior():
    mean, logvar = np.array([1.0, -2, 0]), np.log(np.square([0.5, 2, 0.01]))
    z = samples(mean, logvar, 20_000, seed=0)
    assert z.shape == (20_000, 3)
    assert z.dtype == np.float32
    assert np.allclose(z.mean(0), mean, atol=0.05)
    assert np.allclose(z.std(0), [0.5, 2, 0.01], rtol=0.03)
    assert np.abs(np.corrcoef(z.T) - np.eye(3)).max() < 0.03


def test_the_same_seed_draws_the_same_and_temperature_stretches_it():
    mean, logvar = np.array([1.0, -2]), np.array([0.0, -1])
    z = samples(mean, logvar, 50, seed=7)
    assert np.array_equal(samples(mean, logvar, 50, seed=7), z)
    assert not np.array_equal(samples(mean, logvar, 50, seed=8), z)
    assert np.allclose(samples(mean, logvar, 50, 7, 2.0) - mean, 2 * (z - mean), atol=1e-5)
    assert np.allclose(samples(mean, logvar, 50, 7, 0.0), mean)


def test_on_a_raw_map_each_sample_lies_at_its_own_latent(raw):
    themap, model = raw
    found = spread(themap, model, 7, n=64, seed=3)
    position = themap.atlas.position(7)
    mean, logvar = themap.atlas.mean[position], themap.atlas.logvar[position]
    assert found.exact
    assert np.allclose(found.places, samples(mean, logvar, 64, 3))
    assert np.allclose(found.sigma, np.exp(logvar / 2))


@pytest.mark.parametrize("projection", ["umap", "tsne", "pca"])
def test_above_two_dimensions_samples_are_pushed_through_the_projection(projection):
    themap, model = view("mnist-vae-20", projection)
    found = spread(themap, model, 11, n=40, seed=1)
    position = themap.atlas.position(11)
    z = samples(themap.atlas.mean[position], themap.atlas.logvar[position], 40, 1)
    one_by_one = [themap.places_of(latent[None]) for latent in z]
    assert np.allclose(found.places, [place for (place,), _ in one_by_one], atol=1e-4)
    assert found.exact == one_by_one[0][1] == (projection == "pca")
    # They stay in the neighbourhood of the image, as its posterior does.
    size = np.linalg.norm(np.ptp(themap.coordinates, axis=0))
    middle = np.median(found.places, axis=0) - themap.coordinates[position]
    assert np.linalg.norm(middle) < 0.15 * size


def test_the_two_images_are_the_mean_and_the_deviation_over_the_decoded_samples(deep):
    themap, model = deep
    found = spread(themap, model, 5, n=32, seed=2)
    position = themap.atlas.position(5)
    z = samples(themap.atlas.mean[position], themap.atlas.logvar[position], 32, 2)
    images = np.stack([model.decode(one[None])[0] for one in z])
    assert np.allclose(found.mean, images.mean(0), atol=1e-5)
    assert np.allclose(found.deviation, images.std(0), atol=1e-5)
    assert found.deviation.max() > 0.1


def test_a_cold_posterior_is_the_reconstruction_without_any_doubt(deep):
    themap, model = deep
    cold, warm, hot = (spread(themap, model, 5, temperature=t) for t in (0, 1, 2))
    position = themap.atlas.position(5)
    assert np.allclose(cold.mean, model.decode(themap.atlas.mean[[position]])[0], atol=1e-5)
    assert cold.deviation.max() < 1e-5
    assert cold.deviation.mean() < warm.deviation.mean() < hot.deviation.mean()
    assert "times 2" in hot.words
    assert "times" not in warm.words


def test_a_conditional_model_draws_its_images_class_unless_another_is_asked_for(digits):
    themap, model = view("mnist-cvae-20", "pca")
    own = int(digits.labels[9])
    mine, told = spread(themap, model, 9), spread(themap, model, 9, label=(own + 1) % 10)
    assert (mine.told, told.told) == (own, (own + 1) % 10)
    assert np.allclose(mine.mean, spread(themap, model, 9, label=own).mean)
    assert np.abs(mine.mean - told.mean).max() > 0.3
    assert np.array_equal(mine.places, told.places)


@pytest.mark.parametrize("model", ["mnist-ae-32", "mnist-vq-vae", "mnist-pca-20"])
def test_a_family_without_a_posterior_says_so(model):
    with pytest.raises(ExplorerError, match="no posterior") as caught:
        spread(*view(model, "pca"), 0)
    assert is_one_sentence(caught.value)


def test_an_own_picture_has_the_posterior_of_what_the_model_sees(deep, digits):
    themap, model = deep
    picture = Image.fromarray(255 - digits.pixels[3, 0].numpy()).resize((90, 90))
    found = spread(themap, model, f"own:{own.keep_picture(picture)}", n=16)
    seen = subject(open_atlas(model.id, "mnist-5k", 5000), f"own:{own.keep_picture(picture)}")
    drawn = samples(seen.z, seen.logvar, 16, 0)
    assert np.allclose(found.mean, model.decode(drawn).mean(0), atol=1e-5)
    assert np.allclose(found.places, themap.places_of(drawn)[0], atol=1e-4)


@pytest.mark.parametrize("at", ["mean", "sample:3", "class:7", "place:1,2"])
def test_what_is_no_image_has_no_posterior(deep, at):
    with pytest.raises(ExplorerError, match="Only an image has a posterior") as caught:
        spread(*deep, at)
    assert is_one_sentence(caught.value)


@pytest.mark.parametrize(
    ("row", "asked", "reason"),
    [
        (5000, {}, "no image 5000"),
        (0, {"n": 1}, "2 to 256 samples"),
        (0, {"n": 257}, "2 to 256 samples"),
        (0, {"temperature": -1}, "temperature of 0 to 10"),
        (0, {"temperature": float("nan")}, "temperature of 0 to 10"),
        (0, {"temperature": 10.1}, "temperature of 0 to 10"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(raw, row, asked, reason):
    with pytest.raises(ExplorerError, match=reason) as caught:
        spread(*raw, row, **asked)
    assert is_one_sentence(caught.value)
