"""Comparisons are found from cards: models that differ in one thing alone."""

from __future__ import annotations

import pytest

from explorer import store
from explorer.comparisons import comparisons

CARDS = {
    found.id: found.card
    for found in store.find().artefacts
    if found.card.kind == "model" and found.shipped
}
FOUND = comparisons(CARDS)


def test_the_shipped_beta_ladder_is_found_in_the_order_of_beta():
    ladder = FOUND["beta"]
    assert [one.value for one in ladder.members] == [0.25, 0.5, 1, 2, 4, 8, 16]
    assert all(one.model.startswith("mnist-beta-vae-10-b") for one in ladder.members)
    assert ladder.numeric
    assert ladder.members[4].words == "beta 4"
    assert [one.value for one in FOUND["sprites-beta"].members] == [1, 4, 8]


@pytest.mark.parametrize(
    ("key", "models"),
    [
        (
            "latent-dim",
            ["small-vae-2", "beta-vae-10-b1", "small-vae-20", "small-vae-50", "small-vae-100"],
        ),
        ("likelihood", ["beta-vae-10-b1", "small-vae-10-mse"]),
        ("collapse", ["beta-vae-10-b1", "small-vae-10-cyclical", "small-vae-10-free-bits"]),
        ("holes", ["ae-2d", "vae-2d"]),
        ("linear", ["pca-2", "ae-2d", "pca-32", "ae-32"]),
    ],
)
def test_each_prepared_comparison_has_its_models(key, models):
    assert list(FOUND[key].models) == [f"mnist-{model}" for model in models]


def test_members_of_one_setting_differ_in_nothing_else():
    for key, part, setting in (
        ("beta", "objective", "beta"),
        ("latent-dim", "model", "latent_dim"),
    ):
        specs = [CARDS[model].spec.model_dump() for model in FOUND[key].models]
        for spec in specs:
            spec[part].pop(setting)
            spec["model"]["family"] = spec["model"]["family"].replace("beta-", "")
        assert all(spec == specs[0] for spec in specs)


def test_seeds_of_one_setting_belong_together():
    """Two seeds of each value, as a sweep makes them."""
    base = CARDS["mnist-beta-vae-10-b4"]

    def card(beta: float, seed: int) -> store.Card:
        objective = base.spec.objective.model_copy(update={"beta": beta})
        spec = base.spec.model_copy(update={"objective": objective, "seed": seed, "epochs": 3})
        return base.model_copy(update={"id": f"mine-b{beta:g}-s{seed}", "spec": spec})

    mine = [card(beta, seed) for beta in (4.0, 1.0) for seed in (1, 0)]
    found = comparisons({one.id: one for one in mine})["beta"]
    assert [(one.value, one.seed) for one in found.members] == [(1, 0), (1, 1), (4, 0), (4, 1)]
    # Beside the shipped ladder it has a name of its own.
    both = comparisons(CARDS | {one.id: one for one in mine})
    assert len(both["beta"].members) == 7
    assert both["mnist-beta"].models == found.models


def test_models_that_differ_in_nothing_or_in_two_things_are_no_comparison():
    one = CARDS["mnist-vae-20"]
    assert comparisons({one.id: one}) == {}
    assert comparisons({name: CARDS[name] for name in ("mnist-vae-20", "mnist-conv-vae-32")}) == {}
