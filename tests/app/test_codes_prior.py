"""The learned prior beside painted codes, in a real browser: what it completes, by value."""

from __future__ import annotations

import numpy as np
import pytest

import explorer
from explorer.latent import codes as grids
from tests.app.crafts import TaskPage, at_task
from tests.app.painter import VIEW, brush, codes_of, drag, wait_for


@pytest.fixture(scope="module")
def model():
    return explorer.load("mnist-vq-vae", "cpu")


@pytest.fixture
def person(browser, address):
    with at_task(browser, address) as someone:
        yield someone.open(VIEW)


@pytest.mark.parametrize("half", ["top", "left"])
def test_the_prior_completes_the_half_that_was_kept(person, model, half):
    codes, kept = codes_of(model, 7), np.zeros((7, 7), bool)
    kept[(slice(0, 4),) if half == "top" else (slice(None), slice(0, 4))] = True
    person.page.get_by_role("button", name=f"Keep {half} half").click()
    person.wait_for_query(kept=grids.mask_to_text(kept))
    drawn = grids.draw(grids.prior_of(model), 6, 0, 1.0, codes, kept)
    wait_for_draws(person, drawn.codes)
    assert person.part("prior-words").inner_text() == drawn.words
    for nth, image in enumerate(grids.decoded(model, drawn.codes)):
        person.shows("drawn", image, nth)
    assert (drawn.codes[:, kept] == codes[kept]).all()
    person.part("draws").get_by_role("button").nth(4).click()
    wait_for(person, drawn.codes[4])
    person.wait_for_query(codes=grids.to_text(drawn.codes[4], 128))
    person.part("undo").click()
    wait_for(person, codes)


def wait_for_draws(person: TaskPage, codes: np.ndarray) -> None:
    texts = [",".join(map(str, one.ravel().tolist())) for one in codes]
    person.wait(
        "arg.every((text, k) => "
        "lx.querySelectorAll('[data-testid=drawn]')[k].dataset.codes === text)",
        texts,
    )


def test_seed_and_temperature_decide_what_is_drawn_and_stand_in_the_link(person, model):
    prior = grids.prior_of(model)
    wait_for_draws(person, grids.draw(prior, 6, 0).codes)
    person.page.get_by_role("button", name="Draw others").click()
    wait_for_draws(person, grids.draw(prior, 6, 1).codes)
    person.part("temperature").fill("0.5")
    cooler = grids.draw(prior, 6, 1, 0.5).codes
    wait_for_draws(person, cooler)
    person.wait_for_query(seed="1", temperature="0.5")
    person.page.reload()
    person.ready()
    wait_for_draws(person, cooler)


def test_cells_are_kept_by_dragging_and_let_go_again(person):
    person.page.get_by_role("radio", name="Keep cells").click()
    drag(person, (0, 0), (0, 3))
    kept = np.zeros((7, 7), bool)
    kept[0, :4] = True
    person.wait_for_query(kept=grids.mask_to_text(kept))
    assert "kept" in person.part("map").locator(".lx-cell").first.get_attribute("aria-label")
    drag(person, (0, 3), (0, 2))
    kept[0, 2:4] = False
    person.wait_for_query(kept=grids.mask_to_text(kept))


def test_what_surprises_the_prior_is_tinted(person, model):
    painted = codes_of(model, 7)
    painted[0, 6] = brush(person)
    drag(person, (0, 6))
    wait_for(person, painted)
    person.part("facts").get_by_role("checkbox").check()
    nats = grids.surprise(grids.prior_of(model), painted[None])[0]
    person.wait(
        "Math.abs(getComputedStyle(lx.querySelectorAll('[data-part=map] .lx-cell')[6])"
        ".getPropertyValue('--surprise') - arg) < 0.01",
        float(min(1, nats[0, 6] / 8)),
    )
