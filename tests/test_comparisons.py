"""Comparisons are found from cards: models that differ in one thing alone."""

from __future__ import annotations

import pytest

from explorer import store
from explorer.comparisons import comparisons
from explorer.sweeps import Member, Sweep

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


# --- sweeps -----------------------------------------------------------------------------------


def swept(varies: dict[str, tuple], settings: list[dict], **states: str) -> Sweep:
    """A sweep called `mine` whose members are named by their numbers; those in `states` are so."""
    members = tuple(
        Member(
            model=f"mine-{at}", settings=one, seed=one["seed"], state=states.get(f"m{at}", "done")
        )
        for at, one in enumerate(settings)
    )
    return Sweep(
        name="mine", command="-", family="vae", dataset="mnist", varies=varies, members=members
    )


def cards_of(sweep: Sweep) -> dict[str, store.Card]:
    """A card for each member, with the spec that its settings give."""
    cards = {}
    for member in sweep.members:
        base = CARDS["mnist-beta-vae-10-b4"]
        objective = base.spec.objective.model_copy(update={"beta": member.settings.get("beta", 1)})
        spec = base.spec.model_copy(update={"objective": objective, "seed": member.seed})
        cards[member.model] = base.model_copy(update={"id": member.model, "spec": spec})
    return cards


def test_a_sweep_is_a_comparison_with_all_seeds_in_the_order_of_its_axis():
    settings = [{"beta": beta, "seed": seed} for beta in (4.0, 0.25) for seed in (0, 1, 2)]
    sweep = swept({"beta": (4.0, 0.25), "seed": (0, 1, 2)}, settings)
    found = comparisons(CARDS | cards_of(sweep), [sweep])
    mine = found["sweep:mine"]
    assert [(one.value, one.seed) for one in mine.members] == [
        *((0.25, 0), (0.25, 1), (0.25, 2), (4, 0), (4, 1), (4, 2)),
    ]
    assert mine.models[0] == "mine-3"
    assert mine.members[0].words == "beta 0.25"
    assert (mine.varies, mine.numeric) == ("beta", True)
    assert "3 seeds" in mine.question
    # Its models stand nowhere else: what is shipped is found as without it.
    del found["sweep:mine"]
    assert found == FOUND


def test_of_two_settings_the_first_is_the_axis_and_both_stand_in_the_words():
    settings = [
        {"beta": beta, "hidden": hidden, "seed": 7}
        for beta in (4.0, 1.0)
        for hidden in ((512, 512), (64,))
    ]
    sweep = swept({"beta": (4.0, 1.0), "hidden": ((512, 512), (64,))}, settings)
    mine = comparisons(cards_of(sweep), [sweep])["sweep:mine"]
    assert [(one.value, one.words) for one in mine.members] == [
        (1, "beta 1, hidden 512,512"),
        (1, "beta 1, hidden 64"),
        (4, "beta 4, hidden 512,512"),
        (4, "beta 4, hidden 64"),
    ]
    assert mine.varies == "beta and hidden"


def test_where_seeds_alone_vary_they_are_the_axis():
    sweep = swept({"seed": (5, 3)}, [{"seed": 5}, {"seed": 3}])
    mine = comparisons(cards_of(sweep), [sweep])["sweep:mine"]
    assert [(one.value, one.words) for one in mine.members] == [(3, "seed 3"), (5, "seed 5")]


def test_members_that_are_not_done_or_not_there_are_left_out_and_one_alone_is_no_comparison():
    settings = [{"beta": beta, "seed": 0} for beta in (1.0, 2.0, 4.0)]
    sweep = swept({"beta": (1.0, 2.0, 4.0)}, settings, m1="failed")
    cards = cards_of(sweep)
    assert comparisons(cards, [sweep])["sweep:mine"].models == ("mine-0", "mine-2")
    del cards["mine-2"]
    assert comparisons(cards, [sweep]) == {}


def test_values_that_are_words_or_switches_are_no_numbers():
    settings = [{"batch_norm": on, "seed": 0} for on in (True, False)]
    sweep = swept({"batch_norm": (True, False)}, settings)
    mine = comparisons(cards_of(sweep), [sweep])["sweep:mine"]
    assert [(one.value, one.words) for one in mine.members] == [
        ("off", "batch norm off"),
        ("on", "batch norm on"),
    ]
    assert not mine.numeric
