"""The pure functions of the panels, run in the browser on data made here."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.latent import align
from tests.app.conftest import visitor


@pytest.fixture(scope="module")
def scripts(browser, address):
    """`scripts(module, body, argument)` runs a function of (module, argument)."""
    with visitor(browser, address) as person:
        person.page.goto(f"{address}/explorer/assets/panels/said.js")
        yield lambda module, body, argument: person.page.evaluate(
            f"async one => ({body})(await import('/explorer/assets/{module}'), one)", argument
        )


def test_a_turned_place_comes_back(scripts):
    places = np.random.default_rng(0).normal(size=(20, 2))
    turn = align.procrustes(places, places[:, ::-1] * 3 + [1, -2])
    words = {"matrix": turn.matrix.tolist(), "shift": turn.shift.tolist()}
    body = "({ turnOf }, [turn, all]) => { const { onto, back } = turnOf(turn); return [%s] }"
    there = scripts("js/turn.js", body % "all.map(onto)", [words, places.tolist()])[0]
    np.testing.assert_allclose(there, turn(places), atol=1e-9)
    again = scripts(
        "js/turn.js", body % "all.map(one => back(onto(one)))", [words, places.tolist()]
    )
    np.testing.assert_allclose(again[0], places, atol=1e-9)


def test_the_fewest_common_images_are_those_of_the_package(scripts):
    few = [{"shared": n, "residual": 0.5} for n in (align.FEWEST - 1, align.FEWEST)]
    assert scripts("panels/said.js", "({ isTurned }, all) => all.map(isTurned)", few) == [
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("value", "values", "share"),
    [
        (2, [1, 2, 4], 0.5),
        (4, [1, None, 4], 1),
        (None, [1, 4], 0),
        (0, [0, 0], 0),
        (-1, [-1, 3], 0),
    ],
)
def test_bars_are_shares_of_the_largest(scripts, value, values, share):
    body = "({ shareOf }, [value, values]) => shareOf(value, values)"
    assert scripts("panels/said.js", body, [value, values]) == share


def test_words_of_errors_and_rates(scripts):
    body = "({ errorWords, rateWords }, one) => [errorWords(one), rateWords(one)]"
    said = {"mse": 0.01234, "nats": 81.26, "rate": 7.04}
    assert scripts("panels/said.js", body, said) == ["0.012 · 81.3 nats", "7.0 nats"]
    plain = {"mse": 0.01234, "nats": None, "rate": None}
    assert scripts("panels/said.js", body, plain) == ["0.012", "no posterior"]


def test_a_group_is_read_from_the_address(scripts):
    body = "({ groupOf }, text) => groupOf(text)"
    found = scripts("panels/said.js", body, "mnist-vae-2d:0_0_1_-0.5_1_1")
    assert found == {"model": "mnist-vae-2d", "corners": [[0, 0], [1, -0.5], [1, 1]]}
    assert scripts("panels/said.js", body, "") is None
