"""Listing and laying out models of every kind from the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from explorer.latent import atlas as atlases
from explorer.latent import index
from explorer.latent.index import projections_of
from explorer.latent.project import project
from explorer.latent.spec import spec_of
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


def test_all_is_every_image_there_is(command, own):
    answer = command("project", own.id, "--count", "all", "--method", "pca", "--json")
    assert answer.json["images"] == 5000


@pytest.mark.parametrize("count", ["5001", "999999999", "1", "0"])
def test_a_number_of_images_that_there_is_not_is_refused(command, own, count):
    answer = command("project", own.id, "--count", count, "--method", "pca")
    refused(answer, "'mnist-5k' holds from 2 to 5,000 images", f"{int(count):,}")
    assert not (own.folder / "atlas").exists()


@pytest.mark.parametrize("count", ["-1", "many", "ALL", "5e3", "1" * 10, "٣"])
def test_a_count_that_is_no_number_is_refused(command, own, count):
    refused(command("project", own.id, f"--count={count}"), f"'all', but was '{count}'")


def test_many_images_are_laid_out_by_the_quick_method_unless_another_is_named(
    command, own, monkeypatch
):
    monkeypatch.setattr(index, "MANY", 99)
    words = ["project", own.id, "--count", 100, "--json"]
    assert command(*words).json["projections"] == ["pca"]
    named = command(*words, "--method", "tsne", "--perplexity", 5).json["projections"]
    assert named == ["tsne-p5"]
    (made,) = (maps for maps in projections_of(own) if maps.images == 100)
    assert sorted(made.projections) == ["pca", "tsne-p5"]


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
    assert projections_of(artefact)[0].projections == ("tsne-p5", "pca")
    assert np.array_equal(atlas.coordinates("pca"), before)
    assert len(np.unique(atlas.coordinates("tsne-p5"), axis=0)) > 290
    about = json.loads((artefact.folder / "atlas/mnist-5k-300/atlas.json").read_text())
    assert about["latent_dim"] == load("codes", "cpu").latent_dim == 784


# --- projections by their parameters ----------------------------------------------------------

QUICK = ["project", "linear", "--count", 300, "--method", "tsne"]


def test_a_projection_is_kept_by_its_parameters_and_says_how_far_to_believe_it(command, put):
    put("linear")
    words = ["--perplexity", 9, "--metric", "cosine", "--seed", 4]
    answer = command(*QUICK, *words, "--json")
    assert answer.json["projections"] == ["tsne-p9-cosine-s4"]
    figures = answer.json["quality"]["tsne-p9-cosine-s4"]
    assert 0.8 < figures["trustworthiness"] < 1
    assert 0.8 < figures["continuity"] < 1
    atlas = atlases.load_for(open_artefact("linear"))
    spec = spec_of("tsne-p9-cosine-s4")
    assert np.array_equal(atlas.coordinates(spec.key), project(atlas.mean, spec))
    people = command(*QUICK, *words)
    assert "tsne-p9-cosine-s4: trustworthiness 0." in people.out
    assert "10 nearest of 300 points" in people.out


def test_a_person_sees_how_far_a_projection_is_and_a_program_does_not(command, put):
    put("linear")
    assert "100%" not in command(*QUICK, "--perplexity", 6, "--json").err
    seen = command(*QUICK, "--perplexity", 7)
    assert "t-SNE, perplexity 7" in seen.err
    assert "100%" in seen.err


def test_a_projection_that_is_there_is_not_made_again(command, put):
    artefact = put("linear")
    once = command(*QUICK, "--json").json
    file = artefact.folder / "atlas/mnist-5k-300/maps/tsne.safetensors"
    written = file.stat().st_mtime_ns
    assert command(*QUICK, "--json").json == once
    assert file.stat().st_mtime_ns == written


def test_parameters_that_few_points_do_not_allow_are_cut_with_a_sentence(command, put):
    put("linear")
    said = command(*QUICK, "--perplexity", 150).err
    assert "300 points allow t-SNE perplexity of 99 at most" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--neighbours", 5], "tsne has no use for --neighbours"),
        (["--supervised"], "tsne has no use for --supervised"),
        (["--perplexity", 1], "perplexity"),
        (["--metric", "hamming"], "metric"),
        (["--seed", -1], "seed"),
    ],
)
def test_idle_and_impossible_parameters_are_refused_before_anything_is_made(
    command, own, words, said
):
    refused(command("project", own.id, "--method", "tsne", *words), said)
    assert not (own.folder / "atlas").exists()


def test_a_new_atlas_comes_with_the_map_that_costs_nothing(command, own):
    answer = command("project", own.id, "--count", 60, "--method", "tsne", "--json")
    assert answer.json["projections"] == ["tsne"]
    assert projections_of(own)[0].projections == ("tsne", "pca")


@pytest.mark.parametrize("name", ["prior", "judge"])
def test_what_is_no_model_has_no_map(command, put, shipped, name):
    put(name, "codes")
    refused(command("project", name), f"'{name}' is a {open_artefact(name).card.kind}")
    assert not (open_artefact(name).folder / "atlas").exists()
