"""Class and style apart: what a conditional model draws of one latent, by value."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

import explorer
from explorer.view.classes.classes import latents
from tests.app.maker import same


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
