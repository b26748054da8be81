"""Every family on the map page: what is shown is what the model decodes, in its own way."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from playwright.sync_api import expect

from explorer.data import load_dataset
from explorer.latent.atlas import completed, load_for
from explorer.latent.places import Map
from explorer.loaded import from_artefact
from explorer.store import Artefact, read_card
from tests.app.conftest import MapPage, running_app, visitor

MODELS = ("told", "codes", "linear", "few", "colour")
ROW = 7
# The canvas that a part is, or the first one in it; null until it is painted, since a real image
# comes a little after its point.
READ_PIXELS = """name => {
    const part = document.querySelector(`.lx-plane [data-part=${name}]`)
    const canvas = part.querySelector('canvas') ?? part
    const { width, height } = canvas
    const rgba = canvas.getContext('2d').getImageData(0, 0, width, height).data
    return rgba[3] === 255 ? [height, width, Array.from(rgba)] : null
}"""


@pytest.fixture(scope="module")
def family_home(workshop, tmp_path_factory):
    home = tmp_path_factory.mktemp("families") / "home"
    for name in MODELS:
        shutil.copytree(workshop(name), home / name)
    return home


@pytest.fixture(scope="module")
def family_address(browser, family_home):
    with running_app(family_home) as address:
        yield address
    log = (family_home.parent / "server.log").read_text()
    assert "error" not in log.lower(), log


@pytest.fixture
def person(browser, family_address):
    """A visitor who also minds what the browser reports as an error."""
    with visitor(browser, family_address) as person:
        person.page.on(
            "console",
            lambda message: message.type == "error" and person.faults.append(message.text),
        )
        yield person


@pytest.fixture(scope="module")
def opened(family_home):
    """`opened("told")` is the model with all latents of its map, as the server should have it."""

    def open_one(name: str):
        artefact = Artefact(family_home / name, read_card(family_home / name), shipped=False)
        model, atlas = from_artefact(artefact, "cpu"), load_for(artefact)
        return model, completed(atlas, model, load_dataset(atlas.dataset))

    return open_one


@pytest.fixture(autouse=True)
def at_home(home, family_home, monkeypatch):
    monkeypatch.setenv("EXPLORER_HOME", str(family_home))


def shown(person: MapPage, part: str) -> np.ndarray:
    """A canvas as `(H, W, 3)` grey levels."""
    painted = person.page.wait_for_function(READ_PIXELS, arg=part).json_value()
    height, width, rgba = painted
    return np.array(rgba).reshape(height, width, 4)[..., :3]


def assert_shows(person: MapPage, part: str, image: np.ndarray) -> None:
    """The canvas holds the image `(C, H, W)` in [0, 1], within two grey levels."""
    expected = np.broadcast_to(image.transpose(1, 2, 0), (*image.shape[1:], 3)) * 255
    pixels = shown(person, part)
    assert pixels.shape == expected.shape
    assert np.abs(pixels - expected).max() <= 2


def decoded(opened, name: str, label: int | None = None) -> np.ndarray:
    """What the model makes of the image ROW, as its own class or another."""
    model, atlas = opened(name)
    labels = None
    if model.conditional:
        labels = atlas.labels[[ROW]] if label is None else np.array([label])
    return model.decode(atlas.mean[[ROW]], labels)[0]


def empty_place(atlas) -> tuple[float, float]:
    """A place in the middle of the map with no point near it."""
    (xy,) = atlas.projections.values()
    low, high = np.quantile(xy, [0.1, 0.9], axis=0)
    places = np.random.default_rng(0).uniform(low, high, (300, 2))
    distance = np.linalg.norm((places[:, None] - xy[None]) / (high - low), axis=2).min(1)
    x, y = places[distance.argmax()]
    return float(x), float(y)


@pytest.mark.parametrize(
    ("name", "note", "latent"),
    [
        ("told", "784 pixels\nto 2 numbers", "z₂"),
        ("codes", "784 pixels\nto 49 codes", "7 × 7 codes, by number"),
        ("linear", "784 pixels\nto 6 numbers", "z₆"),
        ("few", "784 pixels\nto 24 numbers", "24 dimensions"),
        ("colour", "12,288 pixels\nto 4 numbers", "z₄"),
    ],
    ids=MODELS,
)
def test_each_family_shows_an_image_and_a_place_as_they_are_decoded(
    person, opened, name, note, latent
):
    person.open(f"?model={name}&row={ROW}")
    model, atlas = opened(name)
    dataset = load_dataset(atlas.dataset)
    assert_shows(person, "original", dataset.picture(ROW).numpy())
    assert_shows(person, "decoded", decoded(opened, name))
    in_colour = np.ptp(shown(person, "decoded"), axis=2).max() > 20
    assert in_colour == (name == "colour")
    expect(person.part("original-title")).to_have_text("Original")
    expect(person.part("decoded-title")).to_have_text("Reconstruction")
    class_name = dataset.classes[dataset.labels[ROW]]
    comma = "" if class_name.isdigit() else ","
    caption = f"{dataset.noun}{comma} {class_name}"
    expect(person.part("original-caption")).to_have_text(caption)
    assert person.part("encoder-note").text_content() == note
    assert person.latent() == pytest.approx(atlas.mean[ROW][:8], abs=1e-3)
    expect(person.part("latent")).to_contain_text(latent)
    expect(person.part("measures")).to_contain_text("Squared error")
    from_the_mean = "from the posterior mean" in person.part("measures").text_content()
    assert from_the_mean == (name in ("told", "colour"))
    expect(person.part("beyond")).to_contain_text(
        f"300 of {len(dataset):,} images (a seeded sample)"
    )
    expect(person.page.locator(".st-key-label")).to_have_count(int(name == "told"))
    row = int(person.part("neighbours").get_by_role("button").first.get_attribute("data-row"))
    assert_shows(person, "neighbours", dataset.picture(row).numpy())

    person.click(*empty_place(atlas))
    person.page.wait_for_function("() => location.search.includes('place=')")
    expect(person.part("decoded-title")).to_have_text("Generated")
    person.settled()
    place = np.array([[float(value) for value in person.query()["place"].split(",")]])
    themap = Map(atlas, person.query()["projection"])
    labels = themap.labels_at(place) if model.conditional else None
    generated = model.decode(themap.latents_at(place), labels)[0]
    assert_shows(person, "decoded", generated)
    assert np.abs(generated - decoded(opened, name)).max() > 0.1
    expect(person.part("fault")).to_be_hidden()


def test_a_chosen_class_is_drawn_and_kept_in_the_address(person, opened):
    person.open(f"?model=told&row={ROW}")
    own = shown(person, "decoded")
    label = (int(opened("told")[1].labels[ROW]) + 5) % 10
    person.choose("label", str(label))
    person.wait_for_query(label=str(label), row=str(ROW))
    expect(person.part("decoded-caption")).to_contain_text(f"as {label}, ")
    person.settled()
    assert_shows(person, "decoded", decoded(opened, "told", label))
    assert np.abs(shown(person, "decoded") - own).max() > 100
    expect(person.part("decoded-title")).to_have_text("Generated")
    assert "Squared error" not in person.part("measures").text_content()
    # A place is drawn as that class as well, and a reload shows the same again.
    person.hover(0.5, 0.5)
    person.settled()
    expect(person.part("decoded-caption")).to_contain_text(f"as {label}, ")
    person.page.reload()
    person.ready()
    assert_shows(person, "decoded", decoded(opened, "told", label))
    person.choose("label", "The image's own")
    person.page.wait_for_function("() => !location.search.includes('label=')")
    expect(person.part("decoded-title")).to_have_text("Reconstruction")
    assert_shows(person, "decoded", decoded(opened, "told"))


def test_the_decoded_images_of_the_map_are_drawn_as_the_chosen_class(person):
    person.open("?model=told&layer=both")
    drawn = """wanted => {
        const plot = document.querySelector('.lx-plane [data-part=plot]')
        return (plot.layout.images[0]?.source ?? '').includes('&label=4') === wanted
    }"""
    person.page.wait_for_function(drawn, arg=False)
    with person.page.expect_response(lambda answer: "/explorer/grid/told/" in answer.url) as grid:
        person.choose("label", "4")
    assert grid.value.status == 200
    assert "&label=4&" in grid.value.url
    person.page.wait_for_function(drawn, arg=True)
    person.choose("label", "The image's own")
    person.page.wait_for_function(drawn, arg=False)


def test_a_class_goes_with_the_model_that_is_told_it(person, opened, family_home):
    person.open(f"?model=told&row={ROW}&label=2")
    person.choose("model", read_card(family_home / "few").title)
    person.wait_for_query(model="few", row=str(ROW))
    person.page.wait_for_function("() => !location.search.includes('label=')")
    person.ready()
    expect(person.page.locator(".st-key-label")).to_have_count(0)
    assert_shows(person, "decoded", decoded(opened, "few"))


def test_a_class_in_the_address_that_there_is_not_is_said_once(person):
    person.open("?model=told&label=12")
    box = person.page.get_by_role("alert").filter(has_text="There is no class '12'")
    expect(box).to_contain_text("classes are numbered 0 to 9.")
    assert "label" not in person.query()


def test_the_codes_of_an_image_are_shown_as_a_grid(person, opened):
    person.open(f"?model=codes&row={ROW}")
    model, atlas = opened("codes")
    codes = model.codes(atlas.mean[[ROW]])[0]
    cells = person.part("latent").locator(".lx-code")
    assert [int(text) for text in cells.all_text_contents()] == codes.flatten().tolist()
    expect(person.part("latent")).to_contain_text("7 × 7 codes, by number")
    boxes = [cell.bounding_box() for cell in cells.all()]
    rows, columns = ({round(box[side]) for box in boxes} for side in ("y", "x"))
    assert (len(rows), len(columns)) == (7, 7)
    colours = cells.evaluate_all("cells => cells.map(c => getComputedStyle(c).backgroundColor)")
    same = {(code, colour) for code, colour in zip(codes.flatten(), colours, strict=True)}
    assert len(same) == len(set(colours)) == len(np.unique(codes)) > 2
