"""The paths page, driven as a person would: what it shows, plays and saves is what is computed."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence
from playwright.sync_api import Locator, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

import explorer
from explorer.latent.opened import open_atlas
from explorer.latent.paths import Met, Track, met, track
from explorer.latent.polygon import stroke_of_text
from explorer.latent.walk import REACH, Walk
from tests.app.conftest import MapPage, visitor
from tests.app.test_map import empty_place

RAW = "?model=mnist-vae-2d&dataset=mnist-5k&count=5000&projection=raw"
DEEP = "?model=mnist-vae-20&dataset=mnist-5k&count=5000&projection=umap"


@pytest.fixture(scope="module")
def opened():
    """`opened(model)` is a model with its atlas, read once."""
    known: dict = {}

    def find(model: str):
        if model not in known:
            known[model] = open_atlas(model, "mnist-5k", 5000)
        return known[model]

    return find


@dataclass
class PathsPage:
    """A person in front of the paths page."""

    person: MapPage

    @property
    def page(self):
        return self.person.page

    def open(self, query: str = RAW) -> PathsPage:
        self.page.goto(f"{self.person.address}/paths{query}")
        return self.ready()

    def ready(self) -> PathsPage:
        self.page.locator(".lx-paths[data-ready=true]").wait_for(timeout=60_000)
        self.page.locator(".lx-minimap[data-ready=true]").wait_for(timeout=60_000)
        self.rests()
        return self

    def rests(self) -> None:
        """Wait until the script rests, no strip waits, and the player shows what it is at."""
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        self.page.wait_for_function(
            "() => !document.querySelector('.lx-way-strip[data-waiting]')"
            " && document.querySelector('[data-testid=decoded]').dataset.share !== undefined"
        )

    def part(self, name: str) -> Locator:
        return self.page.locator(f".lx-paths [data-part={name}]")

    def strip(self, model: str, way: str) -> Locator:
        return self.page.locator(f'.lx-way-strip[data-id="{model} {way}"]')

    def grey(self, canvas: Locator) -> np.ndarray:
        """The red channel of a canvas `(H, W)`."""
        values, width = canvas.evaluate(
            """canvas => {
                const { width, height } = canvas
                const rgba = canvas.getContext('2d').getImageData(0, 0, width, height).data
                return [Array.from(rgba.filter((_, i) => i % 4 === 0)), width]
            }"""
        )
        return np.reshape(values, (-1, width))

    def images(self, strip: Locator) -> np.ndarray:
        """The images of a strip `(n, H, W)`."""
        return np.stack([self.grey(one) for one in strip.locator("canvas").all()])

    def player(self, share: float, strip: str) -> np.ndarray:
        """What the player shows once it is at a share of a way."""
        self.page.wait_for_function(
            "([share, strip]) => {"
            " const { dataset } = document.querySelector('[data-testid=decoded]');"
            " return dataset.strip === strip && Math.abs(dataset.share - share) < 6e-4 }",
            arg=[share, strip],
        )
        return self.grey(self.page.get_by_test_id("decoded"))

    def query(self) -> dict[str, str]:
        return self.person.query()

    def wait_for_query(self, **expected: str) -> None:
        self.person.wait_for_query(**expected)
        self.rests()

    def screen(self, x: float, y: float) -> tuple[float, float]:
        """Where a place of the map is on the screen."""
        return tuple(
            self.page.evaluate(
                """([x, y]) => {
                    const plot = document.querySelector('.lx-minimap .lx-plot')
                    const { xaxis, yaxis } = plot._fullLayout
                    const box = plot.getBoundingClientRect()
                    return [box.left + xaxis._offset + xaxis.d2p(x),
                            box.top + yaxis._offset + yaxis.d2p(y)]
                }""",
                [float(x), float(y)],
            )
        )

    def download(self, name: str) -> bytes:
        with self.page.expect_download() as waited:
            self.part(name).click()
        return Path(waited.value.path()).read_bytes()


@pytest.fixture
def paths(browser, address):
    with visitor(browser, address) as person:
        yield PathsPage(person)


def close(shown: np.ndarray, images: np.ndarray) -> bool:
    """Whether pixels are those of images `(..., H, W)` in [0, 1], but for rounding."""
    return bool(np.abs(shown - 255 * images.reshape(shown.shape)).max() <= 1)


def computed(opened, model: str, n: int, home: str | None = None, **walk) -> tuple[Track, Met]:
    one = opened(model)
    found = track(Walk(**walk), one, opened(home or model))
    return found, met(one, found, n)


# --- strips ---------------------------------------------------------------------------------------


def test_every_way_is_shown_step_by_step_with_its_figures(paths: PathsPage, opened):
    paths.open(f"{RAW}&a=row:3&b=row:50&steps=7")
    for way in ("linear", "slerp", "density"):
        _, found = computed(opened, "mnist-vae-2d", 7, way=way, a="row:3", b="row:50")
        strip = paths.strip("mnist-vae-2d", way)
        assert close(paths.images(strip), found.images)
        figures = strip.locator("dd").all_inner_texts()
        assert [float(text) for text in figures[:3]] == pytest.approx(
            [found.length, found.changes.sum(), found.roughness], abs=0.051
        )
        within = sum(judged.standing in ("data", "rare") for judged in found.judged)
        assert figures[3] == f"{within} of 7"
        near = strip.locator(".lx-stand").all_inner_texts()
        assert [float(text[1:]) for text in near] == pytest.approx(found.relative, abs=0.051)
        changes = strip.locator(".lx-change b").all_inner_texts()
        assert [float(text) for text in changes[:-1]] == pytest.approx(found.changes, abs=0.051)
    sentence = paths.page.get_by_test_id("compare").inner_text()
    assert sentence.endswith(".")
    assert "Slerp" in sentence or "Linear" in sentence


def test_models_beside_each_other_walk_between_the_same_images(paths: PathsPage, opened):
    paths.open(f"{RAW}&a=row:3&b=place:1,-1&ways=linear&models=mnist-ae-32,mnist-vq-vae")
    for model in ("mnist-vae-2d", "mnist-ae-32", "mnist-vq-vae"):
        _, found = computed(opened, model, 9, "mnist-vae-2d", a="row:3", b="place:1,-1")
        assert close(paths.images(paths.strip(model, "linear")), found.images)
    expect(paths.strip("mnist-vq-vae", "linear")).to_contain_text("requantised")
    assert "VQ-VAE" in paths.page.get_by_test_id("compare").inner_text()


def test_the_ways_are_drawn_on_the_map_from_a_to_b(paths: PathsPage, opened):
    paths.open(f"{RAW}&a=row:3&b=row:50")
    for way in ("linear", "slerp", "density"):
        found, _ = computed(opened, "mnist-vae-2d", 3, way=way, a="row:3", b="row:50")
        line = paths.page.locator(f'.lx-way[data-id="{way}"] .lx-way-line')
        numbers = line.get_attribute("d")[1:].replace("L", " ").split()
        drawn = np.reshape([float(number) for number in numbers], (-1, 2))
        box = paths.page.locator(".lx-minimap .lx-plot").bounding_box()
        for at in (0, 128, -1):
            x, y = paths.screen(*found.points[at])
            assert drawn[at] == pytest.approx([x - box["x"], y - box["y"]], abs=1)
    dashes = paths.page.locator(".lx-way-line").evaluate_all(
        "lines => lines.map(line => line.style.strokeDasharray)"
    )
    assert len(set(dashes)) == 3


def test_a_conditional_model_mixes_the_classes_of_its_ends(paths: PathsPage, opened):
    one = opened("mnist-cvae-20")
    rows = [int(one.atlas.rows[np.flatnonzero(one.atlas.labels == label)[0]]) for label in (2, 7)]
    ends = {"a": f"row:{rows[0]}", "b": f"row:{rows[1]}"}
    view = "?model=mnist-cvae-20&projection=umap&ways=linear"
    paths.open(f"{view}&a={ends['a']}&b={ends['b']}")
    _, found = computed(opened, "mnist-cvae-20", 9, **ends, projection="umap")
    strip = paths.strip("mnist-cvae-20", "linear")
    assert close(paths.images(strip), found.images)
    expect(strip).to_contain_text("from all 2 at A")


@pytest.mark.parametrize(
    ("ends", "sentence"),
    [
        ({"a": "row:3", "b": "row:3"}, "Both ends are the same latent"),
        ({"a": "place:1.5,0.5", "b": "place:-1.5,-0.5"}, "lie opposite each other"),
        ({"a": "row:3", "b": "place:40,-55"}, "B lies outside the prior"),
        ({"a": "mean", "b": "row:3"}, "has no direction"),
    ],
)
def test_special_ends_are_walked_and_explained(paths: PathsPage, opened, ends, sentence):
    paths.open(f"{RAW}&ways=slerp&a={ends['a']}&b={ends['b']}")
    strip = paths.strip("mnist-vae-2d", "slerp")
    _, found = computed(opened, "mnist-vae-2d", 9, way="slerp", **ends)
    assert close(paths.images(strip), found.images)
    expect(strip).to_contain_text(sentence)


def test_a_bad_end_in_the_address_is_said_and_the_rest_is_shown(paths: PathsPage):
    paths.open(f"{RAW}&a=nobody&steps=99")
    notice = paths.page.get_by_test_id("stAlert").inner_text()
    assert "A starting point is row:12" in notice
    assert "3 to 25" in notice
    expect(paths.strip("mnist-vae-2d", "linear").locator("canvas")).to_have_count(9)


# --- player ---------------------------------------------------------------------------------------


def test_the_player_draws_any_place_of_a_way_without_running_the_script(paths: PathsPage, opened):
    messages: list = []

    def watch(socket):
        if "_stcore/stream" in socket.url:
            socket.on("framesent", lambda payload: messages.append(payload))

    paths.page.on("websocket", watch)
    paths.open(f"{RAW}&a=row:3&b=row:50&ways=slerp")
    messages.clear()
    found, _ = computed(opened, "mnist-vae-2d", 3, way="slerp", a="row:3", b="row:50")
    for share in (0.377, 0.9):
        paths.part("share").fill(str(round(1000 * share)))
        shown = paths.player(share, "mnist-vae-2d slerp")
        assert close(shown, found.images(opened("mnist-vae-2d"), np.array([share])))
        z = [
            float(v)
            for v in paths.page.get_by_test_id("decoded").get_attribute("data-z").split(",")
        ]
        assert z == pytest.approx(found.at(np.array([share]))[0][0], abs=1e-3)
        x, y = paths.screen(*found.at(np.array([share]))[0][0])
        dot = paths.page.locator(".lx-dot-moving").bounding_box()
        middle = (dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
        assert middle == pytest.approx((x, y), abs=3)
    assert messages == []


def test_pointing_at_a_strip_moves_the_player_there(paths: PathsPage, opened):
    paths.open(f"{RAW}&a=row:3&b=row:50")
    cells = paths.strip("mnist-vae-2d", "density").locator(".lx-cell")
    cells.nth(3).scroll_into_view_if_needed()
    box = cells.nth(3).bounding_box()
    paths.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    found, _ = computed(opened, "mnist-vae-2d", 9, way="density", a="row:3", b="row:50")
    paths.page.wait_for_function(
        "() => { const { dataset } = document.querySelector('[data-testid=decoded]');"
        " return dataset.strip === 'mnist-vae-2d density' && Math.abs(dataset.share - .375) < .02 }"
    )
    canvas = paths.page.get_by_test_id("decoded")
    share = float(canvas.get_attribute("data-share"))
    expected = found.images(opened("mnist-vae-2d"), np.array([share]))
    assert np.abs(paths.grey(canvas) - 255 * expected[0, 0]).max() <= 2


def test_space_plays_and_pauses_and_the_way_is_walked_to_its_end(paths: PathsPage):
    paths.open(f"{RAW}&a=row:3&b=row:50&ways=linear")
    canvas = paths.page.get_by_test_id("decoded")
    paths.part("speed").select_option("4")
    paths.part("mode").select_option("once")
    paths.part("share").focus()
    paths.page.keyboard.press("Space")
    expect(paths.part("play")).to_have_attribute("aria-label", "Pause")
    paths.page.wait_for_function(
        "() => { const { share } = document.querySelector('[data-testid=decoded]').dataset;"
        " window.seen = (window.seen ?? new Set()).add(share); return share === '1.0000' }",
        polling="raf",
    )
    assert paths.page.evaluate("window.seen.size") > 5
    expect(paths.part("play")).to_have_attribute("aria-label", "Play")
    paths.part("mode").select_option("bounce")
    paths.part("play").click()
    paths.page.wait_for_function(
        "() => Number(document.querySelector('[data-testid=decoded]').dataset.share) < .7",
        polling="raf",
    )
    paths.part("share").focus()
    paths.page.keyboard.press("Space")
    expect(paths.part("play")).to_have_attribute("aria-label", "Play")
    rested = canvas.get_attribute("data-share")
    paths.page.wait_for_timeout(200)
    assert canvas.get_attribute("data-share") == rested


# --- ends -----------------------------------------------------------------------------------------


def test_ends_are_chosen_on_the_map_by_class_by_number_and_by_chance(paths: PathsPage, opened):
    paths.open(f"{RAW}&ways=linear")
    one, b = opened("mnist-vae-2d"), paths.part("end-b")
    b.get_by_role("button", name="B Original").click()
    x, y = one.atlas.mean[one.atlas.position(50)]
    paths.page.mouse.click(*paths.screen(x, y))
    paths.page.wait_for_function("() => location.search.includes('b=row')")
    near = int(paths.query()["b"].removeprefix("row:"))
    assert np.linalg.norm(one.atlas.mean[one.atlas.position(near)] - [x, y]) < 0.1
    place = empty_place(one.atlas)
    paths.page.mouse.click(*paths.screen(*place))
    paths.page.wait_for_function("() => location.search.includes('b=place')")
    kept = [float(v) for v in paths.query()["b"].removeprefix("place:").split(",")]
    assert kept == pytest.approx(place, abs=0.05)
    b.get_by_label("Class of the random image for B").select_option("7")
    b.get_by_role("button", name="Random").click()
    paths.page.wait_for_function("() => location.search.includes('b=row')")
    row = int(paths.query()["b"].removeprefix("row:"))
    assert one.dataset.labels[row] == 7
    expect(b).to_contain_text("digit 7")
    assert close(paths.grey(b.locator("canvas").first), one.dataset.picture(row).numpy())
    number = b.get_by_label("Image by its number for B")
    number.fill("#123")
    number.press("Enter")
    paths.wait_for_query(b="row:123")
    b.get_by_role("button", name="Sample").click()
    paths.wait_for_query(b="sample:1")
    paths.rests()
    _, found = computed(opened, "mnist-vae-2d", 9, a="row:0", b="sample:1")
    assert close(paths.grey(b.locator("canvas").first), found.images[-1])
    expect(b).to_contain_text("Generated")
    paths.page.reload()
    paths.ready()
    assert close(paths.images(paths.strip("mnist-vae-2d", "linear")), found.images)


def test_swap_and_undo_change_the_ends_and_take_it_back(paths: PathsPage, opened):
    paths.open(f"{RAW}&ways=linear&a=row:3&b=row:50")
    paths.page.get_by_role("button", name="Swap A and B").click()
    paths.wait_for_query(a="row:50", b="row:3")
    _, found = computed(opened, "mnist-vae-2d", 9, a="row:50", b="row:3")
    strip = paths.strip("mnist-vae-2d", "linear")
    assert close(paths.images(strip), found.images)
    paths.page.locator(".lx-paths summary").focus()
    paths.page.keyboard.press("Control+z")
    paths.wait_for_query(a="row:3", b="row:50")
    assert close(paths.images(strip), found.images[::-1])
    expect(paths.part("undo")).to_be_disabled()


def test_a_picture_of_ones_own_becomes_an_end(paths: PathsPage, opened, digits):
    paths.open(f"{RAW}&ways=linear&a=row:3")
    stream = io.BytesIO()
    Image.fromarray(digits.pixels[77, 0].numpy()).resize((140, 140)).save(stream, "PNG")
    b = paths.part("end-b")
    b.locator("input[type=file]").set_input_files(
        {"name": "mine.png", "mimeType": "image/png", "buffer": stream.getvalue()}
    )
    # A hand would have been on the card: the file chooser opens from its button.
    b.get_by_role("button", name="B Original").click()
    b.locator("input[type=file]").set_input_files(
        {"name": "mine.png", "mimeType": "image/png", "buffer": stream.getvalue()}
    )
    paths.page.wait_for_function("() => location.search.includes('b=own')")
    paths.rests()
    model = explorer.load("mnist-vae-2d", "cpu")
    seen = paths.grey(b.locator("canvas").first) / 255
    z = model.encode(seen[None, None].astype(np.float32)).mean
    last = paths.images(paths.strip("mnist-vae-2d", "linear"))[-1]
    assert np.abs(last - 255 * model.decode(z)[0, 0]).max() <= 3


# --- by hand --------------------------------------------------------------------------------------


def drawn_strip(paths: PathsPage, opened) -> None:
    """The drawn way is that of the line in the address."""
    text = paths.query()["stroke"]
    _, found = computed(opened, "mnist-vae-2d", 9, way="drawn", stroke=text)
    strip = paths.strip("mnist-vae-2d", "drawn")
    strip.locator("canvas").nth(8).wait_for()
    assert close(paths.images(strip), found.images)


def test_a_line_drawn_by_hand_is_walked_kept_and_taken_back(paths: PathsPage, opened):
    paths.open(f"{RAW}&ways=linear")
    paths.page.get_by_role("button", name="Draw a line by hand").click()
    mouse = paths.page.mouse
    mouse.move(*paths.screen(-2, -1))
    mouse.down()
    for place in ((-1, 1.5), (0.5, 0), (2, 1)):
        mouse.move(*paths.screen(*place), steps=8)
    mouse.up()
    paths.page.wait_for_function("() => location.search.includes('stroke')")
    paths.rests()
    places = np.reshape([float(v) for v in paths.query()["stroke"].split("_")], (-1, 2))
    assert places[0] == pytest.approx([-2, -1], abs=0.05)
    assert places[-1] == pytest.approx([2, 1], abs=0.05)
    assert len(places) <= 40
    drawn_strip(paths, opened)
    # It is in the player at once, and played like any other.
    assert paths.page.get_by_test_id("decoded").get_attribute("data-strip").endswith("drawn")
    paths.page.reload()
    paths.ready()
    drawn_strip(paths, opened)
    paths.page.get_by_role("button", name="Drawn").first.click()
    paths.page.wait_for_function("() => !location.search.includes('stroke')")
    expect(paths.strip("mnist-vae-2d", "drawn")).to_have_count(0)
    paths.part("undo").click()
    paths.page.wait_for_function("() => location.search.includes('stroke')")
    paths.rests()
    drawn_strip(paths, opened)


def test_a_line_is_drawn_by_keys_too(paths: PathsPage, opened):
    paths.open(f"{RAW}&ways=linear")
    paths.page.get_by_role("button", name="Draw a line by hand").focus()
    keyboard = paths.page.keyboard
    keyboard.press("Enter")
    expect(paths.page.get_by_role("application", name="Map of latents")).to_be_focused()
    for key in ("ArrowLeft", "ArrowUp"):
        keyboard.press(f"Shift+{key}")
        keyboard.press("Enter")
    keyboard.press("Enter")
    paths.page.wait_for_function("() => location.search.includes('stroke')")
    paths.rests()
    assert len(paths.query()["stroke"].split("_")) == 4
    drawn_strip(paths, opened)


# --- arithmetic -----------------------------------------------------------------------------------


def test_the_difference_of_two_groups_is_added_with_a_live_strength(paths: PathsPage, opened):
    paths.open(f"{DEEP}&ways=linear&a=row:3")
    paths.part("plus").select_option("class:7")
    paths.part("minus").select_option("class:1")
    paths.wait_for_query(plus="class:7", minus="class:1")
    groups = {"way": "shift", "a": "row:3", "plus": "class:7", "minus": "class:1"}
    found, steps = computed(opened, "mnist-vae-20", 9, projection="umap", **groups)
    assert close(paths.images(paths.strip("mnist-vae-20", "shift")), steps.images)
    one, slider = opened("mnist-vae-20"), paths.part("strength")
    for name, label in (("term-x", 7), ("term-y", 1)):
        mean = one.atlas.mean[one.atlas.labels == label].mean(0, dtype=np.float64)
        assert close(paths.grey(paths.part(name)), one.model.decode(mean[None].astype(np.float32)))
    slider.focus()
    for _ in range(20):
        paths.page.keyboard.press("ArrowLeft")
    strength = float(slider.input_value())
    assert strength == pytest.approx(0.6)
    share = (strength / REACH + 1) / 2
    shown = paths.player(share, "mnist-vae-20 shift")
    expected = found.images(one, np.array([share]))
    assert close(shown, expected)
    assert close(paths.grey(paths.part("term-sum")), expected)
    paths.wait_for_query(strength="0.6")
    paths.page.reload()
    paths.ready()
    assert float(slider.input_value()) == pytest.approx(0.6)
    paths.page.wait_for_function(
        "() => document.querySelector('[data-part=term-sum]').getContext('2d')"
        ".getImageData(0, 0, 28, 28).data.some((v, k) => k % 4 !== 3 && v > 0)"
    )
    assert close(paths.grey(paths.part("term-sum")), expected)


def test_a_group_kept_on_the_map_can_be_added(paths: PathsPage, opened):
    one = opened("mnist-vae-2d")
    shape = "-1_-1_1_-1_1_1_-1_1"
    paths.person.open(f"{RAW}&polygon={shape}")
    name = paths.page.get_by_label("Name of this group")
    name.fill("middle")
    name.press("Enter")
    paths.page.get_by_text("middle: ").wait_for()
    paths.page.get_by_role("link", name="Paths").click()
    paths.ready()
    paths.part("plus").select_option(label="middle")
    paths.part("minus").select_option("all")
    paths.wait_for_query(plus=f"group:raw:{shape}", minus="all")
    groups = {"way": "shift", "a": paths.page.get_by_test_id("end-a").get_attribute("data-subject")}
    groups |= {"plus": f"group:raw:{shape}", "minus": "all"}
    found, steps = computed(opened, "mnist-vae-2d", 9, **groups)
    inside = (np.abs(one.atlas.mean) < 1).all(1)
    assert found.means[0] == pytest.approx(one.atlas.mean[inside].mean(0), abs=1e-4)
    assert close(paths.images(paths.strip("mnist-vae-2d", "shift")), steps.images)


# --- files ----------------------------------------------------------------------------------------


def test_the_files_hold_what_is_shown(paths: PathsPage, opened):
    paths.open(f"{RAW}&a=row:3&b=row:50&ways=slerp&steps=5")
    found, steps = computed(opened, "mnist-vae-2d", 5, way="slerp", a="row:3", b="row:50")
    expected = np.rint(255 * steps.images[:, 0]).astype(int)
    strip = np.asarray(Image.open(io.BytesIO(paths.download("png"))))
    assert np.abs(strip - np.concatenate(list(expected), axis=1)).max() <= 1
    rows = list(csv.DictReader(io.StringIO(paths.download("csv").decode())))
    z = np.array([[float(row["z1"]), float(row["z2"])] for row in rows])
    assert z == pytest.approx(steps.z, abs=1e-5)
    assert {(row["model"], row["way"], row["seed"]) for row in rows} == {
        ("mnist-vae-2d", "slerp", "0")
    }
    paths.part("speed").select_option("2")
    paths.part("mode").select_option("bounce")
    gif = Image.open(io.BytesIO(paths.download("gif")))
    frames = [np.asarray(one.convert("L")) for one in ImageSequence.Iterator(gif)]
    images = found.images(opened("mnist-vae-2d"), np.linspace(0, 1, 17))[:, 0]
    images = np.concatenate([images, images[-2:0:-1]])
    assert len(frames) == len(images)
    assert np.abs(np.stack(frames)[:, ::8, ::8] - 255 * images).max() <= 1
    assert gif.info["duration"] == pytest.approx(2000 / 16, abs=10)


# --- settings, keyboard, phone --------------------------------------------------------------------


def test_ways_and_steps_are_chosen_by_keyboard_and_stand_in_the_address(paths: PathsPage):
    paths.open(RAW)
    paths.page.get_by_role("button", name="Slerp", exact=True).first.focus()
    paths.page.keyboard.press("Enter")
    paths.wait_for_query(ways="linear,density")
    expect(paths.strip("mnist-vae-2d", "slerp")).to_have_count(0)
    paths.part("steps").focus()
    for _ in range(3):
        paths.page.keyboard.press("ArrowRight")
    paths.wait_for_query(steps="12")
    expect(paths.strip("mnist-vae-2d", "linear").locator("canvas")).to_have_count(12)
    # The last way stays.
    for name in ("Linear", "Along the data"):
        paths.page.get_by_role("button", name=name, exact=True).first.click()
    paths.wait_for_query(ways="density")


def test_arrow_keys_walk_the_steps_of_a_strip(paths: PathsPage):
    paths.open(f"{RAW}&a=row:3&b=row:50&ways=linear,slerp")
    steps = paths.strip("mnist-vae-2d", "slerp").get_by_role("option")
    steps.first.focus()
    paths.page.keyboard.press("ArrowRight")
    paths.page.keyboard.press("ArrowRight")
    expect(steps.nth(2)).to_be_focused()
    expect(steps.nth(2)).to_have_attribute("aria-selected", "true")
    paths.player(0.25, "mnist-vae-2d slerp")
    paths.page.keyboard.press("End")
    paths.player(1, "mnist-vae-2d slerp")
    expect(paths.part("player").get_by_text("Reconstruction")).to_be_visible()
    # Every strip is one stop for the Tab key.
    stops = paths.page.locator(".lx-cells").evaluate_all(
        "all => all.map(cells => [...cells.children].filter(one => one.tabIndex === 0).length)"
    )
    assert stops == [1, 1]


def test_another_model_is_put_beside_by_the_chooser_and_the_model_can_change(paths: PathsPage):
    paths.open(f"{RAW}&a=row:3&b=row:50&ways=linear")
    beside = paths.page.locator(".st-key-beside")
    # The list draws its rows anew while it opens: a click that falls between picks nothing.
    for _ in range(5):
        beside.locator("input").click()
        paths.page.get_by_role("option", name="VAE, 20-D", exact=True).click()
        with suppress(PlaywrightTimeout):
            beside.get_by_text("VAE, 20-D").wait_for(timeout=3000)
            break
    paths.person.wait_for_query(models="mnist-vae-20")
    paths.strip("mnist-vae-20", "linear").locator("canvas").nth(8).wait_for()
    paths.page.locator("h1").click()  # closes the list
    paths.person.choose("model", "Autoencoder, 2-D")
    paths.person.wait_for_query(model="mnist-ae-2d", a="row:3", b="row:50", models="mnist-vae-20")
    paths.strip("mnist-ae-2d", "linear").locator("canvas").nth(8).wait_for()
    expect(paths.strip("mnist-vae-2d", "linear")).to_have_count(0)


def test_the_page_fits_a_phone_and_its_targets_fit_a_finger(browser, address):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
    with visitor(browser, address, **phone) as person:
        paths = PathsPage(person).open(f"{RAW}&plus=class:7&minus=class:1&stroke=0_0_1_1")
        wide = paths.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390
        beyond = paths.page.evaluate(
            """() => [...document.querySelectorAll('.lx-paths *')].filter(one => {
                const box = one.getBoundingClientRect()
                return box.width && box.right > 391 && !one.closest('.lx-track, .lx-plot, svg')
            }).map(one => one.outerHTML.slice(0, 120))"""
        )
        assert beyond == []
        small = paths.page.evaluate(
            """() => [...document.querySelectorAll(
                '.lx-paths :is(button, a.lx-button, select, input)')].filter(one => {
                const box = one.getBoundingClientRect()
                return box.width && !one.closest('.lx-way-strip') && box.height < 40
            }).map(one => one.outerHTML.slice(0, 120))"""
        )
        assert small == []


# --- pure functions -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scripts(browser, address):
    """`scripts(module, body, argument)` runs an async function of (module, argument)."""
    with visitor(browser, address) as person:
        person.page.goto(f"{address}/explorer/assets/paths/ask.js")
        folder = "/explorer/assets/paths"
        yield lambda module, body, argument: person.page.evaluate(
            f"async argument => ({body})(await import('{folder}/{module}'), argument)", argument
        )


@pytest.mark.parametrize(
    ("mode", "share", "direction", "seconds", "expected"),
    [
        ("loop", 0.5, 1, 1, (0.75, 1, True)),
        ("loop", 0.9, 1, 1, (0.15, 1, True)),
        ("loop", 0.9, 1, 9, (0.15, 1, True)),
        ("once", 0.9, 1, 1, (1, 1, False)),
        ("bounce", 0.9, 1, 1, (0.85, -1, True)),
        ("bounce", 0.1, -1, 1, (0.15, 1, True)),
        ("bounce", 0.5, 1, 99, (0, -1, True)),
    ],
)
def test_time_moves_the_player(scripts, mode, share, direction, seconds, expected):
    state = {"share": share, "direction": direction, "mode": mode, "speed": 1}
    after = scripts(
        "player.js",
        "({ advanced }, [state, seconds]) => advanced(state, seconds)",
        [state, seconds],
    )
    assert (after["share"], after["direction"], after["playing"]) == pytest.approx(expected)


@pytest.mark.parametrize("scale", [1e-3, 1, 1e4])
def test_a_line_in_the_address_is_short_and_finer_than_a_pixel(scripts, scale):
    rng = np.random.default_rng(0)
    line = np.cumsum(rng.normal(size=(300, 2)), axis=0) * scale
    text = scripts("ask.js", "({ strokeText }, line) => strokeText(line)", line.tolist())
    places = stroke_of_text(text)
    assert len(places) == 40
    assert places[[0, -1]] == pytest.approx(line[[0, -1]], abs=np.ptp(line) / 1000)
    assert len(text) < 800


def test_strips_are_compared_in_one_plain_sentence(scripts):
    def strip(name, roughness, relative, standing):
        said = {"roughness": roughness, "relative": relative, "standing": standing}
        return {"name": name, "said": said}

    body = "({ comparison }, strips) => comparison(strips)"
    smooth = strip("Along the data", 1.2, [0, 0.3, 0], ["data", "rare", "data"])
    torn = strip("Linear", 2.5, [0, 1.9, 0], ["data", "gap", "outside"])
    assert scripts("ask.js", body, [torn, smooth]) == (
        "Along the data changes the image most evenly (largest change 1.2× the mean one), Linear "
        "least (2.5×); nearest to the training images stays Along the data (3 of 3 steps in data), "
        "farthest from them Linear (1 of 3 steps in data)."
    )
    assert scripts("ask.js", body, [torn]) == (
        "Linear: the largest change of the image is 2.5× the mean one; 1 of 3 steps lie among "
        "training images."
    )
    assert scripts("ask.js", body, []) == ""
