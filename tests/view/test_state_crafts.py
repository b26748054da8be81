"""What the tasks codes, denoise, round trip and errors add to the address."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.latent.errors import ALTERED as WAYS
from explorer.latent.round_trip import MOST_TRIPS
from explorer.metrics.denoising import NOISES as KINDS
from explorer.view.properties import ALTERED, NOISES, RANKS
from explorer.view.shown import Shown
from explorer.view.state import ViewState, from_query
from tests.support import is_one_sentence

SHOWN = Shown((("mnist-5k", 5000),), {"mnist-5k": 5000}, ("raw",))
MODELS = {"one": SHOWN, "other": SHOWN}
FIRST = ViewState("one", "mnist-5k", 5000, "raw", task="codes")
CODES = "AbZ09-_A"


def test_the_names_of_noises_and_alterations_are_those_of_the_package():
    assert tuple(NOISES) == KINDS
    assert tuple(ALTERED) == ("", *WAYS)


@given(
    st.fixed_dictionaries(
        {
            "codes": st.sampled_from(["", CODES, "A" * 98]),
            "kept": st.sampled_from(["", "fffffff000000", "0"]),
            "source": st.sampled_from(["", "row:3"]),
            "noise": st.sampled_from(list(NOISES)),
            "amount": st.integers(0, 100).map(lambda percent: percent / 100),
            "trips": st.integers(1, MOST_TRIPS),
            "altered": st.sampled_from(list(ALTERED)),
            "rank": st.sampled_from(list(RANKS)),
            "rank_page": st.integers(0, 10_000),
            "rank_class": st.sampled_from(["", "0", "9"]),
        }
    )
)
def test_what_was_set_comes_back_from_the_address_and_stands_on_this_page_alone(values):
    view = FIRST.changed(**values)
    query = view.to_query("generate")
    assert from_query(query, MODELS, "one", "generate") == (view, [])
    assert not set(values) & set(view.to_query("map"))
    defaults = {name for name, value in values.items() if value == getattr(FIRST, name)}
    assert not defaults & set(query)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("codes", "a b"),
        ("codes", "ä"),
        ("codes", "A" * 5000),
        ("kept", "xyz"),
        ("kept", "f" * 5000),
        ("source", "nothing"),
        ("noise", "none"),
        ("amount", "1.1"),
        ("amount", "nan"),
        ("trips", "0"),
        ("trips", "101"),
        ("altered", "inside-out"),
        ("rank", "middle"),
        ("rank_page", "-1"),
        ("rank_class", "256"),
        ("rank_class", "x"),
    ],
)
def test_a_value_that_is_not_usable_is_one_sentence(name, text):
    view, notices = from_query({"task": "codes", name: text}, MODELS, "one", "generate")
    assert view == FIRST
    assert len(notices) == 1
    assert is_one_sentence(notices[0])


def test_codes_are_those_of_one_image_and_one_model():
    view = FIRST.changed(codes=CODES, kept="f")
    assert view.at_row(5).codes == ""
    assert view.at_row(5).kept == "f"
    other = view.with_model("other", SHOWN)
    assert (other.codes, other.kept) == ("", "")
    taken, _ = view.taking({"row": "5", "codes": "AA"}, SHOWN)
    assert (taken.row, taken.codes) == (5, "AA")


def test_a_dimension_that_the_model_does_not_have_is_said():
    two = replace(SHOWN, latent_dim=2)
    for text, sentence in (("3:1", "There is no dimension 3"), ("x", "like 3:1.25")):
        view, notices = from_query({"moved": text}, {"model": two}, "model", "dimensions")
        assert view.moved == ""
        assert len(notices) == 1
        assert sentence in notices[0]
    view, notices = from_query({"moved": "2:1.5"}, {"model": two}, "model", "dimensions")
    assert (view.moved, notices) == ("2:1.5", [])
