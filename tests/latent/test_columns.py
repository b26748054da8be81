"""Columns: one value per point, of the right image, in the stated unit."""

from __future__ import annotations

import math
import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from explorer import store
from explorer.data import load_dataset
from explorer.errors import ExplorerError
from explorer.latent import columns, keep
from explorer.latent.atlas import encode, load_for
from explorer.latent.density import NEAR, log_density
from explorer.latent.neighbours import Index
from explorer.latent.report import silent
from explorer.loaded import load
from explorer.models import registry
from explorer.models.gaussian import Gaussian
from tests.support import is_one_sentence

# A sample in no order, as after filtering.
SOME = np.array([4321, 7, 250, 99, 3000])


@pytest.fixture(scope="module")
def vae():
    return load("mnist-vae-20", "cpu")


@pytest.fixture(scope="module")
def atlas(vae):
    return load_for(store.open_artefact("mnist-vae-20"))


def sampled(atlas, rows: np.ndarray):
    """The points of some rows of an atlas of the first rows, in their order."""
    return replace(
        atlas,
        mean=atlas.mean[rows],
        logvar=None if atlas.logvar is None else atlas.logvar[rows],
        labels=atlas.labels[rows],
        rows=atlas.rows[rows],
    )


# --- values -------------------------------------------------------------------------------------


def test_the_label_is_the_class_of_the_image(vae, atlas, digits):
    column = columns.compute("label", vae, sampled(atlas, SOME), digits)
    assert column.values.tolist() == digits.labels[SOME].tolist()
    assert column.categories == digits.classes
    assert column.kind == "category"


def test_the_error_is_that_of_the_reconstruction_of_the_points_own_image(vae, atlas, digits):
    column = columns.compute("error", vae, sampled(atlas, SOME), digits)
    for value, row in zip(column.values, SOME, strict=True):
        x = digits.picture(int(row)).numpy()
        x_hat = vae.decode(vae.encode(x[None]).mean)[0]
        assert value == pytest.approx(np.square(x - x_hat).mean(), rel=0.01)
    assert column.values.dtype == np.float32


def test_a_conditional_models_error_is_told_the_class(digits):
    model = load("mnist-cvae-2d", "cpu")
    atlas = sampled(load_for(store.open_artefact("mnist-cvae-2d")), SOME)
    column = columns.compute("error", model, atlas, digits)
    x = digits.pixels[SOME].numpy() / 255
    x_hat = model.decode(atlas.mean, digits.labels[SOME].numpy())
    np.testing.assert_allclose(column.values, np.square(x - x_hat).mean((1, 2, 3)), rtol=1e-4)


def test_the_error_does_not_depend_on_the_batch(vae, atlas, digits, monkeypatch):
    few = sampled(atlas, np.arange(23))
    whole = columns.compute("error", vae, few, digits).values
    monkeypatch.setattr(columns, "BATCH", 5)
    np.testing.assert_allclose(columns.compute("error", vae, few, digits).values, whole, rtol=1e-5)


def test_the_kl_is_the_formula(vae, atlas, digits):
    column = columns.compute("kl", vae, sampled(atlas, SOME), digits)
    for value, i in zip(column.values, SOME, strict=True):
        terms = [
            (m**2 + math.exp(v) - 1 - v) / 2
            for m, v in zip(atlas.mean[i].tolist(), atlas.logvar[i].tolist(), strict=True)
        ]
        assert value == pytest.approx(sum(terms), rel=1e-5)
    card = store.open_artefact("mnist-vae-20").card
    every = columns.compute("kl", vae, atlas, digits)
    assert every.values.mean() == pytest.approx(card.metrics["kl"].value, rel=0.05)
    assert every.unit == "nats per image"


def test_density_is_that_of_the_normal_that_points_were_drawn_from():
    rng = np.random.default_rng(0)
    for dimensions in (1, 2, 4):
        points = rng.normal(size=(20_000, dimensions))
        at = rng.normal(size=(200, dimensions)) * 0.7
        exact = -0.5 * np.square(at).sum(1) - dimensions / 2 * math.log(2 * math.pi)
        # The logarithm of a gamma-distributed estimate: standard deviation 1 / sqrt(k).
        error = log_density(Index(points), at) - exact
        assert abs(error.mean()) < 0.06
        assert error.std() < 2 / math.sqrt(NEAR)


def test_a_point_is_not_its_own_neighbour_in_the_density(vae, atlas, digits):
    few = sampled(atlas, np.arange(400))
    column = columns.compute("density", vae, few, digits)
    distance = np.linalg.norm(few.mean[:, None].astype(float) - few.mean[None], axis=2)
    radius = np.sort(distance, axis=1)[:, NEAR]
    ball = math.pi**10 / math.gamma(11)
    exact = np.log(NEAR / 399 / ball) - 20 * np.log(radius)
    np.testing.assert_allclose(column.values, exact, rtol=1e-3)


def test_a_density_among_a_sample_is_near_that_among_all(vae, atlas, digits, monkeypatch):
    whole = columns.compute("density", vae, atlas, digits).values
    monkeypatch.setattr(columns, "REFERENCE", 2500)
    half = columns.compute("density", vae, atlas, digits).values
    assert np.corrcoef(whole, half)[0, 1] > 0.97
    # The wider bandwidth reaches farther off the lower-dimensional sheet that the latents fill.
    assert -1.5 < np.median(half - whole) < 0


@pytest.mark.parametrize("n", [1, 2, 5])
def test_very_few_points_have_a_density_or_none(vae, atlas, digits, n):
    values = columns.compute("density", vae, sampled(atlas, np.arange(n)), digits).values
    assert not np.isnan(values).any()
    assert np.isfinite(values).all() == (n > 1)


def test_factors_are_those_of_the_points_own_images():
    faces = load_dataset("faces")
    model = load("faces-beta-vae-16-b4", "cpu")
    few = encode(model, faces, 40)
    few = sampled(few, np.array([31, 2, 17]))
    names = faces.factors.names
    for j, name in enumerate(names):
        column = columns.compute(columns.factor_column(name), model, few, faces)
        assert column.values.tolist() == faces.factors.values[[31, 2, 17], j].tolist()
    style = columns.compute("factor-hair-style", model, few, faces)
    assert style.title == "Hair style"
    assert style.categories == faces.classes
    assert columns.compute("label", model, few, faces).values.tolist() == style.values.tolist()


def test_a_factor_of_many_values_is_a_number_and_of_few_a_category():
    sprites = load_dataset("sprites")
    model = load("sprites-beta-vae-10-b1", "cpu")
    few = encode(model, sprites, 12)
    known = columns.offered(model.card, sprites.factors)
    assert known["factor-orientation"] == columns.Described(
        "Orientation", "step, 0 to 39", "number"
    )
    angle = columns.compute("factor-orientation", model, few, sprites)
    assert angle.categories == ()
    assert angle.values.tolist() == sprites.factors.values[:12, 2].tolist()
    shape = columns.compute("factor-shape", model, few, sprites)
    assert shape.categories == ("square", "ellipse", "heart")
    scale = columns.compute("factor-scale", model, few, sprites)
    assert (scale.kind, scale.categories) == ("category", tuple("012345"))


def test_attributes_are_named_no_and_yes(vae, atlas, digits):
    values = torch.arange(10_000).reshape(5000, 2) % 2
    told = replace(digits, factors=columns_of("Wavy_Hair", "odd", values=values))
    column = columns.compute("factor-Wavy_Hair", vae, sampled(atlas, SOME), told)
    assert (column.title, column.categories) == ("Wavy Hair", ("no", "yes"))


def columns_of(*names: str, values: torch.Tensor):
    from explorer.data import Factors

    return Factors(names, (2,) * len(names), values)


# --- what is offered ----------------------------------------------------------------------------


def test_the_kl_is_offered_for_exactly_the_families_with_a_variance():
    families = {name for name, _ in registry_items()}
    variational = {name for name, family in registry_items() if issubclass(family, Gaussian)}
    assert set(columns.VARIATIONAL) == variational < families


def registry_items():
    return [(name, registry.family(name)) for name in registry.names()]


@pytest.mark.parametrize(("name", "kl"), [("mnist-vae-2d", True), ("mnist-ae-2d", False)])
def test_a_plain_data_set_has_a_label_and_what_the_model_gives(name, kl, digits):
    card = store.open_artefact(name).card
    offered = columns.offered(card, digits.factors)
    assert list(offered) == ["label", "error", *(["kl"] if kl else []), "density"]
    assert all(one.title and (one.unit or one.kind == "category") for one in offered.values())


def test_an_unknown_column_is_refused(vae, atlas, digits):
    with pytest.raises(ExplorerError, match="no column called 'factor-x'") as caught:
        columns.compute("factor-x", vae, atlas, digits)
    assert is_one_sentence(caught.value)


# --- bins ---------------------------------------------------------------------------------------

NUMBERS = arrays(np.float32, st.integers(1, 60), elements=st.floats(-1e6, 1e6, width=32))


@given(NUMBERS, st.integers(1, 12))
def test_a_bin_holds_the_numbers_between_its_edges_and_the_ends_the_rest(values, bins):
    of, edges = columns.binned(values, bins)
    assert of.dtype == np.uint8
    assert (of.shape, edges.shape) == (values.shape, (bins + 1,))
    assert of.max() < bins
    for value, b in zip(values.tolist(), of.tolist(), strict=True):
        assert b == 0 or value > edges[b]
        assert b == bins - 1 or value <= edges[b + 1]
    order = np.argsort(values)
    assert (np.diff(of[order].astype(int)) >= 0).all()


def test_bins_are_equally_wide_and_far_values_do_not_widen_them():
    values = np.concatenate([np.linspace(0, 1, 1000), [1e9]])
    of, edges = columns.binned(values)
    np.testing.assert_allclose(np.diff(edges), 0.098, atol=1e-3)
    assert np.bincount(of).tolist() == pytest.approx([108, *([98] * 8), 109], abs=2)
    assert of[-1] == 9


def test_equal_numbers_and_none_at_all_are_binned_too():
    of, edges = columns.binned(np.full(5, 3.0, np.float32))
    assert of.tolist() == [0] * 5
    assert edges.tolist() == [3.0] * 11
    assert columns.binned(np.empty(0, np.float32))[0].shape == (0,)


# --- kept on disk -------------------------------------------------------------------------------

VIEW = {"dataset": "mnist-5k", "count": 300}


@pytest.mark.parametrize("name", ["label", "error", "kl", "density"])
def test_a_column_that_was_made_is_kept_for_everyone(put, digits, name):
    artefact = put("told")
    assert columns.kept(artefact, column=name, **VIEW) is None
    told: list[tuple[float, str]] = []
    columns.make(lambda *words: told.append(words), model="told", column=name, **VIEW)
    column = columns.kept(artefact, column=name, **VIEW)
    again = columns.compute(name, load("told", "cpu"), load_for(artefact), digits)
    np.testing.assert_array_equal(column.values, again.values)
    assert (column.title, column.unit, column.kind) == (again.title, again.unit, again.kind)
    assert column.categories == again.categories
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert told[-1][0] == 1.0


def test_a_column_of_latents_that_are_too_wide_to_keep_is_made_too(put, digits):
    artefact = put("codes")
    columns.make(silent, model="codes", column="error", **VIEW)
    column = columns.kept(artefact, column="error", **VIEW)
    model = load("codes", "cpu")
    x = digits.pixels[:300].numpy() / np.float32(255)
    x_hat = model.decode(model.encode(x).mean)
    np.testing.assert_allclose(column.values, np.square(x - x_hat).mean((1, 2, 3)), rtol=1e-3)


def test_a_stale_or_damaged_column_is_not_used(put):
    artefact = put("told")
    columns.make(silent, model="told", column="kl", **VIEW)
    other = artefact.card.model_copy(update={"weights_sha256": "0" * 64})
    assert columns.kept(artefact, column="kl", **VIEW) is not None
    assert columns.kept(replace(artefact, card=other), column="kl", **VIEW) is None
    os.truncate(keep.file_for(artefact, "mnist-5k", 300, "columns/kl"), 60)
    assert columns.kept(artefact, column="kl", **VIEW) is None


def test_a_shipped_models_columns_are_written_to_the_home(put, home, shipped):
    artefact = put("linear", into=shipped, shipped=True)
    columns.make(silent, model="linear", column="error", **VIEW)
    assert columns.kept(artefact, column="error", **VIEW) is not None
    assert (home / ".atlas/linear/mnist-5k-300/columns/error.safetensors").is_file()
    assert not (artefact.folder / "atlas" / "mnist-5k-300" / "columns").exists()
