"""Groups of points: who is in them, and what is said of them, on shipped models."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
import torch

import explorer
from explorer.data import load_dataset
from explorer.errors import ExplorerError
from explorer.latent import groups
from explorer.latent.groups import csv_parts, facts, gather
from explorer.latent.places import Map
from tests.support import is_one_sentence


def box(low, high) -> np.ndarray:
    (x0, y0), (x1, y1) = low, high
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64)


def everything(themap: Map) -> np.ndarray:
    low, high = themap.coordinates.min(0) - 1.0, themap.coordinates.max(0) + 1.0
    return box(low, high)


@pytest.fixture(scope="module")
def umap():
    return explorer.load_map("mnist-vae-20", "mnist-5k", "umap")


@pytest.fixture(scope="module")
def around_sevens(umap):
    """A box around the middle half of the sevens."""
    sevens = umap.coordinates[umap.atlas.labels == 7]
    return box(np.quantile(sevens, 0.25, axis=0), np.quantile(sevens, 0.75, axis=0))


def shuffled(themap: Map) -> Map:
    """The same map with its points in another order."""
    order = np.random.default_rng(3).permutation(len(themap.atlas))
    atlas = themap.atlas
    mixed = replace(
        atlas,
        mean=atlas.mean[order],
        logvar=None if atlas.logvar is None else atlas.logvar[order],
        labels=atlas.labels[order],
        rows=atlas.rows[order],
        projections={themap.method: themap.coordinates[order]},
    )
    return Map(mixed, themap.method)


def test_a_box_holds_the_points_between_its_sides(umap, around_sevens):
    group = gather(umap, around_sevens, name="sevens")
    low, high = around_sevens.min(0), around_sevens.max(0)
    between = ((umap.coordinates > low) & (umap.coordinates < high)).all(1)
    assert np.array_equal(group.positions, np.flatnonzero(between))
    assert (len(group), group.of) == (between.sum(), 5000)
    view = (group.name, group.model, group.dataset, group.projection)
    assert view == ("sevens", "mnist-vae-20", "mnist-5k", "umap")


def test_chosen_classes_alone_are_in_the_group(umap, around_sevens):
    both = gather(umap, around_sevens, (7, 9))
    every = gather(umap, around_sevens).positions
    labels = umap.atlas.labels
    assert np.array_equal(both.positions, every[np.isin(labels[every], (7, 9))])
    assert len(gather(umap, around_sevens, (7,))) < len(every)


def test_facts_are_the_counts_means_and_members_of_the_group(umap, around_sevens, digits):
    model = explorer.load("mnist-vae-20", "cpu")
    group = gather(umap, around_sevens)
    found = facts(group, umap.atlas, model, digits)
    labels, latents = umap.atlas.labels[group.positions], umap.atlas.mean[group.positions]
    assert found.count == len(group) == found.per_label.sum() == found.averaged
    assert found.per_label.tolist() == [(labels == k).sum() for k in range(10)]
    assert found.per_label.argmax() == 7
    pixels = digits.pixels.numpy()[umap.atlas.rows[group.positions]] / 255
    assert np.allclose(found.mean_image, pixels.mean(0), atol=1e-6)
    assert np.allclose(found.mean_latent, latents.mean(0), atol=1e-5)
    assert np.allclose(found.decoded, model.decode(found.mean_latent[None])[0])
    distance = np.linalg.norm(latents - latents.mean(0), axis=1)
    rows = umap.atlas.rows[group.positions[np.argsort(distance)[:24]]]
    assert found.typical == tuple(rows)
    assert found.told is None
    assert found.words == {
        "count": f"{len(group)} of the 5,000 points of this map.",
        "mean": f"Mean of all {len(group)} images.",
        "decoded": "The mean of their latents, decoded.",
    }


def test_facts_do_not_depend_on_the_order_of_the_points(umap, around_sevens, digits):
    model = explorer.load("mnist-vae-20", "cpu")
    mixed = shuffled(umap)
    one = facts(gather(umap, around_sevens), umap.atlas, model, digits)
    other = facts(gather(mixed, around_sevens), mixed.atlas, model, digits)
    assert one.typical == other.typical
    assert one.per_label.tolist() == other.per_label.tolist()
    assert np.allclose(one.mean_image, other.mean_image, atol=1e-6)
    assert np.allclose(one.decoded, other.decoded, atol=1e-4)


def test_a_group_of_one_is_its_own_mean(umap, digits):
    place = umap.coordinates[123].astype(np.float64)
    group = gather(umap, box(place - 1e-4, place + 1e-4))
    assert group.positions.tolist() == [123]
    found = facts(group, umap.atlas, explorer.load("mnist-vae-20", "cpu"), digits)
    assert found.typical == (umap.atlas.rows[123],)
    assert np.allclose(found.mean_image, digits.picture(int(umap.atlas.rows[123])), atol=1e-6)
    assert found.words["mean"] == "Mean of 1 image."


def test_a_conditional_models_mean_is_decoded_as_the_most_frequent_class(digits):
    themap = explorer.load_map("mnist-cvae-20", "mnist-5k", "pca")
    model = explorer.load("mnist-cvae-20", "cpu")
    found = facts(gather(themap, everything(themap), (3, 8)), themap.atlas, model, digits)
    often = int(np.bincount(themap.atlas.labels)[[3, 8]].argmax())
    assert found.told == (3, 8)[often]
    told = model.decode(found.mean_latent[None], np.array([found.told]))[0]
    other = model.decode(found.mean_latent[None], np.array([(8, 3)[often]]))[0]
    assert np.allclose(found.decoded, told)
    assert np.abs(found.decoded - other).max() > 0.5
    assert found.words["decoded"].endswith(f"decoded as {found.told}, the most frequent class.")


def test_the_mean_of_codes_is_decoded_from_the_nearest_codes_and_says_so(digits):
    themap = explorer.load_map("mnist-vq-vae", "mnist-5k", "pca")
    model = explorer.load("mnist-vq-vae", "cpu")
    found = facts(gather(themap, everything(themap), (1,)), themap.atlas, model, digits)
    codes = torch.from_numpy(model.codes(found.mean_latent[None]))
    assert np.allclose(found.decoded, model.network.decode_codes(codes)[0].numpy(), atol=1e-6)
    assert "each of its 49 vectors is replaced by the nearest code" in found.words["decoded"]


def test_a_group_of_colour_images_has_means_in_colour():
    themap = explorer.load_map("faces-beta-vae-16-b4", "faces", "pca")
    faces, model = load_dataset("faces"), explorer.load("faces-beta-vae-16-b4", "cpu")
    middle = themap.coordinates.mean(0).astype(np.float64)
    group = gather(themap, box(middle - 0.5, middle + 0.5))
    found = facts(group, themap.atlas, model, faces)
    assert 20 < len(group) < 2000
    assert found.mean_image.shape == found.decoded.shape == (3, 64, 64)
    pictures = [faces.picture(int(row)).numpy() for row in themap.atlas.rows[group.positions]]
    assert np.allclose(found.mean_image, np.mean(pictures, 0), atol=1e-5)


def test_of_a_large_group_a_seeded_sample_is_averaged_and_that_is_said(monkeypatch):
    monkeypatch.setattr(groups, "AVERAGED", 1500)
    themap = explorer.load_map("sprites-beta-vae-10-b4", "sprites", "pca")
    model, sprites = explorer.load("sprites-beta-vae-10-b4", "cpu"), load_dataset("sprites")
    group = gather(themap, everything(themap))
    found = facts(group, themap.atlas, model, sprites, seed=1)
    assert (found.count, found.averaged) == (5000, 1500)
    assert found.words["mean"] == "Mean of 1,500 of 5,000 images, a seeded sample."
    again = facts(group, themap.atlas, model, sprites, seed=1)
    other = facts(group, themap.atlas, model, sprites, seed=2)
    assert np.array_equal(found.mean_image, again.mean_image)
    assert not np.array_equal(found.mean_image, other.mean_image)
    whole = sprites.split("all").float(0, 5000).mean(0).numpy()
    assert 0 < np.abs(found.mean_image - whole).max() < 0.05


def test_a_sample_of_members_holds_each_at_most_once(umap, around_sevens):
    group = gather(umap, around_sevens)
    sample = group.sample(50, seed=4)
    assert len(set(sample.tolist())) == 50
    assert set(sample) < set(group.positions)
    assert (np.diff(sample) > 0).all()
    assert np.array_equal(group.sample(len(group)), group.positions)


def test_a_csv_holds_every_member_with_its_place_and_latent(umap, around_sevens, digits):
    group = gather(umap, around_sevens)
    text = "".join(csv_parts(group, umap, digits.classes))
    header, *lines = csv.reader(io.StringIO(text))
    assert header == ["row", "label", "x", "y", *(f"z{i}" for i in range(1, 21))]
    assert [int(line[0]) for line in lines] == umap.atlas.rows[group.positions].tolist()
    assert [line[1] for line in lines] == [str(k) for k in umap.atlas.labels[group.positions]]
    numbers = np.array([line[2:] for line in lines], np.float64)
    expected = np.column_stack([umap.coordinates, umap.atlas.mean])[group.positions]
    assert np.allclose(numbers, expected, rtol=1e-6, atol=1e-9)


def test_a_csv_of_many_comes_in_parts_and_names_with_commas_stay_one_column(umap):
    group = gather(umap, everything(umap))
    names = tuple(f'a "{k}", so' for k in range(10))
    parts = list(csv_parts(group, umap, names))
    assert len(parts) == 1 + 5
    lines = list(csv.reader(io.StringIO("".join(parts))))
    assert len(lines) == 5001
    assert {len(line) for line in lines} == {24}
    assert lines[1][1] == names[umap.atlas.labels[0]]


@pytest.mark.parametrize(
    ("polygon", "classes", "reason"),
    [
        (box((1000, 1000), (1001, 1001)), (), "No points lie inside"),
        (box((0, 0), (0, 5)), (), "on one line"),
        (box((0, 0), (5, 5)), (10,), "There is no class 10; classes are numbered 0 to 9"),
        (box((0, 0), (5, 5)), (-1,), "There is no class -1"),
    ],
)
def test_a_group_that_cannot_be_is_one_sentence(umap, polygon, classes, reason):
    with pytest.raises(ExplorerError, match=reason) as caught:
        gather(umap, polygon, classes)
    assert is_one_sentence(caught.value)


def test_a_group_without_points_of_its_classes_says_so(umap):
    place = umap.coordinates[0].astype(np.float64)
    other = (int(umap.atlas.labels[0]) + 1) % 10
    with pytest.raises(ExplorerError, match="No points of the chosen classes"):
        gather(umap, box(place - 1e-4, place + 1e-4), (other,))
