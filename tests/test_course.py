"""Models are offered in the order of a course."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from explorer.course import COURSE, in_course_order
from explorer.models import names
from explorer.store import Artefact, open_artefact


@pytest.fixture
def named():
    model = open_artefact("mnist-vae-2d")

    def make(name: str, family: str = "vae", data: str = "mnist", shipped: bool = True) -> Artefact:
        spec = model.card.spec
        spec = spec.model_copy(
            update={
                "model": spec.model.model_copy(update={"family": family}),
                "data": spec.data.model_copy(update={"name": data}),
            }
        )
        card = model.card.model_copy(update={"id": name, "spec": spec})
        return replace(model, card=card, shipped=shipped)

    return make


def test_the_course_has_every_family_of_models_once():
    assert sorted(COURSE) == names()


@pytest.mark.parametrize("seed", range(3))
def test_own_models_come_first_then_mnist_then_families_then_numbers(named, seed):
    ordered = [
        named("zz-mine", "vq-vae", "faces", shipped=False),
        named("mnist-pca-2", "pca"),
        named("mnist-pca-20", "pca"),
        named("mnist-vae-2d"),
        named("mnist-vae-20"),
        *(named(f"mnist-beta-vae-10-b{b}", "conv-beta-vae") for b in ("0.25", "0.5", 1, 2, 4, 16)),
        named("a-vq", "vq-vae"),
        named("b-of-a-family-to-come", "flow"),
        named("faces-conv-vae-256", "conv-vae", "faces"),
        named("sprites-beta-vae-10-b4", "conv-beta-vae", "sprites"),
    ]
    mixed = Random(seed).sample(ordered, len(ordered))
    assert [a.id for a in in_course_order(mixed)] == [a.id for a in ordered]
