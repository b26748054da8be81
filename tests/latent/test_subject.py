"""What a person starts from: one short text, the same latent in every model and on every page."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from explorer import own
from explorer.data.fit import fitted
from explorer.errors import ExplorerError
from explorer.latent import origin
from explorer.latent.subject import subject
from explorer.serve.catalogue import catalogue
from tests.support import is_one_sentence

MODELS = ("mnist-vae-20", "mnist-ae-32", "mnist-cvae-20", "mnist-vq-vae", "mnist-pca-20")
TEXTS = ("row:7", "row:4999", "mean", "sample:3", "class:4")


def opened(model: str):
    return catalogue.open(model, "mnist-5k")


def seven() -> str:
    """A drawn 7, kept; its name."""
    sheet = np.zeros((140, 140), np.uint8)
    sheet[30:42, 30:110] = 255
    for y in range(42, 120):
        x = int(104 - 0.6 * (y - 42))
        sheet[y, x - 6 : x + 6] = 255
    return own.keep_picture(Image.fromarray(sheet))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("text", TEXTS)
def test_every_text_is_one_latent_that_the_model_decodes(model, text):
    one = opened(model)
    found, again = subject(one, text), subject(one, text)
    assert found.z.shape == (one.model.latent_dim,)
    assert found.z.dtype == np.float32
    np.testing.assert_array_equal(found.z, again.z)
    assert (found.label is not None) == one.model.conditional
    told = None if found.label is None else np.array([found.label])
    assert np.isfinite(one.model.decode(found.z[None], told)).all()
    assert found.words


@pytest.mark.parametrize("model", MODELS)
def test_an_image_of_the_data_set_has_its_own_latent_and_picture(model):
    one = opened(model)
    found = subject(one, "row:12")
    at = one.atlas.position(12)
    np.testing.assert_array_equal(found.z, one.atlas.mean[at])
    np.testing.assert_array_equal(found.image, one.dataset.picture(12).numpy())
    assert (found.logvar is None) == (one.atlas.logvar is None)
    if one.model.conditional:
        assert found.label == one.atlas.labels[at]
        assert subject(one, "row:12", label=3).label == 3


@pytest.mark.parametrize("model", MODELS)
def test_an_own_picture_is_encoded_as_the_model_sees_it(model):
    one, name = opened(model), seven()
    found = subject(one, f"own:{name}")
    image = fitted(own.read(name), one.dataset).image
    np.testing.assert_array_equal(found.image, image)
    told = None if found.label is None else np.array([found.label])
    np.testing.assert_allclose(found.z, one.model.encode(image[None], told).mean[0], atol=1e-6)
    if one.model.conditional:
        assert found.label == 7, "what our classifier reads in it"


def test_an_image_that_no_map_shows_is_encoded_when_it_is_asked_for():
    one = catalogue.open("sprites-beta-vae-10-b4", "sprites")
    row = 123_456
    assert not one.atlas.holds(row)
    found = subject(one, f"row:{row}")
    image = one.dataset.picture(row).numpy()
    np.testing.assert_allclose(found.z, one.model.encode(image[None]).mean[0], atol=1e-5)


def test_the_middle_of_a_prior_is_zero_and_without_one_that_of_the_images():
    assert not subject(opened("mnist-vae-20"), "mean").z.any()
    one = opened("mnist-ae-32")
    found = subject(one, "mean")
    np.testing.assert_allclose(found.z, one.atlas.mean.mean(0), atol=1e-5)
    assert "no prior" in found.words
    assert "no prior" in subject(one, "sample:1").words
    assert any(np.array_equal(subject(one, "sample:1").z, z) for z in one.atlas.mean)


def test_samples_of_a_prior_are_those_of_a_standard_normal():
    one = opened("mnist-vae-20")
    drawn = np.stack([subject(one, f"sample:{seed}").z for seed in range(500)])
    assert abs(drawn.mean()) < 0.03
    assert drawn.std() == pytest.approx(1, abs=0.03)


def test_a_class_is_the_mean_of_its_images():
    one = opened("mnist-vae-20")
    wanted = one.atlas.mean[one.atlas.labels == 4].mean(0)
    np.testing.assert_allclose(subject(one, "class:4").z, wanted, atol=1e-5)


def test_a_place_is_that_of_the_map():
    one = opened("mnist-vae-20")
    place = one.map("umap").coordinates[5]
    found = subject(one, f"place:{place[0]},{place[1]}", "umap")
    np.testing.assert_allclose(found.z, one.map("umap").latent_at(place).z, atol=1e-6)
    np.testing.assert_allclose(found.place, place)


@pytest.mark.parametrize(
    "text",
    [
        *("", "row", "row:", "row:-1", "row:1.5", "row:٣", "mean:1", "own:", "own:../../x"),
        *("place:1", "place:1,2,3", "place:nan,0", "place:1e9,0", "hat:3", "sample:99999999999"),
        *("row:70000", "class:10", f"own:{'0' * 16}"),
    ],
)
def test_a_text_that_names_nothing_is_one_sentence(text):
    with pytest.raises(ExplorerError) as refused:
        subject(opened("mnist-vae-20"), text)
    assert is_one_sentence(str(refused.value))


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        found = origin.parse(text)
    except ExplorerError:
        return
    assert text.startswith(found.kind)


def test_a_class_that_there_is_not_is_refused():
    with pytest.raises(ExplorerError, match="no class 12"):
        subject(opened("mnist-cvae-20"), "mean", label=12)
