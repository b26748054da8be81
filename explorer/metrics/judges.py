"""Which of our own classifiers reads the images of a data set; found by cards alone."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from explorer import store
from explorer.latent.names import name_for_map
from explorer.spec import DataSpec


def judge_of(data: DataSpec) -> store.Artefact | None:
    """The shipped classifier of these images, or of the set that they are a part of, if any.

    A model of the same name in the user's home does not hide it.
    """
    for artefact in _classifiers(store.PRETRAINED):
        if name_for_map("", artefact.card.spec.data) == name_for_map("", data):
            return artefact
    return None


@lru_cache(maxsize=4)
def _classifiers(folder: Path) -> list[store.Artefact]:
    """Those that are shipped; they do not change while a process runs."""
    found = store.find([(folder, True)]).artefacts
    return [artefact for artefact in found if artefact.card.kind == "classifier"]
