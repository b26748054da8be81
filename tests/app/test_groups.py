"""What lights on the map: groups that are drawn and kept, images that are searched for."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from explorer.latent.atlas import load_for
from explorer.latent.polygon import inside, polygon_of_text
from explorer.store import open_artefact
from tests.app.conftest import MapPage
from tests.app.test_instrument import colours, sizes


@pytest.fixture(scope="module")
def atlas():
    return load_for(open_artefact("mnist-vae-2d"))


def draw(person: MapPage, tool: str, places: list[tuple[float, float]]) -> None:
    """Choose a tool and drag it through places of the map."""
    person.part(tool).click()
    person.page.mouse.move(*person.screen(*places[0]))
    person.page.mouse.down()
    for place in places[1:]:
        person.page.mouse.move(*person.screen(*place), steps=4)
    person.page.mouse.up()
    person.page.wait_for_function("() => location.search.includes('polygon=')")
    expect(person.part("group")).to_be_visible()


# --- groups ---------------------------------------------------------------------------------------


def test_a_box_gives_a_group_with_its_counts_images_and_files(map_page: MapPage, atlas):
    map_page.open()
    draw(map_page, "box", [(-1.0, 0.5), (1.0, 2.0)])
    polygon = polygon_of_text(map_page.query()["polygon"])
    members = inside(atlas.coordinates("raw"), polygon)
    group = map_page.part("group")
    expect(group).to_contain_text(f"{members.sum():,}")
    for label, count in enumerate(np.bincount(atlas.labels[members], minlength=10)):
        if count:
            expect(group.locator(".lx-counts")).to_contain_text(f"{label} · {count}")
    with map_page.page.expect_download() as download:
        group.get_by_role("link", name="CSV").click()
    lines = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert [int(line["row"]) for line in lines] == atlas.rows[members].tolist()
    with map_page.page.expect_download() as download:
        group.get_by_role("link", name="PNG").click()
    assert Image.open(download.value.path()).size == (20 * 28, 20 * 28)


def test_unselected_points_stay_as_a_grey_ground_and_escape_lets_go(map_page: MapPage, atlas):
    map_page.open()
    draw(map_page, "lasso", [(-1, 1), (0, 0.2), (1, 1), (0.5, 2), (-0.5, 2), (-1, 1.1)])
    map_page.page.wait_for_function(
        "() => document.querySelector('.lx-plane [data-part=plot]').data.length === 20"
    )
    polygon = polygon_of_text(map_page.query()["polygon"])
    members = inside(atlas.coordinates("raw"), polygon)
    found = sizes(map_page)
    assert sum(found[:10]) == 5000
    assert found[10:] == np.bincount(atlas.labels[members], minlength=10).tolist()
    assert len(set(colours(map_page)[:10])) == 1
    map_page.part("map").focus()
    map_page.page.keyboard.press("Escape")
    expect(map_page.part("group")).to_be_hidden()
    map_page.page.wait_for_function("() => !location.search.includes('polygon=')")


def test_a_group_is_part_of_the_address_and_is_kept_under_a_name(map_page: MapPage):
    map_page.open("?polygon=-1_0.5_1_0.5_1_2_-1_2")
    expect(map_page.part("group")).to_be_visible()
    map_page.part("group").get_by_label("Name of this group").fill("Round ones")
    map_page.part("group").get_by_role("button", name="Keep group").click()
    expect(map_page.part("group")).to_contain_text("Round ones")
    map_page.part("group").get_by_role("button", name="Clear").click()
    expect(map_page.part("group")).to_be_hidden()
    map_page.more()
    map_page.choose("group", "Round ones")
    expect(map_page.part("group")).to_contain_text("Round ones")


def test_a_kept_group_is_renamed_and_deleted_and_that_is_undone(map_page: MapPage):
    group = map_page.part("group")

    def named(name: str, button: str) -> None:
        group.get_by_label("Name of this group").fill(name)
        group.get_by_role("button", name=button).click()

    map_page.open("?polygon=-1_0.5_1_0.5_1_2_-1_2")
    named("Round ones", "Keep group")
    expect(group.locator("b")).to_contain_text("Round ones: ")
    named("Noughts", "Rename")
    expect(group.locator("b")).to_contain_text("Noughts: ")
    map_page.more()
    map_page.page.locator(".st-key-group button[aria-haspopup=listbox]").click()
    assert map_page.page.get_by_role("option").all_text_contents() == ["No group", "Noughts"]
    map_page.page.keyboard.press("Escape")
    group.get_by_role("button", name="Delete").click()
    expect(group).to_contain_text("Noughts is deleted.")
    expect(group.locator("b")).not_to_contain_text("Noughts")
    group.get_by_role("button", name="Undo").click()
    expect(group.locator("b")).to_contain_text("Noughts: ")
    draw(map_page, "box", [(-1.5, -1.5), (0, 0)])
    expect(group.locator("b")).not_to_contain_text("Noughts")
    named("Noughts", "Keep group")  # the name of another group
    assert not group.get_by_label("Name of this group").evaluate("input => input.checkValidity()")
    expect(group.get_by_role("button", name="Keep group")).to_be_visible()


# --- search ---------------------------------------------------------------------------------------


def test_finding_a_class_lights_it_up_and_finding_a_number_goes_there(map_page: MapPage, atlas):
    map_page.open()
    text = map_page.part("find-text")
    text.fill("3")
    text.press("Enter")
    expect(map_page.part("find-note")).to_contain_text(f"{(atlas.labels == 3).sum()} of 5,000")
    assert sizes(map_page)[13] == (atlas.labels == 3).sum()
    map_page.wait_for_query(find="3")
    text.fill("#1234")
    text.press("Enter")
    map_page.wait_for_query(row="1234")
    map_page.page.wait_for_function("() => !location.search.includes('find=')")
    assert len(sizes(map_page)) == 10
    text.fill("owls")
    text.press("Enter")
    expect(map_page.part("find-note")).to_contain_text("owls")
    assert len(sizes(map_page)) == 10


def lit(person: MapPage, counts: list[int]) -> None:
    """Wait until so many points of each class are lit above the grey ground."""
    person.page.wait_for_function(
        "counts => { const data = document.querySelector('.lx-plane [data-part=plot]').data;"
        " return data.slice(counts.length).map(t => t.x.length).join() === counts.join() }",
        arg=counts,
    )


def test_a_link_lights_what_was_found_until_it_is_cleared_and_back_lights_it_again(
    map_page: MapPage, atlas
):
    fives = [int((atlas.labels == 5).sum()) * (label == 5) for label in range(10)]
    many = np.bincount(atlas.labels, minlength=10) * (np.arange(10) < 6)
    map_page.open("?find=0+1+2+3+4+5")
    lit(map_page, many.tolist())
    note = map_page.part("find-note")
    expect(note).to_contain_text(f"{many.sum():,} of 5,000 images")
    text = map_page.part("find-text")
    expect(text).to_have_value("0 1 2 3 4 5")
    text.fill("5")
    text.press("Enter")
    lit(map_page, fives)
    map_page.wait_for_query(find="5")
    map_page.page.wait_for_timeout(1500)  # at once, it would be taken for a late answer
    map_page.page.go_back()
    lit(map_page, many.tolist())
    expect(text).to_have_value("0 1 2 3 4 5")
    text.fill("")
    map_page.page.wait_for_function("() => !location.search.includes('find=')")
    assert len(sizes(map_page)) == 10
    expect(note).to_be_empty()


def test_a_group_takes_the_light_from_what_was_found_and_the_other_way_round(map_page: MapPage):
    map_page.open("?find=5")
    expect(map_page.part("find-note")).to_contain_text("of 5,000 images")
    draw(map_page, "box", [(-1.0, 0.5), (1.0, 2.0)])
    map_page.page.wait_for_function("() => !location.search.includes('find=')")
    expect(map_page.part("find-text")).to_have_value("")
    map_page.part("find-text").fill("7")
    map_page.part("find-text").press("Enter")
    map_page.wait_for_query(find="7")
    expect(map_page.part("group")).to_be_hidden()
    map_page.part("map").focus()
    map_page.page.keyboard.press("Escape")
    map_page.page.wait_for_function("() => !location.search.includes('find=')")
    expect(map_page.part("find-text")).to_have_value("")
    assert len(sizes(map_page)) == 10
