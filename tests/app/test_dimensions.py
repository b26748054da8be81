"""The page of the sliders: what it draws is what the package computes, by pointer and by key."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import expect

import explorer
from explorer.latent.dimensions import Dimensions
from tests.app.conftest import visitor
from tests.app.reading import red
from tests.app.sliders import SlidersPage, as_bytes, opened, sliders_page


@pytest.fixture
def sliders(browser, address) -> Iterator[SlidersPage]:
    with sliders_page(browser, address) as person:
        yield person


# --- what it opens with ---------------------------------------------------------------------------


def test_it_opens_on_the_chosen_image_with_the_most_telling_dimensions_first(sliders, digits):
    sliders.open("model=mnist-conv-vae-32&row=7")
    one = opened("mnist-conv-vae-32")
    z = one.atlas.mean[one.atlas.position(7)]
    sliders.shows(one.model.decode(z[None]))
    assert np.array_equal(sliders.canvas("[data-testid=original]"), digits.pixels[7, 0].numpy())
    order = np.argsort(-one.dimensions.kl, kind="stable")[:16] + 1
    assert sliders.listed() == order.tolist()
    for dimension in order[:3]:
        assert float(sliders.slider(dimension).input_value()) == pytest.approx(
            z[dimension - 1], abs=0.01
        )
        words = f"{one.dimensions.kl[dimension - 1]:.2f} nats"
        expect(sliders.row(dimension)).to_contain_text(words)
    assert sliders.part("decoded-title").inner_text() == "Reconstruction"
    assert sliders.part("trust").inner_text().split(" ", 1)[1] in ("in data", "rare image")


def test_the_track_of_a_slider_is_what_the_decoder_draws_along_it(sliders):
    sliders.open("model=mnist-vae-20&row=12")
    one = opened("mnist-vae-20")
    z = one.atlas.mean[one.atlas.position(12)]
    first = sliders.listed()[0]
    cells = sliders.film(first)
    low, high = (float(sliders.slider(first).get_attribute(name)) for name in ("min", "max"))
    assert low <= -3
    assert high >= 3
    walk = np.tile(z, (len(cells), 1))
    walk[:, first - 1] = np.linspace(low, high, len(cells))
    assert len(cells) % 2 == 1
    assert np.abs(cells - as_bytes(one.model.decode(walk))).max() <= 1


def test_the_thumb_stands_on_the_cell_whose_value_it_has(sliders):
    sliders.open("model=mnist-vae-20")
    first = sliders.listed()[0]
    steps = len(sliders.film(first))
    box = sliders.slider(first).bounding_box()
    place = (box["x"] + box["width"] * (steps - 1.5) / steps, box["y"] + box["height"] / 2)
    sliders.page.mouse.click(*place)
    low, high = (float(sliders.slider(first).get_attribute(name)) for name in ("min", "max"))
    expected = low + (high - low) * (steps - 2) / (steps - 1)
    assert float(sliders.slider(first).input_value()) == pytest.approx(expected, abs=0.03)


def test_every_thumb_frames_the_image_of_the_latent(sliders):
    """Between two cells of its track, where a frame alone would show halves of both."""
    sliders.open("model=mnist-vae-20&row=12&moved=7:0.77")
    for share in (None, 0.43, 0.62):
        if share is not None:
            sliders.drag(7, (0.3, share))
            sliders.settled()
        image = sliders.decoded()
        for dimension in sliders.listed()[:5]:
            row = sliders.row(dimension)
            assert np.array_equal(red(row.locator(".lx-face")), image)
            track, face = (row.locator(one).bounding_box() for one in ("[type=range]", ".lx-face"))
            low, high, value = (
                float(sliders.slider(dimension).evaluate("(one, name) => one[name]", name))
                for name in ("min", "max", "value")
            )
            room = track["width"] - face["width"]
            place = track["x"] + room * (value - low) / (high - low)
            assert face["x"] == pytest.approx(place, abs=1)
            assert face["height"] == pytest.approx(track["height"], abs=1)


# --- by pointer and by key ------------------------------------------------------------------------


def test_a_drag_decodes_on_its_way_and_is_kept_where_the_hand_lets_go(sliders):
    sliders.open("model=mnist-vae-20&row=12")
    one = opened("mnist-vae-20")
    z = one.atlas.mean[one.atlas.position(12)].copy()
    first = sliders.listed()[0]
    sliders.drag(first, (0.3, 0.8), let_go=False)
    for share in (0.6, 0.9):
        box = sliders.slider(first).bounding_box()
        sliders.page.mouse.move(box["x"] + share * box["width"], box["y"] + 10)
        z[first - 1] = float(sliders.slider(first).input_value())
        sliders.wait_for_latent(z)
        sliders.shows(one.model.decode(z[None]))
        assert "moved" not in sliders.query(), "the page hears of it when the hand lets go"
    sliders.page.mouse.up()
    value = f"{z[first - 1]:g}"
    sliders.wait_for_query(moved=f"{first}:{value}")
    sliders.settled()
    assert sliders.part("decoded-title").inner_text() == "Generated"
    sliders.page.reload()
    sliders.ready()
    sliders.shows(one.model.decode(z[None]))
    assert float(sliders.slider(first).input_value()) == z[first - 1].round(4)


def test_moving_one_dimension_redraws_the_tracks_of_the_others_and_not_its_own(sliders):
    sliders.open("model=mnist-vae-20&row=12")
    one = opened("mnist-vae-20")
    first, second = sliders.listed()[:2]
    own, other = sliders.film(first), sliders.film(second)
    sliders.slider(first).press("End")
    sliders.page.wait_for_function(
        """([selector, before]) => {
            const canvas = document.querySelector(selector), { width, height } = canvas
            const rgba = canvas.getContext('2d').getImageData(0, 0, width, height).data
            return rgba.reduce((sum, value) => sum + value, 0) !== before
        }""",
        arg=[
            f".lx-knob[data-dimension='{second}'] .lx-film",
            int(3 * other.sum() + 255 * other.size),
        ],
    )
    z = one.atlas.mean[one.atlas.position(12)].copy()
    z[first - 1] = float(sliders.slider(first).input_value())
    walk = np.tile(z, (len(other), 1))
    low, high = (float(sliders.slider(second).get_attribute(name)) for name in ("min", "max"))
    walk[:, second - 1] = np.linspace(low, high, len(other))
    assert np.abs(sliders.film(second) - as_bytes(one.model.decode(walk))).max() <= 1
    assert np.array_equal(sliders.film(first), own)


def test_keys_move_undo_and_redo(sliders):
    sliders.open("model=mnist-vae-20&start=mean")
    first = sliders.slider(7)
    low, high = (float(first.get_attribute(name)) for name in ("min", "max"))
    first.focus()
    for key, expected in (
        ("ArrowRight", (high - low) / 60),
        ("ArrowLeft", 0),
        ("Alt+ArrowRight", 0.01),
        ("Alt+ArrowLeft", 0),
        ("Shift+ArrowRight", (high - low) / 10),
        ("Shift+ArrowLeft", 0),
        ("Home", low),
        ("End", high),
        ("Delete", 0),
        ("PageUp", (high - low) / 10),
    ):
        first.press(key)
        assert float(first.input_value()) == pytest.approx(expected, abs=0.006), key
    sliders.wait_for_query(moved=f"7:{float(first.input_value()):g}")
    moved = sliders.query()["moved"]
    sliders.settled()
    sliders.page.keyboard.press("Control+z")
    sliders.wait_for_query(moved=None)
    assert float(first.input_value()) == 0
    sliders.page.keyboard.press("Control+Shift+Z")
    sliders.wait_for_query(moved=moved)
    z = np.zeros((1, 20), np.float32)
    z[0, 6] = float(first.input_value())
    sliders.settled()
    sliders.shows(explorer.load("mnist-vae-20", "cpu").decode(z))


def test_a_value_can_be_typed_and_one_dimension_put_back(sliders):
    sliders.open("model=mnist-vae-20&row=3")
    one = opened("mnist-vae-20")
    start = one.atlas.mean[one.atlas.position(3)]
    for dimension, value in ((7, 1.234), (1, -2.5)):
        sliders.page.get_by_label(f"Value of Dimension {dimension}", exact=True).fill(str(value))
        sliders.page.keyboard.press("Tab")
    sliders.wait_for_query(moved="1:-2.5,7:1.234")
    z = start.copy()
    z[[6, 0]] = 1.234, -2.5
    sliders.settled()
    sliders.shows(one.model.decode(z[None]))
    sigma = np.exp(0.5 * one.atlas.logvar[one.atlas.position(3)][6])
    away = (1.234 - start[6]) / sigma
    expect(sliders.row(7)).to_contain_text(f"{away:+.0f}".replace("-", "−"))
    assert "from the start" in sliders.slider(7).get_attribute("aria-valuetext")
    sliders.page.get_by_role("button", name="Reset Dimension 7", exact=True).click()
    sliders.wait_for_query(moved="1:-2.5")
    sliders.slider(1).dblclick()
    sliders.wait_for_query(moved=None)
    sliders.settled()
    sliders.shows(one.model.decode(start[None]))


def test_the_field_shows_the_value_that_holds_and_says_what_was_not_a_number(sliders):
    sliders.open("model=mnist-vae-20&row=3&moved=7:0.25")
    one = opened("mnist-vae-20")
    z = one.atlas.mean[one.atlas.position(3)].copy()
    field = sliders.page.get_by_label("Value of Dimension 7", exact=True)
    said = sliders.row(7).get_by_role("status")
    for text, key, value, words in (
        ("1,5", "Enter", "1.5", ""),
        ("abc", "Enter", "1.5", "“abc” is not a number: z₇ stays 1.500."),
        ("", "Tab", "1.5", "No number was typed: z₇ stays 1.500."),
        ("−2.25", "Tab", "-2.25", ""),
        ("-1e9", "Enter", "-99999", "z₇ goes from −99999 to 99999 and no further."),
        ("1e400", "Tab", "99999", "z₇ goes from −99999 to 99999 and no further."),
        ("1.23456", "Tab", "1.23456", ""),
    ):
        field.fill(text)
        field.press(key)
        expect(field).to_have_value(value)
        expect(said).to_have_text(words)
        sliders.wait_for_query(moved=f"7:{value}")
        z[6] = float(value)
        sliders.wait_for_latent(z)
    sliders.settled()
    sliders.shows(one.model.decode(z[None]))


def test_a_value_beyond_the_strip_is_said_at_its_end(sliders):
    sliders.open("model=mnist-vae-20&row=3&moved=1:-4.5,7:99")
    high = float(sliders.slider(7).get_attribute("max"))
    for dimension, words, text in ((7, "beyond »", "99.00"), (1, "« beyond", "−4.50")):
        mark = sliders.row(dimension).locator(".lx-beyond")
        expect(mark).to_have_text(words)
        assert text in mark.get_attribute("title")
        assert "beyond this strip" in sliders.slider(dimension).get_attribute("aria-valuetext")
    track = sliders.slider(7).bounding_box()
    mark = sliders.row(7).locator(".lx-beyond").bounding_box()
    assert mark["x"] + mark["width"] == pytest.approx(track["x"] + track["width"], abs=1)
    expect(sliders.row(9).locator(".lx-beyond")).to_have_text("")
    sliders.slider(7).press("ArrowLeft")
    assert float(sliders.slider(7).input_value()) < high
    expect(sliders.row(7).locator(".lx-beyond")).to_have_text("")


def test_all_is_put_back_at_once_and_that_can_be_undone(sliders):
    sliders.open("model=mnist-vae-20&row=3&moved=1:-2.5,7:1.25")
    sliders.page.get_by_role("button", name="Reset all").click()
    sliders.wait_for_query(moved=None)
    sliders.page.get_by_role("button", name="Undo").click()
    sliders.wait_for_query(moved="1:-2.5,7:1.25")
    assert float(sliders.slider(7).input_value()) == 1.25


# --- dead, many, other kinds ----------------------------------------------------------------------


def test_a_dead_dimension_is_greyed_and_named(sliders):
    sliders.open("model=mnist-vae-20&order=index")
    found: Dimensions = opened("mnist-vae-20").dimensions
    (dead,) = np.flatnonzero(found.dead) + 1
    for _ in range(2):
        if dead not in sliders.listed():
            sliders.page.get_by_role("button", name=re.compile("Show .* more")).click()
    row = sliders.row(dead)
    assert row.get_attribute("data-dead") == "true"
    expect(row).to_contain_text("this one does nothing: posterior collapse")
    assert found.why_dead(dead - 1) == sliders.slider(dead).get_attribute("aria-description")
    assert sliders.page.locator(".lx-knob[data-dead=true]").count() == 1


def test_256_dimensions_are_shown_sixteen_at_a_time_and_found_by_number(sliders):
    sliders.open("model=faces-conv-vae-256")
    order = (opened("faces-conv-vae-256", "faces").dimensions.order("kl") + 1).tolist()
    assert sliders.listed() == order[:16]
    sliders.page.get_by_role("button", name="Show 16 more").click()
    assert sliders.listed() == order[:32]
    sliders.part("find").fill("250, 3-5")
    assert sorted(sliders.listed()) == [3, 4, 5, 250]
    sliders.film(250)
    sliders.part("find").fill("999")
    expect(sliders.part("find-note")).to_have_text("There are dimensions 1 to 256.")
    sliders.part("find").fill("")
    assert sliders.listed() == order[:32]
    sliders.page.get_by_role("button", name="By number").click()
    sliders.wait_for_query(order="index")
    assert sliders.listed() == list(range(1, 33))


def test_a_moved_dimension_is_listed_wherever_it_stands(sliders):
    sliders.open("model=faces-conv-vae-256&moved=256:2.5")
    assert 256 in sliders.listed()
    assert len(sliders.listed()) in (16, 17)
    assert float(sliders.slider(256).input_value()) == 2.5


def test_components_of_a_pca_are_named_as_such_and_ordered_by_variance(sliders):
    sliders.open("model=mnist-pca-20")
    one = opened("mnist-pca-20")
    order = (one.dimensions.order("kl") + 1).tolist()
    assert sliders.listed() == order[:16]
    expect(sliders.row(1)).to_contain_text("PC₁")
    expect(sliders.row(1)).to_contain_text("%")
    expect(sliders.part("by-kl")).to_have_text("By variance")
    sliders.slider(1, "Component").press("End")
    z = one.atlas.mean[one.atlas.position(0)].copy()
    z[0] = float(sliders.slider(1, "Component").input_value())
    sliders.settled()
    sliders.shows(one.model.decode(z[None]))


def test_a_conditional_model_is_told_a_class(sliders, digits):
    one = opened("mnist-cvae-20")
    z = one.atlas.mean[one.atlas.position(5)].copy()
    z[1] = 1.5
    for label, told in (("", int(digits.labels[5])), ("&label=8", 8)):
        sliders.open(f"model=mnist-cvae-20&row=5&moved=2:1.5{label}")
        sliders.shows(one.model.decode(z[None], np.array([told])))
        assert sliders.part("decoded-caption").inner_text().startswith(f"as {told},")


def test_a_vq_vae_has_no_sliders_and_says_where_to_go(browser, address):
    with visitor(browser, address) as person:
        person.page.goto(f"{address}/dimensions?model=mnist-vq-vae")
        person.page.get_by_text("there is no dimension to slide along").wait_for()
        expect(person.page.locator("h1.lx-head")).to_contain_text("no dimensions to turn")
        assert person.page.locator(".lx-sliders").count() == 0
        person.page.get_by_role("button", name="Paint with its codes").click()
        person.page.wait_for_url(re.compile("/generate.*task=codes"))
        assert "model=mnist-vq-vae" in person.page.url
        person.page.goto(f"{address}/dimensions?model=mnist-vae-2d")
        expect(person.page.locator("h1.lx-head")).to_contain_text("Drag a strip")


def test_what_an_address_cannot_mean_is_said_and_the_rest_is_shown(sliders):
    sliders.open("model=mnist-vae-20&row=3&moved=x&start=nowhere&order=size")
    notices = sliders.page.get_by_test_id("stAlert").inner_text()
    for words in ("like 3:1.25,7:-0.5", "starting point", "order"):
        assert words in notices
    one = opened("mnist-vae-20")
    sliders.shows(one.model.decode(one.atlas.mean[one.atlas.position(3)][None]))
