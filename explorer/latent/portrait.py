"""What one model makes of the same images, the same seed and the same way as others: all of it at
once, so that models can be looked at side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.latent import geometry
from explorer.latent.dimensions import traverse
from explorer.latent.opened import Opened
from explorer.latent.origin import parse
from explorer.latent.paths import seen
from explorer.latent.sample import Asked, from_prior, told
from explorer.latent.subject import Subject, subject
from explorer.latent.walk import Walk

# Images that every model is shown, samples of each, steps of a walk, dimensions that are walked.
IMAGES, SAMPLES, STEPS, TOP = 10, 10, 7, 3


@dataclass(frozen=True)
class Portrait:
    """Decoded images `(n, C, H, W)` in [0, 1]: that of what is chosen, then those of `rows`,
    SAMPLES of the prior, STEPS along each of the dimensions `top (K,)` through what is chosen (from
    -3 to 3 units of its scale), and STEPS of the straight way from it to `other`.

    `ends` are the chosen and the other one. `error` is the squared error per pixel of the first
    image, `rate` the KL of its posterior in nats; None where there is no image, or no posterior.
    """

    images: np.ndarray
    rows: list[int]
    top: np.ndarray
    other: str
    ends: tuple[Subject, Subject]
    error: float | None
    rate: float | None


def portrait(opened: Opened, home: Opened, walk: Walk, seed: int) -> Portrait:
    """The portrait of a model. `walk` has the two subjects (an empty `b` is an image of another
    class than `a`), a place being one on its map of `home`; `seed` is that of the samples.

    Raises ExplorerError for subjects and classes that name nothing here.
    """
    rows = rows_of_classes(opened)
    walk = walk.model_copy(update={"b": walk.b or _of_another_class(opened, walk.a, rows)})
    a, b = (seen(text, walk, opened, home) for text in (walk.a, walk.b))
    shown = [subject(opened, f"row:{row}", label=walk.label) for row in rows]
    samples = from_prior(opened, SAMPLES, np.random.default_rng(seed))
    found = opened.dimensions
    top = found.order("kl")[:TOP]
    walks = traverse(a.z, top.tolist(), found.scale(STEPS)[top]).reshape(-1, len(a.z))
    way = geometry.lerp(a.z, b.z, np.linspace(0, 1, STEPS))
    z = np.concatenate([a.z[None], [one.z for one in shown], samples, walks, way])
    classes = _classes(opened, a, b, shown, len(walks), walk.label)
    images = opened.model.decode(z.astype(np.float32), classes)
    return Portrait(images, rows, top, walk.b, (a, b), _error(a, images[0]), _rate(a))


def rows_of_classes(opened: Opened) -> list[int]:
    """IMAGES rows of the data set: the first test image of each class, then the second, and so
    on."""
    data = opened.dataset
    start = data.train_size if data.train_size < len(data) else 0
    labels = data.labels[start:].numpy()
    turn = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        members = labels == label
        turn[members] = np.arange(members.sum())
    return (start + np.lexsort((labels, turn))[:IMAGES]).tolist()


def _of_another_class(opened: Opened, text: str, rows: list[int]) -> str:
    """The first of some rows whose class is not that of a subject."""
    origin, labels = parse(text), opened.dataset.labels
    known = origin.kind == "row" and origin.number < len(labels)
    own = int(labels[origin.number]) if known else -1
    return f"row:{next((row for row in rows if int(labels[row]) != own), rows[-1])}"


def _classes(
    opened: Opened, a: Subject, b: Subject, shown: list[Subject], walks: int, label: int | None
) -> np.ndarray | None:
    """How much of each class `(n, K)` a conditional model is told of each image, mixed on the way
    from A to B; None for any other."""
    sampled = told(opened, Asked(n=SAMPLES, label=label))
    if sampled is None:
        return None
    labels = [a.label, *(one.label for one in shown), *sampled, *[a.label] * walks]
    one_hot = np.eye(opened.model.card.spec.model.classes, dtype=np.float32)
    share = np.linspace(0, 1, STEPS)
    mixed = geometry.lerp(one_hot[a.label], one_hot[b.label], share)
    return np.concatenate([one_hot[labels], mixed]).astype(np.float32)


def _error(one: Subject, image: np.ndarray) -> float | None:
    return None if one.image is None else float(np.square(one.image - image).mean())


def _rate(one: Subject) -> float | None:
    if one.logvar is None:
        return None
    return float(0.5 * (np.exp(one.logvar) + np.square(one.z) - 1 - one.logvar).sum())
