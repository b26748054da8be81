"""The map of all 737,280 sprites: nothing is left out, and every place is still the right one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import explorer
from explorer.latent.atlas import load
from explorer.latent.places import Map
from explorer.latent.polygon import inside, polygon_of_text
from tests.app.conftest import ROOT, MapPage, running_app, visitor
from tests.app.test_groups import draw, lit
from tests.app.test_instrument import sizes
from tests.app.test_map import assert_same_picture

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

MODEL, ALL = "sprites-beta-vae-10-b4", 737_280
PLOT = "document.querySelector('.lx-plane [data-part=plot]')"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which all sprites were laid out, as a person does it."""
    home = tmp_path_factory.mktemp("scale") / "home"
    words = ["project", MODEL, "--method", "pca", "--count", "all"]
    environment = os.environ | {"EXPLORER_HOME": str(home)}
    command = [sys.executable, "-m", "explorer", *words]
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    return home


@pytest.fixture(scope="module")
def atlas(home: Path):
    (folder,) = home.glob(f".atlas/{MODEL}/*{ALL}")
    return load(folder)


@pytest.fixture(scope="module")
def person(browser: Browser, home: Path) -> Iterator[MapPage]:
    expect.set_options(timeout=120_000)
    with running_app(home) as address, visitor(browser, address) as person:
        person.page.set_default_timeout(120_000)
        yield person.open(f"?model={MODEL}&dataset=sprites&count={ALL}&projection=pca")
    expect.set_options(timeout=5_000)


def classes_of(labels: np.ndarray) -> list[int]:
    """How many of each class there are."""
    return np.bincount(labels, minlength=3).tolist()


def test_all_are_drawn_and_those_beyond_the_view_are_counted(person: MapPage, atlas):
    assert sizes(person) == classes_of(atlas.labels)
    assert sum(sizes(person)) == ALL
    ranges = f"[{PLOT}._fullLayout.xaxis.range, {PLOT}._fullLayout.yaxis.range]"
    low, high = np.array(person.page.evaluate(ranges)).T
    xy = atlas.coordinates("pca")
    beyond = ALL - int(((xy >= low) & (xy <= high)).all(1).sum())
    expect(person.part("beyond")).to_have_text(f"{beyond:,} of {ALL:,} points lie beyond this view")


def test_a_hover_decodes_the_point_that_is_nearest_and_a_place_beside_all_points(
    person: MapPage, atlas
):
    model, xy = explorer.load(MODEL, "cpu"), atlas.coordinates("pca").astype(float)
    area = person.part("plot").bounding_box()
    for share in ((0.5, 0.5), (0.4, 0.55), (0.06, 0.08)):
        left, top = (
            round(area[side] + part * area[size])
            for side, size, part in zip("xy", ("width", "height"), share, strict=True)
        )
        x, y = person.page.evaluate(
            f"""([left, top]) => {{
                const {{ xaxis, yaxis }} = {PLOT}._fullLayout, box = {PLOT}.getBoundingClientRect()
                return [xaxis.p2d(left - box.left - xaxis._offset),
                        yaxis.p2d(top - box.top - yaxis._offset)]
            }}""",
            [left, top],
        )
        (x0, y0), (x1, y1) = person.screen(0, 0), person.screen(1, 1)
        pixels = np.hypot((xy[:, 0] - x) * (x1 - x0), (xy[:, 1] - y) * (y1 - y0))
        nearest = int(pixels.argmin())
        on_a_point = pixels[nearest] <= 7
        z = atlas.mean[nearest] if on_a_point else Map(atlas, "pca").latents_at([[x, y]])[0]
        assert on_a_point == (share[0] > 0.1)
        person.page.mouse.move(left, top)
        person.wait_for_latent([round(float(value), 4) for value in z[:8]])
        assert_same_picture(person.pixels("decoded"), model.decode(z[None])[0])


def test_a_lasso_counts_right(person: MapPage, atlas):
    xy = atlas.coordinates("pca")
    (x0, y0), (x1, y1) = np.quantile(xy, (0.3, 0.6), axis=0)
    draw(person, "lasso", [(x0, y0), (x1, y0), (x1, y1), ((x0 + x1) / 2, y1), (x0, y0)])
    members = inside(xy, polygon_of_text(person.query()["polygon"]))
    expect(person.part("group")).to_contain_text(f"{members.sum():,} of the {ALL:,} points")
    lit(person, classes_of(atlas.labels[members]))


def test_a_whole_class_is_found_and_lit(person: MapPage, atlas):
    person.part("find-text").fill(atlas.classes[0])
    person.part("find-text").press("Enter")
    count = int((atlas.labels == 0).sum())
    expect(person.part("find-note")).to_contain_text(f"{count:,} of {ALL:,} images")
    lit(person, [count, 0, 0])
    person.wait_for_query(find=atlas.classes[0])
