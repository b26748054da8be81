"""The pure functions of the paths page, run in the browser on data made here."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.latent.polygon import stroke_of_text
from explorer.latent.walk import FEWEST, MOST
from explorer.serve.walks import MOST_FRAMES
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


@pytest.mark.parametrize("steps", range(FEWEST, MOST + 1))
@pytest.mark.parametrize("speed", [0.25, 0.5, 1, 2, 4])
def test_a_gif_moves_smoothly_at_any_speed_and_any_number_of_steps(scripts, steps, speed):
    gif = scripts("player.js", "({ gifOf }, [steps, speed]) => gifOf(steps, speed)", [steps, speed])
    frames = (steps - 1) * (gif["between"] + 1)
    assert 24 <= frames < MOST_FRAMES
    assert frames * gif["ms"] == pytest.approx(4000 / speed, rel=0.05)
    # A slow way is long; its images stand no longer than its number of images forces them to.
    assert gif["ms"] <= max(84, 4000 / speed / 119)


@pytest.mark.parametrize("scale", [1e-3, 1, 1e4])
def test_a_line_in_the_address_is_short_and_finer_than_a_pixel(scripts, scale):
    rng = np.random.default_rng(0)
    line = np.cumsum(rng.normal(size=(300, 2)), axis=0) * scale
    text = scripts("ask.js", "({ strokeText }, line) => strokeText(line)", line.tolist())
    places = stroke_of_text(text)
    assert len(places) == 40
    assert places[[0, -1]] == pytest.approx(line[[0, -1]], abs=np.ptp(line) / 1000)
    assert len(text) < 800


def test_a_way_that_jumps_on_the_map_is_evened_out_between_its_ends(scripts):
    body = "({ smoothed }, places) => smoothed(places)"
    straight = np.linspace([0, 1], [4, -1], 257)
    assert np.array(scripts("ask.js", body, straight.tolist())) == pytest.approx(straight)
    rng = np.random.default_rng(0)
    jumping = straight + rng.normal(size=straight.shape).repeat(16, 0)[:257]
    jumping[[0, -1]] = straight[[0, -1]]
    drawn = np.array(scripts("ask.js", body, jumping.tolist()))
    assert drawn[[0, -1]] == pytest.approx(jumping[[0, -1]])
    farthest = [np.linalg.norm(np.diff(way, axis=0), axis=1).max() for way in (jumping, drawn)]
    assert farthest[1] < farthest[0] / 20


@pytest.fixture(scope="module")
def compared(scripts):
    """`compared(strips)` is the sentence on strips `(name, roughness, relative, standings)`."""

    def sentence(*strips):
        told = [
            {
                "name": name,
                "said": {
                    "roughness": roughness,
                    "relative": relative,
                    "standing": standing,
                    "length": float(roughness > 0),
                    "change": float(roughness > 0),
                },
            }
            for name, roughness, relative, standing in strips
        ]
        return scripts("ask.js", "({ comparison }, strips) => comparison(strips)", told)

    return sentence


def test_strips_are_compared_in_one_plain_sentence(compared):
    smooth = ("Along the data", 1.2, [0, 0.3, 0], ["data", "rare", "data"])
    torn = ("Linear", 2.5, [0, 1.9, 0], ["data", "gap", "outside"])
    assert compared(torn, smooth) == (
        "Along the data changes the image most evenly (largest change 1.2× the mean one), Linear "
        "least (2.5×); nearest to the training images stays Along the data (0.1× the usual "
        "distance on average), farthest from them Linear (0.6×); fewest steps in a gap or outside "
        "has Along the data (0 of 3), most Linear (2)."
    )
    assert compared(torn) == (
        "Linear: the largest change of the image is 2.5× the mean one; steps in data: 1 of 3."
    )
    assert compared(smooth).endswith("steps in data: 2 of 3, 1 rare.")
    assert compared() == ""


def test_equal_strips_are_not_ranked(compared):
    one = (1.21, [0, 0.9, 0], ["data", "data", "data"])
    same = (1.24, [0, 0.91, 0], ["data", "data", "data"])
    assert compared(("Linear", *one), ("Slerp", *same)) == (
        "All change the image as evenly (largest change 1.2× the mean one); all are as near to "
        "the training images (0.3× the usual distance on average); every step is in data."
    )
    far = (1.9, [0, 3, 0], ["data", "gap", "data"])
    three = compared(("Linear", *one), ("Slerp", *same), ("Drawn", *far))
    assert three.startswith("Linear and Slerp change the image most evenly")
    assert "nearest to the training images stay Linear and Slerp" in three
    assert "in a gap or outside have Linear and Slerp (0 of 3), most Drawn (1)" in three
    assert "1 of 3 steps of each are in a gap" in compared(("Linear", *far), ("Slerp", *far))


def test_equal_ends_are_said_and_not_ranked(compared):
    still = (0, [0, 0, 0], ["data", "data", "data"])
    same = "A and B are the same latent, so every step between them shows the same image."
    assert compared(("Linear", *still), ("Slerp", *still)) == same
    drawn = ("Drawn", 2.5, [0, 1.9, 0], ["data", "gap", "outside"])
    assert compared(("Linear", *still), drawn) == (
        f"{same} Drawn: the largest change of the image is 2.5× the mean one; "
        "steps in data: 1 of 3."
    )
