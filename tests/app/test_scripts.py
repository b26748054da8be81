"""The browser's pure functions, run in the browser on data made here."""

import numpy as np
import pytest

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
        return factors.map(f => zoomed(home, home, f, 1, 0.5)).map(b => [b.x0, b.x1, b.y0, b.y1])
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
