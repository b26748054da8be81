"""ViewState: every view is a link, and no link breaks the page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.latent.neighbours import MAX_NEIGHBOURS
from explorer.latent.search import LONGEST
from explorer.latent.spec import ProjectionSpec
from explorer.view.properties import (
    LAYERS,
    METRICS,
    PROPERTIES,
)
from explorer.view.readers import PLACE_DIGITS
from explorer.view.state import ViewState, from_query
from tests.support import is_one_sentence
from tests.view.shelf import FIRST, MODELS, SHAPE

KEYS = {
    "umap": st.builds(
        ProjectionSpec,
        method=st.just("umap"),
        neighbours=st.integers(2, 200),
        supervised=st.booleans(),
        seed=st.integers(0, 99),
    ).map(lambda spec: spec.key),
    "tsne": st.integers(5, 50).map(
        lambda perplexity: ProjectionSpec(method="tsne", perplexity=perplexity).key
    ),
}
# What a person may have searched for, with all that an address has to write in its own way.
SEARCHED = st.sampled_from(["7", "#123", "ankle boot, row 4", "a&b=c%20+ü", "x" * LONGEST])


coordinate = st.floats(-1e5, 1e5).map(lambda value: round(value, PLACE_DIGITS))


@st.composite
def views(draw):
    model = draw(st.sampled_from(sorted(MODELS)))
    shown = MODELS[model]
    dataset, count = draw(st.sampled_from(shown.sets))
    method = draw(st.sampled_from(shown.projections))
    view = ViewState(
        model,
        dataset,
        count,
        draw(KEYS.get(method, st.just(method))),
        draw(st.sampled_from(sorted(LAYERS))),
        draw(st.sampled_from(sorted(shown.colours))),
        draw(st.sampled_from([None, *shown.trust])),
        label=draw(st.none() | st.integers(0, len(shown.classes) - 1)) if shown.classes else None,
        polygon=draw(st.none() | st.just(SHAPE)),
        classes=draw(st.sampled_from(["", "3", "0,7"])),
        neighbours=draw(st.integers(1, MAX_NEIGHBOURS)),
        metric=draw(st.sampled_from(sorted(METRICS))),
        hover=draw(st.booleans()),
        pictures=draw(st.booleans()),
    )
    if draw(st.booleans()):
        view = view.with_find(draw(SEARCHED))
    if draw(st.booleans()):
        return view.at_row(draw(st.integers(0, count - 1)))
    return view.at_place(draw(coordinate), draw(coordinate))


@given(views())
def test_every_view_survives_the_way_through_the_address(view):
    read, notices = from_query(view.to_query(), MODELS, "two")
    assert read == view
    assert notices == []


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=20), max_size=4), views())
def test_unknown_keys_of_an_address_are_ignored(others, view):
    query = {f"x-{key}": value for key, value in others.items()} | view.to_query()
    assert from_query(query, MODELS, "two") == (view, [])


@given(
    st.dictionaries(
        st.sampled_from(sorted(PROPERTIES)),
        st.one_of(
            st.text(max_size=30),
            st.sampled_from(
                ["two", "told", "1e999", "nan,0", "٣", "0", "9", "9" * 5000, "umap-n9", "on", "0_0"]
            ),
        ),
    )
)
def test_any_nonsense_still_gives_a_view_and_a_sentence_for_each_fault(query):
    view, notices = from_query(query, MODELS, "two")
    again, later = from_query(view.to_query(), MODELS, "two")
    assert (again, later) == (view, [])
    assert len(notices) <= len(query)
    assert all(notice.endswith(".") for notice in notices)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"model": "twnty"}, "Did you mean 'twenty'?"),
        ({"projection": "umap"}, "no projection called 'umap'"),
        ({"layer": "all"}, "no layer to show called 'all'"),
        ({"row": "5000"}, "numbered 0 to 4999"),
        ({"row": "-1"}, "numbered 0 to 4999"),
        ({"place": "1"}, "two numbers with a comma"),
        ({"place": "1e7,0"}, "not on this map"),
        ({"place": "nan,0"}, "not on this map"),
        ({"count": "1"}, "cannot hold '1' images"),
        ({"count": "6000"}, "a number of 2 to 5000"),
        ({"projection": "umap-n1"}, "neighbours should be greater"),
        ({"colour": "eye"}, "no colouring called 'eye'"),
        ({"trust": "hope"}, "no measure of trust called 'hope'"),
        ({"polygon": "0_0_1"}, "A shape is written"),
        ({"classes": "a"}, "Classes are numbers"),
        ({"find": "7" * (LONGEST + 1)}, "at most 200 letters"),
        ({"find": "7\n"}, "all of them printable"),
        ({"neighbours": "0"}, "1 to 24 nearest images"),
        ({"metric": "taxi"}, "no metric called 'taxi'"),
        ({"hover": "maybe"}, "'on' or 'off'"),
        ({"pictures": ""}, "'on' or 'off'"),
    ],
)
def test_each_bad_value_is_named_with_what_was_expected(query, sentence):
    view, notices = from_query(query, MODELS, "two")
    assert view == FIRST
    assert len(notices) == 1
    assert sentence in notices[0]


def test_another_model_keeps_the_image_and_drops_the_place():
    view = FIRST.at_row(42)
    assert view.with_model("twenty", MODELS["twenty"]) == ViewState(
        "twenty", "mnist-5k", 5000, "umap", row=42
    )
    placed = view.at_place(1, 2).with_model("twenty", MODELS["twenty"])
    assert (placed.row, placed.place) == (0, None)


def test_a_model_on_another_data_set_does_not_keep_the_row_of_an_unrelated_image():
    assert FIRST.at_row(42).with_model("other", MODELS["other"]).row == 0


def test_the_projection_stays_when_the_next_model_has_it():
    view = ViewState("twenty", "mnist-5k", 5000, "pca")
    assert view.with_model("other", MODELS["other"]).projection == "pca"
    assert view.with_model("two", MODELS["two"]).projection == "raw"


def test_settings_stay_where_the_next_model_has_them_and_what_belongs_to_a_map_falls_away():
    view = FIRST.changed(colour="kl", trust="density", polygon=SHAPE, classes="3", neighbours=9)
    other = view.with_model("twenty", MODELS["twenty"])
    assert (other.colour, other.trust, other.neighbours) == ("kl", None, 9)
    assert (other.polygon, other.classes) == (None, "")
    assert view.with_model("other", MODELS["other"]).colour == "label"


def test_more_images_of_the_same_set_keep_the_image_and_another_set_does_not():
    view = ViewState("other", "faces", 100, "umap", polygon=SHAPE).at_row(7)
    more = view.with_images("faces", 400)
    assert (more.row, more.count, more.polygon) == (7, 400, None)
    assert view.with_images("digits", 100).row == 0


def test_what_is_searched_for_stays_with_its_images_on_every_map():
    view = ViewState("twenty", "mnist-5k", 5000, "pca").with_find("3 7")
    assert view.with_projection("umap").find == "3 7"
    assert view.with_model("two", MODELS["two"]).find == "3 7"
    assert view.with_images("mnist-5k", 100).find == "3 7"
    assert view.with_images("mnist", 70_000).find == ""
    assert view.with_model("other", MODELS["other"]).find == ""


def test_a_group_and_what_was_searched_for_are_never_lit_together():
    drawn = FIRST.with_find("7").with_group(SHAPE, "3")
    assert (drawn.polygon, drawn.classes, drawn.find) == (SHAPE, "3", "")
    found = drawn.with_find("7")
    assert (found.polygon, found.classes, found.find) == (None, "", "7")
    assert found.with_group(None).find == "7"
    assert drawn.with_find("") == drawn
    both = drawn.to_query() | found.to_query()
    assert from_query(both, MODELS, "two") == (drawn, [])


def test_a_link_is_short_and_says_always_what_opens_the_view():
    assert sorted(FIRST.to_query()) == [
        "count", "dataset", "layer", "model", "projection", "row",
    ]  # fmt: skip
    assert sorted(FIRST.at_place(1, 2).changed(hover=False).to_query()) == [
        "count", "dataset", "hover", "layer", "model", "place", "projection",
    ]  # fmt: skip


def test_an_address_without_a_number_of_images_opens_the_first_choice_of_its_set():
    assert from_query({"model": "twenty", "dataset": "mnist"}, MODELS, "two")[0].count == 70_000
    assert from_query({"model": "other"}, MODELS, "two")[0].count == 100


# --- the class of a conditional model ---------------------------------------------------------


@pytest.mark.parametrize(("model", "label"), [("told", 0), ("told", 9), ("told-few", 1)])
def test_a_class_is_part_of_the_address(model, label):
    view = ViewState(model, "mnist-5k", 5000, "raw", label=label)
    assert view.to_query()["label"] == str(label)
    assert from_query(view.to_query(), MODELS, "two") == (view, [])


def test_the_images_own_class_is_left_out_of_the_address():
    view = ViewState("told", "mnist-5k", 5000, "raw").changed(label=3).changed(label=None)
    assert "label" not in view.to_query()
    assert from_query({"model": "told"}, MODELS, "two")[0].label is None


@pytest.mark.parametrize(
    ("model", "label", "sentence"),
    [
        ("told", "10", "There is no class '10'; classes are numbered 0 to 9."),
        ("told-few", "2", "classes are numbered 0 to 1."),
        ("told", "-1", "There is no class '-1'"),
        ("told", "three", "There is no class 'three'"),
        ("told", "٣", "There is no class '٣'"),
        ("told", "", "There is no class ''"),
        ("told", "1.0", "There is no class '1.0'"),
        ("told", "9" * 5000, "classes are numbered 0 to 9."),
        ("two", "3", "This model is not told a class"),
    ],
)
def test_a_class_that_there_is_not_is_one_sentence_and_the_images_own_is_shown(
    model, label, sentence
):
    view, notices = from_query({"model": model, "label": label}, MODELS, "two")
    assert view == ViewState(model, "mnist-5k", 5000, "raw")
    assert len(notices) == 1
    assert sentence in notices[0]
    assert is_one_sentence(notices[0])


@pytest.mark.parametrize(
    ("label", "model", "kept"),
    [(1, "told-few", 1), (2, "told-few", None), (1, "two", None), (None, "told-few", None)],
)
def test_another_model_keeps_the_class_if_it_can_be_told_it(label, model, kept):
    view = ViewState("told", "mnist-5k", 5000, "raw", label=label).at_row(42)
    other = view.with_model(model, MODELS[model])
    assert (other.label, other.row) == (kept, 42)
    assert from_query(other.to_query(), MODELS, "two") == (other, [])


def test_the_class_stays_when_the_place_the_layer_or_the_projection_changes():
    view = ViewState("told-few", "mnist-5k", 5000, "raw", label=1)
    for other in (view.at_row(3), view.at_place(1, 2), view.changed(layer="grid")):
        assert other.label == 1
    assert view.with_projection("pca").label == 1
