"""The same image in every model, in a real browser: each panel shows what its model computes."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import expect

from explorer import store
from explorer.data import load_dataset
from explorer.latent.polygon import inside, polygon_of_text
from explorer.latent.together import name_of
from tests.app.comparer import Panels, alignment, distance, empty_place, kl, loaded, opened
from tests.app.conftest import running_app, visitor

LADDER = [f"mnist-beta-vae-10-b{beta}" for beta in ("0.25", "0.5", "1", "2", "4", "8", "16")]
SOME = ("mnist-beta-vae-10-b1", "mnist-beta-vae-10-b4", "mnist-vae-20")
RAW = ("mnist-vae-2d", "mnist-pca-2", "mnist-vae-20")


@pytest.fixture
def panels(map_page) -> Panels:
    return Panels(map_page)


def image(row: int) -> np.ndarray:
    return load_dataset("mnist-5k").picture(row).numpy()[None]


def same(pixels: np.ndarray, x: np.ndarray) -> bool:
    return bool(np.abs(pixels - 255 * x[0, 0]).max() <= 1.01)


def lands(panels: Panels, model: str, projection: str, x: np.ndarray, told=None) -> None:
    """A panel shows where its model encodes an image, what it decodes, and what that costs."""
    mean = loaded(model).encode(x, told).mean
    x_hat = loaded(model).decode(mean, told)
    place = opened(model).map(projection).places_of(mean)[0][0]
    assert panels.place(model) == pytest.approx(place.tolist(), abs=3e-3)
    assert same(panels.pixels(model), x_hat)
    assert float(panels.said(model, "mse")) == pytest.approx(np.square(x - x_hat).mean(), rel=1e-3)
    assert distance(panels.dot(model), panels.on_map(model, place)) < 1


def test_the_page_opens_with_one_image_in_all_models_of_the_shipped_ladder(panels):
    panels.open(row=12)
    assert panels.models() == LADDER
    x = image(12)
    assert same(panels.through(), x)
    for model in LADDER:
        atlas = opened(model).atlas
        point = atlas.coordinates("umap")[atlas.position(12)]
        assert panels.place(model) == pytest.approx(point.tolist(), abs=1e-4)
        assert distance(panels.dot(model), panels.on_map(model, point)) < 1
        assert float(panels.said(model, "rate")) == pytest.approx(kl(model, x), rel=1e-4)
        assert same(panels.pixels(model), loaded(model).decode(loaded(model).encode(x).mean))
        standing = opened(model).trust.of_image(atlas.position(12)).standing
        assert panels.said(model, "trust") == standing
    rates = [kl(model, x) for model in LADDER]
    shown = panels.panel(LADDER[-1]).locator("dd").nth(2)
    expect(shown).to_have_text(f"{rates[-1]:.1f} nats")


def test_families_of_every_kind_stand_beside_each_other(panels):
    models = ("mnist-vae-2d", "mnist-vq-vae", "mnist-pca-2", "mnist-conv-ae-64", "mnist-cvae-20")
    panels.open(*models, row=7, model="mnist-vae-2d")
    label = load_dataset("mnist-5k").labels[7:8].numpy()
    for model in models:
        told = label if loaded(model).conditional else None
        x_hat = loaded(model).decode(loaded(model).encode(image(7), told).mean, told)
        assert same(panels.pixels(model), x_hat)
    for model in ("mnist-vq-vae", "mnist-pca-2", "mnist-conv-ae-64"):
        assert panels.said(model, "rate") == "null"
        expect(panels.panel(model).locator("dd").nth(2)).to_have_text("no posterior")


def test_moving_over_one_map_moves_the_matched_image_on_all_others(panels):
    panels.open(*SOME, row=3)
    home = SOME[1]
    place = empty_place(home, "umap")
    panels.page.mouse.move(*panels.screen(home, place))
    panels.page.wait_for_function(
        "() => document.querySelector('.lx-panels').dataset.shown?.includes('place:')"
    )
    text = panels.asked().removeprefix(f"{home} place:")
    pointed = np.array([float(value) for value in text.split(",")])
    assert distance(panels.on_map(home, pointed), panels.on_map(home, place)) < 1
    x = loaded(home).decode(opened(home).map("umap").latent_at(pointed).z[None])
    assert same(panels.through(), x)
    for model in (SOME[0], SOME[2]):
        lands(panels, model, "umap", x)
    assert panels.place(home) == pytest.approx(pointed.tolist(), abs=1e-4)
    panels.page.mouse.move(2, 2)  # away: the kept image again
    panels.wait_for(f"{SOME[0]} row:3")
    assert same(panels.through(), image(3))


def test_a_click_keeps_the_place_and_its_model_in_the_address(panels):
    panels.open(*RAW, row=3, model="mnist-vae-20")
    place = empty_place("mnist-vae-2d", "raw")
    panels.page.mouse.click(*panels.screen("mnist-vae-2d", place))
    panels.person.wait_for_query(model="mnist-vae-2d", projection="raw")
    kept = [float(value) for value in panels.person.query()["place"].split(",")]
    assert kept == pytest.approx(place.tolist(), abs=0.05)
    panels.page.mouse.move(2, 2)
    panels.page.reload()
    panels.ready()
    x = loaded("mnist-vae-2d").decode(np.array([kept], np.float32))
    assert same(panels.through(), x)
    lands(panels, "mnist-vae-20", "umap", x)
    assert panels.said("mnist-vae-2d", "home") == "true"


def test_a_click_on_a_point_keeps_its_image(panels):
    panels.open(*SOME, row=3)
    atlas = opened(SOME[2]).atlas
    xy = atlas.coordinates("umap")
    lone = np.argmax(opened(SOME[2]).map("umap").index.nearest(xy, 2)[1][:, 1])
    panels.page.mouse.click(*panels.screen(SOME[2], xy[lone]))
    row = str(atlas.rows[lone])
    panels.person.wait_for_query(model=SOME[2], row=row)
    panels.wait_for(f"{SOME[2]} row:{row}")
    assert same(panels.through(), image(int(row)))


def test_keys_do_what_the_pointer_does(panels):
    panels.open(*RAW, row=3)
    stage = panels.panel("mnist-vae-2d").locator(".lx-minimap")
    stage.focus()
    for _ in range(3):
        stage.press("ArrowRight")
    panels.page.wait_for_function(
        "() => !document.querySelector('.lx-panels').dataset.shown.endsWith('row:3')"
    )
    shown = panels.asked()
    assert shown.startswith("mnist-vae-2d ")
    stage.press("Enter")
    kind, _, value = shown.split(" ")[1].partition(":")
    panels.person.wait_for_query(model="mnist-vae-2d", **{kind: value} if kind == "row" else {})
    assert kind in panels.person.query()


def test_the_posterior_is_an_ellipse_where_the_latent_is_shown_as_it_is(panels):
    panels.open(*RAW, row=9, model="mnist-vae-2d")
    posterior = loaded("mnist-vae-2d").encode(image(9))
    mean, sigma = posterior.mean[0], np.exp(0.5 * posterior.logvar[0])
    shape = panels.panel("mnist-vae-2d").locator(".lx-ellipse").first  # 2 sigma
    box = shape.evaluate(
        "path => { const { x, y, width, height } = path.getBBox(); return [x, y, width, height] }"
    )
    left, top = panels.on_map("mnist-vae-2d", mean + 2 * sigma * [-1, 1])
    right, bottom = panels.on_map("mnist-vae-2d", mean + 2 * sigma * [1, -1])
    assert box == pytest.approx([left, top, right - left, bottom - top], abs=1)
    for model in RAW[1:]:
        expect(panels.panel(model).locator(".lx-ellipse")).to_have_count(0)


def test_a_drawn_line_lights_the_same_images_everywhere_and_stands_in_the_address(panels):
    panels.open(*SOME, row=3)
    xy = opened(SOME[1]).map("umap").coordinates
    labels = opened(SOME[1]).atlas.labels
    middle, reach = np.median(xy[labels == 1], axis=0), 0.25 * np.ptp(xy, axis=0).min()
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    circle = middle + reach * np.stack([np.cos(angles), np.sin(angles)], 1)
    panels.draw_around(SOME[1], circle)
    panels.page.wait_for_function("() => location.search.includes('lit=')")
    model, _, shape = panels.person.query()["lit"].partition(":")
    assert model == SOME[1]
    count = int(inside(xy, polygon_of_text(shape)).sum())
    assert count > 100
    for name in SOME:
        assert int(panels.said(name, "lit")) == count
    expect(panels.part("lit-words")).to_have_text(f"{count:,} images lit in all panels.")
    panels.page.mouse.move(2, 2)
    panels.page.reload()
    panels.ready()
    expect(panels.panel(SOME[0])).to_have_attribute("data-lit", str(count))
    coloured = panels.panel(SOME[0]).locator(".lx-sketch")
    dim = _colour(coloured)
    panels.part("all").click()
    expect(panels.panel(SOME[0])).to_have_attribute("data-lit", "")
    assert _colour(coloured) > 2 * dim  # all others had been grey
    panels.page.wait_for_function("() => !location.search.includes('lit=')")


def _colour(canvas) -> int:
    """How many pixels of a canvas are of a colour that is no grey."""
    return canvas.evaluate(
        """canvas => {
            const { width, height } = canvas
            const rgba = canvas.getContext('2d').getImageData(0, 0, width, height).data
            let count = 0
            for (let i = 0; i < rgba.length; i += 4) {
                const [r, g, b, a] = rgba.subarray(i, i + 4)
                if (a > 60 && Math.max(r, g, b) - Math.min(r, g, b) > 60) count++
            }
            return count
        }"""
    )


def test_maps_are_turned_onto_the_first_one_and_it_is_said(panels):
    panels.open(*SOME, row=3)
    for model in SOME[1:]:
        found = alignment(model, "umap", SOME[0], "umap")
        matrix, shift = panels.turn(model)
        np.testing.assert_allclose(matrix, found.matrix, rtol=1e-6)
        np.testing.assert_allclose(shift, found.shift, rtol=1e-6)
        words = panels.panel(model).locator(".lx-panel-note")
        expect(words).to_have_text(f"Turned; {100 * found.residual:.0f} % of the variance is left")
    assert panels.said(SOME[0], "turn") == ""
    panels.person.choose("aligned", "Each by itself")
    panels.person.wait_for_query(aligned="off")
    panels.ready()
    expect(panels.panel(SOME[1])).to_have_attribute("data-turn", "")
    expect(panels.panel(SOME[1]).locator(".lx-minimap[data-ready=true]")).to_be_visible()
    atlas = opened(SOME[1]).atlas
    point = atlas.coordinates("umap")[atlas.position(3)]
    panels.panel(SOME[1]).locator(".lx-dot-moving").wait_for()
    assert distance(panels.dot(SOME[1]), panels.on_map(SOME[1], point)) < 1


def test_a_panel_is_taken_away_and_brought_back_and_two_stay(panels):
    panels.open(*SOME, row=3)
    panels.panel(SOME[1]).get_by_role("button", name="Take", exact=False).click()
    panels.person.wait_for_query(panels=f"{SOME[0]},{SOME[2]}")
    expect(panels.panel(SOME[1])).to_have_count(0)
    expect(panels.page.get_by_role("button", name="Take", exact=False)).to_have_count(0)
    panels.part("undo").click()
    panels.person.wait_for_query(panels=",".join(SOME))
    panels.ready()
    assert panels.models() == list(SOME)


def test_another_image_and_an_own_one_go_through_all(panels):
    panels.open(*SOME, row=3)
    panels.page.get_by_role("button", name="Another").click()
    panels.page.wait_for_function("() => !/[?&]row=3(&|$)/.test(location.search)")
    row = int(panels.person.query()["row"])
    panels.wait_for(f"{SOME[0]} row:{row}")
    assert same(panels.through(), image(row))
    stroke, file = np.zeros((140, 140), np.uint8), io.BytesIO()
    stroke[20:120, 60:78] = 255
    Image.fromarray(stroke).save(file, "PNG")
    panels.page.locator(".lx-subject input[type=file]").set_input_files(
        {"name": "one.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    panels.page.wait_for_function("() => location.search.includes('own=')")
    panels.wait_for(f"{SOME[0]} own:{panels.person.query()['own']}")
    x = (panels.through() / 255).astype(np.float32)[None, None]
    for model in SOME:
        mean = loaded(model).encode(x).mean
        assert panels.pixels(model) == pytest.approx(255 * loaded(model).decode(mean)[0, 0], abs=2)


def test_models_of_another_image_shape_are_left_out_and_said(panels):
    panels.open("mnist-vae-2d", "faces-conv-vae-256", "mnist-vae-20", row=3)
    assert panels.models() == ["mnist-vae-2d", "mnist-vae-20"]
    expect(panels.page.get_by_text("takes images of another shape")).to_be_visible()


def test_sprites_are_compared_on_their_own_images(panels):
    panels.open(among="sprites-beta", row=3)
    names = panels.models()
    assert names
    assert all(name.startswith("sprites-beta-vae-10") for name in names)
    assert panels.through().shape == (64, 64)


def test_all_panels_are_saved_as_one_picture(panels):
    panels.open(*SOME, row=3)
    with panels.page.expect_download() as download:
        panels.part("save").click()
    with Image.open(download.value.path()) as picture:
        assert picture.format == "PNG"
        wide, high = picture.size
        assert wide > 2 * 3 * 200
        assert high > 2 * 300
        colours = picture.convert("RGB").resize((64, 64)).getcolors(64 * 64)
        assert len(colours) > 30


def test_on_a_phone_the_panels_stand_in_one_column_the_first_in_front(browser, address):
    screen = {"width": 390, "height": 844}
    with visitor(browser, address, viewport=screen, has_touch=True) as person:
        panels = Panels(person).open(*SOME, row=3)
        boxes = [panels.panel(model).bounding_box() for model in SOME]
        assert [box["x"] for box in boxes] == [boxes[0]["x"]] * 3
        assert boxes[0]["y"] < boxes[1]["y"] < boxes[2]["y"]
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
        assert panels.page.evaluate("document.documentElement.scrollWidth") <= 390
        panels.panel(SOME[0]).scroll_into_view_if_needed()
        panels.page.touchscreen.tap(*panels.screen(SOME[0], empty_place(SOME[0], "umap")))
        panels.page.wait_for_function("() => /[?&](place|row)=/.test(location.search)")


def test_maps_that_were_laid_out_together_are_shown_as_they_are(browser, tmp_path, monkeypatch):
    """They take minutes to make: here they are kept already, the same image in the same place."""
    home, models = tmp_path / "home", SOME[:2]
    monkeypatch.setenv("EXPLORER_HOME", str(home))
    atlases = [opened(model).atlas for model in models]
    xy = torch.from_numpy(atlases[0].coordinates("umap").astype(np.float32))
    file = home / ".together" / f"{name_of(atlases)}.safetensors"
    store.write_tensors(file, {model: xy.clone() for model in models})
    with running_app(home) as url, visitor(browser, url) as person:
        panels = Panels(person).open(*models, row=3, aligned="umap")
        point = xy[atlases[0].position(3)].numpy()
        for model in models:
            assert panels.place(model) == pytest.approx(point.tolist(), abs=1e-3)
            assert distance(panels.dot(model), panels.on_map(model, point)) < 1
            words = panels.panel(model).locator(".lx-panel-note")
            expect(words).to_have_text("Laid out together with the others")
        panels.page.mouse.click(*panels.screen(models[1], empty_place(models[0], "umap")))
        person.wait_for_query(model=models[1])
        assert "place" not in person.query()  # it would mean nothing on the model's own map
        row = int(person.query()["row"])
        panels.page.mouse.move(2, 2)
        panels.wait_for(f"{models[1]} row:{row}")
        assert same(panels.through(), image(row))
