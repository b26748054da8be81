"""ViewState: every view is a link, and no link breaks the page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from explorer import own
from explorer.latent.neighbours import MAX_NEIGHBOURS
from explorer.latent.polygon import polygon_to_text
from explorer.latent.search import LONGEST
from explorer.latent.spec import ProjectionSpec
from explorer.view.properties import (
    LAYERS,
    METRICS,
    ORDERS,
    PAGES,
    PROPERTIES,
    SAMPLERS,
    SPACINGS,
    TASKS,
)
from explorer.view.readers import PLACE_DIGITS
from explorer.view.shown import Shown
from explorer.view.state import ViewState, from_query
from tests.support import is_one_sentence

DIGITS = {"sets": (("mnist-5k", 5000),), "totals": {"mnist-5k": 5000}}
COLOURS = {"label": "Class", "error": "Error", "kl": "KL"}
MODELS = {
    "two": Shown(**DIGITS, projections=("raw",), colours=COLOURS, trust={"density": "Density"}),
    "twenty": Shown(
        (("mnist-5k", 5000), ("mnist", 70_000)),
        {"mnist-5k": 5000, "mnist": 70_000},
        ("umap", "tsne", "pca"),
        colours=COLOURS,
    ),
    "other": Shown((("faces", 100), ("faces", 400)), {"faces": 400}, ("umap", "pca")),
    "told": Shown(**DIGITS, projections=("raw",), classes=tuple("0123456789")),
    "told-few": Shown(**DIGITS, projections=("raw", "pca"), classes=("even", "odd")),
}
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
SHAPE = polygon_to_text([[0, 0], [1, 0], [0.5, 2]])
# The view that an empty address opens.
FIRST = ViewState("two", "mnist-5k", 5000, "raw")

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


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"components": "65"}, "1 to 64"),
        ({"picked": "prior-256"}, "named like prior-12"),
        ({"picked": "guess-1"}, "named like prior-12"),
        ({"spaced": "odd"}, "no spacing called 'odd'"),
        ({"reach": "0.1"}, "0.5 to 10"),
        ({"style": "-1"}, "number of a sample"),
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
