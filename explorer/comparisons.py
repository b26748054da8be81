"""Comparisons that are ready: models that differ in one thing, found from their cards.

Two models belong to one comparison when their settings are equal but for that thing and the seed;
so a ladder of one's own is found as the shipped ones are. A sweep says itself what it varies. No
torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from explorer import store
from explorer.spec import TrainSpec
from explorer.sweeps import Sweep, said, written

Value = float | str


@dataclass(frozen=True)
class Member:
    """A model of a comparison: its id, its `value` of what varies, its `seed`, and both in
    `words`."""

    model: str
    value: Value
    seed: int
    words: str


@dataclass(frozen=True)
class Comparison:
    """Models that differ in what `varies`, in the order of its values. `question` is what one may
    learn from them; `numeric` tells whether the values lie on an axis."""

    key: str
    title: str
    question: str
    varies: str
    members: tuple[Member, ...]

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(one.model for one in self.members)

    @property
    def numeric(self) -> bool:
        return all(not isinstance(one.value, str) for one in self.members)


@dataclass(frozen=True)
class Kind:
    """A thing that may vary: `value` and `words` of it in a spec, and the settings `leave_out` that
    belong to it, as paths into a spec. Only cards whose model has a prior are looked at."""

    key: str
    title: str
    question: str
    varies: str
    value: Callable[[TrainSpec], Value]
    words: Callable[[Value], str]
    leave_out: tuple[str, ...]


def _schedule(spec: TrainSpec) -> str:
    objective = spec.objective
    if objective.free_bits:
        return f"free bits {objective.free_bits:g}"
    if objective.warmup_steps:
        return f"{objective.annealing} annealing"
    return "plain"


KINDS = (
    Kind(
        "beta",
        "Beta",
        "What does beta buy? Higher beta: fewer nats in the latent, blurrier images.",
        "beta",
        lambda spec: spec.objective.beta,
        lambda value: f"beta {value:g}",
        ("objective.beta",),
    ),
    Kind(
        "latent-dim",
        "Latent dimensions",
        "How many dimensions does the model use, and from where on do more not help?",
        "latent dimensions",
        lambda spec: float(spec.model.latent_dim),
        lambda value: f"{value:g}-D",
        ("model.latent_dim",),
    ),
    Kind(
        "likelihood",
        "Cross-entropy and squared error",
        "What does the reconstruction term change: Bernoulli (bce) against Gaussian (mse)?",
        "reconstruction term",
        lambda spec: spec.objective.reconstruction,
        lambda value: {"bce": "cross-entropy", "mse": "squared error"}[str(value)],
        ("objective.reconstruction", "objective.variance"),
    ),
    Kind(
        "collapse",
        "Against posterior collapse",
        "Do free bits or annealing of beta keep more dimensions alive?",
        "what is done against collapse",
        _schedule,
        str,
        (
            "objective.free_bits",
            "objective.annealing",
            "objective.warmup_steps",
            "objective.cycles",
        ),
    ),
)
# Not one setting but a family apart: what the VAE's prior is for, and what non-linearity buys.
PAIRS = (
    (
        "holes",
        "Autoencoder and VAE",
        "Where are the holes? Without a prior the latents lie anywhere; the KL packs them.",
        (("autoencoder", "vae"),),
    ),
    (
        "linear",
        "PCA and autoencoder",
        "What do non-linear layers buy at the same number of dimensions?",
        (("pca", "autoencoder"),),
    ),
)
NAMES = {"vae": "VAE", "pca": "PCA"}
# Families that are one but for the weight of the KL.
SAME = {"beta-vae": "vae", "conv-beta-vae": "conv-vae"}


def comparisons(
    cards: Mapping[str, store.Card], sweeps: Sequence[Sweep] = ()
) -> dict[str, Comparison]:
    """All comparisons among the models of these cards, by key: those of one setting, the most
    models first, then pairs of families, then the sweeps, whose models are in no other. A second
    one of a kind is named by its data set too."""
    swept = {member.model for sweep in sweeps for member in sweep.members}
    rest = {model: card for model, card in cards.items() if model not in swept}
    return _found(rest) | _pairs(rest) | _of_sweeps(cards, sweeps)


def _found(cards: Mapping[str, store.Card]) -> dict[str, Comparison]:
    """Those of one setting."""
    found: dict[str, Comparison] = {}
    for kind in KINDS:
        groups = sorted(_groups(kind, cards), key=lambda group: -len(group))
        for members in groups:
            data = cards[members[0].model].spec.data.name
            for key, title in (
                (kind.key, kind.title),
                (f"{data}-{kind.key}", f"{kind.title}, {data}"),
                (f"{members[0].model}-{kind.key}", f"{kind.title}, {members[0].model}"),
            ):
                if key not in found:
                    about = (kind.question, kind.varies, tuple(members))
                    found[key] = Comparison(key, title, *about)
                    break
    return found


def _groups(kind: Kind, cards: Mapping[str, store.Card]) -> Iterable[list[Member]]:
    """Models whose specs differ in this kind of thing (and the seed) alone, by their values."""
    groups: dict[str, list[Member]] = {}
    for card in cards.values():
        if "kl" not in card.metrics:
            continue
        value = kind.value(card.spec)
        member = Member(card.id, value, card.spec.seed, kind.words(value))
        groups.setdefault(_fingerprint(card.spec, kind.leave_out), []).append(member)
    for members in groups.values():
        if len({one.value for one in members}) > 1:
            yield sorted(members, key=_order)


def _order(member: Member) -> tuple[bool, float, str, int]:
    """Numbers by size; of words, what is plain first."""
    if isinstance(member.value, str):
        return member.value != "plain", 0.0, member.value, member.seed
    return False, member.value, "", member.seed


def _fingerprint(spec: TrainSpec, leave_out: tuple[str, ...]) -> str:
    """A spec as text, without its seed and what may vary."""
    plain = spec.model_dump()
    plain["model"]["family"] = SAME.get(spec.model.family, spec.model.family)
    for path in (*leave_out, "seed"):
        part, _, name = path.rpartition(".")
        (plain[part] if part else plain).pop(name)
    return repr(plain)


def _pairs(cards: Mapping[str, store.Card]) -> dict[str, Comparison]:
    """Two families at the same number of dimensions on the same images."""
    found = {}
    for key, title, question, families in PAIRS:
        members: list[Member] = []
        for first, second in families:
            for one in cards.values():
                others = [card for card in cards.values() if _beside(one, card, first, second)]
                for card in [one, *others[:1]] if others else []:
                    family = card.spec.model.family
                    words = f"{NAMES.get(family, family)}, {card.spec.model.latent_dim}-D"
                    members.append(Member(card.id, words, card.spec.seed, words))
        if members:
            found[key] = Comparison(key, title, question, "family", tuple(members))
    return found


def _beside(one: store.Card, other: store.Card, first: str, second: str) -> bool:
    here, there = one.spec, other.spec
    return (
        (here.model.family, there.model.family) == (first, second)
        and here.model.latent_dim == there.model.latent_dim
        and here.data.name == there.data.name
    )


def _of_sweeps(cards: Mapping[str, store.Card], sweeps: Sequence[Sweep]) -> dict[str, Comparison]:
    """One for each sweep of which two models are done: its first setting is what varies, the
    others stand in the words."""
    found = {}
    for sweep in sweeps:
        axis, members = sweep.axes[0], []
        for one in sweep.of("done"):
            if one.model in cards:
                value = one.settings[axis]
                place = written(value) if isinstance(value, bool | str | tuple) else float(value)
                words = ", ".join(said(name, one.settings[name]) for name in sweep.axes)
                members.append(Member(one.model, place, one.seed, words))
        if len(members) > 1:
            varies = " and ".join(name.replace("_", " ") for name in sweep.axes)
            seeds = len(sweep.varies.get("seed", ()))
            question = f"What does the choice of {varies} change, all else equal?"
            question += f" Each setting was trained with {seeds} seeds." if seeds > 1 else ""
            members.sort(key=lambda one: _order(one)[:3])  # among equals as the sweep has them
            key, title = f"sweep:{sweep.name}", f"Sweep {sweep.name}"
            found[key] = Comparison(key, title, question, varies, tuple(members))
    return found


def settings(comparison: Comparison) -> list[list[Member]]:
    """The seeds of each setting together, in order; a setting is a value with its words."""
    found: dict[object, list[Member]] = {}
    for member in comparison.members:
        found.setdefault((member.value, member.words), []).append(member)
    return list(found.values())
