"""The page of generated images: what is shown is what the package computes, by pixels."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

import explorer
from explorer.latent.opened import open_atlas
from explorer.latent.sample import Asked, draw
from explorer.store import open_artefact
from tests.app.conftest import visitor
from tests.app.maker import MIXTURE, PATIENCE, PRIOR, Maker, same

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


def test_one_walks_on_from_a_sample_among_the_dimensions(maker):
    maker.open(model="mnist-vae-20", task="samples", n=9, seed=5, picked="mixture-4")
    z = draw(open_atlas("mnist-vae-20", "mnist-5k", 5000), "prior", Asked(n=9, seed=5)).z
    maker.page.locator(f"{PRIOR} .lx-option").nth(4).click()
    maker.wait_for_query(picked="prior-4")
    maker.page.get_by_role("link", name="Walk from here").click()
    maker.page.wait_for_url("**/dimensions?*")
    maker.page.locator(".lx-sliders[data-ready=true]").wait_for(timeout=PATIENCE)
    maker.page.wait_for_function(
        "z => document.querySelector('[data-testid=decoded]').dataset.z?.split(',')"
        ".every((value, k) => Math.abs(value - z[k]) < 0.002)",
        arg=z[4].tolist(),
    )
    image = explorer.load("mnist-vae-20", "cpu").decode(z[4:5])[0]
    assert np.abs(maker.pixels("[data-testid=decoded]") - 255 * image.ravel()).max() <= 3


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
    expect(maker.page.get_by_role("link", name="Walk from here")).to_have_count(0)
    maker.page.get_by_role("link", name="Paint on it").click()
    maker.settled()
    painted = maker.part("map").locator("[role=gridcell]")
    shown = painted.evaluate_all("all => all.map(one => +one.dataset.code)")
    assert shown == drawn.codes[4].ravel().tolist()
    assert same(maker.pixels("[data-testid=painted]"), images[4])


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
