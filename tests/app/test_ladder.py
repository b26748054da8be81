"""Models side by side in a real browser: pixels, nats and choices against the package."""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import pytest
from PIL import Image

from explorer import store
from explorer.comparisons import comparisons
from explorer.latent.between import emptiness
from explorer.latent.opened import open_atlas
from explorer.latent.portrait import portrait
from explorer.latent.walk import Walk
from tests.app.crafts import PHONE, TaskPage, at_task
from tests.app.reading import red
from tests.app.test_names import unnamed, unreachable

CARDS = {
    found.id: found.card
    for found in store.find().artefacts
    if found.card.kind == "model" and found.shipped
}
BETA = comparisons(CARDS)["beta"]
B4 = "mnist-beta-vae-10-b4"
# Clear pixels between the images of a cell.
GAP = 2


class LadderPage(TaskPage):
    """A person in front of the models side by side."""

    def open(self, query: str = "") -> LadderPage:
        self.page.goto(f"{self.address}/compare?compare=ladder{query}")
        self.ready()
        return self

    def drawn(self) -> LadderPage:
        """Wait for all that the models draw, of what is in the address now."""
        self.settled()
        self.wait("lx.dataset.ready === 'true' && lx.dataset.walked === 'true'")
        return self

    def cell(self, kind: str, model: str):
        return self.page.locator(f".lx-ladder-cell[data-kind={kind}][data-model='{model}']")

    def images(self, kind: str, model: str, columns: int) -> np.ndarray:
        """The grey images `(n, H, W)` of a cell, row by row."""
        whole = red(self.cell(kind, model).locator("canvas"))
        wide = columns * (28 + GAP) - GAP
        assert whole.shape[1] == wide
        rows = (len(whole) + GAP) // (28 + GAP)
        return np.stack(
            [
                whole[top : top + 28, left : left + 28]
                for top in np.arange(rows) * (28 + GAP)
                for left in np.arange(columns) * (28 + GAP)
            ]
        )

    def point(self, model: str, nth: int = 0):
        return self.part("charts").locator(f"[data-key='{model}']").nth(nth)

    def chosen(self) -> list[str]:
        """The models whose column is marked."""
        found = self.page.locator(".lx-ladder-cell[data-kind=name][data-on=true]")
        return found.evaluate_all("all => all.map(one => one.dataset.model)")


@pytest.fixture
def person(browser, address):
    with at_task(browser, address) as someone:
        yield LadderPage(someone.page, someone.address, someone.faults)


def near(shown: np.ndarray, images: np.ndarray) -> bool:
    return np.abs(shown - np.rint(255 * images[:, 0])).max() <= 1


@pytest.mark.parametrize("model", ["mnist-beta-vae-10-b0.25", B4, "mnist-beta-vae-10-b16"])
def test_every_model_draws_the_same_things(person, model):
    person.open("&model=mnist-vae-2d&row=7&second=row:9&seed=5").drawn()
    one = open_atlas(model, "mnist-5k", 5000)
    expected = portrait(one, one, Walk(a="row:7", b="row:9"), 5)
    counts = np.cumsum([1, 10, 10, 21])
    parts = np.split(expected.images, counts)
    for kind, columns, images in zip(
        ("chosen", "rows", "samples", "walks", "way"), (1, 5, 5, 7, 7), parts, strict=True
    ):
        assert near(person.images(kind, model, columns), images), kind
    words = person.cell("chosen", model).inner_text()
    assert words == f"error {expected.error:.3g} · {expected.rate:.1f} nats"
    bars = person.cell("kl", model).locator("i")
    shown = [float(text) for text in bars.evaluate_all("all => all.map(one => one.dataset.value)")]
    assert shown == pytest.approx(sorted(one.dimensions.kl, reverse=True), abs=1e-4)
    dead = bars.evaluate_all("all => all.filter(one => one.dataset.dead === 'true').length")
    assert dead == int(one.dimensions.dead.sum())
    assert person.images("chosen", model, 1).shape == (1, 28, 28)
    person.shows("original", one.dataset.picture(7).numpy())
    person.shows("second", one.dataset.picture(9).numpy())
    standing = person.cell("way", model).locator("[data-standing]")
    assert standing.count() == 7


def test_models_stand_in_order_with_the_figures_of_their_cards(person):
    person.open()
    names = person.page.locator(".lx-ladder-name")
    assert [text.split("\n")[0] for text in names.all_inner_texts()] == [
        one.words for one in BETA.members
    ]
    for model in BETA.models:
        for metric, digits in (("kl", 1), ("reconstruction", 1), ("mse", 4), ("active_units", 0)):
            cell = person.cell("figure", model).locator(f"[data-figure={metric}]")
            assert cell.inner_text() == f"{CARDS[model].metrics[metric].value:.{digits}f}"
    assert "least at beta 1 (98.4 nats)" in person.part("finding").inner_text()


def test_a_point_of_the_plot_chooses_its_model_by_pointer_and_by_keys(person):
    person.open("&model=mnist-vae-2d&row=7")
    assert person.chosen() == []
    person.point(B4).locator(".lx-plot-dot").click()
    assert person.chosen() == [B4]
    person.wait_for_query(model=B4, row="7")
    person.settled()
    assert person.point(B4).get_attribute("aria-pressed") == "true"
    other = BETA.models[0]
    person.point(other).focus()
    person.page.keyboard.press("Enter")
    person.wait_for_query(model=other, row="7")
    assert person.chosen() == [other]
    assert person.page.evaluate("document.activeElement.dataset.key") == other
    person.page.reload()
    person.ready()
    assert person.chosen() == [other]


def test_points_stand_where_the_cards_say_and_lines_join_equal_sums(person):
    person.open()
    places = {}
    for model in BETA.models:
        dot = person.point(model).locator(".lx-plot-dot")
        places[model] = [float(dot.get_attribute(name)) for name in ("cx", "cy")]
    values = {
        model: [CARDS[model].metrics[name].value for name in ("reconstruction", "kl")]
        for model in BETA.models
    }
    for axis in (0, 1):
        shown = [places[model][axis] for model in BETA.models]
        meant = [values[model][axis] for model in BETA.models]
        slope, start = np.polyfit(meant, shown, 1)
        assert np.allclose(np.polyval([slope, start], meant), shown, atol=0.1)
    words = person.part("charts").locator("text.lx-tone-iso").all_text_contents()
    assert words
    assert all(re.fullmatch(r"−ELBO \d+", text) for text in words)


def test_a_column_head_chooses_its_model_too(person):
    person.open("&among=linear")
    person.page.get_by_role("button", name="PCA, 32-D").last.click()
    person.wait_for_query(model="mnist-pca-32", among="linear")


def test_a_test_image_becomes_a_or_b_and_the_seed_is_kept(person):
    person.open("&row=7").drawn()
    buttons = person.page.locator(".lx-ladder-images [data-row]")
    row = buttons.nth(3).get_attribute("data-row")
    buttons.nth(3).click()
    person.wait("lx.dataset.ready === 'true' && lx.dataset.subject === arg", f"row:{row}")
    person.wait_for_query(row=row)
    person.page.locator(".lx-ladder-images").get_by_role("radio", name="B").click()
    later = buttons.nth(8).get_attribute("data-row")
    buttons.nth(8).click()
    person.wait("lx.dataset.ready === 'true' && lx.dataset.second === arg", f"row:{later}")
    person.wait_for_query(row=row, second=f"row:{later}")
    person.page.get_by_label("Seed").fill("12")
    person.page.keyboard.press("Enter")
    person.wait("lx.dataset.ready === 'true' && lx.dataset.seed === '12'")
    person.wait_for_query(seed="12")
    before = person.images("samples", B4, 5)
    person.page.reload()
    person.ready()
    assert np.array_equal(person.images("samples", B4, 5), before)
    assert person.page.get_by_label("Seed").input_value() == "12"


def test_a_picture_of_ones_own_goes_through_every_model(person):
    person.open("&among=likelihood").drawn()
    drawing = np.zeros((28, 28), np.uint8)
    drawing[4:24, 12:16] = 255
    stream = io.BytesIO()
    Image.fromarray(drawing).save(stream, "PNG")
    file = {"name": "one.png", "mimeType": "image/png", "buffer": stream.getvalue()}
    person.page.locator(".lx-pad-tools input[type=file]").first.set_input_files(file)
    person.wait("lx.dataset.ready === 'true' && lx.dataset.subject.startsWith('own:')")
    seen = person.grey("original")
    one = open_atlas("mnist-small-vae-10-mse", "mnist-5k", 5000)
    z = one.model.encode((seen / 255).astype(np.float32)[None, None]).mean
    assert near(person.images("chosen", one.model.id, 1), one.model.decode(z))


def test_terms_that_do_not_compare_are_said_and_squared_error_stands_on_the_axis(person):
    person.open("&among=likelihood")
    assert "squared error per pixel" in person.part("charts").inner_text()
    assert "do not stand on one scale" in person.part("charts").inner_text()
    assert person.part("charts").locator(".lx-tone-iso").count() == 0
    assert person.page.get_by_text("nats per image; not on one scale", exact=True).count() == 3


def test_the_emptiness_between_classes_is_drawn_for_each_family(person):
    person.open("&among=holes").drawn()
    person.wait("lx.querySelectorAll('[data-part=charts] [data-key]').length === 2")
    for model in ("mnist-ae-2d", "mnist-vae-2d"):
        middle = emptiness(open_atlas(model, "mnist-5k", 5000))[4]
        assert f"{middle:.2f} usual distances" in person.point(model).get_attribute("aria-label")
        assert f"{middle:.2f} times" in person.part("finding").inner_text()


def test_the_comparison_is_saved_as_a_picture_and_as_a_table(person):
    person.open("&row=7").drawn()
    with person.page.expect_download() as saved:
        person.page.get_by_role("button", name="Save figures (CSV)").click()
    head, *lines = csv.reader(io.StringIO(saved.value.path().read_text()))
    assert [line[0] for line in lines] == list(BETA.models)
    rate = head.index("Rate (KL) (nats per image)")
    assert [float(line[rate]) for line in lines] == [
        CARDS[model].metrics["kl"].value for model in BETA.models
    ]
    one = open_atlas(B4, "mnist-5k", 5000)
    kl = [float(text) for text in lines[4][head.index("KL of dimension 1 (nats)") :]]
    assert kl == pytest.approx(one.dimensions.kl, abs=1e-4)
    with person.page.expect_download() as saved:
        person.page.get_by_role("button", name="Save picture (PNG)").click()
    picture = np.asarray(Image.open(saved.value.path()).convert("L"))
    assert picture.shape[1] > 2 * 7 * 200
    assert picture.shape[0] > 2000
    # As much black as the images of seven columns have at least.
    assert (picture < 10).mean() > 0.08


def test_it_fits_a_phone_and_everything_has_a_name(browser, address):
    with at_task(browser, address, **PHONE) as someone:
        person = LadderPage(someone.page, someone.address, someone.faults).open().drawn()
        assert person.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        outside = person.page.evaluate(
            """() => [...document.querySelectorAll('.lx-ladder *')]
                .filter(one => !one.closest('.lx-ladder-scroll')
                    && one.getBoundingClientRect().right > innerWidth + 1)
                .map(one => one.outerHTML.slice(0, 120))"""
        )
        assert outside == []
        assert person.small() == []
        assert unnamed(person.page) == []
        assert unreachable(person.page) == []
        last = BETA.models[-1]
        person.point(last).tap()
        person.wait_for_query(model=last)
        person.page.wait_for_function(
            """model => {
                const head = document.querySelector(`[data-kind=name][data-model="${model}"]`)
                const box = head.getBoundingClientRect()
                return box.left >= -1 && box.right <= innerWidth + 1
            }""",
            arg=last,
        )


def test_a_comparison_of_other_images_takes_its_own_data_set_along(person):
    person.open("&model=mnist-vae-2d&row=7&among=sprites-beta").drawn()
    button = person.page.locator(".lx-ladder-images [data-row]").nth(1)
    row = button.get_attribute("data-row")
    button.click()
    first = "sprites-beta-vae-10-b1"
    person.wait_for_query(model=first, dataset="sprites", row=row, among="sprites-beta")
    person.wait("lx.dataset.ready === 'true' && lx.dataset.subject === arg", f"row:{row}")
    assert person.chosen() == [first]


def test_a_place_of_a_map_is_drawn_by_its_model_and_seen_by_the_others(person):
    person.open("&model=mnist-vae-2d&projection=raw&place=0.5,-1&among=likelihood").drawn()
    home = open_atlas("mnist-vae-2d", "mnist-5k", 5000)
    one = open_atlas("mnist-small-vae-10-mse", "mnist-5k", 5000)
    expected = portrait(one, home, Walk(a="place:0.5,-1", projection="raw"), 0)
    assert near(person.images("chosen", one.model.id, 1), expected.images[:1])
