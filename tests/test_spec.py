"""Specs: the bounds of every front, and the sentences that refuse what is beyond them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from explorer.errors import ExplorerError
from explorer.spec import ModelSpec, ObjectiveSpec, TrainSpec, build
from tests.support import is_one_sentence


@given(
    latent_dim=st.integers(1, 1024),
    hidden=st.lists(st.integers(1, 4096), max_size=5),
    beta=st.floats(0, 1e6),
    seed=st.integers(0, 2**31 - 1),
    augment=st.sampled_from(["none", "binarise"]),
)
def test_a_spec_survives_the_way_through_json(latent_dim, hidden, beta, seed, augment):
    spec = build(
        TrainSpec,
        {
            "model": {"latent_dim": latent_dim, "hidden": hidden},
            "objective": {"beta": beta},
            "seed": seed,
            "augment": augment,
        },
    )
    assert build(TrainSpec, json.loads(json.dumps(spec.model_dump(mode="json")))) == spec


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        (ModelSpec, {"latent_dim": 0}, ("latent dim", "greater than or equal to 1", "was 0")),
        (ModelSpec, {"latent_dim": 100_000}, ("latent dim", "16384", "100000")),
        (ModelSpec, {"activation": "tanh"}, ("activation", "'relu', 'gelu' or 'silu'", "'tanh'")),
        (ObjectiveSpec, {"beta": -1}, ("beta", "greater than or equal to 0", "-1")),
        (ObjectiveSpec, {"beta": float("nan")}, ("beta", "finite")),
        (ObjectiveSpec, {"beta": float("inf")}, ("beta", "finite")),
        (ObjectiveSpec, {"variance": 0}, ("variance", "greater than 0")),
        (ObjectiveSpec, {"free_bits": 1, "capacity": 5}, ("Free bits and capacity", "choose one")),
        (ObjectiveSpec, {"noise": "speckle"}, ("noise", "'salt-and-pepper'", "'speckle'")),
        (ObjectiveSpec, {"noise_amount": 1.5}, ("noise amount", "less than or equal to 1")),
        (ObjectiveSpec, {"sparsity_target": 1}, ("sparsity target", "less than 1")),
        (ObjectiveSpec, {"cycles": 0}, ("cycles", "greater than or equal to 1")),
        (ModelSpec, {"dropout": 1}, ("dropout", "less than 1")),
        (ModelSpec, {"codebook_size": 1}, ("codebook size", "greater than or equal to 2")),
        (TrainSpec, {"epochs": 0}, ("epochs", "greater than or equal to 1")),
        (TrainSpec, {"learning_rate": 0}, ("learning rate", "greater than 0")),
        (TrainSpec, {"learning_rate": "fast"}, ("learning rate", "number", "'fast'")),
        (TrainSpec, {"learning_rte": 1e-3}, ("'learning_rte'", "not a setting")),
        (TrainSpec, {"model": {"latents": 3}}, ("'model.latents'", "not a setting")),
        (TrainSpec, {"seed": -1}, ("seed",)),
    ],
)
def test_an_impossible_setting_is_refused_in_one_sentence_that_names_it(kind, values, words):
    with pytest.raises(ExplorerError) as caught:
        build(kind, values)
    assert is_one_sentence(caught.value)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_spec_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        TrainSpec().epochs = 3
