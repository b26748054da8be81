"""The pure functions of the paths page, run in the browser on data made here."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.latent.polygon import stroke_of_text
from tests.app.conftest import visitor


@pytest.fixture(scope="module")
def scripts(browser, address):
    """`scripts(module, body, argument)` runs an async function of (module, argument)."""
    with visitor(browser, address) as person:
        person.page.goto(f"{address}/explorer/assets/paths/ask.js")
        folder = "/explorer/assets/paths"
        yield lambda module, body, argument: person.page.evaluate(
            f"async argument => ({body})(await import('{folder}/{module}'), argument)", argument
        )


@pytest.mark.parametrize(
    ("mode", "share", "direction", "seconds", "expected"),
    [
        ("loop", 0.5, 1, 1, (0.75, 1, True)),
        ("loop", 0.9, 1, 1, (0.15, 1, True)),
        ("loop", 0.9, 1, 9, (0.15, 1, True)),
        ("once", 0.9, 1, 1, (1, 1, False)),
        ("bounce", 0.9, 1, 1, (0.85, -1, True)),
        ("bounce", 0.1, -1, 1, (0.15, 1, True)),
        ("bounce", 0.5, 1, 99, (0, -1, True)),
    ],
)
def test_time_moves_the_player(scripts, mode, share, direction, seconds, expected):
    state = {"share": share, "direction": direction, "mode": mode, "speed": 1}
    after = scripts(
        "player.js",
        "({ advanced }, [state, seconds]) => advanced(state, seconds)",
        [state, seconds],
    )
    assert (after["share"], after["direction"], after["playing"]) == pytest.approx(expected)


@pytest.mark.parametrize("scale", [1e-3, 1, 1e4])
def test_a_line_in_the_address_is_short_and_finer_than_a_pixel(scripts, scale):
    rng = np.random.default_rng(0)
    line = np.cumsum(rng.normal(size=(300, 2)), axis=0) * scale
    text = scripts("ask.js", "({ strokeText }, line) => strokeText(line)", line.tolist())
    places = stroke_of_text(text)
    assert len(places) == 40
    assert places[[0, -1]] == pytest.approx(line[[0, -1]], abs=np.ptp(line) / 1000)
    assert len(text) < 800


def test_strips_are_compared_in_one_plain_sentence(scripts):
    def strip(name, roughness, relative, standing):
        said = {"roughness": roughness, "relative": relative, "standing": standing}
        return {"name": name, "said": said}

    body = "({ comparison }, strips) => comparison(strips)"
    smooth = strip("Along the data", 1.2, [0, 0.3, 0], ["data", "rare", "data"])
    torn = strip("Linear", 2.5, [0, 1.9, 0], ["data", "gap", "outside"])
    assert scripts("ask.js", body, [torn, smooth]) == (
        "Along the data changes the image most evenly (largest change 1.2× the mean one), Linear "
        "least (2.5×); nearest to the training images stays Along the data (3 of 3 steps in data), "
        "farthest from them Linear (1 of 3 steps in data)."
    )
    assert scripts("ask.js", body, [torn]) == (
        "Linear: the largest change of the image is 2.5× the mean one; 1 of 3 steps lie among "
        "training images."
    )
    assert scripts("ask.js", body, []) == ""
