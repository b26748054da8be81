"""The page of generated images: what is shown is what the package computes, by pixels."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

import explorer
from explorer.latent.opened import open_atlas
from explorer.latent.sample import Asked, draw
from explorer.store import open_artefact
from explorer.view.classes.classes import latents
from tests.app.conftest import visitor

PATIENCE = 60_000
# The pixels of image i of a gallery, red channel, row by row.
CELL = """([selector, i]) => {
    const host = document.querySelector(selector), canvas = host.querySelector('canvas')
    const columns = +host.querySelector('.lx-options').style.getPropertyValue('--columns')
    const rows = Math.ceil(host.querySelectorAll('.lx-option').length / columns)
    const [w, h] = [canvas.width / columns, canvas.height / rows]
    const context = canvas.getContext('2d')
    const rgba = context.getImageData(i % columns * w + 1, Math.floor(i / columns) * h + 1, w - 2, h - 2)
    return Array.from(rgba.data.filter((_, k) => k % 4 === 0))
}"""  # noqa: E501
PIXELS = """selector => {
    const canvas = document.querySelector(selector)
    const rgba = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
    return Array.from(rgba.filter((_, k) => k % 4 === 0))
}"""
PRIOR, MIXTURE = "[data-sampler=prior] .lx-gallery", "[data-sampler=mixture] .lx-gallery"


class Maker:
    """A person in front of the page of generated images."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address

    def open(self, **query: object) -> Maker:
        words = "&".join(f"{name}={value}" for name, value in query.items())
        self.page.goto(f"{self.address}/generate?{words}")
        self.settled()
        return self

    def settled(self) -> None:
        """Wait until the script rests and all images are those that were asked for."""
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        self.page.locator(".lx[data-ready=true]").wait_for(timeout=PATIENCE)

    def cell(self, gallery: str, i: int) -> np.ndarray:
        return np.array(self.page.evaluate(CELL, [gallery, i]))

    def pixels(self, selector: str) -> np.ndarray:
        return np.array(self.page.evaluate(PIXELS, selector))

    def part(self, name: str):
        return self.page.locator(f".lx [data-part={name}]")

    def wait_for_query(self, **expected: str) -> None:
        self.page.wait_for_function(
            "wanted => { const query = new URLSearchParams(location.search);"
            " return Object.entries(wanted).every(([k, v]) => query.get(k) === v) }",
            arg=expected,
        )

    def query(self) -> dict[str, str]:
        return self.page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")


@pytest.fixture
def maker(browser, address):
    with visitor(browser, address) as person:
        yield Maker(person.page, address)


def same(pixels: np.ndarray, image: np.ndarray) -> bool:
    """Whether pixels are an image `(1, H, W)` in [0, 1]; decodes of a batch differ by rounding."""
    return bool(np.abs(pixels - 255 * image.reshape(-1)).max() <= 1.01)


# --- samples --------------------------------------------------------------------------------------


def test_samples_are_those_of_the_seed_in_any_browser_and_after_a_reload(maker, browser, address):
    view = {"model": "mnist-vae-20", "task": "samples", "n": 16, "seed": 7}
    maker.open(**view)
    drawn = draw(open_atlas("mnist-vae-20", "mnist-5k", 5000), "prior", Asked(n=16, seed=7))
    images = explorer.load("mnist-vae-20", "cpu").decode(drawn.z)
    expect(maker.page.locator(f"{PRIOR} .lx-option")).to_have_count(16)
    assert all(same(maker.cell(PRIOR, i), images[i]) for i in range(16))
    mixture = [maker.cell(MIXTURE, i) for i in (0, 9)]
    maker.page.reload()
    maker.settled()
    with visitor(browser, address) as other:
        there = Maker(other.page, address).open(**view)
        for one in (maker, there):
            assert all(same(one.cell(PRIOR, i), images[i]) for i in (0, 15))
            assert [one.cell(MIXTURE, i).tolist() for i in (0, 9)] == [m.tolist() for m in mixture]
    maker.part("reseed").click()
    maker.page.wait_for_function("() => !location.search.includes('seed=7')")
    maker.settled()
    assert not same(maker.cell(PRIOR, 0), images[0])
    maker.part("undo").click()
    maker.wait_for_query(seed="7")
    maker.settled()
    assert same(maker.cell(PRIOR, 0), images[0])


def test_the_temperature_is_live_while_the_slider_is_dragged(maker):
    maker.open(model="mnist-vae-20", task="samples", n=9, seed=3, sampler="prior")
    box = maker.part("temperature").bounding_box()
    y = box["y"] + box["height"] / 2
    maker.page.mouse.move(box["x"] + box["width"] / 2, y)
    maker.page.mouse.down()
    maker.page.mouse.move(box["x"] + 1, y, steps=5)
    expect(maker.part("temperature-said")).to_have_text("0.00")
    maker.settled()
    assert "temperature" not in maker.query(), "nothing is kept before the slider is let go"
    middle = explorer.load("mnist-vae-20", "cpu").decode(np.zeros((1, 20), np.float32))[0]
    assert all(same(maker.cell(PRIOR, i), middle) for i in (0, 8))
    maker.page.mouse.up()
    maker.wait_for_query(temperature="0")
    expect(maker.page.locator(MIXTURE)).to_be_hidden()


def test_a_sample_chosen_by_keys_is_shown_large_with_its_latent_and_the_nearest_image(
    maker, digits
):
    maker.open(model="mnist-vae-20", task="samples", n=16, seed=5)
    maker.page.locator(f"{PRIOR} [role=listbox]").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Enter"):
        maker.page.keyboard.press(key)
    maker.wait_for_query(picked="prior-6")
    opened = open_atlas("mnist-vae-20", "mnist-5k", 5000)
    z = draw(opened, "prior", Asked(n=16, seed=5)).z[6]
    image = explorer.load("mnist-vae-20", "cpu").decode(z[None])[0]
    assert same(maker.pixels("[data-testid=picked]"), image)
    index, distance = opened.atlas.index.nearest(z[None], 1)
    row = int(opened.atlas.rows[index[0, 0]])
    maker.page.wait_for_function(
        "row => document.querySelector('[data-testid=nearest]').dataset.row === row", arg=str(row)
    )
    body = maker.page.locator(".lx-picked-body")
    expect(body).to_contain_text("Is it a copy?", timeout=PATIENCE)
    real = digits.pixels[row].numpy() / 255
    apart = np.sqrt(np.square(np.rint(255 * image) / 255 - real).mean())
    words = body.inner_text()
    assert f"{distance[0, 0]:.2f} from the nearest" in words
    assert float(re.search(r"differ by (0\.\d+)", words)[1]) == pytest.approx(apart, abs=0.006)
    link = body.get_by_role("link", name="Walk from here").get_attribute("href")
    moved = re.search(r"moved=([^&]*)", link)[1].replace("%3A", ":").split("%2C")
    assert [float(part.split(":")[1]) for part in moved] == pytest.approx(z, abs=6e-4)
    assert "start=mean" in link
    expect(maker.page.locator(".lx-minimap[data-ready=true] .lx-dot-moving")).to_have_count(
        1, timeout=PATIENCE
    )
    maker.page.reload()
    maker.settled()
    expect(maker.page.locator(f"{PRIOR} [aria-selected=true]")).to_have_attribute(
        "aria-label", re.compile("^Sample 7, looks like")
    )
    assert same(maker.pixels("[data-testid=picked]"), image)


def test_a_plain_autoencoder_shows_why_it_needs_the_mixture(maker):
    maker.open(model="mnist-ae-32", task="samples", n=64, seed=1)
    prior, mixture = (maker.page.locator(f"[data-sampler={name}]") for name in ("prior", "mixture"))
    expect(prior).to_contain_text("nothing pulled these latents towards N(0, I)")
    expect(mixture).to_contain_text("4,500 images of mnist-5k")
    shares = [
        int(one.locator(".lx-facts b").first.inner_text().removesuffix(" %"))
        for one in (prior, mixture)
    ]
    opened = open_atlas("mnist-ae-32", "mnist-5k", 5000)
    drawn = draw(opened, "prior", Asked(seed=1))
    import torch

    with torch.inference_mode():
        images = torch.from_numpy(opened.model.decode(drawn.z))
        sure = opened.judge.probabilities(images).max(1).values.numpy()
    assert shares[0] == round(100 * float((sure > 0.9).mean()))
    assert shares[1] > shares[0] + 20
    counts = prior.locator(".lx-reads").get_attribute("aria-label")
    assert sum(map(int, re.findall(r"\d (\d+)", counts))) == 64


def test_a_vq_vae_is_drawn_from_its_learned_prior_beside_codes_drawn_apart(maker):
    maker.open(model="mnist-vq-vae", task="samples", n=9, seed=2, picked="prior-4")
    opened = open_atlas("mnist-vq-vae", "mnist-5k", 5000)
    drawn = draw(opened, "prior", Asked(n=9, seed=2))
    images = explorer.load("mnist-vq-vae", "cpu").decode(drawn.z)
    assert all(same(maker.cell(PRIOR, i), images[i]) for i in range(9))
    cells = maker.page.locator(".lx-picked .lx-code")
    assert [int(text) for text in cells.all_inner_texts()] == drawn.codes[4].ravel().tolist()
    expect(maker.page.locator("[data-sampler=mixture]")).to_contain_text("no two of them agree")
    expect(maker.page.get_by_role("link", name="Walk from here")).to_be_hidden()


def test_samples_are_saved_as_a_picture_and_as_a_table(maker):
    maker.open(model="mnist-vae-20", task="samples", n=9, seed=4, sampler="prior")
    box = maker.page.locator("[data-sampler=prior]")
    files = {}
    for name in ("PNG", "CSV"):
        with maker.page.expect_download() as download:
            box.get_by_role("link", name=name).click()
        files[name] = download.value
    assert files["PNG"].suggested_filename == "mnist-vae-20-prior-9-seed-4.png"
    picture = np.asarray(Image.open(files["PNG"].path()))
    assert np.abs(picture[:28, :28].ravel() - maker.cell(PRIOR, 0)).max() <= 1
    rows = list(csv.DictReader(io.StringIO(Path(files["CSV"].path()).read_text())))
    z = draw(open_atlas("mnist-vae-20", "mnist-5k", 5000), "prior", Asked(n=9, seed=4)).z
    assert [float(row["z20"]) for row in rows] == pytest.approx(z[:, 19], abs=1e-5)


def test_a_conditional_model_is_told_the_chosen_class_for_every_sample(maker):
    maker.open(model="mnist-cvae-20", task="samples", n=9, seed=1, sampler="prior", label=4)
    opened = open_atlas("mnist-cvae-20", "mnist-5k", 5000)
    z = draw(opened, "prior", Asked(n=9, seed=1)).z
    model = explorer.load("mnist-cvae-20", "cpu")
    told = model.decode(z, np.full(9, 4))
    assert all(same(maker.cell(PRIOR, i), told[i]) for i in range(9))
    maker.part("label").select_option("")
    maker.page.wait_for_function("() => !location.search.includes('label=')")
    maker.settled()
    turn = model.decode(z, np.arange(9))
    assert all(same(maker.cell(PRIOR, i), turn[i]) for i in range(9))


# --- the manifold ---------------------------------------------------------------------------------


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
    near = shown_manifold(maker)
    for _ in range(3):
        maker.page.keyboard.press("Escape")
    maker.page.get_by_role("button", name="The whole manifold").click()
    maker.settled()
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


# --- classes --------------------------------------------------------------------------------------


def test_the_table_of_classes_holds_the_same_latent_in_a_column(maker):
    maker.open(model="mnist-cvae-20", task="classes", seed=3, row=7)
    z = np.array(latents(10, 20, 3), np.float32)
    assert z == pytest.approx(np.random.default_rng(3).standard_normal((8, 20)), abs=1e-4)
    model = explorer.load("mnist-cvae-20", "cpu")
    expect(maker.page.locator("[data-part=cross] .lx-option")).to_have_count(80)
    for label, column in [(0, 0), (3, 5), (9, 7)]:
        image = model.decode(z[column : column + 1], np.array([label]))[0]
        assert same(maker.cell("[data-part=cross]", 8 * label + column), image)


def test_the_style_of_an_image_is_drawn_as_every_class_and_so_is_that_of_a_column(maker, digits):
    maker.open(model="mnist-cvae-20", task="classes", seed=3, row=7)
    model = explorer.load("mnist-cvae-20", "cpu")
    own = int(digits.labels[7])
    z = model.encode(digits.pixels[7:8].numpy(), np.array([own])).mean
    styled = model.decode(np.repeat(z, 10, 0), np.arange(10))
    # The atlas keeps latents to float16's precision.
    for label in range(10):
        cell = maker.cell("[data-part=strip]", label)
        assert np.abs(cell - 255 * styled[label].ravel()).max() <= 3
    expect(maker.part("style-words")).to_contain_text(f"was told {own}")
    maker.page.locator("[data-part=cross] [role=listbox]").focus()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        maker.page.keyboard.press(key)
    maker.wait_for_query(style="1")
    maker.settled()
    column = np.array(latents(10, 20, 3)[1], np.float32)
    again = model.decode(np.repeat(column[None], 10, 0), np.arange(10))
    assert all(same(maker.cell("[data-part=strip]", label), again[label]) for label in range(10))
    maker.part("of-original").click()
    maker.page.wait_for_function("() => !location.search.includes('style=')")


def test_two_classes_are_mixed_live_and_the_mix_stands_in_the_address(maker):
    maker.open(model="mnist-cvae-20", task="classes", seed=3, style=2, mix="4,9,0.5")
    model, z = explorer.load("mnist-cvae-20", "cpu"), np.array([latents(10, 20, 3)[2]], np.float32)

    def mixed(share: float) -> np.ndarray:
        weights = np.zeros((1, 10), np.float32)
        weights[0, 4], weights[0, 9] = 1 - share, share
        return model.decode(z, weights)[0]

    assert same(maker.pixels("[data-testid=mixed]"), mixed(0.5))
    box = maker.part("share").bounding_box()
    y = box["y"] + box["height"] / 2
    maker.page.mouse.move(box["x"] + box["width"] / 2, y)
    maker.page.mouse.down()
    maker.page.mouse.move(box["x"] + 0.2 * box["width"], y, steps=6)
    share = float(maker.part("share").input_value())
    maker.page.wait_for_function(
        "mix => document.querySelector('[data-testid=mixed]').dataset.mix === mix",
        arg=f"4,9,{share:g}",
    )
    assert maker.query()["mix"] == "4,9,0.5", "nothing is kept before the slider is let go"
    assert same(maker.pixels("[data-testid=mixed]"), mixed(share))
    maker.page.mouse.up()
    maker.wait_for_query(mix=f"4,9,{share:g}")
    maker.part("to").select_option("7")
    maker.wait_for_query(mix=f"4,7,{share:g}")
    maker.part("undo").click()
    maker.wait_for_query(mix=f"4,9,{share:g}")
    maker.page.reload()
    maker.settled()
    assert same(maker.pixels("[data-testid=mixed]"), mixed(share))
    expect(maker.page.locator(".lx-mixing .lx-caption")).to_contain_text("looks like")


def test_the_style_of_an_uploaded_picture_is_drawn_as_every_class(maker, digits):
    maker.open(model="mnist-cvae-20", task="classes", style=2)
    stream = io.BytesIO()
    Image.fromarray(digits.pixels[31, 0].numpy()).resize((56, 56)).save(stream, "PNG")
    upload = maker.page.locator("input[type=file]")
    upload.set_input_files(
        {"name": "mine.png", "mimeType": "image/png", "buffer": stream.getvalue()}
    )
    maker.page.wait_for_function("() => /own=/.test(location.search)")
    maker.settled()
    expect(maker.part("style-title")).to_contain_text("style of the original")
    model = explorer.load("mnist-cvae-20", "cpu")
    seen = maker.pixels("[data-testid=original]").reshape(1, 1, 28, 28) / 255
    told = int(re.search(r"was told (\d)", maker.part("style-words").inner_text())[1])
    z = model.encode(seen.astype(np.float32), np.array([told])).mean
    styled = model.decode(np.repeat(z, 10, 0), np.arange(10))
    for label in range(10):
        cell = maker.cell("[data-part=strip]", label)
        assert np.abs(cell - 255 * styled[label].ravel()).max() <= 3


# --- the page -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "task", "why", "other"),
    [
        ("mnist-vae-20", "manifold", "20 latent dimensions", "Open VAE, 2-D"),
        ("mnist-vae-20", "classes", "never told a class", "Open Conditional VAE, 2-D"),
    ],
)
def test_a_task_that_a_model_cannot_do_offers_one_that_can(maker, model, task, why, other):
    maker.page.goto(f"{maker.address}/generate?model={model}&task={task}")
    expect(maker.page.locator(".stAlert")).to_contain_text(why)
    maker.page.get_by_role("button", name=other, exact=True).click()
    maker.settled()
    assert maker.query()["task"] == task
    assert maker.query()["model"] != model


@pytest.mark.parametrize(
    ("model", "task"),
    [("mnist-ae-32", "samples"), ("mnist-cvae-2d", "manifold"), ("mnist-cvae-20", "classes")],
)
def test_on_a_phone_nothing_is_cut_and_a_finger_has_room(browser, address, model, task):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with visitor(browser, address, **phone) as person:
        maker = Maker(person.page, address).open(model=model, task=task, picked="prior-3")
        assert person.page.evaluate("document.documentElement.scrollWidth") <= 390
        beyond = person.page.evaluate(
            """() => [...document.querySelectorAll('.lx *')].filter(one => {
                const box = one.getBoundingClientRect()
                return box.width && !one.closest('svg, .lx-hidden, .lx-plot, .lx-tip')
                    && (box.right > 391 || box.left < -1)
            }).map(one => one.outerHTML.slice(0, 120))"""
        )
        assert beyond == []
        small = person.page.evaluate(
            """() => [...document.querySelectorAll('.lx :is(button, select, input, a.lx-button)')]
                .filter(one => one.offsetParent && one.type !== 'range' && one.type !== 'file')
                .filter(one => one.getBoundingClientRect().height < 39.5)
                .map(one => one.outerHTML.slice(0, 120))"""
        )
        assert small == []
        assert maker.page.locator(".lx-fault").first.is_hidden()


def test_shipped_models_are_offered_for_the_tasks_that_they_can_do():
    from explorer.view.generate import TASKS

    able = {
        name: [task for task in ("samples", "manifold", "classes") if not TASKS[task].why_not(card)]
        for name in ("mnist-vae-2d", "mnist-cvae-2d", "mnist-cvae-20", "mnist-vq-vae")
        for card in [open_artefact(name).card]
    }
    assert able == {
        "mnist-vae-2d": ["samples", "manifold"],
        "mnist-cvae-2d": ["samples", "manifold", "classes"],
        "mnist-cvae-20": ["samples", "classes"],
        "mnist-vq-vae": ["samples"],
    }
