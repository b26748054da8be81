"""Reconstruction errors in a real browser: standing, comparison and ranking against the package."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from explorer.latent import columns, errors
from explorer.latent.opened import open_atlas
from tests.app.crafts import PHONE, TaskPage, at_task
from tests.app.test_names import unnamed, unreachable

VIEW = "?model=mnist-vae-2d&task=errors&row=7"


@pytest.fixture(scope="module")
def one():
    return open_atlas("mnist-vae-2d", "mnist-5k", 5000)


@pytest.fixture(scope="module")
def values(one) -> np.ndarray:
    return columns.compute("error", one.model, one.atlas, one.dataset).values.astype(float)


@pytest.fixture
def person(browser, address):
    with at_task(browser, address) as someone:
        yield someone.open(VIEW)


def rows(person: TaskPage) -> list[int]:
    found = person.part("ranked").locator("button")
    return [int(row) for row in found.evaluate_all("all => all.map(one => one.dataset.row)")]


def ranked(person: TaskPage, page: str) -> list[int]:
    person.wait("lx.querySelector('[data-part=ranked]').dataset.page === arg", page)
    return rows(person)


def test_an_image_stands_among_those_of_the_data_set(person, one, values):
    expected = errors.standing(values, values[7], "digit")
    assert person.part("words").inner_text() == expected.words
    share = float(person.page.locator(".lx").get_attribute("data-share"))
    assert share == pytest.approx(expected.share, abs=1e-3)
    x = one.dataset.picture(7).numpy()
    person.shows("original", x)
    person.shows("reconstruction", errors.reconstructed(one.model, x[None])[0][0])
    assert person.part("histogram").locator("rect").count() == errors.BINS
    assert expected.words in person.part("histogram").get_attribute("aria-label")


def placed(person: TaskPage) -> list[tuple[float, float]]:
    """Where bars above 0 begin and end on the screen, and so the outline of what is altered."""
    return person.part("histogram").evaluate(
        """svg => {
            const boxes = [...svg.querySelectorAll('rect')].map(one => one.getBoundingClientRect())
            const full = boxes.filter(box => box.height > 0), matrix = svg.getScreenCTM()
            const points = [...svg.querySelector('polyline').points]
            const floor = Math.max(...points.map(one => one.y))
            const above = points.filter(one => one.y < floor - .01)
            const places = above.map(one => one.matrixTransform(matrix).x)
            return [[full[0].left, full.at(-1).right], [Math.min(...places), Math.max(...places)]]
        }"""
    )


def mark_at(person: TaskPage, tone: str) -> float:
    box = person.part("histogram").locator(f"path.lx-tone-{tone}").bounding_box()
    return box["x"] + box["width"] / 2


@pytest.mark.parametrize("how", errors.ALTERED)
def test_the_image_altered_is_shown_with_its_place_beside_the_data_set_altered(
    person, one, values, how
):
    title = errors.ALTERED_TITLES[how]
    person.page.get_by_role("radio", name=title).click()
    person.wait("lx.dataset.altered === arg", how)
    x = errors.altered(one.dataset.picture(7).numpy()[None], how)
    drawn, (error,) = errors.reconstructed(one.model, x)
    person.shows("other", x[0])
    person.shows("other-drawn", drawn[0])
    bars, outline = placed(person)
    usual, strange = mark_at(person, "this"), mark_at(person, "strange")
    assert bars[0] <= usual <= bars[1]
    assert outline[0] <= strange <= outline[1]
    assert how != "negative" or strange > bars[1]
    words = person.part("other-words").inner_text()
    assert words.startswith(f"{title}: {errors.standing(values, float(error), 'digit').words}")
    assert "AUROC" in words
    person.wait_for_query(altered=how)
    person.page.reload()
    person.ready()
    person.shows("other", x[0])


def test_a_drawn_cross_stands_out(person):
    drawing = np.zeros((28, 28), np.uint8)
    drawing[2:26, 12:16] = drawing[12:16, 2:26] = drawing[2:5, 2:26] = 255
    stream = io.BytesIO()
    Image.fromarray(drawing).save(stream, "PNG")
    file = {"name": "cross.png", "mimeType": "image/png", "buffer": stream.getvalue()}
    person.page.locator(".lx-pad-tools input[type=file]").set_input_files(file)
    person.wait("lx.dataset.subject.startsWith('own:')")
    assert "it stands out" in person.part("words").inner_text()
    assert np.array_equal(person.grey("original"), drawing)


def test_the_ranking_is_paged_and_a_click_chooses_the_image(person, one, values):
    order = one.atlas.rows[errors.ranked(values, np.arange(5000))].tolist()
    assert ranked(person, "worst 0 ") == order[:24]
    person.page.get_by_role("button", name="Next page").click()
    assert ranked(person, "worst 1 ") == order[24:48]
    assert person.part("page").inner_text() == "25–48 of 5,000"
    person.wait_for_query(rank_page="1")
    third = person.part("ranked").locator("button").nth(2)
    third.click()
    person.wait("lx.dataset.subject === arg", f"row:{order[26]}")
    person.wait_for_query(row=str(order[26]), rank_page="1")
    assert third.get_attribute("aria-current") == "true"
    person.shows("original", one.dataset.picture(order[26]).numpy())
    person.page.reload()
    person.ready()
    assert ranked(person, "worst 1 ") == order[24:48]


def test_the_best_of_a_class_are_ranked_too(person, one, values):
    person.page.get_by_role("radio", name="Best first").click()
    ranked(person, "best 0 ")
    person.part("class").select_option("7")
    sevens = np.flatnonzero(one.atlas.labels == 7)
    order = one.atlas.rows[errors.ranked(values, sevens, worst=False)].tolist()
    assert ranked(person, "best 0 7") == order[:24]
    person.wait_for_query(rank="best", rank_class="7")
    x = one.dataset.picture(order[0]).numpy()
    canvases = person.page.evaluate(
        """() => [...document.querySelectorAll('[data-part=ranked] canvas')].slice(0, 2)
            .map(one => [...one.getContext('2d').getImageData(0, 0, 28, 28).data]
            .filter((_, i) => i % 4 === 0))"""
    )
    assert np.array_equal(canvases[0], np.rint(255 * x).ravel())
    drawn = one.model.decode(one.atlas.mean[one.atlas.position(order[0])][None])
    assert np.abs(np.array(canvases[1]) - np.rint(255 * drawn).ravel()).max() <= 1


def test_it_fits_a_phone_and_everything_has_a_name(browser, address):
    with at_task(browser, address, **PHONE) as person:
        person.open(VIEW + "&altered=upside-down")
        person.wait("lx.querySelector('[data-part=ranked] button')")
        assert person.cut() == []
        assert person.small() == []
        assert person.rows_of_buttons() == 1
        assert unnamed(person.page) == []
        assert unreachable(person.page) == []
