"""Denoising in a real browser: pixels and decibels against the package."""

from __future__ import annotations

import numpy as np
import pytest

import explorer
from explorer.metrics.denoising import cleaned
from tests.app.crafts import PHONE, TaskPage, at_task
from tests.app.test_names import unnamed, unreachable

VIEW = "?model=mnist-denoising-ae-64&task=denoise&row=7"


@pytest.fixture(scope="module")
def model():
    return explorer.load("mnist-denoising-ae-64", "cpu")


@pytest.fixture
def person(browser, address):
    with at_task(browser, address) as someone:
        yield someone.open(VIEW)


def check(person: TaskPage, model, noise: str, amount: float, seed: int = 0) -> None:
    """Wait for this noise; all that is shown is what the package makes of it."""
    person.wait(
        "lx.dataset.noise === arg[0] && lx.dataset.amount === arg[1]",
        [f"{noise} {seed}", f"{amount:g}"],
    )
    x = explorer.dataset("mnist-5k").picture(7).numpy()
    made = cleaned(model, x, noise, [amount], seed)
    for name in ("noisy", "denoised", "median"):
        images = getattr(made, name)
        person.shows(name, images[0])
        (db,) = made.psnr(images)
        said = person.part(f"{name}-words").inner_text()
        if np.isfinite(db):
            assert float(said.removesuffix(" dB")) == pytest.approx(db, abs=0.06)
        else:
            assert said == "no error"
    person.shows("original", x)


def test_an_image_is_shown_noisy_cleaned_and_filtered_each_with_its_decibels(person, model):
    check(person, model, "gaussian", 0.5)
    assert "better than the median filter" in person.part("words").inner_text()
    assert "trained to clean Gaussian noise of 0.50" in person.part("trained").inner_text()


def test_the_images_follow_the_slider_while_it_is_dragged(person, model):
    slider = person.part("amount")
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    person.page.mouse.move(box["x"] + box["width"] / 2, y)
    person.page.mouse.down()
    for share in (0.3, 0.7, 0.2):
        person.page.mouse.move(box["x"] + share * box["width"], y)
        amount = float(slider.input_value())
        check(person, model, "gaussian", amount)
    person.page.mouse.up()
    person.wait_for_query(amount=f"{amount:g}")
    person.page.reload()
    person.ready()
    check(person, model, "gaussian", amount)


@pytest.mark.parametrize(
    ("title", "noise"), [("Salt and pepper", "salt-and-pepper"), ("Masking", "masking")]
)
def test_another_kind_of_noise_is_chosen_by_the_mouse(person, model, title, noise):
    person.page.get_by_role("radio", name=title).click()
    check(person, model, noise, 0.5)
    person.wait_for_query(noise=noise)


def test_the_keyboard_chooses_noise_and_amount(person, model):
    person.page.get_by_role("radio", name="Gaussian").focus()
    person.page.keyboard.press("ArrowLeft")
    check(person, model, "masking", 0.5)
    person.part("amount").focus()
    person.page.keyboard.press("ArrowRight")
    check(person, model, "masking", 0.51)
    person.page.keyboard.press("Home")
    check(person, model, "masking", 0)
    assert "nothing to clean" in person.part("words").inner_text()


@pytest.mark.parametrize("noise", ["masking", "salt-and-pepper"])
def test_where_nothing_is_left_of_the_image_no_decibels_are_praised(browser, address, noise, model):
    with at_task(browser, address) as person:
        person.open(f"{VIEW}&noise={noise}&amount=1")
        check(person, model, noise, 1)
        words = person.part("words").inner_text()
        assert "Nothing is left of the image" in words
        assert "dB" not in words


def test_where_it_stands_at_what_it_was_trained_with_one_mark_says_so(person):
    curve = person.part("curve")
    person.wait("lx.querySelector('[data-part=curve] .lx-plot-words')")
    assert curve.locator(".lx-plot-words").all_text_contents() == ["now, as trained with"]
    person.part("amount").fill("0.52")
    person.wait("lx.dataset.amount === '0.52'")
    assert curve.locator(".lx-plot-words").all_text_contents() == ["now", "trained with"]
    places = "all => all.map(one => Number(one.getAttribute('y')))"
    now, trained = curve.locator(".lx-plot-words").evaluate_all(places)
    assert trained - now >= 15
    sides = "all => all.map(one => one.getAttribute('text-anchor'))"
    assert curve.locator(".lx-plot-words").evaluate_all(sides) == ["start", "end"]


def test_new_noise_is_that_of_the_next_seed_and_stands_in_the_link(person, model):
    person.page.get_by_role("button", name="New noise").click()
    check(person, model, "gaussian", 0.5, seed=1)
    person.wait_for_query(seed="1")
    person.part("seed").fill("40")
    person.part("seed").press("Enter")
    check(person, model, "gaussian", 0.5, seed=40)
    person.wait_for_query(seed="40")


def test_the_curve_has_a_line_for_each_and_says_its_values(person):
    person.wait("lx.querySelectorAll('[data-part=curve] polyline').length === 3")
    label = person.part("curve").get_attribute("aria-label")
    for name in ("denoised", "median"):
        assert person.part(f"{name}-words").inner_text() in label


def test_a_model_that_never_saw_noise_says_so(browser, address):
    with at_task(browser, address) as person:
        person.open("?model=mnist-vae-2d&task=denoise&row=7")
        person.wait("lx.querySelector('[data-part=trained]').textContent")
        assert "never shown noise" in person.part("trained").inner_text()
        check(person, explorer.load("mnist-vae-2d", "cpu"), "gaussian", 0.5)


def test_it_fits_a_phone_and_everything_has_a_name(browser, address, model):
    with at_task(browser, address, **PHONE) as person:
        person.open(VIEW)
        check(person, model, "gaussian", 0.5)
        assert person.cut() == []
        assert person.small() == []
        assert person.rows_of_buttons() == 1
        assert unnamed(person.page) == []
        assert unreachable(person.page) == []
