"""The map as a file: what is on the screen, with a title and a legend, as SVG and as PNG."""

from __future__ import annotations

import io
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageColor
from playwright.sync_api import expect

from explorer.latent.atlas import load_for
from explorer.latent.polygon import inside, polygon_of_text
from explorer.latent.tint import CLASSES, TONES
from explorer.store import open_artefact
from tests.app.conftest import MapPage, visitor
from tests.app.test_map import lonely
from tests.app.test_scripts import run

SCALE = 2  # pixels of a PNG per pixel of the page
SVG, HREF = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
BLACK, WHITE = (18, 22, 28), (255, 255, 255)  # the ring and its halo
PICTURES = "[data-part=pictures]"


@pytest.fixture(scope="module")
def atlas():
    return load_for(open_artefact("mnist-vae-2d"))


class Drawing:
    """A saved SVG."""

    def __init__(self, text: str) -> None:
        self.text, self.root = text, ElementTree.fromstring(text)
        self.size = (int(self.root.get("width")), int(self.root.get("height")))
        self.words = [node.text for node in self.root.findall(f"{SVG}text")]

    def part(self, name: str) -> ElementTree.Element:
        return self.root.find(f"{SVG}g[@id='{name}']")

    def marks(self, kind: str) -> list[dict[str, str]]:
        """The attributes of what is drawn on the map with a class name."""
        return [node.attrib for node in self.part("map").iter() if node.get("class") == kind]

    def entries(self) -> list[tuple[str, str]]:
        """What the legend says, with the colour of the mark before it; headings have none."""
        found = []
        for item in self.part("legend"):
            text = " ".join(line.text for line in item.findall(f"{SVG}text"))
            mark = next((node.get("fill") for node in item if node.get("fill")), "")
            found.append((text, mark))
        return found

    def groups(self) -> dict[str, str]:
        """The groups of the legend by name, with their colours."""
        items = [item for item in self.part("legend") if item.get("data-group") is not None]
        return {item.get("data-group"): item.find(f"{SVG}circle").get("fill") for item in items}

    def origin(self) -> np.ndarray:
        """Where the top left corner of the map's plot is, in pixels of the page."""
        return np.array(shift(self.part("map")))


def shift(node: ElementTree.Element) -> list[float]:
    return [float(v) for v in node.get("transform")[len("translate(") : -1].split()]


class Saved(NamedTuple):
    drawing: Drawing
    picture: np.ndarray  # (height, width, 3)


def save(person: MapPage, kind: str, name: str = "mnist-vae-2d-raw") -> bytes:
    with person.page.expect_download(timeout=60_000) as download:
        person.part(f"save-{kind}").click()
    assert download.value.suggested_filename == f"{name}.{kind}"
    return download.value.path().read_bytes()


def both(person: MapPage, name: str = "mnist-vae-2d-raw") -> Saved:
    drawing = Drawing(save(person, "svg", name).decode())
    picture = Image.open(io.BytesIO(save(person, "png", name))).convert("RGB")
    return Saved(drawing, np.asarray(picture))


def on_plot(person: MapPage, place: np.ndarray) -> np.ndarray:
    """Where a place of the map is, in pixels from the top left corner of the plot."""
    box = person.part("plot").bounding_box()
    return np.array(person.screen(*place)) - [box["x"], box["y"]]


def colour(name: str) -> np.ndarray:
    return np.array(ImageColor.getrgb(name)[:3])


def has_colour(pixels: np.ndarray, wanted: np.ndarray, tolerance: int = 4) -> bool:
    return bool((np.abs(pixels.astype(int) - wanted).max(-1) <= tolerance).any())


def test_a_saved_svg_says_what_it_is_and_shows_ring_lines_and_groups(map_page: MapPage):
    artefact = open_artefact("mnist-vae-20")
    atlas = load_for(artefact)
    map_page.open("?model=mnist-vae-20&projection=umap&row=8&neighbours=6")
    expect(map_page.part("quality")).to_contain_text("Trustworthiness", timeout=60_000)
    map_page.part("legend").get_by_role("button").nth(3).click()
    drawing = Drawing(save(map_page, "svg", "mnist-vae-20-umap").decode())
    assert f"{artefact.card.title} · UMAP" in drawing.words
    assert "All 5,000 images of mnist-5k · colour: class" in drawing.words
    assert map_page.part("quality").text_content() in drawing.words
    shown = {str(c): CLASSES[c] for c in range(10) if c != 3}
    assert drawing.groups() == shown
    legend = drawing.entries()
    assert "all others" in dict(legend)
    assert f"Kept: digit {atlas.labels[8]}, training image 8 of 5,000" in dict(legend)
    assert "6 nearest images, by latent distance" in dict(legend)
    # The ring, its halo and the lines stand where they are on the screen.
    xy = atlas.coordinates("umap")
    kept = on_plot(map_page, xy[8])
    for kind in ("lx-kept", "lx-kept lx-halo"):
        (ring,) = drawing.marks(kind)
        assert [float(ring["cx"]), float(ring["cy"])] == pytest.approx(kept, abs=0.5)
    distance = np.linalg.norm(atlas.mean - atlas.mean[8], axis=1)
    nearest = np.argsort(distance)[1:7]
    lines = drawing.marks("lx-line")
    assert len(lines) == 6
    for line, position in zip(lines, nearest, strict=True):
        assert [float(line["x1"]), float(line["y1"])] == pytest.approx(kept, abs=0.5)
        end = on_plot(map_page, xy[position])
        assert [float(line["x2"]), float(line["y2"])] == pytest.approx(end, abs=0.5)
        assert line["stroke"].startswith("rgb(")
    assert drawing.marks("lx-pointer") == []
    names = [node.text for node in drawing.part("map").iter(f"{SVG}tspan")]
    names += [node.text for node in drawing.part("map").iter(f"{SVG}text")]
    assert set(shown) <= set(names)  # written on the map, as text


def test_a_saved_png_is_the_same_drawing_with_every_colour_and_the_ring(browser, address, atlas):
    with visitor(browser, address, color_scheme="light") as person:
        person.open("?row=5")
        drawing, picture = both(person)
        kept = SCALE * (drawing.origin() + on_plot(person, atlas.coordinates("raw")[5]))
    width, height = drawing.size
    assert picture.shape == (SCALE * height, SCALE * width, 3)
    # Along each direction from the kept place: the dark ring at its radius, the white halo beside.
    for angle in np.linspace(0, 2 * np.pi, 12, endpoint=False):
        along = np.array([np.cos(angle), np.sin(angle)])
        x, y = np.rint(kept + 9 * SCALE * along - 0.5).astype(int)
        assert np.abs(picture[y, x].astype(int) - BLACK).max() <= 40
        x, y = np.rint(kept + 10.7 * SCALE * along - 0.5).astype(int)
        assert np.abs(picture[y, x].astype(int) - WHITE).max() <= 60
    # Points are drawn three quarters opaque on the ground, the legend in full.
    left = int(SCALE * shift(drawing.part("legend")[0])[0])
    for name in CLASSES:
        assert has_colour(picture[:, left:], colour(name), 0)
        assert has_colour(picture[:, :left], np.rint(0.75 * colour(name) + 0.25 * 255))


def test_a_picture_at_a_point_is_saved_where_the_point_is(map_page: MapPage, atlas, digits):
    position = lonely(atlas)
    place = atlas.coordinates("raw")[position]
    map_page.open("?row=0")
    map_page.hover(*place)
    for _ in range(4):
        map_page.page.mouse.wheel(0, -600)
    map_page.page.wait_for_function(
        f"() => +document.querySelector('.lx-plane {PICTURES}').dataset.count > 0"
    )
    drawing, picture = both(map_page)
    left, top = SCALE * (drawing.origin() + on_plot(map_page, place))
    # The middle of each pixel of the image, which is 58 pixels of the page wide.
    at = np.floor(((np.arange(28) + 0.5) / 28 - 0.5) * 58 * SCALE).astype(int)
    shown = picture[int(top) + at[:, None], int(left) + at[None], 0]
    own = digits.pixels[int(atlas.rows[position])].numpy()[0].astype(float)
    assert np.corrcoef(shown.ravel(), own.ravel())[0, 1] > 0.9
    # Only what is in this view is explained.
    assert str(atlas.labels[position]) in drawing.groups()
    assert len(drawing.groups()) < 10
    assert drawing.marks("lx-kept") == []


def test_a_group_on_grey_is_saved_with_its_classes_and_its_shape(map_page: MapPage, atlas):
    text = "-1_0.5_0_0.4_0.2_1.2_-0.9_1.4"
    map_page.open(f"?row=5&polygon={text}")
    expect(map_page.part("group")).to_be_visible()
    map_page.page.wait_for_function(
        "() => document.querySelector('.lx-plane [data-part=plot]').data.length === 20"
    )
    drawing = Drawing(save(map_page, "svg").decode())
    members = inside(atlas.coordinates("raw"), polygon_of_text(text))
    chosen = {str(c): CLASSES[c] for c in np.unique(atlas.labels[members])}
    assert 1 < len(chosen) < 10
    assert drawing.groups() == chosen
    (stroke,) = drawing.marks("lx-stroke")
    corners = [point.split() for point in stroke["d"].strip("MZ").split("L")]
    assert np.array(corners, float)[0] == pytest.approx(on_plot(map_page, (-1, 0.5)), abs=1)
    assert any(text.startswith(f"{members.sum():,} of") for text, _ in drawing.entries())


def test_ranges_of_a_number_and_a_layer_of_trust_are_explained(map_page: MapPage):
    map_page.open("?colour=error&trust=standing")
    chips = map_page.part("legend").get_by_role("button")
    expect(map_page.part("legend-title")).to_contain_text("squared error", timeout=60_000)
    expect(map_page.part("scale")).to_be_visible(timeout=120_000)
    drawing = Drawing(save(map_page, "svg").decode())
    colours = chips.evaluate_all("all => all.map(chip => chip.style.getPropertyValue('--colour'))")
    assert drawing.groups() == dict(zip(chips.all_text_contents(), colours, strict=True))
    assert len(colours) == 10
    entries = dict(drawing.entries())
    assert map_page.part("legend-title").text_content() in entries
    assert [entries[name] for name in ("in data", "a gap", "outside")] == [one for one, _ in TONES]
    layer = map_page.page.locator(".lx-plot image").get_attribute("href")
    pictures = [node.get(HREF) for node in drawing.part("map").iter(f"{SVG}image")]
    assert layer.startswith("data:image/png")
    assert layer in pictures


INSIDE = """svg => {
    const page = document.documentElement
    page.style.margin = document.body.style.margin = 0
    document.body.innerHTML = svg
    const whole = document.querySelector('svg').getBoundingClientRect()
    return [...document.querySelectorAll('text')].every(text => {
        const box = text.getBoundingClientRect()
        return box.left >= whole.left && box.right <= whole.right &&
            box.top >= whole.top && box.bottom <= whole.bottom
    })
}"""


def test_on_a_dark_phone_the_picture_is_dark_and_no_words_are_cut(browser, address):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    query = "?model=faces-beta-vae-16-b4&trust=density&layer=both"
    with visitor(browser, address, color_scheme="dark", **phone) as person:
        person.open(query)
        expect(person.part("scale")).to_be_visible(timeout=120_000)
        drawing, picture = both(person, "faces-beta-vae-16-b4-umap")
        assert picture[0, 0].tolist() == list(BLACK)  # the dark theme's ground
        assert drawing.root.get("fill") == "#E6EAF0"
        said = " ".join(drawing.words)
        assert "5,000 of 40,000 images of faces (a seeded sample)" in said
        assert "points on decoded images" in said
        ends = [text for text, _ in drawing.entries() if text.startswith(("Low:", "High:"))]
        assert len(ends) == 2
        assert person.page.evaluate(INSIDE, drawing.text)


def test_a_map_that_cannot_be_saved_says_why(map_page: MapPage):
    map_page.open()
    map_page.page.evaluate(
        "() => { Plotly.toImage = () => Promise.reject(new Error('No memory left.')) }"
    )
    map_page.part("save-png").click()
    expect(map_page.part("share-note")).to_have_text("The map could not be saved. No memory left.")


# --- the sheet, as pure functions -----------------------------------------------------------------


@pytest.fixture(scope="module")
def scripts(browser, address):
    """A page that can import the app's scripts."""
    with visitor(browser, address) as person:
        person.page.goto(f"{address}/explorer/assets/js/sheet.js")
        yield person.page


def test_wrapped_lines_fit_and_keep_every_letter(scripts):
    rng = np.random.default_rng(0)
    words = [["a" * n for n in rng.integers(1, 30, rng.integers(0, 12))] for _ in range(100)]
    texts = [" ".join(one) for one in words]
    widths = rng.integers(1, 40, len(texts)).tolist()
    lines = run(
        scripts,
        "sheet.js",
        """({ wrapped }, { texts, widths }) =>
            texts.map((text, k) => wrapped(text, widths[k], part => part.length))""",
        {"texts": texts, "widths": widths},
    )
    for text, width, found in zip(texts, widths, lines, strict=True):
        assert all(0 < len(line) <= width for line in found)
        assert "".join(found).replace(" ", "") == text.replace(" ", "")
        if max(map(len, text.split()), default=0) <= width:
            assert " ".join(found) == text


def test_columns_of_a_legend_overlap_nothing_and_a_heading_stands_over_its_section(scripts):
    rng = np.random.default_rng(1)
    legends = [
        [
            {"height": int(rng.integers(10, 50)), "section": bool(k == 0 or rng.random() < 0.2)}
            for k in range(rng.integers(1, 60))
        ]
        for _ in range(60)
    ]
    body = "({ flowed }, legends) => legends.map(items => flowed(items, 300))"
    for items, places in zip(legends, run(scripts, "sheet.js", body, legends), strict=True):
        bottoms: dict[int, float] = {}
        for k, (item, place) in enumerate(zip(items, places, strict=True)):
            assert place["y"] >= bottoms.get(place["column"], 0)
            bottoms[place["column"]] = place["y"] + item["height"]
            assert bottoms[place["column"]] <= 300
            if item["section"] and k + 1 < len(items) and not items[k + 1]["section"]:
                assert places[k + 1]["column"] == place["column"]
        assert [p["column"] for p in places] == sorted(p["column"] for p in places)


def test_a_title_of_any_signs_and_length_is_xml_and_whole(scripts):
    title = 'A & B <i>"two"</i> ' + "long " * 80
    body = """({ sheet }, title) => sheet({
        title, subtitle: 'x', notes: [], drawing: '<svg/>', width: 300, height: 200, pictures: null,
        area: { left: 0, top: 0, width: 300, height: 200 }, marks: [], legend: [],
        theme: { text: '#000', background: '#fff' },
        measure: (text, size) => text.length * size / 2
    })"""
    made = run(scripts, "sheet.js", body, title)
    drawing = Drawing(made["svg"])
    assert drawing.size == (made["width"], made["height"]) == (332, made["height"])
    assert " ".join(drawing.words[:-1]).split() == title.split()
