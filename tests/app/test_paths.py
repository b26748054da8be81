"""The paths page: strips, player and settings show what the package computes."""

from __future__ import annotations

from contextlib import suppress
from itertools import product

import numpy as np
import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import expect

from explorer.latent.trust import why
from tests.app.reading import red
from tests.app.test_map import empty_place
from tests.app.walker import DEEP, RAW, PathsPage, close, computed, opened, walker


@pytest.fixture
def paths(browser, address):
    with walker(browser, address) as page:
        yield page


# --- strips ---------------------------------------------------------------------------------------


def test_every_way_is_shown_step_by_step_with_its_figures(paths: PathsPage):
    paths.open(f"{RAW}&a=row:3&b=row:50&steps=7")
    for way in ("linear", "slerp", "density"):
        _, found = computed("mnist-vae-2d", 7, way=way, a="row:3", b="row:50")
        strip = paths.strip("mnist-vae-2d", way)
        assert close(paths.images(strip), found.images)
        figures = strip.locator("dd").all_inner_texts()
        assert [float(text) for text in figures[:3]] == pytest.approx(
            [found.length, found.changes.sum(), found.roughness], abs=0.051
        )
        within = [judged.standing for judged in found.judged].count("data")
        assert figures[3] == f"{within} of 7"
        near = strip.locator(".lx-stand").all_inner_texts()
        assert [float(text[1:]) for text in near] == pytest.approx(found.relative, abs=0.051)
        changes = strip.locator(".lx-change b").all_inner_texts()
        assert [float(text) for text in changes[:-1]] == pytest.approx(found.changes, abs=0.051)
    sentence = paths.page.get_by_test_id("compare").inner_text()
    assert sentence.endswith(".")
    assert "Slerp" in sentence or "Linear" in sentence


def test_a_bar_that_is_cut_is_broken_and_data_far_from_an_image_is_explained(paths: PathsPage):
    paths.open(f"{RAW}&a=row:0&b=row:1&ways=slerp")
    _, found = computed("mnist-vae-2d", 9, way="slerp", a="row:0", b="row:1")
    strip = paths.strip("mnist-vae-2d", "slerp")
    cut = strip.locator(".lx-cell").evaluate_all("all => all.map(one => one.dataset.cut)")
    assert cut == [str(relative > 3).lower() for relative in found.relative]
    assert any(
        relative > 3 and judged.standing == "data"
        for relative, judged in zip(found.relative, found.judged, strict=True)
    )
    expect(strip).to_contain_text(f"In data reaches to {found.reach:.1f} × the usual distance")
    for relative, cell in zip(found.relative, strip.get_by_role("option").all(), strict=True):
        name = cell.get_attribute("aria-label")
        assert f"{relative:.2f} × the usual distance from the mean latent" in name


def test_a_rare_image_has_a_sign_of_its_own_and_is_counted_apart(paths: PathsPage):
    ends = {"a": "row:3", "b": "row:4"}
    paths.open("?model=mnist-vae-20&projection=umap&ways=linear&a=row:3&b=row:4")
    _, found = computed("mnist-vae-20", 9, **ends)
    standings = [judged.standing for judged in found.judged]
    assert standings.count("rare") == 1
    strip = paths.strip("mnist-vae-20", "linear")
    assert strip.locator("dd").all_inner_texts()[3] == f"{standings.count('data')} of 9, 1 rare"
    signs = [text[0] for text in strip.locator(".lx-stand").all_inner_texts()]
    assert [sign == "◇" for sign in signs] == [standing == "rare" for standing in standings]
    assert len(set(signs)) == len(set(standings))


def test_models_beside_each_other_walk_between_the_same_images(paths: PathsPage):
    paths.open(f"{RAW}&a=row:3&b=place:1,-1&ways=linear&models=mnist-ae-32,mnist-vq-vae")
    for model in ("mnist-vae-2d", "mnist-ae-32", "mnist-vq-vae"):
        _, found = computed(model, 9, "mnist-vae-2d", a="row:3", b="place:1,-1")
        assert close(paths.images(paths.strip(model, "linear")), found.images)
    expect(paths.strip("mnist-vq-vae", "linear")).to_contain_text("requantised")
    assert "VQ-VAE" in paths.page.get_by_test_id("compare").inner_text()


def test_the_ways_are_drawn_on_the_map_from_a_to_b(paths: PathsPage):
    paths.open(f"{RAW}&a=row:3&b=row:50")
    for way in ("linear", "slerp", "density"):
        found, _ = computed("mnist-vae-2d", 3, way=way, a="row:3", b="row:50")
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


def test_on_a_map_without_a_formula_the_ways_are_thin_and_the_note_says_why(paths: PathsPage):
    paths.open(f"{DEEP}&a=row:3&b=row:50&ways=linear,slerp&stroke=0_0_4_4")
    expect(paths.part("place-words")).to_contain_text("This map has no formula")

    def width(way: str) -> float:
        line = paths.page.locator(f'.lx-way[data-id="{way}"] .lx-way-line')
        return float(line.evaluate("one => parseFloat(getComputedStyle(one).strokeWidth)"))

    # A drawn line is where it was drawn.
    assert width("linear") == width("slerp") < width("drawn")
    box = paths.page.locator(".lx-minimap .lx-plot").bounding_box()
    for way in ("linear", "slerp"):
        found, _ = computed("mnist-vae-20", 3, way=way, a="row:3", b="row:50", projection="umap")
        places, exact = found.places_on(opened("mnist-vae-20"), "umap")
        assert not exact
        d = paths.page.locator(f'.lx-way[data-id="{way}"] .lx-way-line').get_attribute("d")
        drawn = np.reshape([float(v) for v in d[1:].replace("L", " ").split()], (-1, 2))
        for at in (0, -1):
            x, y = paths.screen(*places[at])
            assert drawn[at] == pytest.approx([x - box["x"], y - box["y"]], abs=1)
        assert np.linalg.norm(np.diff(drawn, axis=0), axis=1).max() < 12


def test_a_conditional_model_mixes_the_classes_of_its_ends(paths: PathsPage):
    one = opened("mnist-cvae-20")
    rows = [int(one.atlas.rows[np.flatnonzero(one.atlas.labels == label)[0]]) for label in (2, 7)]
    ends = {"a": f"row:{rows[0]}", "b": f"row:{rows[1]}"}
    view = "?model=mnist-cvae-20&projection=umap&ways=linear"
    paths.open(f"{view}&a={ends['a']}&b={ends['b']}")
    _, found = computed("mnist-cvae-20", 9, **ends, projection="umap")
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
def test_special_ends_are_walked_and_explained(paths: PathsPage, ends, sentence):
    paths.open(f"{RAW}&ways=slerp&a={ends['a']}&b={ends['b']}")
    strip = paths.strip("mnist-vae-2d", "slerp")
    _, found = computed("mnist-vae-2d", 9, way="slerp", **ends)
    assert close(paths.images(strip), found.images)
    expect(strip).to_contain_text(sentence)
    alike = paths.page.get_by_test_id("compare").inner_text().startswith("A and B are the same")
    assert alike == (ends["a"] == ends["b"])


def test_a_bad_end_in_the_address_is_said_and_the_rest_is_shown(paths: PathsPage):
    paths.open(f"{RAW}&a=nobody&steps=99")
    notice = paths.page.get_by_test_id("stAlert").inner_text()
    assert "A starting point is row:12" in notice
    assert "3 to 25" in notice
    expect(paths.strip("mnist-vae-2d", "linear").locator("canvas")).to_have_count(9)


def test_what_lies_under_the_pointer_is_decoded_beside_it_until_it_leaves(paths: PathsPage):
    paths.open(f"{RAW}&ways=linear")
    one = opened("mnist-vae-2d")
    place, pointer = empty_place(one.atlas), paths.page.locator(".lx-minimap .lx-pointer")
    under, mouse = paths.page.get_by_test_id("under"), paths.page.mouse
    for x, y in (place, one.atlas.mean[one.atlas.position(50)]):
        mouse.move(*paths.screen(x, y))
        expect(under).to_be_visible()
        paths.page.wait_for_timeout(300)  # the newest answer is shown
        at = under.get_attribute("data-at")
        if at.startswith("row:"):
            z = one.atlas.mean[one.atlas.position(int(at[4:]))]
            assert np.linalg.norm(z - [x, y]) < 0.1
        else:
            z = np.array([float(value) for value in at.split(",")], np.float32)
            assert z == pytest.approx(place, abs=0.05)
        assert close(red(under), one.model.decode(z[None]))
    # Gone to the margin with the names of the axes, which is no part of the plot.
    box = paths.page.locator(".lx-minimap .lx-plot").bounding_box()
    mouse.move(box["x"] + 3, box["y"] + box["height"] - 3)
    expect(pointer).to_be_hidden()
    # Gone while a button was pressed, and let go elsewhere.
    mouse.move(*paths.screen(*place))
    expect(under).to_be_visible()
    mouse.down()
    mouse.move(box["x"] + 200, box["y"] + box["height"] + 200, steps=3)
    mouse.up()
    expect(pointer).to_be_hidden()
    expect(under).to_be_hidden()
    # The keys decode where they walk, until they leave.
    paths.page.locator(".lx-minimap").focus()
    paths.page.keyboard.press("Shift+ArrowLeft")
    expect(under).to_be_visible()
    paths.page.keyboard.press("Escape")
    expect(under).to_be_hidden()


# --- player ---------------------------------------------------------------------------------------


def test_the_player_draws_any_place_of_a_way_without_running_the_script(paths: PathsPage):
    messages: list = []

    def watch(socket):
        if "_stcore/stream" in socket.url:
            socket.on("framesent", lambda payload: messages.append(payload))

    paths.page.on("websocket", watch)
    paths.open(f"{RAW}&a=row:3&b=row:50&ways=slerp")
    messages.clear()
    found, _ = computed("mnist-vae-2d", 3, way="slerp", a="row:3", b="row:50")
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


def test_pointing_at_a_strip_moves_the_player_there(paths: PathsPage):
    paths.open(f"{RAW}&a=row:3&b=row:50")
    cells = paths.strip("mnist-vae-2d", "density").locator(".lx-cell")
    cells.nth(3).scroll_into_view_if_needed()
    box = cells.nth(3).bounding_box()
    paths.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    found, _ = computed("mnist-vae-2d", 9, way="density", a="row:3", b="row:50")
    paths.page.wait_for_function(
        "() => { const { dataset } = document.querySelector('[data-testid=decoded]');"
        " return dataset.strip === 'mnist-vae-2d density' && Math.abs(dataset.share - .375) < .02 }"
    )
    canvas = paths.page.get_by_test_id("decoded")
    share = float(canvas.get_attribute("data-share"))
    expected = found.images(opened("mnist-vae-2d"), np.array([share]))
    assert np.abs(red(canvas) - 255 * expected[0, 0]).max() <= 2


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


@pytest.mark.parametrize("size", [(1440, 900), (1100, 800), (390, 844)])
def test_every_sentence_on_trust_is_shown_whole_in_one_and_the_same_room(browser, address, size):
    with walker(browser, address, viewport={"width": size[0], "height": size[1]}) as paths:
        paths.open(f"{RAW}&a=row:3&b=row:50&ways=linear")
        kinds = [("image", "data"), ("image", "rare")]
        kinds += product(("latent", "drawn"), ("data", "gap", "outside"))
        sentences = {why(at, of, has_prior=prior) for of, at in kinds for prior in (True, False)}
        sentences.add(why("gap", "drawn", doubt="strays"))
        heights = paths.part("stands").evaluate(
            """(note, sentences) => sentences.map(words => {
                note.textContent = words
                return [note.scrollHeight <= note.clientHeight, note.offsetHeight] })""",
            list(sentences),
        )
        assert all(whole for whole, _ in heights)
        assert len({height for _, height in heights}) == 1


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
    paths.page.locator("h1").click()  # closes the list, in which there are the same names
    listed = paths.page.get_by_role("option", name="Autoencoder, 2-D", exact=True)
    expect(listed).to_have_count(0)
    paths.person.choose("model", "Autoencoder, 2-D")
    paths.person.wait_for_query(model="mnist-ae-2d", a="row:3", b="row:50", models="mnist-vae-20")
    paths.strip("mnist-ae-2d", "linear").locator("canvas").nth(8).wait_for()
    expect(paths.strip("mnist-vae-2d", "linear")).to_have_count(0)


@pytest.mark.parametrize(("steps", "least"), [(3, 0.4), (9, 0.97), (16, 0.97)])
def test_the_images_of_a_strip_use_its_row(paths: PathsPage, steps, least):
    paths.open(f"{RAW}&ways=linear&steps={steps}")
    strip = paths.strip("mnist-vae-2d", "linear")
    row = strip.locator(".lx-track").bounding_box()["width"]
    used = sum(one.bounding_box()["width"] for one in strip.get_by_role("option").all())
    assert least * row < used <= row


def test_nine_steps_fit_a_phone_and_more_fade_at_the_edge_that_hides_them(browser, address):
    with walker(browser, address, viewport={"width": 390, "height": 844}, has_touch=True) as paths:
        paths.open(f"{RAW}&ways=linear")
        track = paths.strip("mnist-vae-2d", "linear").locator(".lx-track")
        assert track.evaluate("one => one.scrollWidth <= one.clientWidth")
        expect(track).to_have_attribute("data-after", "false")
        paths.part("steps").fill("20")
        expect(track).to_have_attribute("data-after", "true")
        expect(track).to_have_attribute("data-before", "false")
        track.evaluate("one => { one.scrollLeft = 1e4 }")
        expect(track).to_have_attribute("data-after", "false")
        expect(track).to_have_attribute("data-before", "true")


def test_the_page_fits_a_phone_and_its_targets_fit_a_finger(browser, address):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
    with walker(browser, address, **phone) as paths:
        paths.open(f"{RAW}&plus=class:7&minus=class:1&stroke=0_0_1_1")
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
