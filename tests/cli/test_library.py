"""Listing and laying out models of every kind from the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from explorer.latent import atlas as atlases
from explorer.latent.index import projections_of
from explorer.loaded import load
from explorer.store import open_artefact
from tests.test_cli import refused


def test_models_says_of_what_kind_each_is_and_how_many_dimensions_a_model_has(
    command, put, shipped
):
    put("codes", "prior", "judge", "told")
    rows = {row["id"]: row for row in command("models", "--json").json["models"]}
    kinds = {"codes": "model", "told": "model", "prior": "prior", "judge": "classifier"}
    assert {name: row["kind"] for name, row in rows.items()} == kinds
    dimensions = {name: row["latent_dim"] for name, row in rows.items()}
    assert dimensions == {"codes": 784, "told": 2, "prior": None, "judge": None}


def test_models_for_people_speaks_of_latent_dimensions_of_models_alone(command, put, shipped):
    put("codes", "prior", "judge")
    lines = {line.split()[0]: line.split() for line in command("models").out.splitlines()}
    assert lines["codes"][1:3] == ["vq-vae", "784-D"]
    assert lines["prior"][1:3] == ["code-prior", "prior"]
    assert lines["judge"][1:3] == ["classifier", "classifier"]


def test_project_lays_out_the_first_images_that_were_asked_for(command, own, digits):
    answer = command("project", own.id, "--count", 120, "--method", "pca", "--json")
    assert answer.json["images"] == 120
    assert answer.json["folder"].endswith("mnist-5k-120")
    atlas = atlases.load_for(own)
    assert atlas.rows.tolist() == list(range(120))
    assert np.array_equal(atlas.labels, digits.labels[:120])
    assert (atlas.total, len(atlas)) == (5000, 120)


def test_more_images_than_there_are_is_all_of_them(command, own):
    answer = command("project", own.id, "--count", 9999, "--method", "pca", "--json")
    assert answer.json["images"] == 5000


def test_fewer_than_two_images_is_refused(command, own):
    assert command("project", own.id, "--count", 1).code == 2
    assert not (own.folder / "atlas").exists()


def test_a_conditional_models_map_knows_the_classes_that_it_can_be_told(command, put):
    artefact = put("told")
    assert command("project", "told", "--count", 200, "--json").code == 0
    maps = {one.images: one for one in projections_of(artefact)}
    assert maps[200].classes == tuple("0123456789")
    assert maps[200].projections == ("raw",)


def test_wide_latents_are_laid_out_as_they_are_and_keep_their_other_maps(command, put):
    artefact = put("codes")  # its map of 300 images is a PCA
    before = atlases.load_for(artefact).coordinates("pca")
    words = ["project", "codes", "--count", 300, "--method", "tsne", "--perplexity", 5, "--json"]
    assert command(*words).code == 0
    atlas = atlases.load_for(artefact)
    assert sorted(atlas.projections) == ["pca", "tsne"]
    assert np.array_equal(atlas.coordinates("pca"), before)
    assert len(np.unique(atlas.coordinates("tsne"), axis=0)) > 290
    about = json.loads((artefact.folder / "atlas/mnist-5k-300/atlas.json").read_text())
    assert about["latent_dim"] == load("codes", "cpu").latent_dim == 784


@pytest.mark.parametrize("name", ["prior", "judge"])
def test_what_is_no_model_has_no_map(command, put, shipped, name):
    put(name, "codes")
    refused(command("project", name), f"'{name}' is a {open_artefact(name).card.kind}")
    assert not (open_artefact(name).folder / "atlas").exists()
