"""The map as an instrument: colours, groups, search, posterior, trust, other maps, links."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from explorer.latent.atlas import load_for
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


def test_what_changes_the_map_closes_the_settings_over_it_and_the_rest_leaves_them_open(
    map_page: MapPage,
):
    inside = map_page.page.locator(".st-key-layer")
    map_page.open("?model=mnist-vae-20")
    for key, title in (("layer", "Points on decoded images"), ("trust", "Density on the map")):
        map_page.more()
        map_page.choose(key, title)
        expect(inside).to_be_hidden()
    map_page.more()
    map_page.choose("metric", "Angle")
    map_page.wait_for_query(metric="cosine", layer="both", trust="density")
    expect(inside).to_be_visible()
    map_page.page.get_by_text("Make another map").click()
    map_page.choose("map-method", "t-SNE")
    map_page.page.get_by_role("button", name="Make this map").click()
    expect(inside).to_be_hidden()
    map_page.wait_for_query(projection="tsne")


def test_every_control_has_a_help_text(map_page: MapPage):
    map_page.open("?model=mnist-vae-20")
    map_page.more()
    map_page.page.get_by_text("Make another map").click()
    for method in ("UMAP", "t-SNE", "PCA"):
        map_page.choose("map-method", method)
        bare = map_page.page.evaluate(
            "() => [...document.querySelectorAll('.stMain, [data-testid=stPopoverBody]')].flatMap("
            "box => [...box.querySelectorAll('.stSelectbox, .stSlider, .stCheckbox, .stNumberInput'"
            ")]).filter(one => !one.querySelector('[data-testid=stTooltipIcon]')).map(one =>"
            " one.textContent)"
        )
        assert bare == []


def test_a_map_that_takes_long_shows_how_far_it_is_and_can_be_cancelled(map_page: MapPage):
    map_page.page.goto(f"{map_page.address}/?model=mnist-vae-20&projection=tsne-p77-s5")
    waiting = map_page.part("waiting")
    expect(waiting).to_be_visible(timeout=60_000)
    expect(waiting).to_contain_text("Preparing this map")
    waiting.get_by_role("button", name="Cancel").click()
    map_page.wait_for_query(projection="umap")
    map_page.ready()
    expect(waiting).to_be_hidden()


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
