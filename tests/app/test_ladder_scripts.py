"""The pure functions of the plots and words of models side by side, run in the browser."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from tests.app.conftest import visitor
from tests.app.test_generate_scripts import run


@pytest.fixture(scope="module")
def page(browser, address):
    with visitor(browser, address) as person:
        person.page.goto(f"{address}/explorer/assets/js/points.js")
        yield person.page


def test_a_line_of_equal_sums_is_cut_to_its_box(page):
    rng = np.random.default_rng(0)
    for _ in range(40):
        x, y = (sorted(rng.uniform(-5, 40, 2).tolist()) for _ in range(2))
        total = float(rng.uniform(-10, 80))
        line = run(page, "js/plot.js", "({ isoLine }, args) => isoLine(...args)", [x, y, total])
        if line is None:
            assert total <= x[0] + y[0] or total >= x[1] + y[1]
            continue
        for at, up in line:
            assert at + up == pytest.approx(total)
            assert x[0] - 1e-9 <= at <= x[1] + 1e-9
            assert y[0] - 1e-9 <= up <= y[1] + 1e-9
            assert min(abs(at - x[0]), abs(at - x[1]), abs(up - y[0]), abs(up - y[1])) < 1e-9
        assert line[0][0] < line[1][0]


LETTER, DOT, HIGH = 6.6, 6, 14


def box(place: dict, words: str) -> tuple[float, float, float, float]:
    """Left, right, top and bottom of words on the screen."""
    length = LETTER * len(words)
    left = place["x"] - {"start": 0, "middle": length / 2, "end": length}[place["anchor"]]
    return left, left + length, place["y"] - HIGH + 3, place["y"] + 3


def test_words_of_points_lie_over_no_other_words_and_no_other_point(page):
    area = {"left": 50, "right": 600, "top": 0, "bottom": 240}
    points = [
        {"x": x, "y": y, "words": words}
        for x, y, words in (
            (100, 40, "beta 0.25"),
            (104, 52, "beta 0.5"),
            (110, 70, "beta 1"),
            (590, 230, "beta 16"),
            (300, 6, "20-D"),
        )
    ]
    places = run(page, "js/plot.js", "({ wordPlaces }, [p, a]) => wordPlaces(p, a)", [points, area])
    boxes = [box(place, point["words"]) for place, point in zip(places, points, strict=True)]
    for k, (left, right, top, bottom) in enumerate(boxes):
        assert left >= 50
        assert right <= 600
        assert top >= 0
        assert bottom <= 240
        others = [other for j, other in enumerate(boxes) if j != k]
        others += [
            (p["x"] - DOT, p["x"] + DOT, p["y"] - DOT, p["y"] + DOT)
            for j, p in enumerate(points)
            if j != k
        ]
        assert not any(
            left < r and right > l and top < b and bottom > t
            for l, r, t, b in others  # noqa: E741
        )


def member(model: str, value: float, seed: int, kl: float, lost: float) -> dict:
    metrics = {"kl": {"value": kl, "unit": "nats"}, "reconstruction": {"value": lost}}
    about = {"model": model, "value": value, "seed": seed, "words": f"beta {value:g}"}
    return about | {"family": "vae", "latent_dim": 10, "metrics": metrics, "on": "test"}


MEMBERS = [
    member("a", 1, 0, 20, 80),
    member("b", 1, 1, 22, 78),
    member("c", 4, 0, 10, 100),
]
CHART = {
    "title": "RD",
    "x": {"of": "reconstruction", "title": "D", "log": False, "whole": False},
    "y": {"of": "kl", "title": "R", "log": False, "whole": False},
    "iso": True,
    "series": False,
    "joined": True,
}


def test_models_are_points_and_the_means_of_seeds_are_joined_with_their_spread(page):
    body = "({ plotOf }, [chart, members]) => plotOf(chart, members, 'b', null)"
    plot = run(page, "ladder/charts.js", body, [CHART, MEMBERS])
    assert [(p["x"], p["y"]) for p in plot["points"]] == [(80, 20), (78, 22), (100, 10)]
    assert [p["on"] for p in plot["points"]] == [False, True, False]
    assert [p["words"] for p in plot["points"]] == ["beta 1", "", "beta 4"]
    assert "seed 1" in plot["points"][1]["name"]
    lines = {tone: [] for tone in ("lx-tone-iso", "lx-tone-ladder", "lx-tone-spread")}
    for line in plot["lines"]:
        lines[line["tone"]].append(line["points"])
    assert lines["lx-tone-ladder"] == [[[79, 21], [100, 10]]]
    assert lines["lx-tone-spread"] == [[[78, 21], [80, 21]], [[79, 20], [79, 22]]]
    sums = [sum(points[0]) for points in lines["lx-tone-iso"]]
    assert sums == pytest.approx([sum(points[1]) for points in lines["lx-tone-iso"]])
    assert sums == pytest.approx([90, 100, 110, 120])
    low, high = plot["x"]["range"]
    assert low < 78
    assert high > 100
    apart = run(page, "ladder/charts.js", body, [CHART | {"joined": False}, MEMBERS])
    assert "lx-tone-ladder" not in [line["tone"] for line in apart["lines"]]


def test_families_are_joined_apart(page):
    members = [
        member(name, 0, 0, 1, lost) | {"family": family, "latent_dim": dims, "words": name}
        for name, family, dims, lost in (
            ("p2", "pca", 2, 9),
            ("a2", "ae", 2, 5),
            ("p32", "pca", 32, 4),
            ("a32", "ae", 32, 1),
        )
    ]
    x = {"of": "latent_dim", "title": "D", "log": True, "whole": False}
    y = CHART["x"]
    chart = CHART | {"x": x, "y": y, "iso": False, "series": True}
    body = "({ plotOf }, [chart, members]) => plotOf(chart, members, '', null).lines"
    lines = run(page, "ladder/charts.js", body, [chart, members])
    assert [line["points"] for line in lines] == [[[2, 9], [32, 4]], [[2, 5], [32, 1]]]


def test_words_follow_from_what_the_models_drew(page):
    body = """({ weakest, holes }, [kls, ways]) =>
        [weakest(kls), weakest(kls.slice(0, 1)), holes(ways), holes([])]"""
    kls = [{"words": "plain", "kl": [2.5, 0.004]}, {"words": "free bits", "kl": [0.5, 1.25]}]
    ways = [{"words": "VAE", "relative": [0, 1.234, 0]}, {"words": "AE"}]
    found = run(page, "ladder/words.js", body, [kls, ways])
    assert found == [
        "The weakest dimension carries 0.00 nats (plain), 0.50 nats (free bits).",
        "",
        "Half way between images of two classes, the nearest encoded image is 1.23 times (VAE) the "
        "usual distance away.",
        "",
    ]


def test_the_table_has_every_figure_and_the_kl_of_each_dimension(page):
    body = """({ csvOf, figureRows }, [members, figures, kl]) =>
        csvOf(figureRows({ members, figures }, new Map([['c', { said: { kl } }]])))"""
    figures = [{"id": "kl", "title": "Rate, in all"}, {"id": "mse", "title": "Error"}]
    text = run(page, "ladder/words.js", body, [MEMBERS, figures, [1.5, 0.25]])
    head, *lines = csv.reader(io.StringIO(text))
    assert head[:6] == ["model", "setting", "value", "seed", "measured on", "Rate, in all (nats)"]
    assert lines[2] == ["c", "beta 4", "4", "0", "test", "10", "", "1.5", "0.25"]
    assert lines[0] == ["a", "beta 1", "1", "0", "test", "20", "", "", ""]
