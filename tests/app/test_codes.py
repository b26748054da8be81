"""Painting with codes in a real browser: pixels and codes against the package."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import explorer
from explorer.latent import codes as grids
from tests.app.crafts import PHONE, at_task
from tests.app.painter import VIEW, brush, codes_of, drag, middle, shown, wait_for
from tests.app.test_names import unnamed, unreachable


@pytest.fixture(scope="module")
def model():
    return explorer.load("mnist-vq-vae", "cpu")


@pytest.fixture
def person(browser, address):
    with at_task(browser, address) as someone:
        yield someone.open(VIEW)


def test_the_map_of_an_image_stands_beside_what_the_decoder_makes_of_it(person, model):
    codes = codes_of(model, 7)
    assert np.array_equal(shown(person), codes)
    wait_for(person, codes)
    person.shows("painted", grids.decoded(model, codes[None])[0])
    assert person.part("painted-title").inner_text() == "Reconstruction"
    assert "codes" not in person.query()
    person.wait("lx.querySelector('[data-part=facts]').dataset.nats")
    nats = grids.surprise(grids.prior_of(model), codes[None]).sum()
    said = float(person.part("facts").get_attribute("data-nats"))
    assert said == pytest.approx(nats, abs=0.05)


def test_a_quick_drag_paints_every_cell_on_its_way_and_the_link_has_it(person, model):
    painted = codes_of(model, 7)
    painted[1, :6] = painted[1:5, 5] = brush(person)
    drag(person, (1, 0), (1, 5), (4, 5))
    wait_for(person, painted)
    assert np.array_equal(shown(person), painted)
    image = grids.decoded(model, painted[None])[0]
    person.shows("painted", image)
    assert person.part("painted-title").inner_text() == "Painted"
    person.wait_for_query(codes=grids.to_text(painted, 128))
    person.page.reload()
    person.ready()
    wait_for(person, painted)
    person.shows("painted", image)


def test_it_is_decoded_while_the_pointer_is_still_down(person, model):
    painted = codes_of(model, 7)
    painted[3, 3] = brush(person)
    person.page.mouse.move(*middle(person, 3, 3))
    person.page.mouse.down()
    wait_for(person, painted)
    assert "codes" not in person.query()
    person.page.mouse.up()
    person.wait_for_query(codes=grids.to_text(painted, 128))


def test_undo_redo_and_back_to_the_image(person, model):
    first = codes_of(model, 7)
    one, two = first.copy(), first.copy()
    one[0, 0] = two[0, 0] = two[6, 6] = brush(person)
    undo, redo = person.part("undo"), person.part("redo")
    assert undo.is_disabled()
    assert redo.is_disabled()
    drag(person, (0, 0))
    drag(person, (6, 6))
    wait_for(person, two)
    undo.click()
    wait_for(person, one)
    person.page.keyboard.press("Control+z")
    wait_for(person, first)
    assert undo.is_disabled()
    assert redo.evaluate("button => button === document.activeElement")
    redo.click()
    wait_for(person, one)
    person.page.keyboard.press("Control+Shift+z")
    wait_for(person, two)
    person.part("clear").click()
    wait_for(person, first)
    person.page.wait_for_function("() => !/codes=[^&]/.test(location.search)")
    undo.click()
    wait_for(person, two)


def test_what_was_painted_on_another_image_comes_back_with_that_image(person, model):
    painted = codes_of(model, 7)
    painted[0, 0] = brush(person)
    drag(person, (0, 0))
    person.wait_for_query(codes=grids.to_text(painted, 128))
    person.page.get_by_role("button", name="Another", exact=True).click()
    person.page.wait_for_function("() => !/[?&]row=7(&|$)/.test(location.search)")
    other = int(person.query()["row"])
    wait_for(person, codes_of(model, other))
    person.part("undo").click()
    wait_for(person, painted)
    person.wait_for_query(row="7", codes=grids.to_text(painted, 128))
    person.part("facts").get_by_text("nats").wait_for()
    original = explorer.dataset("mnist-5k").picture(7).numpy()
    person.wait("lx.querySelector('.lx-caption').textContent.includes('mage 7 ')")
    person.shows("original", original)
    assert person.part("painted-words").inner_text() == "1 of 49 codes changed"
    person.part("undo").click()
    wait_for(person, codes_of(model, 7))
    person.part("redo").click()
    wait_for(person, painted)
    person.part("redo").click()
    wait_for(person, codes_of(model, other))
    person.wait_for_query(row=str(other))


def test_the_keyboard_paints_and_picks_up(person, model):
    codes = codes_of(model, 7)
    person.part("map").locator(".lx-cell").first.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "p"):
        person.page.keyboard.press(key)
    assert brush(person) == codes[2, 2]
    assert person.part("map-words").inner_text() == f"Row 3, column 3: code {codes[2, 2]}"
    for key in ("ArrowLeft", "Enter", "ArrowUp", " "):
        person.page.keyboard.press(key)
    painted = codes.copy()
    painted[2, 1] = painted[1, 1] = codes[2, 2]
    wait_for(person, painted)
    person.wait_for_query(codes=grids.to_text(painted, 128))


def test_the_words_of_a_cell_follow_its_code_and_go_with_the_pointer(person, model):
    codes = codes_of(model, 7)
    drag(person, (2, 2))
    words, aim = person.part("map-words"), person.part("aim")
    assert words.inner_text() == f"Row 3, column 3: code {brush(person)}"
    assert aim.is_visible()
    person.page.keyboard.press("Control+z")
    wait_for(person, codes)
    assert words.inner_text() == f"Row 3, column 3: code {codes[2, 2]}"
    person.page.mouse.move(5, 5)
    assert words.inner_text() == "49 codes of 128"
    assert aim.is_hidden()
    person.page.keyboard.press("ArrowRight")
    assert words.inner_text() == f"Row 3, column 4: code {codes[2, 3]}"
    person.page.keyboard.press("Enter")
    assert words.inner_text() == f"Row 3, column 4: code {brush(person)}"
    person.part("save").focus()
    assert words.inner_text() == "49 codes of 128"
    assert aim.is_hidden()


def test_alt_click_picks_up_the_code_of_a_cell_and_paints_nothing(person, model):
    codes = codes_of(model, 7)
    person.page.keyboard.down("Alt")
    person.page.mouse.click(*middle(person, 4, 2, "painted"))
    person.page.keyboard.up("Alt")
    assert brush(person) == codes[4, 2]
    assert np.array_equal(shown(person), codes)


def test_the_codebook_is_sorted_by_use_and_a_click_chooses_the_code(person, model):
    atlas = explorer.load_map("mnist-vq-vae", "mnist-5k", "pca").atlas
    book = grids.used(model.codes(atlas.mean), 128)
    tiles = person.part("palette").get_by_role("option")
    order = [int(code) for code in tiles.evaluate_all("all => all.map(one => one.dataset.code)")]
    assert order == book.order.tolist()
    assert book.words in person.part("usage-words").inner_text()
    tiles.nth(40).click()
    assert brush(person) == order[40]
    assert tiles.nth(40).get_attribute("aria-selected") == "true"
    assert f"used {book.counts[order[40]]:,} times" in tiles.nth(40).get_attribute("title")
    person.page.keyboard.press("ArrowRight")
    assert brush(person) == order[41]
    bars = person.part("usage")
    width = bars.bounding_box()["width"]
    bars.click(position={"x": width * 3.5 / 128, "y": 60})
    assert brush(person) == order[3]


def test_the_codes_of_another_image_are_copied_cell_by_cell(person, model):
    person.page.get_by_role("radio", name="Copy from an image").click()
    row = person.part("source-row")
    row.fill("21")
    row.press("Enter")
    person.wait_for_query(source="row:21")
    other, painted = codes_of(model, 21), codes_of(model, 7)
    person.wait("lx.querySelector('[data-part=source-words]').textContent.includes('image 21')")
    assert np.array_equal(shown(person, "source-map"), other)
    painted[5, 1:5] = other[5, 1:5]
    drag(person, (5, 1), (5, 4), part="painted")
    wait_for(person, painted)
    painted[2, 2:4] = other[2, 2:4]
    drag(person, (2, 2), (2, 3), part="source-map")
    wait_for(person, painted)
    person.part("source-all").click()
    wait_for(person, other)
    person.shows("painted", grids.decoded(model, other[None])[0])


@pytest.mark.parametrize("number", ["99999", "-4", "2.5"])
def test_an_image_to_copy_from_that_there_is_not_is_said_and_not_kept(person, model, number):
    person.page.get_by_role("radio", name="Copy from an image").click()
    row = person.part("source-row")
    row.fill("21")
    row.press("Enter")
    person.wait_for_query(source="row:21")
    row.fill(number)
    row.press("Enter")
    person.wait("!lx.querySelector('[data-part=fault]').hidden")
    said = number.replace("-", "−")
    assert f"There is no image {said}" in person.part("fault").inner_text()
    assert row.input_value() == "21"
    person.page.wait_for_timeout(500)
    assert person.query()["source"] == "row:21"
    assert np.array_equal(shown(person, "source-map"), codes_of(model, 21))
    row.fill("22")
    row.press("Enter")
    person.wait_for_query(source="row:22")
    assert person.part("fault").is_hidden()


def test_a_source_in_the_link_that_there_is_not_is_said_and_forgotten(browser, address, model):
    with at_task(browser, address) as person:
        person.open(VIEW + "&source=row:99999")
        person.wait("!lx.querySelector('[data-part=fault]').hidden")
        assert "no image 99999" in person.part("fault").inner_text()
        wait_for(person, codes_of(model, 7))
        person.page.wait_for_function("() => !/source=[^&]/.test(location.search)")
        person.wait("lx.querySelector('[data-part=source-map] .lx-cell').dataset.code")
        assert np.array_equal(shown(person, "source-map"), codes_of(model, 0))


def test_the_painted_image_is_saved_as_a_png(person, model):
    with person.page.expect_download() as download:
        person.part("save").click()
    assert download.value.suggested_filename == "mnist-vq-vae-painted.png"
    saved = np.asarray(Image.open(download.value.path()).convert("L"), int)
    image = grids.decoded(model, codes_of(model, 7)[None])[0, 0]
    assert saved.shape == (224, 224)
    assert np.abs(saved[::8, ::8] - 255 * image).max() <= 1
    assert np.array_equal(saved[::8], saved[7::8])


def test_a_picture_of_ones_own_is_painted_on(person, model):
    drawing = np.zeros((28, 28), np.uint8)
    drawing[5:23, 12:16] = 255
    stream = io.BytesIO()
    Image.fromarray(drawing).save(stream, "PNG")
    chooser = person.page.locator(".lx-pad-tools input[type=file]")
    file = {"name": "one.png", "mimeType": "image/png", "buffer": stream.getvalue()}
    chooser.set_input_files(file)
    codes = grids.encoded(model, drawing[None, None] / np.float32(255))[0]
    wait_for(person, codes)
    person.shows("painted", grids.decoded(model, codes[None])[0])
    own = person.query()["own"]
    painted = codes.copy()
    painted[3, 3] = brush(person)
    drag(person, (3, 3))
    wait_for(person, painted)
    person.page.get_by_role("button", name="Another", exact=True).click()
    person.page.wait_for_function("() => !/[?&]own=/.test(location.search)")
    person.wait("lx.querySelector('.lx-caption').textContent.startsWith('Image ')")
    person.part("undo").click()
    wait_for(person, painted)
    person.wait_for_query(own=own, codes=grids.to_text(painted, 128))
    person.page.wait_for_timeout(300)
    assert np.array_equal(shown(person), painted)


def test_codes_of_another_model_in_the_link_are_said_and_the_images_own_shown(
    browser, address, model
):
    with at_task(browser, address) as person:
        person.open(VIEW + "&codes=ABCD")
        assert "belong to another model" in person.part("fault").inner_text()
        wait_for(person, codes_of(model, 7))


def test_a_model_without_codes_says_why_and_offers_one_that_has_them(browser, address):
    with at_task(browser, address) as person:
        person.page.goto(f"{address}/generate?model=mnist-vae-2d&task=codes")
        person.page.get_by_text("has no codes").wait_for()
        person.page.get_by_role("button", name="Open VQ-VAE").click()
        person.ready()
        assert person.query()["model"] == "mnist-vq-vae"


def test_everything_has_a_name_and_is_reached_by_tab(person):
    person.page.get_by_role("radio", name="Copy from an image").click()
    person.page.wait_for_timeout(500)
    assert unnamed(person.page) == []
    assert unreachable(person.page) == []


def test_a_phone_shows_it_all_and_a_finger_paints(browser, address, model):
    with at_task(browser, address, **PHONE) as person:
        person.open(VIEW)
        assert person.cut() == []
        assert person.small() == []
        assert person.rows_of_buttons() == 1
        cell = person.part("map").locator(".lx-cell").first.bounding_box()
        assert min(cell["width"], cell["height"]) >= 40
        grid, tools = (person.part(name).bounding_box() for name in ("map", "brush"))
        assert 0 < tools["y"] - grid["y"] - grid["height"] < 60
        images = person.part("painted").bounding_box()
        assert images["y"] > person.part("undo").bounding_box()["y"]
        painted = codes_of(model, 7)
        painted[3, 3] = brush(person)
        person.part("map").scroll_into_view_if_needed()
        person.page.touchscreen.tap(*middle(person, 3, 3))
        wait_for(person, painted)
