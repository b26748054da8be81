"""Round trips in a real browser: images, steps and the trail against the package."""

from __future__ import annotations

import numpy as np
import pytest

import explorer
from explorer.latent.round_trip import trail
from tests.app.crafts import PHONE, TaskPage, at_task
from tests.app.test_names import unnamed, unreachable

VIEW = "?model=mnist-vae-2d&task=trip&row=7"
# An image whose codes the VQ-VAE finds again in its reconstruction.
STILL = 31


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
    trips = shown(person)
    assert len(trips) == min(24, n + 1)
    assert (trips[0], trips[-1]) == (0, n)
    for nth in sorted({0, 1, len(trips) // 2, len(trips) - 1}):
        person.shows("trip", found.images[trips[nth]], nth)
    assert person.part("words").inner_text() == found.words
    places = themap.places_of(found.z)[0]
    said = [
        one.split(",") for one in person.page.locator(".lx").get_attribute("data-trail").split()
    ]
    numbers = np.array([[float(v.replace("−", "-")) for v in one] for one in said])
    np.testing.assert_allclose(numbers, places, atol=2e-3)


def shown(person: TaskPage) -> list[int]:
    """After how many trips each image of the strip is shown."""
    cards = person.part("strip").locator("li")
    return [int(k) for k in cards.evaluate_all("all => all.map(one => one.dataset.trip)")]


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


@pytest.mark.parametrize("n", [23, 24, 100])
def test_of_many_trips_the_first_dozen_and_even_ones_to_the_last_are_shown(browser, address, n):
    with at_task(browser, address) as person:
        person.open(f"{VIEW}&trips={n}")
        check(person, "mnist-vae-2d", "raw", 7, n)
        trips, note = shown(person), person.part("shown").inner_text()
        assert trips[:12] == list(range(12))
        steps = np.diff(trips[11:])
        assert steps.min() >= 1
        assert steps.max() - steps.min() <= 1
        assert note == "" if n == 23 else note.startswith(f"24 of {n + 1} shown")
        strip = person.part("strip")
        assert strip.evaluate("one => one.scrollHeight <= one.clientHeight")


def test_one_trip_has_one_tick_and_words_of_its_own(browser, address):
    with at_task(browser, address) as person:
        person.open(f"{VIEW}&trips=1")
        check(person, "mnist-vae-2d", "raw", 7, 1)
        ticks = person.part("steps").locator("text[text-anchor=middle]").all_text_contents()
        assert ticks[:2] == ["1", "trip"]
        assert "the trip moves" in person.part("words").inner_text()


def test_steps_of_none_are_not_drawn_and_words_stand_where_they_begin(browser, address):
    with at_task(browser, address) as person:
        person.open("?model=mnist-vq-vae&projection=pca&task=trip&trips=40&row=7")
        _, found = made("mnist-vq-vae", "pca", 7, 40)
        first = int(np.flatnonzero(found.steps == 0)[0])
        points = person.part("steps").locator("polyline").get_attribute("points").split()
        assert len(points) == first
        assert not found.steps[first:].any()
        assert "0 from here: the same codes" in person.part("steps").text_content()
        label = person.part("steps").get_attribute("aria-label")
        assert label.endswith(f"Trip {first + 1}: 0 from here: the same codes.")


def test_an_image_that_never_moves_has_words_alone(browser, address):
    with at_task(browser, address) as person:
        person.open(f"?model=mnist-vq-vae&projection=pca&task=trip&trips=5&row={STILL}")
        _, found = made("mnist-vq-vae", "pca", STILL, 5)
        assert not found.steps.any()
        steps = person.part("steps")
        assert steps.locator("circle").count() == 0
        assert "0 from here: the same codes" in steps.text_content()
        assert "NaN" not in steps.inner_html()


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
