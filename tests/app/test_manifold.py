"""The manifold of a 2-D latent space: the picture, the pointer, the keys, by value."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

import explorer
from tests.app.maker import Maker


def shown_manifold(maker: Maker) -> np.ndarray:
    """The drawn picture without its axes, grey, as it is on the screen."""
    return np.array(
        maker.page.evaluate(
            """() => {
                const canvas = document.querySelector('[data-part=picture]')
                const [w, h] = [canvas.clientWidth - 58, canvas.clientHeight - 40].map(Math.floor)
                const rgba = canvas.getContext('2d').getImageData(52, 6, w, h).data
                const rows = []
                for (let y = 0; y < h; y++) {
                    rows.push(Array.from({ length: w }, (_, x) => rgba[4 * (y * w + x)]))
                }
                return rows
            }"""
        )
    )


def place_of(maker: Maker, u: float, v: float) -> tuple[float, float]:
    """Where a place of the unit square of the picture is on the screen."""
    box = maker.part("sheet").bounding_box()
    width, height = box["width"] - 58, box["height"] - 40
    return box["x"] + 52 + u * width, box["y"] + 6 + (1 - v) * height


def manifold_of(name: str, cells: int, label: int | None = None) -> np.ndarray:
    """The whole manifold by the package alone: `cells` x `cells` quantiles of N(0, I)."""
    from scipy.special import ndtri

    at = ndtri((np.arange(cells) + 0.5) / cells)
    z = np.array([[x, y] for y in at[::-1] for x in at], np.float32)
    labels = None if label is None else np.full(len(z), label)
    images = explorer.load(name, "cpu").decode(z, labels)[:, 0]
    rows = images.reshape(cells, cells, 28, 28).transpose(0, 2, 1, 3)
    return 255 * rows.reshape(cells * 28, cells * 28)


def scaled(picture: np.ndarray, like: np.ndarray) -> np.ndarray:
    size = (like.shape[1], like.shape[0])
    return np.asarray(Image.fromarray(picture.astype(np.uint8)).resize(size, Image.Resampling.BOX))


def test_the_whole_manifold_is_decoded_at_the_quantiles_of_the_prior(maker):
    maker.open(model="mnist-vae-2d", task="manifold")
    shown = shown_manifold(maker)
    across = int(maker.page.locator(".lx-manifold").get_attribute("data-across"))
    assert across == 20
    expected = scaled(manifold_of("mnist-vae-2d", across), shown)
    inside = np.s_[4:-4, 4:-4]
    near = np.abs(shown[inside].astype(float) - expected[inside]).mean()
    other = scaled(manifold_of("mnist-vae-2d", across)[:, ::-1], shown)
    assert near < 12 < 2 * near + 24 < np.abs(shown[inside].astype(float) - other[inside]).mean()


def test_the_pointer_decodes_the_latent_that_is_under_it_and_a_click_keeps_it(maker):
    from scipy.special import ndtri

    maker.open(model="mnist-vae-2d", task="manifold")
    maker.page.mouse.move(*place_of(maker, 0.7, 0.35))
    z = ndtri([0.7, 0.35])
    expected = ",".join(f"{value:.3f}" for value in z)
    maker.page.wait_for_function(
        "z => document.querySelector('[data-testid=decoded]').dataset.z.split(',')"
        ".every((value, k) => Math.abs(value - z[k]) < 0.01)",
        arg=z.tolist(),
    )
    shown = maker.page.locator("[data-testid=decoded]").get_attribute("data-z")
    exact = np.array([[float(value) for value in shown.split(",")]], np.float32)
    image = explorer.load("mnist-vae-2d", "cpu").decode(exact)[0]
    assert np.abs(maker.pixels("[data-testid=decoded]") - 255 * image.ravel()).max() <= 3, expected
    maker.page.mouse.click(*place_of(maker, 0.7, 0.35))
    maker.page.wait_for_function("() => location.search.includes('place=')")
    kept = [float(value) for value in maker.query()["place"].split(",")]
    assert kept == pytest.approx(z, abs=0.01)
    link = maker.page.get_by_role("link", name="Open on the map").get_attribute("href")
    assert f"place={maker.query()['place']}".replace(",", "%2C") in link
    maker.page.reload()
    maker.settled()
    maker.page.wait_for_function(
        "z => document.querySelector('[data-testid=decoded]').dataset.z?.split(',')"
        ".every((value, k) => Math.abs(value - z[k]) < 0.001)",
        arg=kept,
    )


def test_the_manifold_is_decoded_anew_and_finer_where_one_comes_near(maker):
    maker.open(model="mnist-vae-2d", task="manifold")
    asked = []
    maker.page.on("request", lambda request: asked.append(request.url))
    root = maker.page.locator(".lx-manifold")
    maker.page.mouse.move(*place_of(maker, 0.5, 0.5))
    for _ in range(4):
        maker.page.mouse.wheel(0, -250)
    maker.page.wait_for_function(
        "() => +document.querySelector('.lx-manifold').dataset.across > 40"
    )
    maker.settled()
    x0, x1, y0, y1 = (float(value) for value in root.get_attribute("data-view").split(","))
    assert (x0 + x1) / 2 == pytest.approx(0.5, abs=0.02)
    assert x1 - x0 < 0.4
    assert (x1 - x0) == pytest.approx(y1 - y0, abs=1e-4)
    assert any("/grid/mnist-vae-2d/" in url and "spaced=normal" in url for url in asked)
    assert all(int(re.search(r"nx=(\d+)", url)[1]) <= 40 for url in asked if "/grid/" in url)
    near, seen = shown_manifold(maker), root.get_attribute("data-view")
    maker.wait_for_query(zoom=seen)
    maker.page.reload()
    maker.settled()
    assert root.get_attribute("data-view") == seen, "a view is a link"
    maker.page.wait_for_function(
        "() => +document.querySelector('.lx-manifold').dataset.across > 40"
    )
    maker.part("sheet").focus()
    for _ in range(3):
        maker.page.keyboard.press("Escape")
    maker.page.get_by_role("button", name="The whole manifold").click()
    maker.settled()
    assert root.get_attribute("data-across") == "20"
    whole = scaled(manifold_of("mnist-vae-2d", 20), near)[4:-4, 4:-4]
    again = shown_manifold(maker)[4:-4, 4:-4]
    assert np.abs(again.astype(float) - whole).mean() < 12, "no finer cells are left over"
    assert root.get_attribute("data-view") == "0.00000,1.00000,0.00000,1.00000"
    assert np.abs(near.astype(float) - shown_manifold(maker)).mean() > 10


def test_the_manifold_is_walked_and_kept_by_keys(maker):
    maker.open(model="mnist-vae-2d", task="manifold", place="0,0")
    maker.part("sheet").focus()
    for key in ("Shift+ArrowRight", "Shift+ArrowUp", "ArrowUp"):
        maker.page.keyboard.press(key)
    maker.page.keyboard.press("Enter")
    maker.page.wait_for_function(
        "() => new URLSearchParams(location.search).get('place') !== '0,0'"
    )
    x, y = (float(value) for value in maker.query()["place"].split(","))
    assert y > x > 0.05
    maker.page.keyboard.press("+")
    maker.page.wait_for_function(
        "() => document.querySelector('.lx-manifold').dataset.view !== "
        "'0.00000,1.00000,0.00000,1.00000'"
    )


def test_a_conditional_manifold_is_that_of_its_class_and_evenly_spaced_if_asked(maker):
    maker.open(model="mnist-cvae-2d", task="manifold", label=3)
    three = shown_manifold(maker)
    inside = np.s_[4:-4, 4:-4]
    across = int(maker.page.locator(".lx-manifold").get_attribute("data-across"))
    expected = [scaled(manifold_of("mnist-cvae-2d", across, label), three) for label in (3, 5)]
    near, far = (np.abs(three[inside].astype(float) - one[inside]).mean() for one in expected)
    assert near < 12 < far
    maker.part("label").select_option("5")
    maker.wait_for_query(label="5")
    maker.settled()
    five = shown_manifold(maker)
    assert np.abs(five[inside].astype(float) - expected[1][inside]).mean() < 12
    maker.part("spaced").select_option("linear")
    maker.wait_for_query(spaced="linear")
    maker.settled()
    assert np.abs(shown_manifold(maker)[inside].astype(float) - five[inside]).mean() > 5
    expect(maker.part("reach-said")).to_have_text("± 3.0 σ")


def test_the_manifold_is_saved_with_its_axes(maker):
    maker.open(model="mnist-vae-2d", task="manifold")
    with maker.page.expect_download() as download:
        maker.part("save").click()
    assert download.value.suggested_filename == "mnist-vae-2d-manifold.png"
    picture = np.asarray(Image.open(download.value.path()).convert("L"))
    box = maker.part("sheet").bounding_box()
    assert picture.shape == (2 * (int(box["height"]) + 44), 2 * int(box["width"]))
    shown = shown_manifold(maker)
    drawn = picture[2 * 50 : 2 * (50 + shown.shape[0]), 2 * 52 : 2 * (52 + shown.shape[1])]
    assert np.abs(scaled(drawn, shown)[8:-8, 8:-8].astype(float) - shown[8:-8, 8:-8]).mean() < 12
    assert picture[:80, 100:600].min() < 100, "a title"
