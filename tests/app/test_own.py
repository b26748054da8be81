"""A picture of one's own: drawn on the card, uploaded, dropped; seen as the model sees it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import FilePayload

import explorer
from explorer import own
from explorer.data.fit import fitted
from tests.app.conftest import MapPage, visitor

VIEW = "?model=mnist-vae-2d&row=12"
# A 7, in shares of the pad.
SEVEN = ((0.3, 0.25), (0.7, 0.25), (0.45, 0.8))


def png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def payload(data: bytes, name: str = "mine.png") -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": data}


def upload(person: MapPage, data: bytes, name: str = "mine.png") -> None:
    person.page.locator(".lx-pad-tools input[type=file]").set_input_files(payload(data, name))


def stroke(person: MapPage, shares=SEVEN, lift: bool = True) -> None:
    box = person.page.locator(".lx-pad").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in shares]
    mouse = person.page.mouse
    mouse.move(*places[0])
    mouse.down()
    for place in places[1:]:
        mouse.move(*place, steps=6)
    if lift:
        mouse.up()


def seen(person: MapPage) -> np.ndarray:
    return np.reshape(person.pixels("original"), (28, 28)) / 255


def check(person: MapPage) -> np.ndarray:
    """What is shown is what the package computes from the image that the model is said to see."""
    model, image = explorer.load("mnist-vae-2d", "cpu"), seen(person)
    z = model.encode(image[None, None].astype(np.float32)).mean
    np.testing.assert_allclose(person.latent(), z[0], atol=2e-3)
    decoded = model.decode(z)[0, 0]
    assert np.abs(np.reshape(person.pixels("decoded"), (28, 28)) - 255 * decoded).max() <= 2
    return image


def test_a_drawing_is_decoded_while_it_is_made_and_kept_when_the_pen_is_lifted(map_page):
    map_page.open(VIEW)
    before = map_page.latent()
    map_page.page.get_by_role("button", name="Draw").click()
    stroke(map_page, lift=False)
    map_page.page.wait_for_function(
        "before => document.querySelector('[data-testid=decoded]').dataset.z !== before",
        arg=",".join(f"{v:.3f}" for v in before),
    )
    assert map_page.query()["row"] == "12", "nothing is kept before the pen is lifted"
    map_page.page.mouse.up()
    map_page.page.wait_for_function("() => /own=/.test(location.search)")
    map_page.settled()
    image = check(map_page)
    assert map_page.part("original-caption").inner_text() == "your picture"
    assert "centre" in map_page.part("original").get_attribute("title")
    assert "digit 7" in map_page.part("status").inner_text()
    map_page.page.get_by_role("button", name="Done").click()
    # The same link shows the same picture, and the map its place.
    latent = map_page.latent()
    map_page.page.reload()
    map_page.ready()
    np.testing.assert_array_equal(seen(map_page), image)
    assert map_page.latent() == latent


def test_undo_takes_a_line_back_and_clear_all_of_them(map_page):
    map_page.open(VIEW)
    map_page.page.get_by_role("button", name="Draw").click()
    stroke(map_page)
    map_page.page.wait_for_function("() => /own=/.test(location.search)")
    first = map_page.query()["own"]
    stroke(map_page, ((0.3, 0.5), (0.7, 0.5)))
    map_page.page.wait_for_function("first => !location.search.includes(first)", arg=f"own={first}")
    map_page.page.get_by_role("button", name="Undo").click()
    map_page.wait_for_query(own=first)
    map_page.page.get_by_role("button", name="Undo").click()
    map_page.wait_for_query(row="12")
    map_page.settled()
    assert map_page.part("original").get_attribute("data-row") == "12", "what was chosen before"
    assert not map_page.page.locator(".lx-pad-seen").is_visible()
    stroke(map_page)
    map_page.page.wait_for_function("() => /own=/.test(location.search)")
    map_page.page.get_by_role("button", name="Clear").click()
    map_page.wait_for_query(row="12")
    assert map_page.page.get_by_role("button", name="Undo").is_disabled()
    assert map_page.page.locator(".lx-pad-hint").is_visible()


def test_the_keyboard_draws_too(map_page):
    map_page.open(VIEW)
    map_page.page.get_by_role("button", name="Draw").focus()
    press = map_page.page.keyboard.press
    press("Enter")
    for key in ("ArrowUp",) * 10 + (" ",) + ("ArrowDown",) * 20 + (" ",):
        press(key)
    map_page.page.wait_for_function("() => /own=/.test(location.search)")
    map_page.settled()
    assert "digit 1" in map_page.part("status").inner_text()
    check(map_page)
    press("Enter")
    assert not map_page.page.locator(".lx-pad").count()
    assert map_page.page.evaluate("document.activeElement.textContent") == "Draw"


def test_an_uploaded_picture_is_seen_as_the_model_sees_it(map_page):
    digits = explorer.dataset("mnist-5k")
    ink = Image.fromarray(np.uint8(255 * digits.picture(40).numpy()[0]))
    paper = Image.new("RGB", (300, 400), "white")
    paper.paste(Image.new("RGB", (168, 168), "navy"), (20, 200), ink.resize((168, 168)))
    map_page.open(VIEW)
    upload(map_page, png(paper))
    map_page.page.wait_for_function("() => /own=/.test(location.search)")
    map_page.settled()
    wanted = fitted(own.picture(png(paper)), digits).image[0]
    np.testing.assert_allclose(check(map_page), wanted, atol=1 / 255)
    # Another model sees the same picture.
    map_page.choose("model", "VAE, 20-D")
    map_page.page.wait_for_function(
        "() => document.querySelector('[data-testid=decoded]').dataset.z.split(',').length === 8"
    )
    map_page.settled()
    assert "own" in map_page.query()
    np.testing.assert_allclose(seen(map_page), wanted, atol=1 / 255)


@pytest.mark.parametrize("data", [b"no picture", png(Image.new("RGB", (9, 9)))[:30]])
def test_a_file_that_is_no_picture_is_one_sentence_and_nothing_is_lost(map_page, data):
    map_page.open(VIEW)
    upload(map_page, data, "notes.png")
    map_page.page.get_by_text("choose another picture (PNG, JPEG or WebP)").wait_for()
    assert map_page.query()["row"] == "12"
    upload(map_page, png(Image.new("L", (30, 30), 90)))
    map_page.page.wait_for_function("() => /own=/.test(location.search)")
    assert not map_page.part("fault").is_visible()


def test_a_picture_is_dropped_on_the_card_or_pasted(map_page):
    for event in ("drop", "paste"):
        map_page.open(VIEW)
        map_page.page.evaluate(
            """event => {
                const canvas = document.createElement('canvas'), side = canvas.width = 60
                canvas.height = side
                const paper = canvas.getContext('2d')
                paper.fillRect(0, 0, side, side)
                paper.fillStyle = '#fff'
                paper.fillRect(27, 8, 6, 44)
                canvas.toBlob(blob => {
                    const data = new DataTransfer(), how = { bubbles: true }
                    data.items.add(new File([blob], 'one.png', { type: 'image/png' }))
                    const made = event === 'drop'
                        ? new DragEvent(event, { dataTransfer: data, ...how })
                        : new ClipboardEvent(event, { clipboardData: data, ...how })
                    document.querySelector('[data-part=original-card]').dispatchEvent(made)
                })
            }""",
            event,
        )
        map_page.page.wait_for_function("() => /own=/.test(location.search)")
        map_page.settled()
        assert "digit 1" in map_page.part("status").inner_text()


def test_a_link_to_a_picture_that_is_gone_says_so_and_shows_an_image(map_page):
    map_page.open("?model=mnist-vae-2d&own=0123456789abcdef")
    assert map_page.page.get_by_text("draw or upload it again").is_visible()
    assert "own" not in map_page.query()


def test_a_finger_draws_on_a_pad_that_is_large_enough(browser, address):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with visitor(browser, address, **phone) as person:
        person.open(VIEW)
        person.page.get_by_role("button", name="Draw").tap()
        box = person.page.locator(".lx-pad").bounding_box()
        assert box["width"] >= 250
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        stroke(person)
        person.page.wait_for_function("() => /own=/.test(location.search)")
        person.settled()
        check(person)
