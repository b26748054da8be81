"""Models side by side: which columns and plots, and a sentence that follows from the figures."""

from __future__ import annotations

import pytest

from explorer import store
from explorer.comparisons import Comparison, Member, comparisons
from explorer.view import shell
from explorer.view.chosen import columns, unknown
from explorer.view.ladder import at_images, data
from explorer.view.ladder.charts import ACTIVE, BETWEEN, ELBOW, LINEAR, RATE_DISTORTION, charts
from explorer.view.ladder.figures import FIGURES, NOT_COMPARABLE, comparable, figures
from explorer.view.ladder.findings import finding
from explorer.view.state import ViewState, from_query

CARDS = {
    found.id: found.card
    for found in store.find().artefacts
    if found.card.kind == "model" and found.shipped
}
FOUND = comparisons(CARDS)


def cards_of(key: str) -> list[store.Card]:
    return [CARDS[name] for name in FOUND[key].models]


def value(model: str, metric: str) -> float:
    return CARDS[model].metrics[metric].value


def altered(key: str, metric: str, values: list[float]) -> dict[str, store.Card]:
    """The cards of a comparison with other values of a metric."""
    found = dict(CARDS)
    for card, number in zip(cards_of(key), values, strict=True):
        changed = card.metrics[metric].model_copy(update={"value": number})
        found[card.id] = card.model_copy(update={"metrics": card.metrics | {metric: changed}})
    return found


# --- findings -------------------------------------------------------------------------------------


def test_the_finding_of_a_beta_ladder_follows_from_its_cards():
    said = finding(FOUND["beta"], CARDS)
    first, last = (f"mnist-beta-vae-10-b{beta}" for beta in ("0.25", "16"))
    for metric in ("kl", "reconstruction"):
        assert f"{value(first, metric):.1f} to {value(last, metric):.1f}" in said
    assert "least at beta 1 " in said
    prices = [170.0, 160.0, 150.0, 140.0, 99.0, 120.0, 130.0]
    changed = finding(FOUND["beta"], altered("beta", "negative_elbo", prices))
    assert "least at beta 4 (99.0 nats)" in changed


@pytest.mark.parametrize(
    ("lost", "elbow", "falls"),
    [
        ([130.0, 80.0, 79.0, 78.9, 79.5], "10-D", False),
        ([130.0, 110.0, 80.0, 79.0, 79.5], "20-D", False),
        ([130.0, 110.0, 100.0, 90.0, 70.0], "100-D", True),
    ],
)
def test_the_elbow_is_where_a_twentieth_of_the_gain_is_left(lost, elbow, falls):
    said = finding(FOUND["latent-dim"], altered("latent-dim", "reconstruction", lost))
    assert said.startswith(f"The elbow is at {elbow}: reconstruction falls from 130.0 nats at 2-D")
    assert ("still falls" in said) == falls


def test_the_nearer_of_two_terms_is_named_and_what_it_costs():
    better = finding(FOUND["likelihood"], altered("likelihood", "mse", [0.02, 0.01]))
    assert better.startswith("The model of squared error is 50 % nearer")
    assert "but it has" in better
    worse = finding(FOUND["likelihood"], altered("likelihood", "mse", [0.01, 0.02]))
    assert worse.startswith("The model of cross-entropy is 50 % nearer")
    assert "while that of squared error has" in worse


def test_collapse_is_told_from_none():
    assert "here nothing collapsed" in finding(FOUND["collapse"], CARDS)
    dead = finding(FOUND["collapse"], altered("collapse", "active_units", [4.0, 10.0, 9.0]))
    assert "4 with plain" in dead
    assert "the rest has collapsed" in dead


def test_pca_and_autoencoder_are_held_against_each_other_at_each_number_of_dimensions():
    said = finding(FOUND["linear"], CARDS)
    for dimensions in (2, 32):
        pca = value(f"mnist-pca-{dimensions}", "mse")
        net = value(f"mnist-ae-{'2d' if dimensions == 2 else 32}", "mse")
        assert f"{1 - net / pca:.0%} below".replace("%", " %") in said
    above = finding(FOUND["linear"], altered("linear", "mse", [0.1, 0.2, 0.1, 0.05]))
    assert "At 2-D the autoencoder's squared error is 100 % above that of PCA" in above
    assert "at 32-D the autoencoder's squared error is 50 % below" in above


def test_seeds_of_one_setting_are_averaged_and_any_other_thing_that_varies_has_its_best():
    names = [f"mnist-beta-vae-10-b{beta}" for beta in ("1", "2", "4", "8")]
    members = tuple(
        Member(name, 0.1 if k < 2 else 0.2, k % 2, f"dropout {0.1 if k < 2 else 0.2}")
        for k, name in enumerate(names)
    )
    said = finding(Comparison("sweep:mine", "Mine", "", "dropout", members), CARDS)
    mean = (value(names[0], "negative_elbo") + value(names[1], "negative_elbo")) / 2
    assert said.startswith(f"The least −ELBO has dropout 0.1 ({mean:.1f})")


def test_cards_without_the_figures_say_nothing():
    bare = {name: card.model_copy(update={"metrics": {}}) for name, card in CARDS.items()}
    assert [finding(one, bare) for one in FOUND.values()] == [""] * len(FOUND)


# --- plots and figures ----------------------------------------------------------------------------


def test_each_comparison_has_its_plots():
    assert charts(FOUND["beta"], cards_of("beta")) == [RATE_DISTORTION]
    assert charts(FOUND["latent-dim"], cards_of("latent-dim")) == [ELBOW, ACTIVE, RATE_DISTORTION]
    assert charts(FOUND["linear"], cards_of("linear")) == [LINEAR]
    assert charts(FOUND["holes"], cards_of("holes")) == [BETWEEN]


def test_terms_that_do_not_compare_are_never_on_one_axis():
    cards = cards_of("likelihood")
    assert not comparable(cards)
    (chart,) = charts(FOUND["likelihood"], cards)
    assert (chart.x.of, chart.y.of, chart.iso) == ("mse", "kl", False)
    assert chart.note == NOT_COMPARABLE
    wider = cards[1].spec.objective.model_copy(update={"variance": 0.3})
    spec = cards[1].spec.model_copy(update={"objective": wider})
    assert not comparable([cards[1], cards[1].model_copy(update={"spec": spec})])
    assert comparable(cards_of("beta"))


def test_the_figures_are_those_of_the_cards_each_with_what_it_means():
    shown, known = figures(cards_of("beta")), set(cards_of("beta")[0].metrics)
    assert [one.id for one in shown][:3] == ["kl", "reconstruction", "negative_elbo"]
    assert {one.id for one in shown} == known & {one.id for one in FIGURES}
    assert all(one.title and one.help.endswith(".") for one in FIGURES)
    assert len({one.id for one in FIGURES}) == len(FIGURES)


# --- columns --------------------------------------------------------------------------------------


def seeds(values: int, each: int) -> Comparison:
    members = tuple(
        Member(f"m-{value}-{seed}", float(value), seed, f"beta {value}")
        for value in range(values)
        for seed in range(each)
    )
    return Comparison("beta", "Beta", "", "beta", members)


def test_of_many_models_each_setting_has_one_column_that_of_the_chosen_seed():
    assert len(columns(seeds(4, 2), "")) == 8
    assert [one.model for one in columns(seeds(4, 3), "m-2-1")] == [
        *("m-0-0", "m-1-0", "m-2-1", "m-3-0")
    ]
    assert len(columns(seeds(20, 1), "")) == 8


def view_of(query: dict[str, str]):
    models = shell.shelf()
    view, unusable = from_query(query, models.shown, models.default, "compare")
    assert not unusable
    return models, view


def test_a_comparison_of_other_images_is_seen_on_its_own():
    models, view = view_of({"model": "mnist-vae-2d", "row": "12"})
    assert at_images(models, view, FOUND["beta"]) == view
    seen = at_images(models, view, FOUND["sprites-beta"])
    assert (seen.model, seen.dataset) == ("sprites-beta-vae-10-b1", "sprites")
    given = data(models, seen, FOUND["sprites-beta"])
    assert given["subject"] == "row:0"
    assert [one["model"] for one in given["columns"]] == list(FOUND["sprites-beta"].models)


def test_the_second_image_and_the_seed_stand_in_the_address():
    query = {"model": "mnist-vae-2d", "second": "row:44", "seed": "9"}
    _, view = view_of(query)
    assert (view.second, view.seed) == ("row:44", 9)
    assert query.items() <= view.to_query("compare").items()
    assert "second" not in view.to_query("map")
    assert view.with_ends(same_images=False).second == ""


def test_a_comparison_or_model_that_there_is_not_is_said():
    models = shell.Shelf(CARDS, {}, [])
    plain = ViewState("mnist-vae-2d", "mnist-5k", 5000, "raw")
    assert unknown(models, plain) == []
    assert unknown(models, plain.changed(among="beta", panels="mnist-vae-2d,mnist-ae-2d")) == []
    comparison, model = unknown(models, plain.changed(among="betta", panels="nope,mnist-vae-2d"))
    assert "no comparison called 'betta'. Did you mean 'beta'?" in comparison
    assert "no model called 'nope'" in model
