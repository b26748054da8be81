"""Round trips in a real browser: images, steps and the trail against the package."""

from __future__ import annotations

import numpy as np
import pytest

import explorer
from explorer.latent.round_trip import trail
from tests.app.crafts import PHONE, TaskPage, at_task
from tests.app.test_names import unnamed, unreachable

VIEW = "?model=mnist-vae-2d&task=trip&row=7"


@pytest.fixture
def person(browser, address):
    with at_task(browser, address) as someone:
        yield someone.open(VIEW)


def made(name: str, key: str, row: int, n: int):
    themap = explorer.load_map(name, "mnist-5k", key)
    z = themap.atlas.mean[themap.atlas.position(row)]
    return themap, trail(explorer.load(name, "cpu"), z, n, themap.deviation)


def check(person: TaskPage, name: str, key: str, row: int, n: int) -> None:
    person.wait(
        "lx.dataset.trips === arg[0] && lx.dataset.subject === arg[1]", [str(n), f"row:{row}"]
    )
    themap, found = made(name, key, row, n)
    assert person.page.locator("[data-testid=trip]").count() == n + 1
    for k in sorted({0, 1, n // 2, n}):
        person.shows("trip", found.images[k], k)
    assert person.part("words").inner_text() == found.words
    places = themap.places_of(found.z)[0]
    said = [
        one.split(",") for one in person.page.locator(".lx").get_attribute("data-trail").split()
    ]
    numbers = np.array([[float(v.replace("−", "-")) for v in one] for one in said])
    np.testing.assert_allclose(numbers, places, atol=2e-3)


@pytest.mark.parametrize(
    ("name", "key"), [("mnist-vae-2d", "raw"), ("mnist-vae-20", "pca"), ("mnist-vq-vae", "umap")]
)
def test_the_strip_the_words_and_the_trail_are_those_of_the_package(browser, address, name, key):
    with at_task(browser, address) as person:
        person.open(f"?model={name}&projection={key}&task=trip&row=7")
        check(person, name, key, 7, 20)
        person.wait("lx.querySelector('.lx-way-line')?.getAttribute('d')")
        dots = person.page.locator(".lx-minimap .lx-dot-text")
        assert sorted(dots.all_text_contents()) == ["A", "Z"]


def test_the_slider_makes_more_trips_while_it_is_moved_and_the_link_has_them(person):
    person.part("trips").fill("45")
    check(person, "mnist-vae-2d", "raw", 7, 45)
    person.wait_for_query(trips="45")
    person.part("trips").focus()
    person.page.keyboard.press("ArrowLeft")
    check(person, "mnist-vae-2d", "raw", 7, 44)
    person.wait_for_query(trips="44")
    person.page.reload()
    person.ready()
    check(person, "mnist-vae-2d", "raw", 7, 44)


def test_the_steps_are_drawn_with_the_line_below_which_there_is_none(person):
    _, found = made("mnist-vae-2d", "raw", 7, 20)
    label = person.part("steps").get_attribute("aria-label")
    assert f"the first {found.steps[0]:.2g}" in label
    assert f"below {found.tolerance:.2g}" in label
    points = person.part("steps").locator("polyline").get_attribute("points").split()
    assert len(points) == 20


def test_a_point_of_the_map_is_the_next_start(person):
    person.page.locator(".lx-minimap[data-ready=true]").wait_for()
    box = person.page.locator(".lx-minimap .lx-plot").bounding_box()
    person.page.mouse.click(box["x"] + box["width"] * 0.45, box["y"] + box["height"] * 0.5)
    person.page.wait_for_function("() => !/[?&]row=7(&|$)/.test(location.search)")
    query = person.query()
    start = f"row:{query['row']}" if "row" in query else f"place:{query['place']}"
    person.wait("lx.dataset.subject === arg", start)


def test_it_fits_a_phone_and_everything_has_a_name(browser, address):
    with at_task(browser, address, **PHONE) as person:
        person.open(VIEW)
        person.page.locator(".lx-minimap[data-ready=true]").wait_for()
        assert person.cut() == []
        assert person.small() == []
        assert unnamed(person.page) == []
        assert unreachable(person.page) == []
