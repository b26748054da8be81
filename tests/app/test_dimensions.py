"""The page of the sliders: what it draws is what the package computes, by pointer and by key."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

import explorer
from explorer.data.fit import fitted
from explorer.latent.dimensions import Dimensions
from explorer.latent.opened import Opened, open_atlas
from explorer.latent.posterior import samples
from explorer.latent.subject import subject
from tests.app.conftest import ROOT, running_app, visitor

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def opened(model: str, dataset: str = "mnist-5k") -> Opened:
    return open_atlas(model, dataset, 5000)


def as_bytes(images: np.ndarray) -> np.ndarray:
    """Images `(n, C, H, W)` as the red bytes `(n, H, W)` of a canvas."""
    return np.rint(255 * images[:, 0])


@dataclass
class SlidersPage:
    """A person in front of the sliders."""

    page: Page
    address: str

    def open(self, query: str) -> SlidersPage:
        self.page.goto(f"{self.address}/dimensions?{query}")
        return self.ready()

    def ready(self) -> SlidersPage:
        self.page.locator(".lx-sliders[data-ready=true]").wait_for(timeout=60_000)
        return self.settled()

    def settled(self) -> SlidersPage:
        """Wait until the page rests and the words belong to the image that is shown."""
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        self.page.wait_for_function(
            "() => { const all = document.querySelector('.lx-sliders');"
            " return all.dataset.ready === 'true' && !('stale' in all.dataset)"
            " && 'z' in all.querySelector('[data-part=decoded]').dataset }"
        )
        return self

    def part(self, name: str) -> Locator:
        return self.page.locator(f".lx-sliders [data-part={name}]")

    def slider(self, dimension: int, called: str = "Dimension") -> Locator:
        return self.page.get_by_role("slider", name=f"{called} {dimension}", exact=True)

    def row(self, dimension: int) -> Locator:
        return self.page.locator(f".lx-knob[data-dimension='{dimension}']")

    def listed(self) -> list[int]:
        rows = self.page.locator(".lx-knob")
        return [int(one.get_attribute("data-dimension")) for one in rows.all()]

    def canvas(self, selector: str) -> np.ndarray:
        """The red bytes `(H, W)` of a canvas."""
        width, values = self.page.evaluate(
            """selector => {
                const canvas = document.querySelector(selector), { width, height } = canvas
                const rgba = canvas.getContext('2d').getImageData(0, 0, width, height).data
                return [width, Array.from(rgba.filter((_, i) => i % 4 === 0))]
            }""",
            selector,
        )
        return np.reshape(values, (-1, width))

    def decoded(self) -> np.ndarray:
        return self.canvas("[data-testid=decoded]")

    def shows(self, image: np.ndarray) -> None:
        """The decoded image is this one `(1, C, H, W)` within rounding."""
        assert np.abs(self.decoded() - as_bytes(image)[0]).max() <= 1

    def film(self, dimension: int) -> np.ndarray:
        """The cells `(steps, H, W)` of a track, once they are drawn."""
        selector = f".lx-knob[data-dimension='{dimension}'] .lx-film"
        self.page.wait_for_selector(f"{selector}[data-steps]")
        strip = self.canvas(selector)
        steps = int(self.page.locator(selector).get_attribute("data-steps"))
        return np.stack(np.split(strip, steps, axis=1))

    def query(self) -> dict[str, str]:
        return self.page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")

    def wait_for_query(self, **expected: str | None) -> None:
        self.page.wait_for_function(
            "wanted => { const query = new URLSearchParams(location.search);"
            " return Object.entries(wanted).every(([k, v]) => query.get(k) === v) }",
            arg=expected,
        )

    def drag(self, dimension: int, shares: tuple[float, ...], let_go: bool = True) -> None:
        box = self.slider(dimension).bounding_box()
        places = [(box["x"] + s * box["width"], box["y"] + box["height"] / 2) for s in shares]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=8)
        if let_go:
            self.page.mouse.up()


@contextmanager
def sliders_page(browser, address: str, **context) -> Iterator[SlidersPage]:
    with visitor(browser, address, **context) as person:
        yield SlidersPage(person.page, address)


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
        sliders.page.wait_for_timeout(150)
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
        ("Shift+ArrowRight", 0.01),
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


def test_all_is_put_back_at_once_and_that_can_be_undone(sliders):
    sliders.open("model=mnist-vae-20&row=3&moved=1:-2.5,7:1.25")
    sliders.page.get_by_role("button", name="Reset all").click()
    sliders.wait_for_query(moved=None)
    sliders.page.get_by_role("button", name="Undo").click()
    sliders.wait_for_query(moved="1:-2.5,7:1.25")
    assert float(sliders.slider(7).input_value()) == 1.25


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
        person.page.get_by_text("grid of codes").wait_for()
        assert person.page.locator(".lx-sliders").count() == 0
        person.page.get_by_role("button", name="Paint with its codes").click()
        person.page.wait_for_url(re.compile("/generate.*task=codes"))
        assert "model=mnist-vq-vae" in person.page.url


def test_what_an_address_cannot_mean_is_said_and_the_rest_is_shown(sliders):
    sliders.open("model=mnist-vae-20&row=3&moved=x&start=nowhere&order=size")
    notices = sliders.page.get_by_test_id("stAlert").inner_text()
    for words in ("like 3:1.25,7:-0.5", "starting point", "order"):
        assert words in notices
    one = opened("mnist-vae-20")
    sliders.shows(one.model.decode(one.atlas.mean[one.atlas.position(3)][None]))


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
        person.row(last).scroll_into_view_if_needed()
        person.row(last).evaluate("one => one.scrollIntoView({ block: 'center' })")
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


def test_whoever_comes_first_to_this_page_sees_it_with_its_frame(browser, tmp_path):
    with running_app(tmp_path / "home") as url, sliders_page(browser, url) as person:
        person.open("model=mnist-vae-2d")
        expect(person.page.get_by_role("link", name="Map")).to_be_visible()
        assert person.page.locator("[data-testid=stSidebarNav]").count() == 0
    assert (ROOT / "pages" / "dimensions.py").exists()
