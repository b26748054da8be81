"""Facts: measured once, kept beside the atlas, and never taken for those of another."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from explorer import store
from explorer.latent import atlas as atlases
from explorer.latent import keep, maps, round_trip
from explorer.latent.index import projections_of
from explorer.latent.opened import Opened, open_atlas
from explorer.latent.report import silent
from explorer.latent.round_trip import crowd_of, trust_of, trust_once
from explorer.latent.trust import Trust

FACTS = "atlas/mnist-5k-300/facts"
NUMBERS = ("radius", "reach", "trip")
SHIPPED = [one for one in store.find([(store.PRETRAINED, True)]).artefacts if projections_of(one)]


def numbers(trust: Trust) -> list[float]:
    return [getattr(trust, name) for name in NUMBERS]


def again(opened: Opened) -> list[float]:
    return numbers(trust_once(opened.artefact, opened.model, opened.atlas))


@pytest.fixture
def opened(put) -> Opened:
    put("linear")
    return open_atlas("linear", "mnist-5k", 300)


@pytest.fixture
def measured(monkeypatch) -> list[str]:
    """The models whose trust was measured."""
    done: list[str] = []

    def listen(model, atlas):
        done.append(model.id)
        return trust_of(model, atlas)

    monkeypatch.setattr(round_trip, "trust_of", listen)
    return done


@pytest.mark.parametrize("name", ["linear", "told", "codes"])
def test_trust_is_measured_once_and_then_read_to_the_last_digit(put, measured, name):
    put(name)
    first = open_atlas(name, "mnist-5k", 300)
    later = open_atlas(name, "mnist-5k", 300)
    assert (
        numbers(first.trust) == numbers(later.trust) == numbers(trust_of(first.model, first.atlas))
    )
    assert (first.trust.centre == later.trust.centre).all()
    assert first.trust.has_prior == later.trust.has_prior == first.model.network.has_prior
    z = np.random.default_rng(0).normal(scale=3, size=(200, first.model.latent_dim))
    assert (first.trust.standings(z) == later.trust.standings(z)).all()
    assert measured == [name]
    assert (first.artefact.folder / FACTS / "trust.json").exists()


def cut(file: Path) -> None:
    os.truncate(file, 40)


def empty(file: Path) -> None:
    file.write_bytes(b"")


def garbage(file: Path) -> None:
    file.write_bytes(b"\xff" * 300)


def a_list(file: Path) -> None:
    file.write_text("[1, 2]")


def without_a_number(file: Path) -> None:
    change(file, "fact", radius=None)


def a_number_that_cannot_be(file: Path) -> None:
    change(file, "fact", trip=-1.0)


def of_other_weights(file: Path) -> None:
    change(file, "stamp", weights_sha256="0" * 64)


def measured_in_another_way(file: Path) -> None:
    change(file, "stamp", by={"neighbours": 4})


def change(file: Path, part: str, **values) -> None:
    said = json.loads(file.read_text())
    file.write_text(json.dumps(said | {part: said[part] | values}))


@pytest.mark.parametrize(
    "damage",
    [
        *(cut, empty, garbage, a_list, without_a_number, a_number_that_cannot_be),
        *(of_other_weights, measured_in_another_way),
    ],
)
def test_a_damaged_or_foreign_fact_is_measured_anew_and_kept(opened, measured, damage):
    before = again(opened)
    damage(opened.artefact.folder / FACTS / "trust.json")
    assert again(opened) == before
    assert again(opened) == before
    assert measured == ["linear", "linear"]


def test_latents_that_changed_are_measured_anew(opened, measured):
    before = again(opened)
    atlas = replace(opened.atlas, mean=2 * opened.atlas.mean)
    assert numbers(trust_once(opened.artefact, opened.model, atlas)) != before
    assert len(measured) == 2


def test_another_map_of_the_same_points_leaves_the_facts_as_they_are(opened, measured):
    before = again(opened)
    folder = atlases.folder_for(opened.artefact, opened.atlas.name)
    xy = {"pca": opened.atlas.coordinates("pca") + 1}
    atlases.save(replace(opened.atlas, projections=xy), folder)
    assert again(open_atlas("linear", "mnist-5k", 300)) == before
    assert len(measured) == 1


def test_a_fact_that_cannot_be_written_is_measured_each_time(opened, measured):
    (opened.artefact.folder / FACTS).write_text("a file where the folder should be")
    assert again(opened) == again(opened)
    assert len(measured) == 2


def test_facts_of_a_shipped_model_without_them_are_kept_in_the_home(put, shipped, home):
    artefact = put("linear", into=shipped, shipped=True)
    before = sorted(artefact.folder.rglob("*"))
    one = open_atlas("linear", "mnist-5k", 300)
    again(one)
    assert sorted(artefact.folder.rglob("*")) == before
    assert (home / ".atlas/linear/mnist-5k-300/facts/trust.json").exists()


def test_an_atlas_is_made_with_how_far_to_trust_it(put, measured):
    put("linear")
    atlases.make(silent, model="linear", dataset="mnist-5k", count=120)
    assert measured == ["linear"]
    again(open_atlas("linear", "mnist-5k", 120))
    assert measured == ["linear"]


def test_the_figures_of_a_map_are_those_of_its_places(opened):
    """A map that came with its atlas has its figures in a fact; one of other places has others."""
    figures = maps.quality(opened.artefact, opened.atlas, "pca")
    random = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    other = replace(opened.atlas, projections={"pca": random})
    assert maps.quality(opened.artefact, other, "pca").trustworthiness < 0.6
    assert maps.quality(opened.artefact, opened.atlas, "pca") == figures


# --- what is shipped --------------------------------------------------------------------------


@pytest.mark.parametrize("artefact", SHIPPED, ids=lambda artefact: artefact.id)
def test_a_shipped_atlas_brings_its_facts(artefact):
    """Their stamps fit without encoding what is too wide to ship."""
    atlas = atlases.load_for(artefact)
    folder = artefact.folder / "atlas" / atlas.name / "facts"
    names = {"trust.json", *(f"quality.{key}.json" for key in atlas.projections)}
    family = artefact.card.spec.model.family
    if family.endswith("vae") and family != "vq-vae":
        names.add("crowd.json")
    assert {file.name for file in folder.iterdir()} == names
    for file in folder.iterdir():
        stamp = json.loads(file.read_text())["stamp"]
        assert stamp["weights_sha256"] == artefact.card.weights_sha256
        assert stamp["points_sha256"] == atlas.sha256


@pytest.mark.parametrize("name", ["mnist-vae-2d", "mnist-vae-20", "mnist-conv-vae-32"])
def test_the_first_visitor_of_a_shipped_model_measures_nothing(name, monkeypatch):
    opened = open_atlas(name, "mnist-5k", 5000)
    truth = trust_of(opened.model, opened.atlas)
    figures = {
        key: maps.measured(opened.atlas.mean, opened.map(key).coordinates)
        for key in opened.atlas.projections
    }
    crowd = crowd_of(opened.model, opened.atlas)
    monkeypatch.setattr(round_trip, "trust_of", None)
    monkeypatch.setattr(round_trip, "crowd_of", None)
    monkeypatch.setattr(maps, "measured", None)
    # Another processor rounds otherwise, of wide latents too, which are encoded here.
    assert numbers(opened.trust) == pytest.approx(numbers(truth), rel=1e-3)
    assert numbers(opened.crowd) == pytest.approx(numbers(crowd), rel=1e-3)
    for key, one in figures.items():
        kept = maps.quality(opened.artefact, opened.atlas, key)
        assert kept.trustworthiness == pytest.approx(one.trustworthiness, abs=1e-3)
        assert kept.continuity == pytest.approx(one.continuity, abs=1e-3)
    kept_now = keep.file_for(opened.artefact, "mnist-5k", 5000, "latents").parent
    assert not (kept_now / "facts").exists()
