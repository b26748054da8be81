"""Groups by their names: kept, renamed, deleted, each shape under one name."""

from __future__ import annotations

import pytest
import streamlit as st

from explorer.latent.polygon import polygon_to_text
from explorer.view.groups import MOST_GROUPS, drop_group, group_name, keep_group, kept_groups
from explorer.view.state import ViewState

VIEW = ViewState("mnist-vae-2d", "mnist-5k", 5000, "raw")


def drawn(x: float) -> ViewState:
    return VIEW.with_group(polygon_to_text([[x, 0], [x + 1, 0], [x, 2]]))


@pytest.fixture(autouse=True)
def _visit(monkeypatch) -> None:
    """A visit of its own for each test."""
    monkeypatch.setattr(st, "session_state", {})


def test_a_group_is_known_by_its_name_wherever_the_person_is_on_its_map():
    keep_group(drawn(0), "  Ones ")
    assert group_name(drawn(0).at_place(3, 4).changed(colour="kl")) == "Ones"
    assert group_name(drawn(1)) == group_name(drawn(0).changed(classes="3")) == ""
    assert kept_groups() == {"Ones": drawn(0)}


def test_another_name_for_the_same_group_renames_it_in_its_place():
    for x, name in enumerate(("Ones", "Twos", "Threes")):
        keep_group(drawn(x), name)
    keep_group(drawn(1), "Pairs")
    assert list(kept_groups().items()) == [
        ("Ones", drawn(0)), ("Pairs", drawn(1)), ("Threes", drawn(2)),
    ]  # fmt: skip


def test_a_name_stays_with_the_group_that_has_it():
    keep_group(drawn(0), "Ones")
    keep_group(drawn(1), "Twos")
    for view in (drawn(1), drawn(2)):
        keep_group(view, "Ones")
    assert kept_groups() == {"Ones": drawn(0), "Twos": drawn(1)}


def test_a_deleted_group_can_be_kept_again():
    keep_group(drawn(0), "Ones")
    keep_group(drawn(1), "Twos")
    drop_group(drawn(0))
    drop_group(drawn(5))  # has no name
    assert kept_groups() == {"Twos": drawn(1)}
    keep_group(drawn(0), "Ones")
    assert group_name(drawn(0)) == "Ones"


def test_nothing_is_kept_without_a_name_or_a_shape():
    keep_group(drawn(0), "   ")
    keep_group(VIEW, "Ones")
    drop_group(VIEW)
    assert kept_groups() == {}


def test_the_oldest_gives_way_to_one_too_many_but_not_to_a_new_name():
    for x in range(MOST_GROUPS):
        keep_group(drawn(x), f"group {x}")
    keep_group(drawn(9), "nine")
    assert group_name(drawn(0)) == "group 0"
    keep_group(drawn(MOST_GROUPS), "one more")
    assert group_name(drawn(0)) == ""
    assert len(kept_groups()) == MOST_GROUPS
