"""The one way to say that a name is not known."""

from __future__ import annotations

from explorer.errors import unknown_name
from tests.support import is_one_sentence


def test_a_misspelt_name_is_answered_with_the_nearest_and_the_whole_list():
    error = unknown_name("model", "MNIST-VEA", ["mnist-vae", "sprites-vae"])
    assert str(error) == (
        "There is no model called 'MNIST-VEA'. Did you mean 'mnist-vae'? "
        "Known: mnist-vae, sprites-vae."
    )
    assert is_one_sentence(error)


def test_a_name_like_none_of_the_known_gets_no_guess():
    assert "Did you mean" not in str(unknown_name("model", "zzzz", ["mnist-vae"]))


def test_an_empty_name_among_the_known_is_left_out():
    assert str(unknown_name("way", "foo", ["", "up", "down"])).endswith("Known: down, up.")


def test_an_empty_list_is_said_to_be_empty():
    assert str(unknown_name("map", "umap", [])).endswith("Known: none yet.")


def test_of_a_long_list_only_the_nearest_are_named():
    names = [f"mnist-vae-{width}" for width in range(30)] + ["faces"]
    said = str(unknown_name("model", "face", names))
    assert "Did you mean 'faces'?" in said
    listed = said.split("Known: ")[1]
    assert listed.endswith(" and 25 more.")
    assert listed.count(",") == 5
    assert "faces" in listed
