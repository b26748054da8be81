"""The pure functions of the sliders, run in the browser on data made here."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.latent.moves import moves_of_text
from tests.app.conftest import visitor
from tests.app.test_scripts import run


@pytest.fixture(scope="module")
def page(browser, address):
    """A page that can import the app's scripts."""
    with visitor(browser, address) as person:
        person.page.goto(f"{address}/explorer/assets/js/points.js")
        yield person.page


def sliders(page, module: str, body: str, argument=None):
    return run(page, f"../sliders/{module}", body, argument)


# --- moves ----------------------------------------------------------------------------------------


def test_moves_are_written_as_the_address_and_the_server_read_them(page):
    rng = np.random.default_rng(0)
    moves = {
        int(d): float(v) for d, v in zip(rng.permutation(300), rng.normal(0, 9, 60), strict=False)
    }
    moves |= {301: 0.0, 302: -1e-9, 303: 1234.5, 304: -0.000001}
    text, back = sliders(
        page,
        "moves.js",
        """({ formatMoves, parseMoves }, pairs) => {
            const text = formatMoves(new Map(pairs))
            return [text, [...parseMoves(text)]]
        }""",
        [list(pair) for pair in moves.items()],
    )
    read = moves_of_text(text)
    assert read == {d: pytest.approx(v, abs=1e-6) for d, v in moves.items()}
    assert dict(map(tuple, back)) == read
    assert list(read) == sorted(moves)
    assert sliders(page, "moves.js", "({ parseMoves }) => [...parseMoves('')]") == []


@pytest.mark.parametrize(
    ("low", "high", "value"),
    [(-3, 3, 0.2), (-3.4, 3.4, 5.678), (-31.7, 25.2, -40), (0.001, 0.004, 0.002), (0, 0, 0)],
)
def test_a_slider_spans_its_range_and_its_value_in_whole_round_steps(page, low, high, value):
    (first, last), step = sliders(
        page,
        "moves.js",
        "({ spanning, stepOf }, all) => [spanning(...all), stepOf(all[0], all[1])]",
        [low, high, value],
    )
    assert first <= min(low, value)
    assert last >= max(high, value)
    for bound, held in ((first, min(low, value)), (last, max(high, value))):
        assert abs(bound - held) <= step * 1.001
        assert bound / step == pytest.approx(round(bound / step), abs=1e-6)
    if high > low:
        assert 299 < (high - low) / step < 3001


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", 1.5),
        (" 1,5 ", 1.5),
        ("−2", -2),
        (".5", 0.5),
        ("+3.", 3),
        ("-1e9", -1e9),
        ("2E−2", 0.02),
        ("1e400", np.inf),
        ("", None),
        ("abc", None),
        ("1,000.5", None),
        ("1 2", None),
        ("0x10", None),
    ],
)
def test_a_number_is_read_with_a_point_or_a_comma(page, text, value):
    body = "({ readNumber }, text) => { const v = readNumber(text); return isNaN(v) ? null : v }"
    assert sliders(page, "moves.js", body, text) == value


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("7", [6]),
        ("z7, 3", [6, 2]),
        ("10-12,1", [9, 10, 11, 0]),
        ("19 – 99999", [18, 19]),
        ("0, 21", []),
        ("", []),
        ("seven", None),
        ("3;4", None),
        ("-3", None),
    ],
)
def test_dimensions_are_looked_for_by_number_and_range(page, text, found):
    seen = sliders(
        page,
        "moves.js",
        "({ wanted }, text) => { const found = wanted(text, 20); return found && [...found] }",
        text,
    )
    assert seen == found


def test_what_was_undone_can_be_done_again_until_something_else_is_done(page):
    seen = sliders(
        page,
        "moves.js",
        """({ createHistory }) => {
            const history = createHistory(), seen = []
            for (const entry of ['a', 'b', 'b', 'c']) history.push(entry)
            seen.push(history.undo('d'), history.undo('c'), history.redo('b'), history.redo('c'))
            seen.push(history.canRedo, history.undo('d'))
            history.push('e')
            seen.push(history.canRedo, history.canUndo)
            history.clear()
            return [...seen, history.canUndo]
        }""",
    )
    assert seen == ["c", "b", "c", "d", False, "c", False, True, False]


# --- tracks ---------------------------------------------------------------------------------------


def test_a_track_has_an_odd_number_of_images_of_about_forty_pixels(page):
    widths = list(range(100, 2000, 7))
    steps = sliders(
        page, "strips.js", "({ stepsFor }, widths) => widths.map(w => stepsFor(w))", widths
    )
    assert all(n % 2 for n in steps)
    assert (min(steps), max(steps)) == (7, 25)
    sides = [w / n for w, n in zip(widths, steps, strict=True) if 7 < n < 25]
    assert min(sides) > 38
    assert max(sides) < 50
    assert sliders(page, "strips.js", "({ stepsFor }) => stepsFor(840, 2)") == 9


def test_a_track_stays_right_while_only_its_own_dimension_moves(page):
    z, other = [1, 2, 3], [1, 9, 3]
    for now, key, dimension, span, fresh in (
        (z, "m", 0, [0, 1], True),
        (other, "m", 1, [0, 1], True),
        (other, "m", 0, [0, 1], False),
        (z, "n", 0, [0, 1], False),
        (z, "m", 0, [0, 2], False),
        ([1, 2], "m", 0, [0, 1], False),
    ):
        seen = sliders(
            page,
            "strips.js",
            """({ isFresh }, [z, key, dimension, range]) =>
                isFresh({ key: 'm', range: [0, 1], z: [1, 2, 3] }, { key, z }, dimension, range)""",
            [now, key, dimension, span],
        )
        assert seen is fresh
    assert sliders(page, "strips.js", "m => m.isFresh(null, { z: [] }, 0, [0, 1])") is False


@pytest.mark.parametrize("channels", [1, 3])
def test_the_images_of_a_track_stand_side_by_side(page, channels):
    images = np.random.default_rng(0).integers(0, 256, (3, 4, 5, channels))
    seen = sliders(
        page,
        "strips.js",
        """({ filmstrip }, { pixels, channels }) => {
            const image = filmstrip(Uint8Array.from(pixels), 3, [4, 5, channels])
            return [image.width, image.height, Array.from(image.data)]
        }""",
        {"pixels": images.ravel().tolist(), "channels": channels},
    )
    assert seen[:2] == [15, 4]
    rgba = np.reshape(seen[2], (4, 15, 4))
    assert np.array_equal(rgba[..., :3], np.broadcast_to(np.hstack(images), (4, 15, 3)))
    assert (rgba[..., 3] == 255).all()


def test_tracks_are_asked_for_a_few_at_a_time_and_not_while_something_moves(page):
    """Twelve rows of 25 images: six requests of two rows; a move in between stops the rest."""
    seen = sliders(
        page,
        "strips.js",
        """async ({ createStrips }) => {
            const asked = [], wait = ms => new Promise(done => setTimeout(done, ms))
            const rows = Array.from({ length: 12 }, (_, dimension) => ({
                dimension, range: [-3, 3], drawn: null,
                draw(pixels) { this.length = pixels.length },
            }))
            let z = Array(12).fill(0), answer = null
            const channel = { ask(request, onAnswer) {
                asked.push(request.dimensions)
                answer = () => onAnswer({ n: 50, pixels: new Uint8Array(50 * 3000), said: {} })
            } }
            const strips = createStrips(channel, { rows: () => rows, onFault() {},
                state: () => ({ model: 'm', z, label: null, steps: 25, shape: [50, 60, 1] }) })
            strips.later(0)
            await wait(20)
            answer()
            answer()
            const first = asked.slice()
            z = [...z.slice(0, 11), 1]
            strips.later(30)
            answer()
            const during = asked.length
            await wait(60)
            while (asked.length < 40) {
                const before = asked.length
                answer()
                if (asked.length === before) break
            }
            const lengths = rows.map(row => row.length)
            return { first, during, last: asked.slice(during).flat(), lengths }
        }""",
    )
    assert seen["first"] == [[0, 1], [2, 3], [4, 5]]
    assert seen["during"] == 3
    # All but the one that moved are drawn anew, and those that never were.
    assert sorted(seen["last"]) == list(range(12))
    assert set(seen["lengths"]) == {25 * 3000}


# --- keys, words, table, posterior ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "held", "step"),
    [
        ("ArrowRight", "", 0.1),
        ("ArrowUp", "", 0.1),
        ("ArrowLeft", "", -0.1),
        ("ArrowRight", "shiftKey", 0.6),
        ("ArrowDown", "altKey", -0.01),
        ("PageUp", "shiftKey", 0.6),
        ("PageDown", "", -0.6),
        ("Home", "", 0),
        ("a", "shiftKey", 0),
    ],
)
def test_a_key_moves_a_slider_by_a_step_that_can_be_seen(page, key, held, step):
    argument = {"key": key, held: True}
    seen = sliders(page, "row.js", "({ keyStep }, event) => keyStep(event, [-3, 3])", argument)
    assert seen == pytest.approx(step)


@pytest.mark.parametrize(
    ("start", "sigma", "expected"),
    [
        (0, 0.3, [0.5, 0.05, ""]),
        (2.9, 0.03, [5.9 / 6, 0.005, ""]),
        (2.9, 0.6, [5.9 / 6, 0.1, "right"]),
        (-1.5, 1.2, [0.25, 0.2, "left"]),
        (1, 150, [2 / 3, 2, "left right"]),
        (1, None, [2 / 3, 0, ""]),
    ],
)
def test_the_bar_of_a_posterior_is_bounded_and_says_where_it_is_cut(page, start, sigma, expected):
    seen = sliders(
        page,
        "row.js",
        "({ bandOf }, [start, sigma]) => Object.values(bandOf(start, sigma, [-3, 3]))",
        [start, sigma],
    )
    assert seen[:2] == pytest.approx(expected[:2])
    assert seen[2] == expected[2]


def test_how_far_is_said_in_standard_deviations_of_the_posterior(page):
    seen = sliders(
        page,
        "row.js",
        "({ awayWords }) => [awayWords(1, 0.4), awayWords(-9, 0.1), awayWords(0.5, null)]",
    )
    assert seen == ["+2.5 σ of the posterior", "−90 σ of the posterior", "+0.50 from the start"]


def test_a_finger_means_the_slider_only_once_it_has_gone_across(page):
    ways = [[0, 0], [3, 4], [9, 2], [-20, 19], [2, 9], [8, 8]]
    seen = sliders(page, "touch.js", "({ wayOf }, ways) => ways.map(way => wayOf(...way))", ways)
    assert seen == ["", "", "across", "across", "along", "along"]


def test_the_rows_and_heads_of_the_table_are_those_of_the_server(page):
    facts = {"order": [2, 0, 1], "why": ["", "dead", ""], "names": ["z₁", "z₂", "z₃"]}
    seen = sliders(
        page,
        "table.js",
        """({ rowsOf, headsOf }, facts) => [
            rowsOf(facts, 'kl', false), rowsOf(facts, 'kl', true), rowsOf(facts, 'index', false),
            headsOf(7), headsOf(5)]""",
        facts,
    )
    assert seen[:3] == [[2, 0], [2, 0, 1], [0, 2]]
    assert seen[3] == ["−3σ", "−2σ", "−1σ", "0", "+1σ", "+2σ", "+3σ"]
    assert seen[4] == ["−3σ", "−1.5σ", "0", "+1.5σ", "+3σ"]


def test_of_many_wishes_the_first_and_the_newest_are_fetched(page):
    seen = sliders(
        page,
        "posterior.js",
        """async ({ createLatest }) => {
            const asked = [], shown = [], waiting = []
            const fetched = wish => {
                asked.push(wish)
                return new Promise(done => waiting.push(() => done(`answer ${wish}`)))
            }
            const ask = createLatest(fetched, answer => shown.push(answer))
            for (const wish of ['1', '2', '3', '4']) ask(wish)
            for (let turn = 0; turn < 4; turn++) {
                waiting.shift()?.()
                await new Promise(done => setTimeout(done, 5))
            }
            return [asked, shown]
        }""",
    )
    assert seen == [["1", "4"], ["answer 4"]]
