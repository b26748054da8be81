"""From page to page: what a person looks at goes along; each address says what its page shows."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.app.conftest import visitor

PAGES = ("Map", "Dimensions", "Paths", "Generate", "Compare")
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def go(page: Page, name: str) -> dict[str, str]:
    """Open a page by its link; what its address then says."""
    page.locator(".st-key-pages").get_by_role("link", name=name, exact=True).click()
    path = "/" if name == "Map" else f"/{name.lower()}"
    page.wait_for_function(
        "path => location.pathname === path && location.search.includes('model=')", arg=path
    )
    page.locator(".lx[data-ready=true]").first.wait_for(timeout=60_000)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    return page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")


def test_model_image_and_settings_go_along_to_every_page_and_back(map_page):
    map_page.open("?model=mnist-vae-20&row=12&find=7&neighbours=9")
    for name in (*PAGES[1:], *reversed(PAGES[:-1])):
        query = go(map_page.page, name)
        assert (query["model"], query["row"]) == ("mnist-vae-20", "12"), name
        if name == "Map":
            assert (query["find"], query["neighbours"]) == ("7", "9")
        else:
            assert "find" not in query, name
    map_page.ready()
    assert map_page.part("original").get_attribute("data-row") == "12"


def test_another_image_chosen_on_a_later_page_is_chosen_on_the_map_too(map_page):
    map_page.open("?model=mnist-vae-20&row=12")
    go(map_page.page, "Dimensions")
    map_page.page.goto(f"{map_page.address}/dimensions?model=mnist-vae-2d&row=77")
    assert go(map_page.page, "Map")["row"] == "77"


@pytest.mark.parametrize("name", PAGES[1:])
def test_a_link_to_any_page_opens_it_for_a_first_visitor(browser, address, name):
    with visitor(browser, address) as person:
        person.page.goto(f"{address}/{name.lower()}?model=mnist-vae-2d&row=5")
        person.page.locator(".lx[data-ready=true]").first.wait_for(timeout=60_000)
        link = person.page.locator(".st-key-pages").get_by_role("link", name=name, exact=True)
        expect(link).to_be_visible()
        assert go(person.page, "Map")["row"] == "5"


def test_a_phone_has_the_links_to_all_pages_in_sight(browser, address):
    with visitor(browser, address, **PHONE) as person:
        person.open()
        for name in PAGES:
            link = person.page.locator(".st-key-pages").get_by_role("link", name=name, exact=True)
            box = link.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
            assert box["y"] >= 0
            assert link.is_visible()


def test_each_step_back_is_a_page_as_it_was(map_page):
    map_page.open("?model=mnist-vae-20&row=12")
    go(map_page.page, "Generate")
    go(map_page.page, "Dimensions")
    map_page.page.go_back()
    map_page.page.wait_for_url("**/generate?*")
    map_page.wait_for_query(model="mnist-vae-20", row="12")
    map_page.page.locator(".lx-gallery").first.wait_for()
    map_page.page.go_back()
    map_page.page.wait_for_function("() => location.pathname === '/'")
    map_page.wait_for_query(model="mnist-vae-20", row="12")
    expect(map_page.part("original")).to_have_attribute("data-row", "12", timeout=30_000)
    map_page.settled()
    assert map_page.query()["row"] == "12"
