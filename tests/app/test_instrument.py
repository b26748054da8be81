"""The map as an instrument: colours, groups, search, posterior, trust, other maps, links."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from explorer.latent.atlas import load_for
from explorer.latent.polygon import inside, polygon_of_text
from explorer.store import open_artefact
from tests.app.conftest import ROOT, MapPage, visitor
from tests.app.test_map import assert_same_picture, lonely


@pytest.fixture(scope="module")
def atlas():
    return load_for(open_artefact("mnist-vae-2d"))


def colours(person: MapPage) -> list[str]:
    return person.page.evaluate(
        "document.querySelector('.lx-plane [data-part=plot]').data.map(t => t.marker.color)"
    )


def sizes(person: MapPage) -> list[int]:
    return person.page.evaluate(
        "document.querySelector('.lx-plane [data-part=plot]').data.map(t => t.x.length)"
    )


def draw(person: MapPage, tool: str, places: list[tuple[float, float]]) -> None:
    """Choose a tool and drag it through places of the map."""
    person.part(tool).click()
    person.page.mouse.move(*person.screen(*places[0]))
    person.page.mouse.down()
    for place in places[1:]:
        person.page.mouse.move(*person.screen(*place), steps=4)
    person.page.mouse.up()
    person.page.wait_for_function("() => location.search.includes('polygon=')")
    expect(person.part("group")).to_be_visible()


# --- colours --------------------------------------------------------------------------------------


def test_points_are_coloured_by_reconstruction_error_in_ten_ranges(map_page: MapPage):
    map_page.open()
    map_page.choose("colour", "Reconstruction error")
    map_page.wait_for_query(colour="error")
    expect(map_page.part("legend-title")).to_contain_text("squared error per pixel", timeout=60_000)
    chips = map_page.part("legend").get_by_role("button")
    expect(chips).to_have_count(10)
    assert sum(sizes(map_page)) == 5000
    assert len(set(colours(map_page))) == 10
    chips.last.dblclick()
    expect(map_page.part("legend").locator("[aria-pressed=true]")).to_have_count(1)
    lit = colours(map_page)
    assert len(set(lit[:-1])) == 1  # all others are the grey ground
    assert lit[-1] != lit[0]


def test_a_factor_colours_the_faces(map_page: MapPage):
    map_page.open("?model=faces-beta-vae-16-b4")
    map_page.choose("colour", "Glasses")
    expect(map_page.part("legend").get_by_role("button")).to_have_count(3, timeout=60_000)
    from explorer.data import load_dataset

    faces = load_dataset("faces").factors
    glasses = faces.values[:5000, faces.names.index("glasses")].numpy()
    map_page.page.wait_for_function(
        "() => document.querySelector('.lx-plane [data-part=plot]').data.length === 3"
    )
    assert sizes(map_page) == np.bincount(glasses, minlength=3).tolist()


# --- groups ---------------------------------------------------------------------------------------


def test_a_box_gives_a_group_with_its_counts_images_and_files(map_page: MapPage, atlas):
    map_page.open()
    draw(map_page, "box", [(-1.0, 0.5), (1.0, 2.0)])
    polygon = polygon_of_text(map_page.query()["polygon"])
    members = inside(atlas.coordinates("raw"), polygon)
    group = map_page.part("group")
    expect(group).to_contain_text(f"{members.sum():,}")
    for label, count in enumerate(np.bincount(atlas.labels[members], minlength=10)):
        if count:
            expect(group.locator(".lx-counts")).to_contain_text(f"{label} · {count}")
    with map_page.page.expect_download() as download:
        group.get_by_role("link", name="CSV").click()
    lines = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert [int(line["row"]) for line in lines] == atlas.rows[members].tolist()
    with map_page.page.expect_download() as download:
        group.get_by_role("link", name="PNG").click()
    assert Image.open(download.value.path()).size == (20 * 28, 20 * 28)


def test_unselected_points_stay_as_a_grey_ground_and_escape_lets_go(map_page: MapPage, atlas):
    map_page.open()
    draw(map_page, "lasso", [(-1, 1), (0, 0.2), (1, 1), (0.5, 2), (-0.5, 2), (-1, 1.1)])
    map_page.page.wait_for_function(
        "() => document.querySelector('.lx-plane [data-part=plot]').data.length === 20"
    )
    polygon = polygon_of_text(map_page.query()["polygon"])
    members = inside(atlas.coordinates("raw"), polygon)
    found = sizes(map_page)
    assert sum(found[:10]) == 5000
    assert found[10:] == np.bincount(atlas.labels[members], minlength=10).tolist()
    assert len(set(colours(map_page)[:10])) == 1
    map_page.part("map").focus()
    map_page.page.keyboard.press("Escape")
    expect(map_page.part("group")).to_be_hidden()
    map_page.page.wait_for_function("() => !location.search.includes('polygon=')")


def test_a_group_is_part_of_the_address_and_is_kept_under_a_name(map_page: MapPage):
    map_page.open("?polygon=-1_0.5_1_0.5_1_2_-1_2")
    expect(map_page.part("group")).to_be_visible()
    map_page.part("group").get_by_label("Name of this group").fill("Round ones")
    map_page.part("group").get_by_role("button", name="Keep group").click()
    expect(map_page.part("group")).to_contain_text("Round ones")
    map_page.part("group").get_by_role("button", name="Clear").click()
    expect(map_page.part("group")).to_be_hidden()
    map_page.more()
    map_page.choose("group", "Round ones")
    expect(map_page.part("group")).to_contain_text("Round ones")


def test_a_kept_group_is_renamed_and_deleted_and_that_is_undone(map_page: MapPage):
    group = map_page.part("group")

    def named(name: str, button: str) -> None:
        group.get_by_label("Name of this group").fill(name)
        group.get_by_role("button", name=button).click()

    map_page.open("?polygon=-1_0.5_1_0.5_1_2_-1_2")
    named("Round ones", "Keep group")
    expect(group.locator("b")).to_contain_text("Round ones: ")
    named("Noughts", "Rename")
    expect(group.locator("b")).to_contain_text("Noughts: ")
    map_page.more()
    map_page.page.locator(".st-key-group button[aria-haspopup=listbox]").click()
    assert map_page.page.get_by_role("option").all_text_contents() == ["No group", "Noughts"]
    map_page.page.keyboard.press("Escape")
    group.get_by_role("button", name="Delete").click()
    expect(group).to_contain_text("Noughts is deleted.")
    expect(group.locator("b")).not_to_contain_text("Noughts")
    group.get_by_role("button", name="Undo").click()
    expect(group.locator("b")).to_contain_text("Noughts: ")
    draw(map_page, "box", [(-1.5, -1.5), (0, 0)])
    expect(group.locator("b")).not_to_contain_text("Noughts")
    named("Noughts", "Keep group")  # the name of another group
    assert not group.get_by_label("Name of this group").evaluate("input => input.checkValidity()")
    expect(group.get_by_role("button", name="Keep group")).to_be_visible()


# --- search ---------------------------------------------------------------------------------------


def test_finding_a_class_lights_it_up_and_finding_a_number_goes_there(map_page: MapPage, atlas):
    map_page.open()
    text = map_page.part("find-text")
    text.fill("3")
    text.press("Enter")
    expect(map_page.part("find-note")).to_contain_text(f"{(atlas.labels == 3).sum()} of 5,000")
    assert sizes(map_page)[13] == (atlas.labels == 3).sum()
    map_page.wait_for_query(find="3")
    text.fill("#1234")
    text.press("Enter")
    map_page.wait_for_query(row="1234")
    map_page.page.wait_for_function("() => !location.search.includes('find=')")
    assert len(sizes(map_page)) == 10
    text.fill("owls")
    text.press("Enter")
    expect(map_page.part("find-note")).to_contain_text("owls")
    assert len(sizes(map_page)) == 10


def lit(person: MapPage, counts: list[int]) -> None:
    """Wait until so many points of each class are lit above the grey ground."""
    person.page.wait_for_function(
        "counts => { const data = document.querySelector('.lx-plane [data-part=plot]').data;"
        " return data.slice(counts.length).map(t => t.x.length).join() === counts.join() }",
        arg=counts,
    )


def test_a_link_lights_what_was_found_until_it_is_cleared_and_back_lights_it_again(
    map_page: MapPage, atlas
):
    fives = [int((atlas.labels == 5).sum()) * (label == 5) for label in range(10)]
    many = np.bincount(atlas.labels, minlength=10) * (np.arange(10) < 6)
    map_page.open("?find=0+1+2+3+4+5")
    lit(map_page, many.tolist())
    note = map_page.part("find-note")
    expect(note).to_contain_text(f"{many.sum():,} of 5,000 images")
    text = map_page.part("find-text")
    expect(text).to_have_value("0 1 2 3 4 5")
    text.fill("5")
    text.press("Enter")
    lit(map_page, fives)
    map_page.wait_for_query(find="5")
    map_page.page.wait_for_timeout(1500)  # at once, it would be taken for a late answer
    map_page.page.go_back()
    lit(map_page, many.tolist())
    expect(text).to_have_value("0 1 2 3 4 5")
    text.fill("")
    map_page.page.wait_for_function("() => !location.search.includes('find=')")
    assert len(sizes(map_page)) == 10
    expect(note).to_be_empty()


def test_a_group_takes_the_light_from_what_was_found_and_the_other_way_round(map_page: MapPage):
    map_page.open("?find=5")
    expect(map_page.part("find-note")).to_contain_text("of 5,000 images")
    draw(map_page, "box", [(-1.0, 0.5), (1.0, 2.0)])
    map_page.page.wait_for_function("() => !location.search.includes('find=')")
    expect(map_page.part("find-text")).to_have_value("")
    map_page.part("find-text").fill("7")
    map_page.part("find-text").press("Enter")
    map_page.wait_for_query(find="7")
    expect(map_page.part("group")).to_be_hidden()
    map_page.part("map").focus()
    map_page.page.keyboard.press("Escape")
    map_page.page.wait_for_function("() => !location.search.includes('find=')")
    expect(map_page.part("find-text")).to_have_value("")
    assert len(sizes(map_page)) == 10


# --- posterior, neighbours ------------------------------------------------------------------------


def test_the_posterior_is_sampled_and_sampled_again(map_page: MapPage):
    map_page.open("?model=mnist-vae-20&row=5")
    box = map_page.part("posterior")
    box.get_by_role("button", name="Sample the posterior").click()
    expect(box.locator("figure")).to_have_count(2)
    places = "[...document.querySelectorAll('.lx-sample')].map(c => c.getAttribute('cx'))"
    first = map_page.page.evaluate(places)
    assert len(first) == 64
    box.get_by_role("button", name="Sample again").click()
    map_page.page.wait_for_function(f"before => {places}.join() !== before.join()", arg=first)


def test_a_model_without_a_posterior_offers_none(map_page: MapPage):
    map_page.open("?model=mnist-ae-32")
    expect(map_page.part("posterior")).to_be_hidden()


def test_lines_lead_to_as_many_neighbours_as_are_asked_for(map_page: MapPage, atlas):
    map_page.open("?row=9&neighbours=12&metric=cosine")
    expect(map_page.part("neighbours").get_by_role("button")).to_have_count(12)
    expect(map_page.part("neighbours-title")).to_contain_text("angle")
    assert map_page.page.locator(".lx-line").count() == 12
    z = atlas.mean.astype(float)
    cosine = 1 - z @ z[9] / np.linalg.norm(z, axis=1) / np.linalg.norm(z[9])
    cosine[9] = np.inf
    buttons = map_page.part("neighbours").get_by_role("button").all()
    rows = [int(button.get_attribute("data-row")) for button in buttons]
    assert cosine[rows] == pytest.approx(np.sort(cosine)[:12], abs=1e-9)


# --- pictures -------------------------------------------------------------------------------------


def test_close_by_each_point_shows_its_own_image(map_page: MapPage, atlas, digits):
    position = lonely(atlas)
    x, y = atlas.coordinates("raw")[position]
    map_page.open(f"?row={atlas.rows[position]}")
    map_page.hover(x, y)
    for _ in range(4):
        map_page.page.mouse.wheel(0, -600)
    map_page.page.wait_for_function(
        "() => +document.querySelector('.lx-plane [data-part=pictures]').dataset.count > 0"
    )
    left, top = map_page.screen(x, y)
    # The middle of the picture, in its own pixels: the image is drawn larger, without smoothing.
    shown = map_page.page.evaluate(
        """([left, top]) => {
            const canvas = document.querySelector('.lx-plane [data-part=pictures]')
            const box = canvas.getBoundingClientRect(), context = canvas.getContext('2d')
            const side = 58, at = k => Math.floor((k + 0.5) * side / 28) - side / 2
            return Array.from({ length: 784 }, (_, p) => context.getImageData(
                left - box.left + at(p % 28), top - box.top + at(Math.floor(p / 28)), 1, 1).data[0])
        }""",
        [left, top],
    )
    own = digits.pixels[int(atlas.rows[position])].numpy().ravel().astype(float)
    assert np.corrcoef(shown, own)[0, 1] > 0.9


def test_without_webgl_the_map_is_drawn_all_the_same(browser, address, atlas):
    with visitor(browser, address) as person:
        person.page.add_init_script(
            "const real = HTMLCanvasElement.prototype.getContext\n"
            "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
            " return /webgl/.test(kind) ? null : real.call(this, kind, ...rest) }"
        )
        person.open("?row=3")
        assert person.page.locator("[data-part=plot] .scatterlayer .point").count() == 5000
        person.click(*atlas.coordinates("raw")[lonely(atlas)])
        person.wait_for_query(row=str(atlas.rows[lonely(atlas)]))


# --- trust ----------------------------------------------------------------------------------------


def gap_share_on_screen(person: MapPage) -> float:
    """The share of the map that is tinted as a gap, among what is tinted as data or gap."""
    picture = Image.open(io.BytesIO(person.part("plot").screenshot())).convert("RGB")
    rgb = np.asarray(picture).astype(int)
    red, green, blue = rgb.reshape(-1, 3).T
    gap = (red > 225) & (red - blue > 60) & (green > 150)
    data = (blue > 225) & (blue - red > 20)
    assert data.sum() > 1000
    return gap.sum() / (gap.sum() + data.sum())


def test_gaps_show_on_an_autoencoder_and_fill_on_a_vae(browser, address):
    shares = {}
    for model in ("mnist-ae-2d", "mnist-vae-2d"):
        with visitor(browser, address, color_scheme="light") as person:
            person.open(f"?model={model}&trust=standing")
            expect(person.part("scale")).to_be_visible(timeout=120_000)
            expect(person.part("scale")).to_contain_text("a gap")
            person.page.wait_for_timeout(500)  # the picture is decoded by the browser
            shares[model] = gap_share_on_screen(person)
    assert shares["mnist-ae-2d"] > shares["mnist-vae-2d"] + 0.1


# --- other maps -----------------------------------------------------------------------------------


def test_another_map_is_made_with_its_parameters_and_its_quality_is_said(map_page: MapPage):
    map_page.open("?model=mnist-vae-20&row=11")
    expect(map_page.part("quality")).to_contain_text("Trustworthiness 0.9", timeout=60_000)
    map_page.more()
    map_page.page.get_by_text("Make another map").click()
    map_page.choose("map-method", "PCA")
    map_page.page.get_by_role("button", name="Make this map").click()
    map_page.wait_for_query(projection="pca", row="11")
    map_page.ready()


def test_a_map_that_takes_long_shows_how_far_it_is_and_can_be_cancelled(map_page: MapPage):
    map_page.page.goto(f"{map_page.address}/?model=mnist-vae-20&projection=tsne-p77-s5")
    waiting = map_page.part("waiting")
    expect(waiting).to_be_visible(timeout=60_000)
    expect(waiting).to_contain_text("Preparing this map")
    waiting.get_by_role("button", name="Cancel").click()
    map_page.wait_for_query(projection="umap")
    map_page.ready()
    expect(waiting).to_be_hidden()


# --- on a phone -----------------------------------------------------------------------------------

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.mark.parametrize("query", ["", "?model=mnist-cvae-2d", "?model=mnist-vae-20"])
def test_a_phone_shows_the_map_the_image_and_how_far_to_trust_it_at_once(browser, address, query):
    with visitor(browser, address, **PHONE) as person:
        person.open(query)
        map_ = person.part("plot").bounding_box()
        person.page.touchscreen.tap(map_["x"] + 200, map_["y"] + 120)
        person.page.wait_for_function("() => !/row=0(&|$)/.test(location.search)")
        person.settled()
        for name in ("plot", "decoded", "trust"):
            box = person.part(name).bounding_box()
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= 844
        small = person.page.evaluate(
            "() => [...document.querySelectorAll('.lx-plane :is(button, a, input)')].filter(one =>"
            " one.offsetParent && one.getBoundingClientRect().height < 40).map(one => one.outerHTML)"
        )
        assert small == []


# --- views to share -------------------------------------------------------------------------------


def test_the_python_that_is_copied_makes_the_image_that_is_shown(map_page: MapPage, tmp_path):
    map_page.open("?row=7")
    address = f"{map_page.address}/explorer/python/mnist-vae-2d/mnist-5k/raw?count=5000&row=7"
    script = map_page.page.request.get(address).text()
    map_page.part("copy-python").click()
    expect(map_page.part("share-note")).not_to_be_empty()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script]
    subprocess.run(command, check=True, cwd=tmp_path, timeout=120, env=environment)
    (made,) = tmp_path.glob("*.png")
    assert_same_picture(map_page.pixels("decoded"), np.asarray(Image.open(made)) / 255)


@pytest.mark.parametrize(("part", "kind"), [("save-png", "png"), ("save-svg", "svg")])
def test_the_map_is_saved_as_a_picture(map_page: MapPage, part, kind):
    map_page.open()
    with map_page.page.expect_download() as download:
        map_page.part(part).click()
    assert download.value.suggested_filename == f"mnist-vae-2d-raw.{kind}"
    content = download.value.path().read_bytes()
    assert content.startswith(b"\x89PNG" if kind == "png" else b"<svg")


def test_what_is_at_the_pointer_is_said_in_words(map_page: MapPage, atlas):
    map_page.open("?row=0")
    status = map_page.part("status")
    expect(status).to_contain_text("Looks like digit 0")
    expect(status).to_contain_text("in data, nearest other real image")
    map_page.open("?place=30,30")
    expect(status).to_contain_text("outside, nearest real image")


def test_a_link_opens_the_same_view_again(browser, address):
    query = "?model=mnist-vae-20&projection=pca&colour=kl&row=4&neighbours=9&hover=off&layer=both"
    with visitor(browser, address) as person:
        person.open(query)
        link = person.page.url
    with visitor(browser, address) as other:
        other.page.goto(link)
        other.ready()
        assert other.query() == dict(pair.split("=") for pair in query[1:].split("&"))
        expect(other.part("legend-title")).to_contain_text("KL, nats per image", timeout=60_000)


def test_where_moving_does_not_decode_a_press_does(map_page: MapPage, atlas):
    map_page.open("?hover=off&row=3")
    before = map_page.latent()
    map_page.hover(1.0, 1.0)
    map_page.page.wait_for_timeout(100)
    assert map_page.latent() == before
    map_page.page.mouse.down()
    map_page.page.mouse.move(*map_page.screen(0.5, -0.5), steps=3)
    map_page.page.wait_for_function(
        "z => document.querySelector('[data-testid=decoded]').dataset.z !== z",
        arg=",".join(f"{value:.3f}" for value in before),
    )
    map_page.page.mouse.up()
    map_page.page.wait_for_function("() => /place=|row=(?!3&)/.test(location.search)")
