"""The paths page: ends, lines drawn by hand, arithmetic and files are what the package computes."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from PIL import Image, ImageSequence
from playwright.sync_api import expect

import explorer
from explorer.latent.walk import REACH
from tests.app.reading import red
from tests.app.test_map import empty_place
from tests.app.walker import DEEP, RAW, PathsPage, close, computed, opened, walker


@pytest.fixture
def paths(browser, address):
    with walker(browser, address) as page:
        yield page


# --- ends -----------------------------------------------------------------------------------------


def test_ends_are_chosen_on_the_map_by_class_by_number_and_by_chance(paths: PathsPage):
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
    chooser = b.get_by_label("Class of the random image for B")
    chooser.select_option("7")
    paths.page.wait_for_function("() => location.search.includes('b=row')")
    first = int(paths.query()["b"].removeprefix("row:"))
    expect(b).to_contain_text("digit 7")
    b.get_by_role("button", name="Random").click()
    paths.page.wait_for_function(
        "first => new URLSearchParams(location.search).get('b') !== first", arg=f"row:{first}"
    )
    paths.rests()
    row = int(paths.query()["b"].removeprefix("row:"))
    assert one.dataset.labels[first] == one.dataset.labels[row] == 7
    expect(b).to_contain_text("digit 7")
    expect(chooser).to_have_value("7")
    expect(b.locator("canvas").first).to_have_attribute("data-subject", f"row:{row}")
    assert close(red(b.locator("canvas").first), one.dataset.picture(row).numpy())
    number = b.get_by_label("Image by its number for B")
    number.fill("#123")
    number.press("Enter")
    paths.wait_for_query(b="row:123")
    for wrong, sentence in (("#99999", "There is no image 99999"), ("seven", "like #123")):
        number.fill(wrong)
        number.press("Enter")
        expect(b.get_by_role("alert")).to_contain_text(sentence)
        expect(number).to_have_attribute("aria-invalid", "true")
    expect(paths.part("fault")).to_be_hidden()
    assert paths.query()["b"] == "row:123"
    b.get_by_role("button", name="Sample").click()
    paths.wait_for_query(b="sample:1")
    paths.rests()
    expect(b.get_by_role("alert")).to_be_hidden()
    expect(number).to_have_value("")
    expect(chooser).to_have_value("")
    _, found = computed("mnist-vae-2d", 9, a="row:0", b="sample:1")
    assert close(red(b.locator("canvas").first), found.images[-1])
    expect(b).to_contain_text("Generated")
    paths.page.reload()
    paths.ready()
    assert close(paths.images(paths.strip("mnist-vae-2d", "linear")), found.images)


def test_the_drawing_pad_lies_over_the_page_and_moves_nothing(paths: PathsPage):
    paths.open(RAW)
    before = paths.part("strips").bounding_box()
    for end in ("a", "b"):
        paths.part(f"end-{end}").get_by_role("button", name="Draw").click()
        pad = paths.part(f"end-{end}").get_by_role("application", name="Drawing pad").bounding_box()
        assert paths.part("strips").bounding_box() == before
        mouse = paths.page.mouse
        mouse.move(pad["x"] + 60, pad["y"] + 60)
        mouse.down()
        mouse.move(pad["x"] + 160, pad["y"] + 180, steps=5)
        mouse.up()
        paths.page.wait_for_function(f"() => location.search.includes('{end}=own')")
        paths.rests()
        # The line stays on the pad for the next one; the card shows what the model sees of it.
        assert paths.part("strips").bounding_box()["y"] == before["y"]
        paths.part(f"end-{end}").get_by_role("button", name="Done").click()


def test_swap_and_undo_change_the_ends_and_take_it_back(paths: PathsPage):
    paths.open(f"{RAW}&ways=linear&a=row:3&b=row:50")
    paths.page.get_by_role("button", name="Swap A and B").click()
    paths.wait_for_query(a="row:50", b="row:3")
    _, found = computed("mnist-vae-2d", 9, a="row:50", b="row:3")
    strip = paths.strip("mnist-vae-2d", "linear")
    assert close(paths.images(strip), found.images)
    paths.page.locator(".lx-paths summary").focus()
    paths.page.keyboard.press("Control+z")
    paths.wait_for_query(a="row:3", b="row:50")
    assert close(paths.images(strip), found.images[::-1])
    expect(paths.part("undo")).to_be_disabled()


def test_a_picture_of_ones_own_becomes_an_end(paths: PathsPage, digits):
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
    seen = red(b.locator("canvas").first) / 255
    z = model.encode(seen[None, None].astype(np.float32)).mean
    last = paths.images(paths.strip("mnist-vae-2d", "linear"))[-1]
    assert np.abs(last - 255 * model.decode(z)[0, 0]).max() <= 3


@pytest.mark.parametrize("size", [(1440, 900), (1000, 800), (390, 844)])
def test_nothing_sticks_out_of_the_cards_of_the_ends(browser, address, size):
    with walker(browser, address, viewport={"width": size[0], "height": size[1]}) as paths:
        paths.open("?model=faces-conv-vae-256")
        beyond = paths.page.evaluate(
            """() => [...document.querySelectorAll('.lx-end *')].filter(one => {
                const box = one.getBoundingClientRect(), card = one.closest('.lx-end')
                return box.width && box.right > card.getBoundingClientRect().right
            }).map(one => one.outerHTML.slice(0, 120))"""
        )
        assert beyond == []


# --- by hand --------------------------------------------------------------------------------------


def drawn_strip(paths: PathsPage) -> None:
    """The drawn way is that of the line in the address."""
    text = paths.query()["stroke"]
    _, found = computed("mnist-vae-2d", 9, way="drawn", stroke=text)
    strip = paths.strip("mnist-vae-2d", "drawn")
    strip.locator("canvas").nth(8).wait_for()
    assert close(paths.images(strip), found.images)


def test_a_line_drawn_by_hand_is_walked_kept_and_taken_back(paths: PathsPage):
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
    drawn_strip(paths)
    # It is in the player at once, and played like any other.
    assert paths.page.get_by_test_id("decoded").get_attribute("data-strip").endswith("drawn")
    paths.page.reload()
    paths.ready()
    drawn_strip(paths)
    paths.page.get_by_role("button", name="Drawn").first.click()
    paths.page.wait_for_function("() => !location.search.includes('stroke')")
    expect(paths.strip("mnist-vae-2d", "drawn")).to_have_count(0)
    paths.part("undo").click()
    paths.page.wait_for_function("() => location.search.includes('stroke')")
    paths.rests()
    drawn_strip(paths)


def test_a_line_is_drawn_by_keys_too(paths: PathsPage):
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
    drawn_strip(paths)


# --- arithmetic -----------------------------------------------------------------------------------


def test_the_difference_of_two_groups_is_added_with_a_live_strength(paths: PathsPage):
    paths.open(f"{DEEP}&ways=linear&a=row:3")
    paths.part("plus").select_option("class:7")
    paths.part("minus").select_option("class:1")
    paths.wait_for_query(plus="class:7", minus="class:1")
    groups = {"way": "shift", "a": "row:3", "plus": "class:7", "minus": "class:1"}
    found, steps = computed("mnist-vae-20", 9, projection="umap", **groups)
    assert close(paths.images(paths.strip("mnist-vae-20", "shift")), steps.images)
    one, slider = opened("mnist-vae-20"), paths.part("strength")
    for name, label in (("term-x", 7), ("term-y", 1)):
        mean = one.atlas.mean[one.atlas.labels == label].mean(0, dtype=np.float64)
        assert close(red(paths.part(name)), one.model.decode(mean[None].astype(np.float32)))
    slider.focus()
    for _ in range(20):
        paths.page.keyboard.press("ArrowLeft")
    strength = float(slider.input_value())
    assert strength == pytest.approx(0.6)
    share = (strength / REACH + 1) / 2
    shown = paths.player(share, "mnist-vae-20 shift")
    expected = found.images(one, np.array([share]))
    assert close(shown, expected)
    assert close(red(paths.part("term-sum")), expected)
    paths.wait_for_query(strength="0.6")
    paths.page.reload()
    paths.ready()
    assert float(slider.input_value()) == pytest.approx(0.6)
    paths.page.wait_for_function(
        "() => document.querySelector('[data-part=term-sum]').getContext('2d')"
        ".getImageData(0, 0, 28, 28).data.some((v, k) => k % 4 !== 3 && v > 0)"
    )
    assert close(red(paths.part("term-sum")), expected)


def test_a_group_kept_on_the_map_can_be_added(paths: PathsPage):
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
    found, steps = computed("mnist-vae-2d", 9, **groups)
    inside = (np.abs(one.atlas.mean) < 1).all(1)
    assert found.means[0] == pytest.approx(one.atlas.mean[inside].mean(0), abs=1e-4)
    assert close(paths.images(paths.strip("mnist-vae-2d", "shift")), steps.images)


# --- files ----------------------------------------------------------------------------------------


def drawn_large(picture: Image.Image, images: np.ndarray) -> None:
    """A picture holds images `(n, H, W)` in [0, 1] in a row, four times as large and crisp, apart
    from each other, under a title."""
    grey = np.asarray(picture.convert("RGB"))[..., 0].astype(float)
    large = 255 * images.repeat(4, axis=1).repeat(4, axis=2)
    side = large.shape[1]
    left, gap, first = 32, 12, large[0]
    tops = range(len(grey) - side)
    off = [np.abs(grey[top : top + side, left : left + side] - first).max() for top in tops]
    top = int(np.argmin(off))
    assert top > 100  # title and steps stand above
    for step, image in enumerate(large):
        x = left + step * (side + gap)
        assert np.abs(grey[top : top + side, x : x + side] - image).max() <= 2
        assert np.ptp(grey[top : top + side, x + side : x + side + gap]) == 0
    assert np.ptp(grey[:top]) > 100  # words


def test_the_files_hold_what_is_shown(paths: PathsPage):
    paths.open(f"{RAW}&a=row:3&b=row:50&ways=slerp&steps=5")
    found, steps = computed("mnist-vae-2d", 5, way="slerp", a="row:3", b="row:50")
    drawn_large(Image.open(io.BytesIO(paths.download("png"))), steps.images[:, 0])
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
    images = found.images(opened("mnist-vae-2d"), np.linspace(0, 1, 29))[:, 0]
    images = np.concatenate([images, images[-2:0:-1]])
    assert len(frames) == len(images)
    assert np.abs(np.stack(frames)[:, ::8, ::8] - 255 * images).max() <= 1
    assert gif.info["duration"] == pytest.approx(2000 / 28, abs=10)


def test_a_model_that_cannot_walk_beside_is_said_and_the_others_walk(paths: PathsPage):
    paths.open(f"{RAW}&models=mnist-ae-2d,nope")
    expect(paths.page.get_by_text("'nope' has no map of these images")).to_be_visible()
    expect(paths.strip("mnist-ae-2d", "linear")).to_be_visible()
