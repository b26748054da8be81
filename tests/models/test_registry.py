"""Families by name, and architectures that cannot be."""

from __future__ import annotations

import pytest

from explorer.errors import ExplorerError
from explorer.models import build, family
from explorer.spec import ModelSpec, ObjectiveSpec
from tests.support import is_one_sentence


def test_an_unknown_family_is_answered_with_the_nearest():
    with pytest.raises(ExplorerError, match="Did you mean 'conv-vae'") as caught:
        family("convvae")
    assert is_one_sentence(caught.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"hidden": (512, 0)}, "0 units"),
        ({"hidden": (-5,)}, "-5 units"),
        ({"hidden": (10**9, 10**9)}, "1000000000 units"),
        ({"family": "conv-vae", "channels": (32, 0)}, "0 units"),
        ({"family": "conv-vae", "channels": (8, 8, 8)}, "multiple of 8"),
        ({"family": "conv-vae", "channels": ()}, "number of channels"),
    ],
)
def test_an_impossible_architecture_is_refused_in_one_sentence(values, words):
    with pytest.raises(ExplorerError, match=words) as caught:
        build(ModelSpec(**values), ObjectiveSpec())
    assert is_one_sentence(caught.value)


@pytest.mark.parametrize("name", ["vae", "autoencoder"])
def test_no_hidden_layers_make_a_linear_model(name):
    net = build(ModelSpec(family=name, hidden=()), ObjectiveSpec())
    assert len(net.encoder) == len(net.decoder) == 1
