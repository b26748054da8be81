"""What the server keeps open: questions about a map that a page asks in Python."""

import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest

from explorer import store
from explorer.errors import ExplorerError
from explorer.latent import atlas as atlases
from explorer.latent.opened import Opened
from explorer.latent.spec import ProjectionSpec
from explorer.serve import catalogue as module
from explorer.serve.catalogue import Catalogue, catalogue
from explorer.training import images
from tests.support import finish, part
from tests.workshop import lay_out


@pytest.fixture(scope="module")
def opened() -> Opened:
    return catalogue.open("mnist-vae-20", "mnist-5k")


@pytest.mark.parametrize("method", ["umap", "tsne", "pca"])
def test_the_row_near_a_place_is_that_of_the_nearest_point(opened, method):
    xy = opened.atlas.coordinates(method)
    rng = np.random.default_rng(0)
    for x, y in rng.uniform(xy.min(0) - 1, xy.max(0) + 1, (20, 2)):
        nearest = np.linalg.norm(xy - [x, y], axis=1).argmin()
        assert opened.row_near(method, (x, y)) == opened.atlas.rows[nearest]


def test_it_is_the_row_of_the_data_set_and_not_the_position_on_the_map(opened):
    some = replace(
        opened.atlas,
        mean=opened.atlas.mean[1000:],
        rows=opened.atlas.rows[1000:],
        projections={"umap": opened.atlas.coordinates("umap")[1000:]},
    )
    x, y = some.coordinates("umap")[7]
    row = replace(opened, atlas=some).row_near("umap", (float(x), float(y)))
    assert row == opened.atlas.rows[1007]
    assert type(row) is int


def test_no_row_is_near_on_a_map_that_was_not_made(opened):
    with pytest.raises(ExplorerError, match="no projection called 'raw'"):
        opened.row_near("raw", (0.0, 0.0))


def test_of_several_maps_the_one_of_so_many_images_is_opened(put, digits):
    lay_out(put("linear").folder, digits, "pca", count=120)
    for count in (120, 300):
        assert len(catalogue.open("linear", "mnist-5k", count).atlas) == count
    with pytest.raises(ExplorerError, match="--count 7'"):
        catalogue.open("linear", "mnist-5k", 7)


def test_a_map_that_was_made_meanwhile_is_seen_and_what_did_not_change_is_kept(put):
    artefact = put("linear")
    before = catalogue.open("linear", "mnist-5k")
    assert catalogue.open("linear", "mnist-5k") is before
    more = replace(
        before.atlas,
        projections=before.atlas.projections | {"umap": before.atlas.coordinates("pca") + 1},
        specs=before.atlas.specs | {"umap": ProjectionSpec(method="umap")},
    )
    atlases.save(more, atlases.folder_for(artefact, more.name))
    after = catalogue.open("linear", "mnist-5k")
    assert (after.map("umap").coordinates == before.atlas.coordinates("pca") + 1).all()
    assert after.stamp != before.stamp
    assert after.model is before.model


def test_an_atlas_of_another_number_of_images_leaves_the_first_as_it_is(put, digits):
    artefact = put("linear")
    before = catalogue.open("linear", "mnist-5k", 300)
    before.prepare("pca")
    lay_out(artefact.folder, digits, "pca", count=120)
    assert catalogue.open("linear", "mnist-5k", 120).atlas.name == "mnist-5k-120"
    assert catalogue.peek("linear", "mnist-5k", 300) is before
    assert catalogue.open("linear", "mnist-5k", 300) is before
    assert before.prepared == {"pca"}


def test_an_atlas_in_the_home_goes_before_the_shipped_one_of_as_many_images(put, shipped):
    artefact = put("linear", into=shipped, shipped=True)
    before = catalogue.open("linear", "mnist-5k", 300)
    atlases.save(before.atlas, atlases.folder_for(artefact, before.atlas.name))
    assert catalogue.peek("linear", "mnist-5k", 300) is None
    assert catalogue.open("linear", "mnist-5k", 300) is not before


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    monkeypatch.setattr(module, "TRUSTED", 1.0)
    return Clock()


def everything(shelf: Catalogue) -> list:
    """One model with its atlas by every way to ask."""
    return [
        shelf.model("linear"),
        shelf.open("linear", "mnist-5k"),
        shelf.open("linear", "mnist-5k", 300),
        shelf.peek("linear", "mnist-5k", None),
        shelf.peek("linear", "mnist-5k", 300),
    ]


def test_within_a_second_no_file_is_looked_at_and_after_it_they_are(put, clock, monkeypatch):
    put("linear")
    shelf = Catalogue(clock=clock)
    before, looked = everything(shelf), []
    locate = store.locate
    monkeypatch.setattr(store, "locate", lambda name: looked.append(name) or locate(name))
    monkeypatch.setattr(module, "projections_of", None)  # it lists all maps, and nothing changed
    clock.now += 0.999
    assert all(one is other for one, other in zip(everything(shelf), before, strict=True))
    assert looked == []
    clock.now += 0.001
    assert all(one is other for one, other in zip(everything(shelf), before, strict=True))
    assert looked == ["linear"] * 3  # the two ways to open are trusted by who peeks


def test_a_model_that_was_deleted_is_noticed_within_a_second(put, clock):
    artefact = put("linear")
    shelf = Catalogue(clock=clock)
    everything(shelf)
    shutil.rmtree(artefact.folder)
    clock.now += 1
    assert shelf.peek("linear", "mnist-5k", 300) is None
    for ask in (lambda: shelf.model("linear"), lambda: shelf.open("linear", "mnist-5k", 300)):
        with pytest.raises(ExplorerError, match="no model called 'linear'"):
            ask()


def test_a_model_that_was_trained_anew_is_noticed_within_a_second(put, clock, digits):
    artefact = put("linear")
    shelf = Catalogue(clock=clock)
    before = everything(shelf)
    spec = artefact.card.spec
    shutil.rmtree(artefact.folder)
    finish("linear", spec, part(digits, 900, 100))
    lay_out(artefact.folder, digits, "pca")
    clock.now += 1
    assert shelf.peek("linear", "mnist-5k", 300) is None
    after = everything(shelf)
    assert after[0] is not before[0]
    assert after[1] is after[2] is not before[1]
    weights = [one.model.card.weights_sha256 for one in (before[1], after[1])]
    assert weights[0] != weights[1] == after[1].atlas.weights_sha256


def test_an_atlas_that_was_deleted_is_noticed_within_a_second(put, clock):
    artefact = put("linear")
    shelf = Catalogue(clock=clock)
    model = everything(shelf)[0]
    shutil.rmtree(artefact.folder / "atlas")
    clock.now += 1
    assert shelf.peek("linear", "mnist-5k", 300) is None
    with pytest.raises(ExplorerError, match="no map"):
        shelf.open("linear", "mnist-5k", 300)
    assert shelf.model("linear") is model


def test_who_opens_something_slow_keeps_nobody_waiting_for_the_rest(monkeypatch, digits):
    begun, go_on, loads = threading.Event(), threading.Event(), []

    def load_named(name):
        loads.append(name)
        if name == "slow":
            begun.set()
            assert go_on.wait(60)
        return replace(digits, name=name)

    monkeypatch.setattr(images, "load_named", load_named)
    shelf, got = Catalogue(), []
    threads = [threading.Thread(target=lambda: got.append(shelf.dataset("slow"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert begun.wait(60)
    assert shelf.dataset("quick").name == "quick"  # while the other is still being read
    go_on.set()
    for thread in threads:
        thread.join()
    assert sorted(loads) == ["quick", "slow"]
    assert got[0] is got[1] is got[2]


def test_what_cannot_be_opened_puts_nothing_out_and_is_tried_again(monkeypatch, digits):
    known = set()

    def load_named(name):
        if name not in known:
            raise ExplorerError(f"There is no data set called '{name}'.")
        return replace(digits, name=name)

    monkeypatch.setattr(images, "load_named", load_named)
    shelf, known = Catalogue(capacity=2), {"a", "b"}
    first, second = shelf.dataset("a"), shelf.dataset("b")
    for name in "cdefc":
        with pytest.raises(ExplorerError):
            shelf.dataset(name)
    assert (shelf.dataset("a"), shelf.dataset("b")) == (first, second)
    assert shelf.dataset("a") is first
    known.add("c")
    assert shelf.dataset("c").name == "c"
    assert shelf.dataset("b") is not second  # of two the least recently used went


@pytest.mark.parametrize(
    ("name", "dataset", "method"),
    [("mnist-vae-2d", "mnist-5k", "raw"), ("mnist-vae-20", "mnist-5k", "umap")],
)
def test_what_is_prepared_is_what_the_first_click_needs(name, dataset, method, monkeypatch):
    opened = Catalogue().open(name, dataset)
    opened.prepare(method)
    monkeypatch.setattr("explorer.latent.neighbours.Index.__init__", None)
    monkeypatch.setattr("explorer.latent.places.calibrate", None)
    monkeypatch.setattr("explorer.latent.trust.calibrate", None)
    assert opened.trust.of_image(5).standing in ("data", "rare")
    if method != "raw":
        themap = opened.map(method)
        assert themap.judge(themap.coordinates[5], opened.trust, 0.0).why
