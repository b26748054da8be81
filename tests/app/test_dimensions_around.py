"""Around the sliders: where they start, the table and the posterior, a phone, a first visit."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

import explorer
from explorer.data.fit import fitted
from explorer.latent.posterior import samples
from explorer.latent.subject import subject
from tests.app.conftest import ROOT, running_app
from tests.app.sliders import SlidersPage, as_bytes, opened, sliders_page

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def sliders(browser, address) -> Iterator[SlidersPage]:
    with sliders_page(browser, address) as person:
        yield person


# --- where it starts ------------------------------------------------------------------------------


def test_a_start_from_the_prior_mean_a_sample_or_a_class_can_be_undone(sliders):
    sliders.open("model=mnist-vae-20&row=3")
    one = opened("mnist-vae-20")
    sliders.page.get_by_role("button", name="Prior mean").click()
    sliders.wait_for_query(start="mean")
    sliders.settled()
    zero = one.model.decode(np.zeros((1, 20), np.float32))
    sliders.shows(zero)
    assert np.abs(sliders.canvas("[data-testid=original]") - as_bytes(zero)[0]).max() <= 1
    sliders.page.get_by_role("button", name="Random sample").click()
    sliders.page.wait_for_function("() => /start=sample/.test(location.search)")
    sliders.settled()
    text = sliders.query()["start"]
    z = np.random.default_rng(int(text.split(":")[1])).standard_normal(20).astype(np.float32)
    sliders.shows(one.model.decode(z[None]))
    sliders.part("from-class").select_option("4")
    sliders.wait_for_query(start="class:4")
    sliders.settled()
    sliders.shows(one.model.decode(one.atlas.mean[one.atlas.labels == 4].mean(0)[None]))
    for before in (text, "mean", None):
        sliders.page.get_by_role("button", name="Undo").click()
        sliders.wait_for_query(start=before)
        sliders.settled()
    sliders.shows(one.model.decode(one.atlas.mean[one.atlas.position(3)][None]))
    sliders.page.get_by_role("button", name="Redo").click()
    sliders.wait_for_query(start="mean")


def test_an_own_picture_is_where_the_sliders_start(sliders, digits):
    sliders.open("model=mnist-vae-20&moved=7:1&start=mean")
    picture = Image.fromarray(np.pad(digits.pixels[21, 0].numpy(), 12)).resize((130, 130))
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    file = {"name": "mine.png", "mimeType": "image/png", "buffer": stream.getvalue()}
    sliders.page.locator(".lx-pad-tools input[type=file]").set_input_files(file)
    sliders.page.wait_for_function("() => /own=/.test(location.search)")
    sliders.wait_for_query(moved=None, start=None)
    sliders.settled()
    model = explorer.load("mnist-vae-20", "cpu")
    seen = fitted(picture, digits).image
    z = model.encode(seen[None]).mean
    sliders.shows(model.decode(z))
    assert np.abs(sliders.canvas("[data-testid=original]") - 255 * seen[0]).max() <= 1
    assert float(sliders.slider(7).input_value()) == pytest.approx(z[0, 6], abs=0.011)
    sliders.page.get_by_role("button", name="Undo").click()
    sliders.wait_for_query(own=None, start="mean", moved="7:1")


def test_a_posterior_wider_than_the_page_ends_with_its_track_and_says_so(sliders):
    """An all-black picture is far from the faces: the encoder is unsure by 150 prior sigmas."""
    sliders.open("model=faces-beta-vae-16-b4")
    stream = io.BytesIO()
    Image.new("L", (28, 28)).save(stream, "PNG")
    file = {"name": "black.png", "mimeType": "image/png", "buffer": stream.getvalue()}
    sliders.page.locator(".lx-pad-tools input[type=file]").set_input_files(file)
    sliders.page.wait_for_function("() => /own=/.test(location.search)")
    sliders.settled()
    sliders.page.wait_for_selector(".lx-ticks[data-cut='left right']")
    wide = sliders.page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert wide <= 1440
    for row in sliders.page.locator(".lx-knob").all():
        track, band = (row.locator(part).bounding_box() for part in (".lx-track", ".lx-band"))
        assert band["x"] == pytest.approx(track["x"], abs=1)
        assert band["width"] == pytest.approx(track["width"], abs=1)
        cut = row.locator(".lx-ticks").get_attribute("data-cut")
        said = "wider than this strip" in row.locator(".lx-band").get_attribute("title")
        assert said == bool(cut)


def test_the_sliders_follow_the_pen_while_it_draws(sliders):
    sliders.open("model=mnist-vae-20")
    before = float(sliders.slider(7).input_value())
    sliders.page.get_by_role("button", name="Draw").click()
    box = sliders.page.locator(".lx-pad").bounding_box()
    x, y, side = box["x"], box["y"], box["width"]
    sliders.page.mouse.move(x + 0.5 * side, y + 0.15 * side)
    sliders.page.mouse.down()
    sliders.page.mouse.move(x + 0.5 * side, y + 0.85 * side, steps=8)
    sliders.page.wait_for_function(
        "() => document.querySelector('[data-part=status]').textContent.includes('digit 1')"
    )
    assert abs(float(sliders.slider(7).input_value()) - before) > 0.2
    assert "own" not in sliders.query()
    sliders.page.mouse.up()
    sliders.page.wait_for_function("() => /own=/.test(location.search)")


def test_a_nearest_image_is_a_way_to_start_from_it(sliders):
    sliders.open("model=mnist-vae-20&row=3&moved=7:2")
    one = opened("mnist-vae-20")
    z = one.atlas.mean[one.atlas.position(3)].copy()
    z[6] = 2
    nearest = int(one.atlas.rows[np.linalg.norm(one.atlas.mean - z, axis=1).argmin()])
    first = sliders.part("nearest").get_by_role("button").first
    assert first.get_attribute("data-row") == str(nearest)
    first.click()
    sliders.wait_for_query(row=str(nearest), moved=None)


# --- the table and the posterior ------------------------------------------------------------------


def test_the_table_of_all_dimensions_is_shown_and_saved_as_one_picture(sliders, tmp_path):
    sliders.open("model=mnist-vae-20&row=7&moved=3:1.25")
    sliders.page.get_by_text("All dimensions at once").click()
    sliders.wait_for_query(table="13")
    sliders.part("table").get_by_label("Steps of the table").select_option("7")
    sliders.wait_for_query(table="7")
    picture = sliders.part("table").locator("img")
    sliders.page.wait_for_function(
        "() => document.querySelector('[data-part=table] img')?.naturalWidth === 196"
    )
    one = opened("mnist-vae-20")
    order = [d for d in one.dimensions.order("kl") if not one.dimensions.dead[d]]
    z = np.tile(one.atlas.mean[one.atlas.position(7)], (len(order), 7, 1))
    z[..., 2] = 1.25
    for k, dimension in enumerate(order):
        z[k, :, dimension] = np.arange(-3, 4)
    cells = as_bytes(one.model.decode(z.reshape(-1, 20))).reshape(len(order), 7, 28, 28)
    whole = cells.transpose(0, 2, 1, 3).reshape(28 * len(order), 196)
    shown = sliders.page.evaluate(
        """() => {
            const image = document.querySelector('[data-part=table] img')
            const canvas = document.createElement('canvas')
            Object.assign(canvas, { width: image.naturalWidth, height: image.naturalHeight })
            const context = canvas.getContext('2d')
            context.drawImage(image, 0, 0)
            const rgba = context.getImageData(0, 0, canvas.width, canvas.height).data
            return Array.from(rgba.filter((_, i) => i % 4 === 0))
        }"""
    )
    assert np.abs(np.reshape(shown, whole.shape) - whole).max() <= 1
    assert f"{len(order)} rows of 7 images" in picture.get_attribute("alt")
    with sliders.page.expect_download() as download:
        sliders.page.get_by_role("button", name="Table as PNG").click()
    assert download.value.suggested_filename == "mnist-vae-20-traversal.png"
    file = Path(tmp_path / "table.png")
    download.value.save_as(file)
    saved = np.asarray(Image.open(file).convert("L"), float)
    # Twice the page's pixels, 56 for a cell: the names stand at the left, title and notes around.
    inner = np.kron(whole, np.ones((4, 4)))
    left = 2 * (16 + 150)
    beneath = range(0, saved.shape[0] - len(inner) + 1)
    strip = saved[:, left : left + inner.shape[1]]
    assert min(np.abs(strip[y : y + len(inner)] - inner).max() for y in beneath) <= 1
    assert saved[:80].min() < 100, "a title stands above"


def test_the_posterior_in_pixels_follows_the_temperature(sliders):
    sliders.open("model=mnist-vae-20&row=7&posterior=1.5")
    one = opened("mnist-vae-20")
    start = subject(one, "row:7")
    images = "[data-part=posterior] .lx-small-card:nth-child({}) canvas"

    def check(temperature: float) -> None:
        sliders.page.wait_for_selector(f"[data-part=posterior][data-temperature='{temperature:g}']")
        drawn = one.model.decode(samples(start.z, start.logvar, 64, 0, temperature))
        assert (
            np.abs(sliders.canvas(images.format(1)) - as_bytes(drawn.mean(0)[None])[0]).max() <= 1
        )
        deviation = drawn.std(0)[0]
        peak = deviation.max() if temperature else 1
        assert np.abs(sliders.canvas(images.format(2)) - 255 * deviation / peak).max() <= 1.5

    check(1.5)
    slider = sliders.page.get_by_role("slider", name="Temperature of the samples")
    slider.press("Home")
    check(0)
    sliders.wait_for_query(posterior="0")
    slider.fill("0.5")
    check(0.5)


def test_what_has_no_posterior_says_why(sliders):
    sliders.open("model=mnist-vae-20&start=mean&posterior=1")
    expect(sliders.part("posterior")).to_contain_text("Only an image has a posterior")
    sliders.open("model=mnist-ae-32&posterior=1")
    expect(sliders.part("posterior")).to_contain_text("no posterior")


# --- on a phone, and first ------------------------------------------------------------------------


def test_a_phone_keeps_the_image_in_sight_beside_the_slider_under_the_finger(browser, address):
    with sliders_page(browser, address, **PHONE) as person:
        person.open("model=mnist-vae-20")
        wide = person.page.evaluate("document.scrollingElement.scrollWidth")
        assert wide <= 390
        last = person.listed()[9]
        person.bring(last)
        image, track = person.part("decoded").bounding_box(), person.slider(last).bounding_box()
        assert image["y"] >= 0
        assert image["y"] + image["height"] < track["y"] < 844
        person.page.touchscreen.tap(track["x"] + 0.9 * track["width"], track["y"] + 10)
        person.page.wait_for_function("() => /moved=/.test(location.search)")
        small = person.page.evaluate(
            "() => [...document.querySelectorAll('.lx-sliders :is(button, select, input)')]"
            ".filter(one => one.offsetParent && one.getBoundingClientRect().height < 39)"
            ".map(one => one.outerHTML)"
        )
        assert small == []


def test_a_finger_along_the_page_scrolls_it_and_one_across_moves_the_slider(browser, address):
    with sliders_page(browser, address, **PHONE) as person:
        person.open("model=mnist-vae-20")
        first = person.listed()[0]
        person.bring(first)
        before = person.slider(first).input_value()
        changes = person.page.evaluate_handle(
            """slider => {
                const seen = []
                new MutationObserver(() => seen.push(slider.ariaValueText ?? ''))
                    .observe(slider, { attributeFilter: ['aria-valuetext'] })
                return seen
            }""",
            person.slider(first).element_handle(),
        )
        scrolled = "document.querySelector('[data-testid=stMain]').scrollTop"
        top = person.page.evaluate(scrolled)
        person.swipe(first, (0.9, 0.5), (4, -200))
        person.page.wait_for_function(f"top => {scrolled} > top + 100", arg=top)
        person.page.wait_for_timeout(400)  # a value that is taken over is told after 250 ms
        assert changes.json_value() == []
        assert person.slider(first).input_value() == before
        assert "moved" not in person.query()
        person.bring(first)
        top = person.page.evaluate(scrolled)
        person.swipe(first, (0.2, 0.5), (180, 40))
        person.page.wait_for_function("() => /moved=/.test(location.search)")
        assert person.page.evaluate(scrolled) == top
        box = person.slider(first).bounding_box()
        low, high = (float(person.slider(first).get_attribute(name)) for name in ("min", "max"))
        steps = len(person.film(first))
        share = (0.2 + 180 / box["width"] - 0.5 / steps) / (1 - 1 / steps)
        assert float(person.slider(first).input_value()) == pytest.approx(
            low + share * (high - low), abs=0.05
        )


def test_whoever_comes_first_to_this_page_sees_it_with_its_frame(browser, tmp_path):
    with running_app(tmp_path / "home") as url, sliders_page(browser, url) as person:
        person.open("model=mnist-vae-2d")
        expect(person.page.get_by_role("link", name="Map")).to_be_visible()
        assert person.page.locator("[data-testid=stSidebarNav]").count() == 0
    assert (ROOT / "pages" / "dimensions.py").exists()
