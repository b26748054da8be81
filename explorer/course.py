"""The order in which models are offered: that of a course on autoencoders."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.store import Artefact

# From the linear baseline to discrete codes.
COURSE = (
    *("pca", "autoencoder", "conv-autoencoder"),
    *("denoising-autoencoder", "conv-denoising-autoencoder", "sparse-autoencoder"),
    *("vae", "conv-vae", "beta-vae", "conv-beta-vae"),
    *("conditional-vae", "conv-conditional-vae", "vq-vae"),
)


def in_course_order(artefacts: Iterable[Artefact]) -> list[Artefact]:
    """A person's own models first, then by data set (MNIST first), by family and by number.

    Numbers in an id count as numbers: beta 2 stands before beta 16.
    """

    def place(artefact: Artefact) -> tuple[object, ...]:
        spec = artefact.card.spec
        family = spec.model.family
        late = COURSE.index(family) if family in COURSE else len(COURSE)
        data = spec.data.name
        return artefact.shipped, data != "mnist", data, late, _numbered(artefact.id)

    return sorted(artefacts, key=place)


def _numbered(name: str) -> list[tuple[float, str]]:
    """Words and numbers of a name in turn, so that they compare as such."""
    parts = re.findall(r"\d+(?:\.\d+)?|[^\d]+", name)
    return [(float(part), "") if part[0].isdigit() else (float("inf"), part) for part in parts]
