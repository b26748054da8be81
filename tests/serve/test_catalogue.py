"""What the server keeps open: questions about a map that a page asks in Python."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from explorer.errors import ExplorerError
from explorer.latent import atlas as atlases
from explorer.latent.opened import Opened
from explorer.latent.spec import ProjectionSpec
from explorer.serve.catalogue import Catalogue, catalogue
from explorer.training import images
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
