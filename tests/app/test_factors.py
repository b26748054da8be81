"""The figures and the heat map of the page Compare in a real browser: by value."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page

from explorer.latent.factors import knowledge
from explorer.latent.opened import open_atlas
from explorer.metrics.names import NAMES
from explorer.store import open_artefact
from tests.app.conftest import visitor
from tests.app.crafts import PHONE
from tests.app.test_names import unnamed, unreachable

LADDER = [f"sprites-beta-vae-10-b{beta}" for beta in (1, 4, 8)]
SPRITES = "compare?compare=factors&among=sprites-beta&model=sprites-beta-vae-10-b8"


def shown(page: Page, address: str, query: str) -> Page:
    page.goto(f"{address}/{query}")
    return rested(page)


def rested(page: Page) -> Page:
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.locator(".lx-factors[data-ready=true]").wait_for(timeout=60_000)
    return page


@pytest.fixture
def page(browser, address):
    with visitor(browser, address) as person:
        yield person.page


def cells(page: Page) -> np.ndarray:
    rows = page.locator(".lx-heat tbody tr")
    return np.array(
        [
            [float(cell) for cell in rows.nth(k).locator(".lx-knows").all_inner_texts()]
            for k in range(rows.count())
        ]
    )


def test_each_cell_says_what_its_dimension_knows(page, address):
    shown(page, address, SPRITES)
    one = open_atlas("sprites-beta-vae-10-b8", "sprites", 5000)
    found = one.dimensions
    living = [d for d in found.order("kl") if not found.dead[d]]
    assert cells(page) == pytest.approx(knowledge(one).share[living], abs=0.006)
    assert page.locator(".lx-heat tbody th").all_inner_texts() == [f"z{d + 1}" for d in living]
    heads = page.locator(".lx-heat thead th").all_inner_texts()
    assert heads[2:] == ["shape", "scale", "orientation", "x", "y"]
    best = np.unravel_index(cells(page).argmax(), cells(page).shape)
    title = page.locator(".lx-heat tbody tr").nth(best[0]).locator(".lx-knows").nth(best[1])
    assert f"Dimension {living[best[0]] + 1} tells" in title.get_attribute("title")


def test_beside_each_row_stands_what_the_decoder_draws_along_it(page, address):
    """Each strip shows its own stretch of one picture of all traversals."""
    shown(page, address, SPRITES)
    strips = page.locator(".lx-walk")
    parts = strips.evaluate_all(
        "all => all.map(one => ({ url: getComputedStyle(one).backgroundImage,"
        " size: getComputedStyle(one).backgroundSize, at: one.style.getPropertyValue('--row') }))"
    )
    n = len(parts)
    assert n == page.locator(".lx-heat tbody tr").count() > 1
    assert {part["size"] for part in parts} == {f"100% {100 * n}%"}
    assert [float(part["at"]) for part in parts] == pytest.approx([k / (n - 1) for k in range(n)])
    address_of = parts[0]["url"].removeprefix('url("').removesuffix('")')
    answer = page.request.get(address_of)
    assert answer.ok
    size = page.evaluate(
        "async url => { const i = new Image(); i.src = url; await i.decode();"
        " return [i.naturalWidth, i.naturalHeight] }",
        address_of,
    )
    assert size == [7 * 64, n * 64]


def test_every_figure_of_every_model_is_that_of_its_card(page, address):
    shown(page, address, SPRITES)
    assert page.locator(".lx-figures thead th").all_inner_texts()[1:] == [
        f"beta {beta}" for beta in (1, 4, 8)
    ]
    table = {}
    for row in page.locator(".lx-figures tbody tr").all():
        title = row.locator("th").evaluate("node => node.firstChild.textContent.trim()")
        table[title] = row.locator("td").all_inner_texts()
    metrics = [open_artefact(name).card.metrics for name in LADDER]
    for key, name in NAMES.items():
        values = [one.get(key) for one in metrics]
        assert (name.title in table) == any(values)
        if any(values):
            assert table[name.title] == ["-" if v is None else f"{v.value:.4g}" for v in values]
    assert table["MIG"][2] != "-"


def test_another_model_is_chosen_and_stands_in_the_address(page, address):
    shown(page, address, SPRITES)
    before = cells(page)
    page.locator(".lx-factors select").select_option(LADDER[1])
    page.wait_for_function(
        "id => new URLSearchParams(location.search).get('model') === id", arg=LADDER[1]
    )
    page.wait_for_function(
        "old => document.querySelector('.lx-factors').dataset.ready === 'true' &&"
        " [...document.querySelectorAll('.lx-knows')].map(c => c.textContent).join() !== old",
        arg=",".join(f"{value:.2f}" for value in before.ravel()),
    )
    after = cells(page)
    page.reload()
    assert cells(rested(page)).tolist() == after.tolist()


def test_digits_have_their_class_as_the_only_column(page, address):
    shown(page, address, "compare?compare=factors&among=beta")
    assert page.locator(".lx-heat thead th").all_inner_texts()[2:] == ["class"]
    assert page.locator(".lx-figures thead th").count() == 8


def test_all_can_be_named_and_reached(page, address):
    shown(page, address, SPRITES)
    assert unnamed(page) == []
    assert unreachable(page) == []


@pytest.mark.parametrize("query", [SPRITES, "compare?compare=factors&among=beta"])
def test_nothing_is_wider_than_a_phone(browser, address, query):
    with visitor(browser, address, **PHONE) as person:
        page = shown(person.page, address, query)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.locator(".lx-heat").bounding_box()["width"] > 0
