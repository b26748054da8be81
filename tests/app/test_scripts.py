"""The browser's pure functions, run in the browser on data made here."""

import numpy as np
import pytest

from explorer.latent import codes as grids
from tests.app.conftest import visitor


@pytest.fixture(scope="module")
def page(browser, address):
    """A page that can import the app's scripts."""
    with visitor(browser, address) as person:
        person.page.goto(f"{address}/explorer/assets/js/points.js")
        yield person.page


def run(page, module: str, body: str, argument):
    """`body` is an async function of (module, argument)."""
    return page.evaluate(
        f"async argument => ({body})(await import('/explorer/assets/js/{module}'), argument)",
        argument,
    )


@pytest.mark.parametrize("spread", ["cloud", "line", "one place", "two far groups"])
def test_the_nearest_point_is_the_nearest_of_all(page, spread):
    rng = np.random.default_rng(1)
    xy = rng.normal(size=(400, 2)) * {"line": [1, 0]}.get(spread, [1, 1])
    if spread == "one place":
        xy[:] = 3.0
    if spread == "two far groups":
        xy[:200] += 1000
    xy = xy.astype(np.float32)
    low, high = xy.min(0) - 2, xy.max(0) + 2
    queries = np.concatenate([rng.uniform(low, high, (150, 2)), xy[:50] + 1e-3])
    unit = np.array([30.0, 70.0])
    visible = rng.random(400) < 0.5
    found = run(
        page,
        "points.js",
        """({ indexPoints, nearestPoint }, { x, y, queries, unit, visible }) => {
            const points = { n: x.length, x: Float32Array.from(x), y: Float32Array.from(y) }
            const index = indexPoints(points)
            return queries.map(q => nearestPoint(points, index, q, unit, i => visible[i]))
        }""",
        {
            "x": xy[:, 0].tolist(),
            "y": xy[:, 1].tolist(),
            "queries": queries.tolist(),
            "unit": unit.tolist(),
            "visible": visible.tolist(),
        },
    )
    distance = np.linalg.norm((xy[None] - queries[:, None]) * unit, axis=2)
    distance[:, ~visible] = np.inf
    assert [hit["pixels"] for hit in found] == pytest.approx(distance.min(1), rel=1e-4, abs=1e-3)
    assert all(visible[hit["i"]] for hit in found)


def test_no_visible_point_means_no_nearest_point(page):
    body = """({ indexPoints, nearestPoint }) => {
        const points = { n: 2, x: Float32Array.of(0, 1), y: Float32Array.of(0, 1) }
        return nearestPoint(points, indexPoints(points), [0, 0], [1, 1], () => false)
    }"""
    assert run(page, "points.js", body, None) is None


CHANNEL = """async ({ openChannel }) => {
    const sockets = []
    class FakeSocket {
        constructor() { this.readyState = 1; this.sent = []; sockets.push(this)
                        setTimeout(() => this.onopen()) }
        send(text) { this.sent.push(JSON.parse(text)) }
        close() { this.readyState = 3; this.onclose() }
        answer(seq) {
            const said = new TextEncoder().encode(JSON.stringify({ for: seq }))
            const buffer = new Uint8Array(20 + said.length)
            new DataView(buffer.buffer).setUint32(0, seq, true)
            buffer.set(said, 20)
            this.onmessage({ data: buffer.buffer })
        }
    }
    const heard = [], pause = ms => new Promise(done => setTimeout(done, ms))
    const channel = openChannel('ws://x', () => {}, FakeSocket)
    await pause(5)
    const ask = name => channel.ask({ name }, answer => heard.push([name, answer.said.for]))
    %s
    const seqs = sockets[0].sent.map(request => request.seq)
    return { heard, sent: sockets.map(s => s.sent.map(request => request.name)), seqs }
}"""


def test_one_request_is_in_flight_and_the_newest_wins(page):
    steps = """
        ask('a'); ask('b'); ask('c')
        sockets[0].answer(1)
        sockets[0].answer(2)
    """
    result = run(page, "channel.js", CHANNEL % steps, None)
    assert result["sent"] == [["a", "c"]]  # b was overtaken while a was in flight
    assert result["seqs"] == [1, 2]
    assert result["heard"] == [["a", 1], ["c", 2]]


def test_a_stale_answer_is_dropped(page):
    result = run(page, "channel.js", CHANNEL % "ask('a'); sockets[0].answer(99)", None)
    assert result["heard"] == []


def test_a_lost_connection_is_opened_again_and_the_last_place_asked_again(page):
    steps = "ask('a'); sockets[0].close(); await pause(1200); sockets[1].answer(2)"
    result = run(page, "channel.js", CHANNEL % steps, None)
    assert result["sent"] == [["a"], ["a"]]
    assert result["heard"] == [["a", 2]]


def test_a_fitted_box_holds_the_wanted_one_with_equal_units(page):
    body = """({ fitted }, boxes) => boxes.map(([x0, x1, y0, y1, w, h]) => {
        const box = fitted({ x0, x1, y0, y1 }, w, h)
        return [box.x0, box.x1, box.y0, box.y1]
    })"""
    rng = np.random.default_rng(2)
    low, size = rng.normal(size=(60, 2)), rng.uniform(0.1, 9, (60, 2))
    pixels = rng.uniform(100, 1500, (60, 2))
    boxes = np.column_stack([low[:, 0], low[:, 0] + size[:, 0], low[:, 1], low[:, 1] + size[:, 1]])
    found = np.array(run(page, "boxes.js", body, np.hstack([boxes, pixels]).tolist()))
    assert (found[:, [0, 2]] <= boxes[:, [0, 2]] + 1e-9).all()
    assert (found[:, [1, 3]] >= boxes[:, [1, 3]] - 1e-9).all()
    units = (found[:, [1, 3]] - found[:, [0, 2]]) / pixels
    assert np.allclose(units[:, 0], units[:, 1])


def test_zooming_keeps_the_place_under_the_pointer_and_has_limits(page):
    body = """({ zoomed }, factors) => {
        const home = { x0: -3, x1: 3, y0: -2, y1: 2 }
        const boxes = factors.map(f => zoomed(home, home, f, 1, 0.5, 300))
        return boxes.map(b => [b.x0, b.x1, b.y0, b.y1])
    }"""
    near, far, twice = np.array(run(page, "boxes.js", body, [1e9, 1e-9, 2]))
    assert near[1] - near[0] == pytest.approx(6 / 300)
    assert far[1] - far[0] == pytest.approx(24)
    assert twice.tolist() == pytest.approx([-1, 2, -0.75, 1.25])


def test_names_are_pushed_apart_until_they_can_be_read(page):
    places = [[0, 0], [0, 0], [0.1, 0], [5, 5]]
    body = "({ spreadOut }, places) => spreadOut(places, 1)"
    found = np.array(run(page, "boxes.js", body, places))
    distance = np.linalg.norm(found[:, None] - found[None], axis=2)[np.triu_indices(4, 1)]
    assert distance.min() >= 0.99
    assert found[3].tolist() == [5, 5]


# --- images at the points ---------------------------------------------------------------------

PICTURES = """({ picturesIn, SIDES }, { x, y, box, unit, hidden }) => (async () => {
    const { indexPoints } = await import('/explorer/assets/js/points.js')
    const points = { n: x.length, x: Float32Array.from(x), y: Float32Array.from(y) }
    const gone = new Set(hidden)
    const found = picturesIn(points, indexPoints(points), box, unit, i => !gone.has(i))
    return { ...found, sides: SIDES }
})()"""


def pictures(page, xy, box, unit, hidden=()):
    names = ("x0", "x1", "y0", "y1")
    x, y = np.asarray(xy, np.float32).T.tolist()
    argument = {"x": x, "y": y, "box": dict(zip(names, box, strict=True)), "unit": unit}
    return run(page, "pictures.js", PICTURES, argument | {"hidden": list(hidden)})


@pytest.mark.parametrize("zoom", [1, 4, 10, 30, 60])
def test_pictures_never_hide_each_other_and_are_those_of_points_in_view(page, zoom):
    rng = np.random.default_rng(3)
    xy = rng.normal(size=(3000, 2))
    box, unit = (-3 / zoom, 3 / zoom, -2 / zoom, 2 / zoom), (150.0 * zoom, 150.0 * zoom)
    hidden = rng.choice(3000, 500, replace=False)
    found = pictures(page, xy, box, unit, hidden.tolist())
    inside = (abs(xy[:, 0]) <= box[1]) & (abs(xy[:, 1]) <= box[3])
    inside[hidden] = False
    at = np.array(found["at"], int)
    assert inside[at].all()
    gaps = abs(xy[at][:, None] - xy[at][None]).max(2) * unit[0]
    assert (gaps[np.triu_indices(len(at), 1)] >= found["side"] - 1e-3).all()
    assert found["side"] in [0, *found["sides"]]
    # Far out none, close by all: each point that lies apart has its picture.
    assert inside.any()
    assert bool(len(at)) == (zoom > 1)
    if zoom > 1:
        assert len(at) >= 0.4 * inside.sum()


def test_pictures_grow_as_points_come_apart(page):
    xy = [[x, y] for x in range(20) for y in range(20)]
    box = (-0.5, 19.5, -0.5, 19.5)
    sides = [pictures(page, xy, box, (unit, unit))["side"] for unit in (10, 29, 40, 50, 70)]
    assert sides == [0, 28, 36, 48, 64]


def test_the_points_within_a_box_are_those_and_no_others(page):
    rng = np.random.default_rng(4)
    xy = rng.normal(size=(500, 2)).astype(np.float32)
    boxes = [[-0.5, 0.5, -1, 1], [-9, 9, -9, 9], [2, 3, 2, 3], [5, 6, 5, 6], [-9, -0.1, 0.2, 9]]
    body = """({ eachWithin, indexPoints }, { x, y, boxes }) => boxes.map(([x0, x1, y0, y1]) => {
        const points = { n: x.length, x: Float32Array.from(x), y: Float32Array.from(y) }, found = []
        eachWithin(points, indexPoints(points), { x0, x1, y0, y1 }, i => { found.push(i) })
        return found.sort((a, b) => a - b)
    })"""
    x, y = xy.T.tolist()
    found = run(page, "points.js", body, {"x": x, "y": y, "boxes": boxes})
    for (x0, x1, y0, y1), at in zip(boxes, found, strict=True):
        inside = (xy[:, 0] >= x0) & (xy[:, 0] <= x1) & (xy[:, 1] >= y0) & (xy[:, 1] <= y1)
        assert at == np.flatnonzero(inside).tolist()


# --- the traces of the map --------------------------------------------------------------------


def test_each_trace_holds_the_points_of_its_group_also_among_the_chosen(page):
    rng = np.random.default_rng(5)
    xy, of = rng.normal(size=(300, 2)).astype(np.float32), rng.integers(0, 4, 300)
    chosen = rng.choice(300, 40, replace=False)
    body = """async ({ columnsOf, traces }, { x, y, of, chosen }) => {
        const points = { n: x.length, x: Float32Array.from(x), y: Float32Array.from(y) }
        const groups = ['a', 'b', 'c', 'd'].map(name => ({ name, colour: `#${name}` }))
        const columns = columnsOf(points, { of, groups }, chosen, true)
        const visible = [true, true, true, false]
        const made = traces(columns, points.n, { of, groups }, visible, 'points', true)
        return made.map(one => [one.name, Array.from(one.x), Array.from(one.y), one.marker.color])
    }"""
    x, y = xy.T.tolist()
    argument = {"x": x, "y": y, "of": of.tolist(), "chosen": chosen.tolist()}
    found = run(page, "../plane/traces.js", body, argument)
    assert [name for name, *_ in found] == [*"abcd", *"abcd"]
    grey = found[0][3]
    assert [colour for *_, colour in found] == [grey] * 4 + ["#a", "#b", "#c", grey]
    for group in range(4):
        assert np.array(found[group][1:3]).T.tolist() == xy[of == group].tolist()
        among = chosen[of[chosen] == group]
        assert np.array(found[4 + group][1:3]).T.tolist() == xy[among].tolist()


def test_without_webgl_at_most_five_thousand_points_are_drawn(page):
    body = """({ columnsOf, traces, WITHOUT_WEBGL }, n) => {
        const points = { n, x: new Float32Array(n), y: new Float32Array(n) }
        const colouring = { of: new Uint8Array(n), groups: [{ name: 'a', colour: '#123456' }] }
        const columns = columnsOf(points, colouring, null, false)
        const [one] = traces(columns, n, colouring, [true], 'points', false)
        return [one.type, one.x.length, WITHOUT_WEBGL]
    }"""
    kind, drawn, most = run(page, "../plane/traces.js", body, 70_001)
    assert kind == "scatter"
    assert 0.9 * most < drawn <= most
    assert run(page, "../plane/traces.js", body, 400)[1] == 400


# --- codes, plots, what was told ---------------------------------------------------------------


@pytest.mark.parametrize(("size", "cells"), [(128, 49), (16, 49), (512, 64), (70_000, 6)])
def test_codes_and_kept_cells_are_written_as_the_package_writes_them(page, size, cells):
    rng = np.random.default_rng(size)
    codes, kept = rng.integers(size, size=cells), rng.random(cells) < 0.5
    signs = grids.signs_for(size)
    found = run(
        page,
        "../codes/text.js",
        """({ codesToText, codesOfText, maskToText, maskOfText }, { codes, kept, ...spec }) => {
            const text = codesToText(codes, spec.signs), mask = maskToText(kept)
            return [text, codesOfText(text, spec), mask, maskOfText(mask, spec.cells),
                    codesOfText(text.slice(1), spec), codesOfText('*' + text.slice(1), spec),
                    codesOfText(text, { ...spec, size: 1 })]
        }""",
        {
            "codes": codes.tolist(),
            "kept": kept.tolist(),
            "signs": signs,
            "cells": cells,
            "size": size,
        },
    )
    assert found[0] == grids.to_text(codes, size)
    assert found[1] == codes.tolist()
    assert found[2] == grids.mask_to_text(kept)
    assert found[3] == kept.tolist()
    assert found[4:] == [None, None, None]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 0.121, [0, 0.05, 0.1]),
        (-3, 7, [-2, 0, 2, 4, 6]),
        (1, 20, [5, 10, 15, 20]),
    ],
)
def test_ticks_are_round_numbers_within_the_range(page, low, high, ticks):
    body = "({ ticksOf }, range) => ticksOf(range)"
    assert run(page, "plot.js", body, [low, high]) == ticks


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0.5, 1.5, [1]), (0.5, 3.5, [1, 2, 3]), (0.5, 100.5, [20, 40, 60, 80, 100])],
)
def test_ticks_of_an_axis_that_counts_are_whole(page, low, high, ticks):
    body = "({ ticksOf }, range) => ticksOf(range, true)"
    assert run(page, "plot.js", body, [low, high]) == ticks


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0.007, 0.09, [0.01, 0.02, 0.05]), (1e-5, 2, [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1])],
)
def test_ticks_of_a_logarithmic_scale_are_powers_of_ten_with_2_and_5_where_few(
    page, low, high, ticks
):
    assert run(page, "plot.js", "({ powersOf }, range) => powersOf(range)", [low, high]) == ticks


def test_a_logarithmic_scale_with_little_room_or_reach_has_ticks_that_fit(page):
    body = "({ powersOf }, [range, most]) => powersOf(range, most)"
    assert run(page, "plot.js", body, [[0.003, 0.7], 6]) == [0.01, 0.1]
    assert run(page, "plot.js", body, [[0.003, 0.7], 7]) == [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]
    assert run(page, "plot.js", body, [[2.1, 2.9], 6]) == [2.2, 2.4, 2.6, 2.8]


def test_what_was_told_stands_until_the_page_has_answered_and_is_told_again(page):
    body = """({ createTold }) => {
        const sent = [], told = createTold((name, value) => sent.push(value))
        const state = { a: 'old', b: 0 }, heard = data => told.heard(data, state, ['a', 'b'])
        heard({ a: 'old', b: 0 })
        state.a = 'new'
        told.tell({ a: 'new' })
        state.b = 2
        told.tell({ b: 2 })
        const late = [heard({ a: 'old', b: 0 }), { ...state }]
        const answered = [heard({ a: 'new', b: 2 }), { ...state }]
        const others = [heard({ a: 'back', b: 2 }), { ...state }]
        told.tell({ row: 1 })
        told.tell({ place: '1,2' })
        return { sent, late, answered, others }
    }"""
    found = run(page, "told.js", body, None)
    assert found["sent"] == [
        {"a": "new"},
        {"a": "new", "b": "2"},
        {"row": "1"},
        {"place": "1,2"},
    ]
    assert found["late"] == [[], {"a": "new", "b": 2}]
    assert found["answered"] == [[], {"a": "new", "b": 2}]
    assert found["others"] == [["a"], {"a": "back", "b": 2}]
