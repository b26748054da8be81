"""The pure functions of the generated images' scripts, run in the browser on data made here."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from tests.app.conftest import visitor


@pytest.fixture(scope="module")
def page(browser, address):
    """A page that can import the app's scripts."""
    with visitor(browser, address) as person:
        person.page.goto(f"{address}/explorer/assets/js/points.js")
        yield person.page


def run(page, module: str, body: str, argument=None):
    """`body` is a function of (module, argument)."""
    return page.evaluate(
        f"async argument => ({body})(await import('/explorer/assets/{module}'), argument)",
        argument,
    )


def test_quantiles_of_the_normal_distribution_are_scipys_to_the_last_digits(page):
    p = np.concatenate([np.linspace(0.001, 0.999, 999), 10.0 ** -np.arange(3, 15)])
    found = run(page, "js/normal.js", "({ quantile }, p) => p.map(quantile)", p.tolist())
    assert found == pytest.approx(ndtri(p), rel=1e-13, abs=1e-14)


def test_shares_of_the_normal_distribution_are_scipys(page):
    x = np.linspace(-6, 6, 121)
    found = run(page, "js/normal.js", "({ share }, x) => x.map(share)", x.tolist())
    assert found == pytest.approx(ndtr(x), rel=1e-9, abs=1e-15)


PLANE = {"centre": [1.5, -2.0], "scale": [3.0, 0.5]}


@pytest.mark.parametrize("spaced", ["normal", "linear"])
def test_places_of_the_picture_and_latents_are_each_others_inverse(page, spaced):
    places = np.random.default_rng(0).uniform(0.01, 0.99, (20, 2))
    z, back = run(
        page,
        "manifold/lattice.js",
        """({ createPlane }, [frame, spaced, places]) => {
            const plane = createPlane(frame, spaced, 2.5), z = places.map(plane.toLatent)
            return [z, z.map(plane.toPlace)]
        }""",
        [PLANE, spaced, places.tolist()],
    )
    deviations = ndtri(places) if spaced == "normal" else 2.5 * (2 * places - 1)
    expected = np.array(PLANE["centre"]) + np.array(PLANE["scale"]) * deviations
    assert np.array(z) == pytest.approx(expected, abs=1e-9)
    assert np.array(back) == pytest.approx(places, abs=1e-9)


def cells(page, view: tuple[float, ...], side: float) -> dict:
    box = dict(zip(("x0", "x1", "y0", "y1"), view, strict=True))
    body = "({ cellsFor }, [view, side]) => cellsFor(view, side, 24)"
    return run(page, "manifold/lattice.js", body, [box, side])


def test_the_cells_of_a_view_hold_it_and_lie_on_one_lattice_that_is_halved_as_one_comes_near(page):
    rng = np.random.default_rng(1)
    for _ in range(60):
        span = 2.0 ** -rng.uniform(0, 8)
        x, y = rng.uniform(0, 1 - span, 2)
        side = float(rng.uniform(250, 800))
        one = cells(page, (x, x + span, y, y + span), side)
        box, across = one["box"], one["across"]
        assert box["x0"] <= x < x + span <= box["x1"] + 1e-12
        assert box["y0"] <= y < y + span <= box["y1"] + 1e-12
        assert one["nx"] <= 40
        assert one["ny"] <= 40
        pixels = side / span / across
        assert 24 <= pixels < 48 or across == 5
        assert np.log2(across / 20) == pytest.approx(round(np.log2(across / 20)))
        lattice = np.array([box["x0"], box["x1"], box["y0"], box["y1"]]) * across
        assert lattice == pytest.approx(np.round(lattice), abs=1e-9)
        assert (box["x1"] - box["x0"]) * across == pytest.approx(one["nx"])
        assert min(box.values()) >= 0
        assert max(box.values()) <= 1


def test_the_whole_picture_has_twenty_cells_a_side_on_a_screen_and_ten_on_a_phone(page):
    assert cells(page, (0, 1, 0, 1), 600)["nx"] == 20
    assert cells(page, (0, 1, 0, 1), 300)["nx"] == 10


def test_zooming_keeps_the_place_under_the_pointer_and_never_leaves_the_picture(page):
    views = run(
        page,
        "manifold/lattice.js",
        """({ zoomed }) => {
            const found = []
            let view = { x0: 0, x1: 1, y0: 0, y1: 1 }
            for (let k = 0; k < 12; k++) found.push(view = zoomed(view, 2, [0.3, 0.9]))
            for (let k = 0; k < 12; k++) found.push(view = zoomed(view, 0.4, [0.3, 0.9]))
            return found
        }""",
    )
    spans = [view["x1"] - view["x0"] for view in views]
    assert spans[:8] == pytest.approx([2.0**-k for k in range(1, 9)])
    assert min(spans) == pytest.approx(1 / 256)
    assert spans[-1] == pytest.approx(1)
    for view in views[:6]:
        assert (0.3 - view["x0"]) / (view["x1"] - view["x0"]) == pytest.approx(0.3, abs=1e-9)
    assert all(-1e-12 <= min(view.values()) <= max(view.values()) <= 1 + 1e-12 for view in views)


def ticks(page, low: float, high: float, length: float, spaced: str = "normal") -> list[dict]:
    return run(
        page,
        "manifold/lattice.js",
        """({ createPlane, ticks }, [low, high, length, spaced]) => {
            const plane = createPlane({ centre: [0, 0], scale: [1, 1] }, spaced, 3)
            return ticks(low, high, length, u => plane.toLatent([u, 0.5])[0], z => plane.toPlace([z, 0])[0])
        }""",  # noqa: E501
        [low, high, length, spaced],
    )


@pytest.mark.parametrize(
    ("low", "high", "length", "spaced"),
    [
        (0, 1, 600, "normal"),
        (0, 1, 280, "normal"),
        (0, 1, 600, "linear"),
        (0.4, 0.41, 600, "normal"),
        (0.98, 1, 400, "normal"),
        (0.2, 0.3, 300, "linear"),
    ],
)
def test_axes_have_round_numbers_in_their_places_with_room_between(page, low, high, length, spaced):
    found = ticks(page, low, high, length, spaced)
    z = np.array([one["z"] for one in found])
    share = ndtr(z) if spaced == "normal" else (z / 3 + 1) / 2
    at = np.array([one["at"] for one in found])
    assert at == pytest.approx((share - low) / (high - low), abs=1e-6)
    assert 2 <= len(found) <= length / 42 + 1
    assert (np.diff(at) * length >= 42 - 1e-6).all()
    assert (np.diff(z) > 0).all()


def test_the_whole_plane_is_marked_where_most_of_the_prior_lies(page):
    assert {-1, -0.5, 0, 0.5, 1} <= {one["z"] for one in ticks(page, 0, 1, 600)}
    assert {-1, 0, 1} <= {one["z"] for one in ticks(page, 0, 1, 280)}


def test_a_mix_is_the_weights_of_two_classes(page):
    found = run(
        page,
        "classes/classes.js",
        "({ parseMix, weightsOf }, mixes) => mixes.map(one => weightsOf(parseMix(one), 4))",
        ["3,1,0.25", "2,2,0.4"],
    )
    assert np.array(found) == pytest.approx(np.array([[0, 0.25, 0, 0.75], [0, 0, 1, 0]]))


def test_two_images_differ_by_the_root_of_their_mean_square(page):
    one, other = np.random.default_rng(2).integers(0, 256, (2, 50))
    found = run(
        page,
        "samples/picked.js",
        "({ difference }, [one, other]) => difference(one, other)",
        [one.tolist(), other.tolist()],
    )
    assert found == pytest.approx(np.sqrt(np.square((one - other) / 255).mean()))


def test_of_questions_that_come_meanwhile_only_the_newest_is_asked(page):
    found = run(
        page,
        "js/latest.js",
        """async ({ latest }) => {
            const done = [], free = []
            const queue = latest(async (question, current) => {
                await new Promise(go => free.push(go))
                done.push([question, current()])
            })
            for (const question of ['a', 'b', 'c']) queue.ask(question)
            while (free.length) { free.shift()(); await new Promise(go => setTimeout(go)) }
            queue.ask('d')
            queue.ask('e')
            queue.close()
            while (free.length) { free.shift()(); await new Promise(go => setTimeout(go)) }
            return done
        }""",
    )
    assert found == [["a", False], ["c", True], ["d", False]]
