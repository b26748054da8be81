"""The map page, driven as a person would: every place answers, and with the right picture."""

import numpy as np
import pytest
from playwright.sync_api import expect

import explorer
from explorer.latent.atlas import load_for
from explorer.store import open_artefact
from tests.app.conftest import MapPage, visitor


@pytest.fixture(scope="module")
def atlas():
    return load_for(open_artefact("mnist-vae-2d"))


@pytest.fixture(scope="module")
def vae():
    return explorer.load("mnist-vae-2d", "cpu")


def grey(image: np.ndarray) -> list[int]:
    return np.rint(image.ravel() * 255).astype(int).tolist()


def assert_same_picture(shown: list[int], expected: np.ndarray) -> None:
    assert np.abs(np.array(shown) - np.array(grey(expected))).max() <= 1


def lonely(atlas) -> int:
    """A point with no other near it on the map, so that a click there means it."""
    xy = atlas.coordinates("raw")
    distance = np.linalg.norm(xy[:, None] - xy[None, ::7], axis=2)
    distance[distance == 0] = np.inf
    inner = np.linalg.norm(xy, axis=1) < 3
    return int(np.argmax(np.where(inner, distance.min(1), 0)))


def empty_place(atlas) -> tuple[float, float]:
    """A place inside the view that a map opens with, with no point near it."""
    xy = atlas.coordinates("raw")
    low, high = np.quantile(xy, [0.005, 0.995], axis=0)
    places = np.random.default_rng(0).uniform(low, high, (500, 2))
    distance = np.linalg.norm(places[:, None] - xy[None], axis=2).min(1)
    x, y = places[np.argmax(distance)].round(2)
    return float(x), float(y)


def test_the_first_screen_shows_a_chosen_digit_its_place_and_its_reconstruction(
    map_page: MapPage, atlas, vae, digits
):
    map_page.open()
    assert_same_picture(map_page.pixels("original"), digits.pixels[0].numpy() / 255)
    assert_same_picture(map_page.pixels("decoded"), vae.decode(atlas.mean[:1]))
    expect(map_page.part("original-title")).to_have_text("Original")
    expect(map_page.part("decoded-title")).to_have_text("Reconstruction")
    expect(map_page.part("original-row")).to_have_text("training image 0 of 5,000")
    expect(map_page.part("neighbours").get_by_role("button")).to_have_count(5)
    assert map_page.latent() == pytest.approx(atlas.mean[0], abs=1e-3)


def test_moving_over_the_map_decodes_the_place_under_the_pointer_without_running_the_script(
    map_page: MapPage, atlas, vae
):
    requests, messages = [], []

    def watch(socket):
        if "_stcore/stream" in socket.url:
            socket.on("framesent", lambda payload: messages.append(payload))

    map_page.page.on("websocket", watch)
    map_page.open()
    assert messages  # the script ran for the first paint
    messages.clear()
    map_page.page.on("request", lambda request: requests.append(request.url))
    x, y = empty_place(atlas)
    map_page.hover(x, y)
    map_page.settled()
    z = np.array([map_page.latent()], np.float32)
    assert z[0] == pytest.approx([x, y], abs=0.02)
    assert np.abs(np.array(map_page.pixels("decoded")) - grey(vae.decode(z))).max() <= 2
    expect(map_page.part("decoded-title")).to_have_text("Generated")
    expect(map_page.part("original-title")).to_have_text("Nearest original")
    assert "place" not in map_page.query()
    # Thumbnails may still be on their way to the browser; nothing else is fetched.
    assert [url for url in requests if "/thumbs/" not in url] == []
    assert messages == []


def test_a_click_on_a_point_keeps_its_image_with_its_five_nearest_neighbours(
    map_page: MapPage, atlas, vae, digits
):
    map_page.open()
    position = lonely(atlas)
    map_page.click(*atlas.coordinates("raw")[position])
    row = int(atlas.rows[position])
    map_page.wait_for_query(row=str(row))
    map_page.wait_for_latent(atlas.mean[position])
    map_page.settled()
    assert_same_picture(map_page.pixels("original"), digits.pixels[row].numpy() / 255)
    assert_same_picture(map_page.pixels("decoded"), vae.decode(atlas.mean[[position]]))
    expect(map_page.part("original-caption")).to_have_text(f"digit {digits.labels[row]}")
    distance = np.linalg.norm(atlas.mean - atlas.mean[position], axis=1)
    nearest = atlas.rows[np.argsort(distance)[1:6]].tolist()
    buttons = map_page.part("neighbours").get_by_role("button")
    assert [int(b.get_attribute("data-row")) for b in buttons.all()] == nearest


def test_a_click_between_points_keeps_the_place_and_a_reload_shows_it_again(
    map_page: MapPage, atlas
):
    map_page.open()
    x, y = empty_place(atlas)
    map_page.click(x, y)
    map_page.page.wait_for_function("() => location.search.includes('place=')")
    kept = [float(v) for v in map_page.query()["place"].split(",")]
    assert kept == pytest.approx([x, y], abs=0.02)
    assert "row" not in map_page.query()
    map_page.page.reload()
    map_page.ready()
    assert map_page.latent() == pytest.approx(kept, abs=1e-3)
    expect(map_page.part("decoded-title")).to_have_text("Generated")


def test_the_back_button_returns_to_the_place_before(map_page: MapPage, atlas):
    map_page.open("?row=5")
    map_page.click(*atlas.coordinates("raw")[lonely(atlas)])
    map_page.wait_for_query(row=str(atlas.rows[lonely(atlas)]))
    map_page.settled()
    map_page.page.wait_for_timeout(1500)  # at once, it would be taken for a late answer
    map_page.page.go_back()
    map_page.wait_for_query(row="5")
    map_page.wait_for_latent(atlas.mean[5])
    expect(map_page.part("original-row")).to_have_text("training image 5 of 5,000")


def test_a_neighbour_can_be_followed(map_page: MapPage):
    map_page.open("?row=12")
    button = map_page.part("neighbours").get_by_role("button").nth(1)
    row = button.get_attribute("data-row")
    button.click()
    map_page.wait_for_query(row=row)
    expect(map_page.part("original-row")).to_have_text(f"training image {row} of 5,000")


def test_another_model_shows_the_same_image_and_its_own_projections(map_page: MapPage, digits):
    map_page.open("?row=33")
    card = open_artefact("mnist-vae-20").card
    map_page.choose("model", card.title)
    map_page.wait_for_query(model="mnist-vae-20", projection="umap", row="33")
    map_page.ready()
    atlas = load_for(open_artefact("mnist-vae-20"))
    map_page.wait_for_latent(atlas.mean[33][:8])
    for title, name in (("PCA", "pca"), ("t-SNE", "tsne")):
        map_page.choose("projection", title)
        map_page.wait_for_query(projection=name, row="33")
        map_page.ready()
        map_page.wait_for_latent(atlas.mean[33][:8])
        assert_same_picture(map_page.pixels("original"), digits.pixels[33].numpy() / 255)


@pytest.mark.parametrize("projection", ["umap", "tsne"])
def test_an_empty_place_above_two_dimensions_says_that_it_is_mixed(map_page: MapPage, projection):
    map_page.open(f"?model=mnist-vae-20&projection={projection}&place=1.0,1.0")
    expect(map_page.part("measures")).to_contain_text("Mixed from 6 neighbours")


def test_decoded_images_lie_under_the_points_when_asked(map_page: MapPage):
    map_page.open()
    map_page.more()
    with map_page.page.expect_response(lambda answer: "/explorer/grid/" in answer.url) as grid:
        map_page.choose("layer", "Points on decoded images")
    assert grid.value.status == 200
    expect(map_page.page.locator(".lx-plot image")).to_have_count(1)
    with map_page.page.expect_response(lambda answer: "/explorer/grid/" in answer.url):
        map_page.part("zoom-in").click()  # the view is decoded anew, sharply
    map_page.more()
    map_page.choose("layer", "Points")
    expect(map_page.page.locator(".lx-plot image")).to_have_count(0)


def shown_box(map_page: MapPage) -> list[float]:
    return map_page.page.evaluate(
        """() => {
            const plot = document.querySelector('.lx-plane [data-part=plot]')
            const { xaxis, yaxis } = plot._fullLayout
            return [...xaxis.range, ...yaxis.range]
        }"""
    )


def test_the_map_is_as_before_after_the_window_was_narrow_and_wide_again(map_page: MapPage):
    map_page.open()
    before = shown_box(map_page)
    for width in (1000, 700, 1440) * 2:
        map_page.page.set_viewport_size({"width": width, "height": 900})
        map_page.page.wait_for_timeout(300)
    assert shown_box(map_page) == pytest.approx(before, abs=1e-6)


def test_the_wheel_zooms_about_the_pointer_and_a_drag_pans(map_page: MapPage):
    map_page.open()
    x, y = map_page.screen(1.0, 1.0)
    map_page.page.mouse.move(x, y)
    before = shown_box(map_page)
    map_page.page.mouse.wheel(0, -500)
    map_page.page.wait_for_timeout(200)
    zoomed = shown_box(map_page)
    assert zoomed[1] - zoomed[0] < 0.6 * (before[1] - before[0])
    assert map_page.screen(1.0, 1.0) == pytest.approx((x, y), abs=1)
    map_page.page.mouse.down()
    map_page.page.mouse.move(x + 120, y + 60, steps=6)
    map_page.page.mouse.up()
    assert map_page.screen(1.0, 1.0) == pytest.approx((x + 120, y + 60), abs=2)
    assert "row" not in map_page.query()  # a drag keeps nothing


def test_a_place_of_the_address_beyond_the_points_is_brought_into_view(map_page: MapPage):
    map_page.open("?place=40,-30")
    x0, x1, y0, y1 = shown_box(map_page)
    assert x0 < 40 < x1
    assert y0 < -30 < y1
    expect(map_page.part("trust")).to_contain_text("outside")


def test_a_kept_place_leads_to_its_nearest_image_in_another_model(map_page: MapPage, atlas):
    map_page.open("?place=0.5,0.5")
    nearest = np.linalg.norm(atlas.coordinates("raw") - 0.5, axis=1).argmin()
    map_page.choose("model", open_artefact("mnist-vae-20").card.title)
    map_page.wait_for_query(model="mnist-vae-20", row=str(atlas.rows[nearest]))
    assert "place" not in map_page.query()


def test_a_map_that_cannot_be_fetched_says_so_and_can_be_tried_again(map_page: MapPage):
    points = "**/explorer/points/**"
    map_page.page.route(points, lambda route: route.fulfill(status=404, body="Not now."))
    map_page.page.goto(map_page.address)
    expect(map_page.part("fault")).to_contain_text("could not be drawn. Not now.")
    map_page.page.unroute(points)
    map_page.part("retry").click()
    map_page.ready()
    expect(map_page.part("fault")).to_be_hidden()


def test_the_legend_hides_a_class_from_the_map_and_from_the_pointer(map_page: MapPage, atlas):
    position = lonely(atlas)
    map_page.open()
    xy = atlas.coordinates("raw")[position]
    map_page.hover(*xy)
    expect(map_page.part("original-title")).to_have_text("Original")
    map_page.page.mouse.move(5, 5)
    chip = map_page.part("legend").get_by_role("button").nth(int(atlas.labels[position]))
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "false")
    map_page.hover(*xy)
    expect(map_page.part("original-title")).to_have_text("Nearest shown")
    opacity = map_page.page.evaluate(
        "document.querySelector('.lx-plane [data-part=plot]').data.map(t => t.marker.opacity)"
    )
    lit = [value > 0.5 for value in opacity]  # the others stay as a grey ground
    assert lit == [index != atlas.labels[position] for index in range(10)]


def test_a_double_click_in_the_legend_isolates_a_class(map_page: MapPage):
    map_page.open()
    map_page.part("legend").get_by_role("button").nth(3).dblclick()
    pressed = map_page.part("legend").locator("[aria-pressed=true]")
    expect(pressed).to_have_count(1)
    expect(pressed).to_have_text("3")
    map_page.part("legend").get_by_role("button").nth(3).dblclick()
    expect(map_page.part("legend").locator("[aria-pressed=true]")).to_have_count(10)
    map_page.part("legend").get_by_role("button").nth(5).dblclick()
    map_page.part("reset").click()
    expect(map_page.part("legend").locator("[aria-pressed=true]")).to_have_count(10)


def test_arrow_keys_walk_enter_keeps_and_escape_returns(map_page: MapPage, atlas):
    map_page.open("?row=3")
    start = atlas.mean[3]
    map_page.part("map").focus()
    for _ in range(4):
        map_page.page.keyboard.press("Shift+ArrowRight")
    map_page.page.wait_for_function(
        "x => +document.querySelector('[data-testid=decoded]').dataset.z.split(',')[0] > x",
        arg=float(start[0]) + 0.3,
    )
    assert map_page.latent()[1] == pytest.approx(start[1], abs=0.01)
    map_page.page.keyboard.press("Escape")
    map_page.wait_for_latent(start)
    map_page.page.keyboard.press("Shift+ArrowUp")
    map_page.page.keyboard.press("Enter")
    map_page.page.wait_for_function("() => location.search.includes('place=')")


def test_nonsense_in_the_address_is_said_in_one_box_and_the_page_works(map_page: MapPage, atlas):
    map_page.open("?model=mnist-vae-9d&row=abc&layer=%3Cscript%3E&unknown=1")
    box = map_page.page.get_by_role("alert").filter(has_text="There is no model")
    expect(box).to_contain_text("There is no model called 'mnist-vae-9d'.")
    expect(box).to_contain_text("There is no image 'abc' on any map of this model")
    expect(box).to_contain_text("There is no layer to show called '<script>'")
    map_page.click(*atlas.coordinates("raw")[lonely(atlas)])
    map_page.wait_for_query(row=str(atlas.rows[lonely(atlas)]))
    expect(box).to_have_count(0)


def test_two_people_do_not_disturb_each_other(browser, address, atlas):
    with visitor(browser, address) as one, visitor(browser, address) as other:
        one.open("?row=1")
        other.open("?row=2")
        one.click(*atlas.coordinates("raw")[lonely(atlas)])
        one.wait_for_query(row=str(atlas.rows[lonely(atlas)]))
        other.hover(0.5, 0.5)
        other.page.mouse.move(5, 5)
        other.wait_for_latent(atlas.mean[2])
        assert other.query()["row"] == "2"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_the_map_first_with_nothing_cut_and_a_drag_decodes(browser, address, scheme):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with visitor(browser, address, color_scheme=scheme, **phone) as person:
        person.open()
        assert person.page.evaluate("document.documentElement.scrollWidth") <= 390
        tops = [person.part(name).bounding_box()["y"] for name in ("map", "original", "decoded")]
        assert tops[0] < tops[1] == tops[2]
        bottom = person.part("decoded").bounding_box()
        assert bottom["y"] + bottom["height"] <= 844
        before = person.latent()
        touch = person.page.context.new_cdp_session(person.page)
        for kind, at in (("touchStart", 0.0), ("touchMove", 0.5), ("touchMove", 1.0)):
            x, y = person.screen(at, -at)
            points = [{"x": x, "y": y}]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        person.page.wait_for_function(
            "z => document.querySelector('[data-testid=decoded]').dataset.z !== z",
            arg=",".join(f"{v:.3f}" for v in before),
        )
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        person.page.wait_for_function("() => /row=[1-9]|place=/.test(location.search)")


def test_each_of_256_dimensions_has_a_bar_that_is_seen_and_all_fit_in(map_page: MapPage):
    map_page.open("?model=faces-conv-vae-256")
    bars = map_page.part("latent").locator(".lx-bar")
    expect(bars).to_have_count(256)
    left, right = map_page.part("latent").evaluate(
        "box => [box.getBoundingClientRect().left, box.getBoundingClientRect().right]"
    )
    places = bars.evaluate_all(
        "bars => bars.map(bar => [bar.getBoundingClientRect().left,"
        " bar.getBoundingClientRect().right])"
    )
    assert all(stop - start > 0.5 for start, stop in places)
    assert left <= places[0][0]
    assert places[-1][1] <= right + 0.5
