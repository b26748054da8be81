"""Layers over a map: what each holds, by value where there is a closed form."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import explorer
from explorer import store
from explorer.data import load_dataset
from explorer.errors import ExplorerError
from explorer.latent import layers, tint
from explorer.latent.atlas import completed, load_for
from explorer.latent.boxes import Box, centres, home, scaled
from explorer.latent.places import Map
from explorer.latent.round_trip import round_trips, trust_of
from explorer.latent.trust import SHARE, STANDINGS, Trust
from explorer.loaded import Model, load, network_of
from tests.support import is_one_sentence

CELLS = 12


class Known:
    """A shipped model with its atlas, trust and maps."""

    def __init__(self, name: str) -> None:
        self.model: Model = load(name, "cpu")
        atlas = load_for(store.open_artefact(name))
        self.atlas = completed(atlas, self.model, load_dataset(atlas.dataset))
        self.trust: Trust = trust_of(self.model, self.atlas)

    def map(self, method: str) -> Map:
        return Map(self.atlas, method)

    def layer(self, name: str, method: str, **options) -> layers.Grid:
        options = {"cells": CELLS} | options
        return layers.compute(name, self.model, self.map(method), self.trust, **options)


@pytest.fixture(scope="module")
def known():
    """`known("mnist-vae-2d")`, opened once."""
    opened: dict[str, Known] = {}

    def get(name: str) -> Known:
        if name not in opened:
            torch.set_num_threads(1)
            opened[name] = Known(name)
        return opened[name]

    return get


# --- values -------------------------------------------------------------------------------------

CASES = [("mnist-vae-2d", "raw"), ("mnist-cvae-2d", "raw"), ("mnist-vae-20", "umap")]
CASES += [("mnist-vae-20", "pca"), ("mnist-vq-vae", "umap")]


@pytest.mark.parametrize(("name", "method"), CASES)
def test_every_cell_stands_where_the_badge_of_its_image_says(known, name, method):
    one = known(name)
    themap, grid = one.map(method), one.layer("standing", method)
    nx, ny = grid.values.shape[::-1]
    places = centres(grid.box, nx, ny)
    assert grid.names == STANDINGS
    for i in np.random.default_rng(0).choice(nx * ny, 40, replace=False):
        label = themap.labels_at(places[i : i + 1]) if one.model.conditional else None
        trip = float(round_trips(one.model, themap.latent_at(places[i]).z[None], label)[0])
        judged = themap.judge(places[i], one.trust, trip)
        assert STANDINGS[int(grid.values.ravel()[i])] == judged.standing


# On its own map a place is its latent; above two dimensions it is mixed.
TOLD = [("mnist-cvae-2d", "raw"), ("mnist-cvae-20", "umap")]


@pytest.mark.parametrize(("name", "method"), TOLD)
def test_with_a_class_chosen_every_place_is_drawn_and_read_as_that_class(known, name, method):
    one, model = known(name), explorer.load(name, "cpu")
    grid = one.layer("round-trip", method, label=3)
    nx, ny = grid.values.shape[::-1]
    z = one.map(method).latents_at(centres(grid.box, nx, ny))
    threes = np.full(len(z), 3)
    images = model.decode(z, threes)
    trips = np.linalg.norm(model.encode(images, threes).mean - z, axis=1)
    np.testing.assert_allclose(grid.values.ravel(), trips, rtol=1e-4)
    judge = network_of(store.open_artefact("mnist-classifier"), "cpu")
    with torch.inference_mode():
        expected = judge.probabilities(torch.from_numpy(images)).max(1)
    read = one.layer("class", method, label=3)
    assert read.values.ravel().tolist() == expected.indices.tolist()
    np.testing.assert_allclose(read.sureness.ravel(), expected.values, rtol=1e-4)
    standing = one.layer("standing", method, label=3).values.ravel()
    for i in np.random.default_rng(0).choice(len(z), 40, replace=False):
        judged = one.map(method).judge(centres(grid.box, nx, ny)[i], one.trust, trips[i])
        assert STANDINGS[int(standing[i])] == judged.standing


def test_a_chosen_class_changes_what_is_decoded_and_nothing_else(known):
    one, other = known("mnist-cvae-2d"), known("mnist-vae-2d")
    for layer in ("round-trip", "stretch", "class"):
        as_three, as_own = one.layer(layer, "raw", label=3), one.layer(layer, "raw")
        assert not np.array_equal(as_three.values, as_own.values)
    for which, layer in ((one, "density"), (other, "round-trip")):
        chosen, own = which.layer(layer, "raw", label=3), which.layer(layer, "raw")
        np.testing.assert_array_equal(chosen.values, own.values)


def test_a_layer_covers_what_a_map_first_shows_and_more(known):
    one = known("mnist-vae-20")
    grid = one.layer("density", "umap")
    assert grid.box == scaled(home(one.map("umap").coordinates), layers.AROUND)
    assert max(grid.values.shape) == CELLS
    assert grid.values.dtype == np.float32


def test_density_is_the_share_of_images_per_area(known):
    # By counting: a box that holds most points, cut into cells, against the estimate.
    one = known("mnist-vae-2d")
    box = Box(-1.5, 1.5, -1.5, 1.5)
    grid = one.layer("density", "raw", box=box, cells=60)
    xy = one.map("raw").coordinates
    inside = np.mean((np.abs(xy) <= 1.5).all(1))
    assert grid.values.sum() * (3 / 60) ** 2 == pytest.approx(inside, rel=0.1)
    counts, _, _ = np.histogram2d(xy[:, 1], xy[:, 0], bins=6, range=[[-1.5, 1.5]] * 2)
    estimated = grid.values[::-1].reshape(6, 10, 6, 10).mean((1, 3))
    assert np.corrcoef(counts.ravel(), estimated.ravel())[0, 1] > 0.95


def test_the_round_trip_of_pca_ends_where_it_began_while_no_pixel_is_clamped(known):
    one = known("mnist-pca-2")
    tiny = one.layer("round-trip", "raw", box=Box(-1e-3, 1e-3, -1e-3, 1e-3))
    wide = one.layer("round-trip", "raw")
    # Near the mean image hardly any pixel leaves [0, 1]; far from it many do.
    assert tiny.values.max() < 1e-4
    assert wide.values.max() > 0.5


def test_the_stretch_of_pca_is_constant_while_no_pixel_is_clamped(known):
    # D(z) = mean + z components with two orthonormal directions: the norm is the root of 2.
    one = known("mnist-pca-2")
    tiny = one.layer("stretch", "raw", box=Box(-1e-2, 1e-2, -1e-2, 1e-2))
    np.testing.assert_allclose(tiny.values, np.sqrt(2), rtol=0.02)
    assert one.layer("stretch", "raw").values.max() < np.sqrt(2) * 1.0001


def test_the_stretch_is_the_norm_of_the_jacobian(known):
    one = known("mnist-vae-2d")
    for x, y in ((0.0, 0.0), (1.0, -0.7), (-2.1, 1.3)):
        z = torch.tensor([[x, y]])
        jacobian = torch.autograd.functional.jacobian(one.model.network.decode, z)
        around = Box(x - 0.005, x + 0.005, y - 0.005, y + 0.005)
        (value,) = one.layer("stretch", "raw", box=around, cells=1).values.ravel()
        assert value == pytest.approx(float(jacobian.norm()), rel=0.01)


def test_the_class_is_what_the_classifier_reads_in_the_image(known):
    one = known("mnist-vae-2d")
    grid = one.layer("class", "raw", box=Box(-3, 3, -3, 3))
    judge = network_of(store.open_artefact("mnist-classifier"), "cpu")
    images = torch.from_numpy(one.model.decode(centres(grid.box, CELLS, CELLS)))
    with torch.inference_mode():
        expected = judge.probabilities(images)
    assert grid.names == tuple("0123456789")
    assert grid.values.ravel().tolist() == expected.argmax(1).tolist()
    np.testing.assert_allclose(grid.sureness.ravel(), expected.amax(1), atol=1e-5)
    assert len(set(grid.values.ravel().tolist())) >= 6


def test_a_vq_vae_is_compared_by_the_vectors_of_its_codes(known):
    one = known("mnist-vq-vae")
    own = one.atlas.mean[:50]
    np.testing.assert_array_equal(one.model.as_read(own), own)
    nudged = own + 1e-3
    np.testing.assert_array_equal(one.model.as_read(nudged), own)
    np.testing.assert_allclose(
        round_trips(one.model, nudged), round_trips(one.model, own), atol=1e-4
    )
    assert one.layer("round-trip", "umap").values.max() > 0


def test_most_encoded_images_keep_within_the_round_trip_that_was_calibrated(known):
    for name in ("mnist-ae-2d", "mnist-vae-20", "mnist-cvae-2d"):
        one = known(name)
        labels = one.atlas.labels if one.model.conditional else None
        trips = round_trips(one.model, one.atlas.mean, labels)
        assert np.mean(trips <= one.trust.trip) == pytest.approx(SHARE, abs=0.01)


def test_on_a_plain_autoencoder_the_gaps_show_and_on_a_vae_they_fill(known):
    share = {}
    for name, method in (
        *(("mnist-ae-2d", "raw"), ("mnist-vae-2d", "raw")),
        *(("mnist-ae-32", "pca"), ("mnist-conv-vae-32", "pca")),
    ):
        one = known(name)
        share[name] = layers.gap_share(one.model, one.map(method), one.trust)
    assert share["mnist-ae-2d"] > 1.5 * share["mnist-vae-2d"]
    assert share["mnist-ae-2d"] > share["mnist-vae-2d"] + 0.1
    assert share["mnist-ae-32"] > 0.9
    assert share["mnist-conv-vae-32"] < 0.1


def test_the_share_of_gaps_is_of_the_area_among_the_points(known):
    one = known("mnist-vae-2d")
    themap = one.map("raw")
    assert layers.gap_share(one.model, themap, one.trust, Box(-0.7, 0.7, -0.7, 0.7)) < 0.1
    nowhere = replace(one.trust, trip=-1.0)
    assert layers.gap_share(one.model, themap, nowhere) == 1


def test_a_layer_tells_how_far_it_is(known):
    told: list[float] = []
    known("mnist-vae-2d").layer("stretch", "raw", cells=40, report=lambda s, _: told.append(s))
    assert told == sorted(told)
    assert len(told) > 3
    assert 0 <= told[0] < told[-1] < 1


# --- what is offered ----------------------------------------------------------------------------


def test_the_class_is_offered_only_where_the_classifier_knows_the_images():
    def names(model: str, dataset: str) -> set[str]:
        return set(layers.offered(store.open_artefact(model).card, dataset))

    every = set(layers.LAYERS)
    assert names("mnist-vae-2d", "mnist-5k") == names("mnist-vae-2d", "mnist") == every
    assert names("mnist-vae-2d", "fashion-mnist") == every - {"class"}
    assert names("faces-beta-vae-16-b4", "faces") == every - {"class"}
    assert names("faces-beta-vae-16-b4", "mnist-5k") == every - {"class"}  # of another shape
    assert names("mnist-vae-2d", "images-of-mine") == every - {"class"}


def test_what_is_offered_is_known_without_torch():
    code = (
        "import sys; from explorer import store; from explorer.latent import layers, columns\n"
        "card = store.open_artefact('mnist-vae-2d').card\n"
        "print(len(layers.offered(card, 'mnist-5k')), len(columns.offered(card)))\n"
        "print([name for name in ('torch', 'scipy', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["5 4", "[]"], done.stdout + done.stderr


def test_an_unknown_layer_and_one_without_a_classifier_are_refused(known):
    one = known("mnist-vae-2d")
    with pytest.raises(ExplorerError, match=r"no layer called 'denstiy'.*'density'") as caught:
        one.layer("denstiy", "raw")
    assert is_one_sentence(caught.value)
    other = Map(replace(one.atlas, dataset="fashion-mnist"), "raw")
    with pytest.raises(ExplorerError, match="no classifier") as caught:
        layers.compute("class", one.model, other, one.trust, cells=4)
    assert is_one_sentence(caught.value)


def test_every_layer_is_explained():
    for name, layer in layers.LAYERS.items():
        assert layer.title
        assert layer.about.endswith(".")
        assert (layer.scale == "category") == (name in ("standing", "class"))
        assert name == "standing" or (layer.unit and layer.low and layer.high)


# --- pictures -----------------------------------------------------------------------------------


def grid_of(layer: str, values, **more) -> layers.Grid:
    return layers.Grid(layer, Box(0, 1, 0, 1), np.array(values, np.float32), **more)


def test_numbers_run_through_the_ramp_by_their_logarithm():
    grid = grid_of("density", [[1, 10, 100]])
    rgba, legend = tint.picture(grid)
    assert rgba.shape == (1, 3, 4)
    assert rgba.dtype == np.uint8
    assert rgba[0, 0, :3].tolist() == [0x00, 0x22, 0x4E]
    assert rgba[0, 2, :3].tolist() == [0xFE, 0xE8, 0x38]
    middle = np.mean([[0x70, 0x71, 0x73], [0x8A, 0x86, 0x78]], axis=0)
    assert np.abs(rgba[0, 1, :3] - middle).max() <= 1
    assert legend["min"] == pytest.approx(1, rel=0.1)
    assert legend["max"] == pytest.approx(100, rel=0.1)
    stops = [stop["value"] for stop in legend["stops"]]
    np.testing.assert_allclose(np.diff(np.log(stops)), np.log(stops[1] / stops[0]))
    assert legend["stops"][0]["colour"] == "#00224e"


def test_zeros_and_equal_values_have_a_colour_too():
    rgba, legend = tint.picture(grid_of("round-trip", [[0, 0], [1, 1]]))
    assert rgba[0, 0, :3].tolist() == [0x00, 0x22, 0x4E]
    assert legend["max"] / legend["min"] == pytest.approx(tint.DEPTH)
    flat, legend = tint.picture(grid_of("stretch", [[2, 2]]))
    assert (flat[0, 0] == flat[0, 1]).all()
    assert legend["min"] == legend["max"] == pytest.approx(2)
    assert np.isfinite(tint.picture(grid_of("stretch", [[0, 0]]))[1]["max"])


def test_a_few_extreme_cells_do_not_take_the_ramp():
    values = np.linspace(1, 2, 1000)
    values[::200] = 1e9
    assert tint.picture(grid_of("density", values.reshape(20, 50)))[1]["max"] < 2.1


def test_the_three_standings_have_three_tones_that_are_named():
    rgba, legend = tint.picture(grid_of("standing", [[0, 1, 2]], names=STANDINGS))
    assert [stop["name"] for stop in legend["stops"]] == ["in data", "a gap", "outside"]
    for pixel, (colour, alpha) in zip(rgba[0], tint.TONES, strict=True):
        assert bytes(pixel).hex() == f"{colour[1:].lower()}{alpha:02x}"


def test_a_class_is_the_more_solid_the_surer_it_is():
    sureness = np.array([[1.0, 0.5]], np.float32)
    names = tuple("0123456789")
    grid = grid_of("class", [[3, 3]], sureness=sureness, names=names)
    rgba, legend = tint.picture(grid)
    assert bytes(rgba[0, 0, :3]).hex() == "cc79a7"
    assert rgba[0, :, 3].tolist() == [tint.CLASS_ALPHA, round(tint.CLASS_ALPHA / 2)]
    assert [stop["name"] for stop in legend["stops"]] == list(names)


def test_the_class_colours_are_those_of_the_points():
    theme = Path(explorer.__file__).parent / "view" / "js" / "theme.js"
    found = re.search(r"CLASS_COLOURS = \[(.*?)\]", theme.read_text(), re.DOTALL)
    assert found is not None
    assert tuple(re.findall(r"#[0-9A-F]{6}", found[1])) == tint.CLASSES


@pytest.mark.parametrize("layer", layers.LAYERS)
def test_every_layer_of_a_real_map_has_a_picture_and_a_legend_in_json(known, layer):
    grid = known("mnist-vae-2d").layer(layer, "raw")
    rgba, legend = tint.picture(grid)
    assert rgba.shape == (*grid.values.shape, 4)
    assert json.loads(json.dumps(legend, allow_nan=False)) == legend
    assert len({pixel.tobytes() for pixel in rgba.reshape(-1, 4)}) > 1
    assert legend["about"] == layers.LAYERS[layer].about
