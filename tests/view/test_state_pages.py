"""What the pages Dimensions, Paths and Generate add to the address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from explorer import own
from explorer.view.properties import (
    ORDERS,
    PAGES,
    SAMPLERS,
    SPACINGS,
    TASKS,
)
from explorer.view.state import ViewState, from_query
from tests.support import is_one_sentence
from tests.view.shelf import FIRST, MODELS, SHAPE

SUBJECTS = st.sampled_from(["", "row:7", "mean", "sample:3", "class:9", "place:0.5,-1.25"])
ELSEWHERE = {
    "dimensions": st.fixed_dictionaries(
        {
            "start": SUBJECTS,
            "moved": st.sampled_from(["", "3:1.25,7:-0.5", "256:0"]),
            "order": st.sampled_from(sorted(ORDERS)),
            "table": st.none() | st.integers(3, 25),
            "dead": st.booleans(),
            "posterior": st.none() | st.sampled_from([0.0, 1.0, 2.35]),
        }
    ),
    "paths": st.fixed_dictionaries(
        {
            "a": SUBJECTS,
            "b": SUBJECTS,
            "ways": st.sampled_from(["linear", "linear,slerp", "density"]),
            "steps": st.integers(3, 25),
            "models": st.sampled_from(["", "two", "two,twenty"]),
            "stroke": st.sampled_from(["", "0_0_1.5_-2"]),
            "plus": st.sampled_from(["", "all", "class:3", f"group:umap-n50:{SHAPE}"]),
            "minus": st.sampled_from(["", "class:0", f"group:raw:{SHAPE}:0,7"]),
            "strength": st.sampled_from([-2.0, 0.0, 0.35, 2.0]),
        }
    ),
    "generate": st.fixed_dictionaries(
        {
            "task": st.sampled_from(["", *TASKS]),
            "sampler": st.sampled_from(sorted(SAMPLERS)),
            "n": st.integers(1, 256),
            "temperature": st.sampled_from([0.0, 0.75, 3.0]),
            "seed": st.integers(0, 999_999_999),
            "components": st.integers(1, 64),
            "picked": st.sampled_from(["", "prior-0", "mixture-255"]),
            "spaced": st.sampled_from(sorted(SPACINGS)),
            "reach": st.sampled_from([0.5, 3.0, 10.0]),
            "zoom": st.sampled_from(["", "0.20000,0.40000,0.50000,0.70000"]),
            "style": st.sampled_from(["", "0", "7"]),
        }
    ),
}


@given(st.data(), st.sampled_from(sorted(ELSEWHERE)))
def test_the_view_of_every_page_survives_the_way_through_its_address(data, page):
    chosen = data.draw(ELSEWHERE[page])
    view = FIRST.changed(**chosen)
    assert from_query(view.to_query(page), MODELS, "two", page) == (view, [])


def test_the_address_of_a_page_says_nothing_of_the_others_and_going_there_forgets_nothing():
    view = FIRST.changed(find="7", moved="1:2", steps=5, seed=9).at_row(3)
    view = view.changed(moved="1:2")
    addresses = {page: view.to_query(page) for page in PAGES}
    assert [page for page in PAGES if "steps" in addresses[page]] == ["paths"]
    assert all(address["row"] == "3" for address in addresses.values())
    for page in PAGES:
        assert from_query(addresses[page], MODELS, "two", page, before=view) == (view, [])
    elsewhere, _ = from_query({"model": "other"}, MODELS, "two", "paths", before=view)
    assert (elsewhere.find, elsewhere.moved, elsewhere.seed) == ("", "", 0)


def test_an_own_picture_is_chosen_instead_of_an_image_and_goes_along_to_other_models_and_pages():
    name = own.keep_picture(Image.new("L", (9, 9), 200))
    view = FIRST.at_row(8).at_own(name)
    assert (view.own, view.row, view.place, view.subject) == (name, None, None, f"own:{name}")
    assert from_query(view.to_query(), MODELS, "two") == (view, [])
    there = view.with_model("other", MODELS["other"])
    assert (there.own, there.row) == (name, None)
    assert view.at_row(2).own is None
    assert view.at_place(1, 2).own is None
    gone, notices = from_query({"own": "0" * 16}, MODELS, "two")
    assert (gone.own, gone.row) == (None, 0)
    assert notices == [own.GONE]


def test_lines_and_groups_drawn_on_a_map_stay_with_it_and_classes_go_along():
    drawn = f"group:raw:{SHAPE}"
    view = FIRST.changed(stroke="0_0_1_1", plus=drawn, minus="class:3")
    near, far = (view.with_model(name, MODELS[name]) for name in ("twenty", "other"))
    assert (near.stroke, near.plus, near.minus) == ("", "", "class:3")
    assert (far.stroke, far.plus, far.minus) == ("", "", "")
    other = view.with_projection("pca")
    assert (other.stroke, other.plus, other.minus) == ("", drawn, "class:3")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"a": "nobody"}, "A starting point is"),
        ({"ways": "linear,up"}, "no way called 'up'"),
        ({"ways": ""}, "no way called ''"),
        ({"steps": "2"}, "3 to 25"),
        ({"stroke": "1_2"}, "A drawn line is written"),
        ({"plus": "sevens"}, "A group is written as"),
        ({"minus": "group:raw:1_2"}, "3 to 64 corners"),
        ({"strength": "9"}, "a number of -2 to 2"),
        ({"models": "a,b,c,d,e"}, "At most 4 models"),
    ],
)
def test_each_bad_value_of_a_path_is_named(query, sentence):
    view, notices = from_query(query, MODELS, "two", "paths")
    assert sentence in notices[0]
    assert is_one_sentence(notices[0])
    assert view == FIRST


def test_the_ends_of_a_path_go_along_to_models_in_which_they_mean_the_same():
    view = FIRST.changed(a="row:3", b="place:1,2", start="sample:4", moved="1:2")
    near, far = (view.with_model(name, MODELS[name]) for name in ("twenty", "other"))
    assert (near.a, near.b, near.start, near.moved) == ("row:3", "", "sample:4", "")
    assert (far.a, far.b, far.start) == ("", "", "sample:4")


def test_what_a_component_commits_is_read_as_an_address_is():
    view = FIRST.changed(moved="1:2")
    taken, unusable = view.taking({"row": "12", "moved": "2:0.5"}, MODELS["two"])
    assert (taken.row, taken.moved, unusable) == (12, "2:0.5", [])
    # Something else chosen: the sliders start anew from it.
    assert view.taking({"row": "12"}, MODELS["two"])[0].moved == ""
    assert taken.taking({"moved": "", "start": ""}, MODELS["two"]) == (taken.changed(moved=""), [])
    told = ViewState("told", "mnist-5k", 5000, "raw", label=3)
    assert told.taking({"label": "", "seed": "4"}, MODELS["told"]) == (
        told.changed(label=None, seed=4),
        [],
    )
    same, unusable = view.taking({"steps": "99", "model": "other", "hat": "1"}, MODELS["two"])
    assert same == view
    assert len(unusable) == 3
    assert all(is_one_sentence(one) for one in unusable)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"components": "65"}, "1 to 64"),
        ({"picked": "prior-256"}, "named like prior-12"),
        ({"picked": "guess-1"}, "named like prior-12"),
        ({"spaced": "odd"}, "no spacing called 'odd'"),
        ({"reach": "0.1"}, "0.5 to 10"),
        ({"style": "-1"}, "number of a sample"),
        ({"zoom": "0,1,0"}, "left,right,lower,upper"),
        ({"zoom": "0.5,0.4,0,1"}, "left,right,lower,upper"),
        ({"zoom": "0,1.5,0,1"}, "left,right,lower,upper"),
        ({"zoom": "nan,1,0,1"}, "left,right,lower,upper"),
        ({"mix": "3,8"}, "share of the second"),
        ({"mix": "3,10,0.5"}, "share of the second"),
        ({"mix": "3,8,1.5"}, "share of the second"),
        ({"mix": "3,8,nan"}, "share of the second"),
        ({"mix": "3,8,0.5,1"}, "share of the second"),
    ],
)
def test_each_bad_value_of_what_is_generated_is_named(query, sentence):
    view, notices = from_query(query | {"model": "told"}, MODELS, "two", "generate")
    assert view == ViewState("told", "mnist-5k", 5000, "raw")
    assert len(notices) == 1
    assert sentence in notices[0]


def test_a_mix_of_classes_is_of_a_model_that_is_told_them():
    mixed = ViewState("told", "mnist-5k", 5000, "raw", mix="3,8,0.25")
    assert from_query(mixed.to_query("generate"), MODELS, "two", "generate") == (mixed, [])
    assert mixed.with_model("told-few", MODELS["told-few"]).mix == ""
    assert mixed.with_model("two", MODELS["two"]).mix == ""
