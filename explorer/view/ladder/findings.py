"""What a comparison shows, in one sentence that is computed from the figures of its models."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean

from explorer import store
from explorer.comparisons import Comparison, settings
from explorer.view.ladder.figures import comparable

# An elbow is where this share of all that can be gained is left.
LEFT = 0.05
Cards = Mapping[str, store.Card]


def finding(comparison: Comparison, cards: Cards) -> str:
    """The sentence; figures of several seeds of one setting are averaged. Empty where the cards
    lack the figures."""
    say = {
        "beta": _beta,
        "latent dimensions": _dimensions,
        "latent dim": _dimensions,  # so sweeps call it
        "reconstruction term": _term,
        "what is done against collapse": _collapse,
        "family": _families,
    }.get(comparison.varies, _best)
    try:
        return say(comparison, cards)
    except KeyError:
        return ""


def _means(comparison: Comparison, cards: Cards, metric: str) -> list[tuple[str, float]]:
    """A metric of each setting, with its words. Raises KeyError where a card lacks it."""
    return [
        (seeds[0].words, fmean(cards[one.model].metrics[metric].value for one in seeds))
        for seeds in settings(comparison)
    ]


def _beta(comparison: Comparison, cards: Cards) -> str:
    rate, lost = (_means(comparison, cards, metric) for metric in ("kl", "reconstruction"))
    active = _means(comparison, cards, "active_units")
    best, least = _least(_means(comparison, cards, "negative_elbo"))
    return (
        f"From {rate[0][0]} to {rate[-1][0]} the latent goes from {rate[0][1]:.1f} to "
        f"{rate[-1][1]:.1f} nats and reconstruction from {lost[0][1]:.1f} to {lost[-1][1]:.1f}; "
        f"their sum, −ELBO, is least at {best} ({least:.1f} nats), and of the dimensions "
        f"{active[0][1]:.3g} are active at first, {active[-1][1]:.3g} at last."
    )


def _dimensions(comparison: Comparison, cards: Cards) -> str:
    of_all = [cards[one.model] for one in comparison.members]
    metric, digits, unit = ("reconstruction", 1, " nats") if comparable(of_all) else ("mse", 4, "")
    lost = _means(comparison, cards, metric)
    active = _means(comparison, cards, "active_units")
    least = min(value for _, value in lost)
    near = (k for k, (_, value) in enumerate(lost) if value - least <= LEFT * (lost[0][1] - least))
    elbow = next(near)
    words = "squared error" if metric == "mse" else "reconstruction"
    said = (
        f"The elbow is at {lost[elbow][0]}: {words} falls from {lost[0][1]:.{digits}f}{unit} at "
        f"{lost[0][0]} to {lost[elbow][1]:.{digits}f} there"
    )
    if elbow == len(lost) - 1:
        return f"{said}, and still falls; {active[-1][1]:.3g} dimensions are active."
    return (
        f"{said}, and more dimensions do not help ({lost[-1][1]:.{digits}f} at {lost[-1][0]}): "
        f"{active[elbow][1]:.3g} are active at {active[elbow][0]}, and {active[-1][1]:.3g} at "
        f"{active[-1][0]}."
    )


def _term(comparison: Comparison, cards: Cards) -> str:
    error, rate = (_means(comparison, cards, metric) for metric in ("mse", "kl"))
    (one, e0), (other, e1) = error[0], error[-1]
    r0, r1 = rate[0][1], rate[-1][1]
    closer, farther = (other, one) if e1 < e0 else (one, other)
    more = other if r1 > r0 else one
    joined = "but it" if more == closer else "while that of " + more
    return (
        f"The model of {closer} is {abs(1 - min(e0, e1) / max(e0, e1)):.0%} nearer to the pixels "
        f"than that of {farther} (squared error {min(e0, e1):.4f} against {max(e0, e1):.4f}), "
        f"{joined} has {abs(r1 - r0):.1f} nats more in the latent ({max(r0, r1):.1f} against "
        f"{min(r0, r1):.1f})."
    ).replace("%", " %")


def _collapse(comparison: Comparison, cards: Cards) -> str:
    active = _means(comparison, cards, "active_units")
    price = _means(comparison, cards, "negative_elbo")
    dimensions = cards[comparison.members[0].model].spec.model.latent_dim
    counted = ", ".join(f"{value:.3g} with {words}" for words, value in active)
    kept = all(value == dimensions for _, value in active)
    said = "here nothing collapsed, with or without" if kept else "the rest has collapsed"
    changed = " and ".join(
        f"{_signed(value - price[0][1])} nats with {words}" for words, value in price[1:]
    )
    return (
        f"Of {dimensions} dimensions {counted} are active: {said}; −ELBO changes by {changed} "
        f"(from {price[0][1]:.1f})."
    )


def _families(comparison: Comparison, cards: Cards) -> str:
    """Of each number of dimensions, the second family against the first."""
    pairs: dict[int, list[store.Card]] = {}
    for one in comparison.members:
        card = cards[one.model]
        pairs.setdefault(card.spec.model.latent_dim, []).append(card)
    parts = []
    for dimensions, (first, second, *_) in sorted(pairs.items()):
        before, after = first.metrics["mse"].value, second.metrics["mse"].value
        names = [one.spec.model.family for one in (first, second)]
        change = f"{abs(1 - after / before):.0%} {'below' if after < before else 'above'}"
        parts.append(
            f"at {dimensions}-D the {NAMES.get(names[1], names[1])}'s squared error is {change} "
            f"that of {OF.get(names[0], names[0])} ({after:.4f} against {before:.4f})"
        )
    text = "; ".join(parts).replace("%", " %")
    return f"{text[0].upper()}{text[1:]}."


NAMES = {"vae": "VAE"}
OF = {"pca": "PCA", "autoencoder": "the autoencoder"}


def _best(comparison: Comparison, cards: Cards) -> str:
    of_all = [cards[one.model] for one in comparison.members]
    metric, words, digits = ("mse", "squared error", 4)
    if comparable(of_all) and all("negative_elbo" in card.metrics for card in of_all):
        metric, words, digits = ("negative_elbo", "−ELBO", 1)
    values = _means(comparison, cards, metric)
    best, least = _least(values)
    worst, most = max(values, key=lambda one: one[1])
    return (
        f"The least {words} has {best} ({least:.{digits}f}), the most {worst} ({most:.{digits}f})."
    )


def _least(values: list[tuple[str, float]]) -> tuple[str, float]:
    return min(values, key=lambda one: one[1])


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")
