"""Ways through latent space, from one image to another, and what one meets on them.

A way (`latent.walk` lists their kinds) belongs to one model. Where several models are compared,
each starts from the same images: the ends are named on the map of the model `home`, and an end that
is a place or a sample there is the image that `home` draws, for every other model to encode.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from explorer.errors import ExplorerError
from explorer.latent import geometry
from explorer.latent.neighbours import Index
from explorer.latent.opened import Opened
from explorer.latent.origin import parse
from explorer.latent.polygon import stroke_of_text
from explorer.latent.roads import SEED
from explorer.latent.round_trip import round_trips
from explorer.latent.subject import Subject, class_read, subject
from explorer.latent.trust import PRIOR_SHARE, Judgement
from explorer.latent.walk import FEWEST, MOST, REACH, Walk, group_of

# Images whose nearest other is looked for, to say what distance is usual.
NEIGHBOURS = 1000
# Below any distance that means something.
TINY = 1e-9
# Encoded at once where the images of a whole line are.
BATCH = 64


@dataclass(frozen=True)
class Track:
    """A way as FINE latents `points (FINE, D)`, as far apart as each other along it.

    `weights (FINE, K)` are those of the classes that a conditional model is told, None for any
    other. `words` say in sentences what is special about it, `ends` what it leads from and to.
    `places (FINE, 2)` are where a hand drew it, None for a way that was not drawn; `means (2, D)`
    those of the two groups of a shift, None for any other way.
    """

    points: np.ndarray
    weights: np.ndarray | None
    words: tuple[str, ...]
    ends: tuple[str, ...] = ()
    places: np.ndarray | None = None
    means: np.ndarray | None = None

    def at(self, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """The latents `(n, D)` float32 at shares of the way's length `(n,)` in [0, 1], and what a
        conditional model is told there `(n, K)`."""
        number = np.clip(np.asarray(shares, np.float64), 0, 1) * (len(self.points) - 1)
        z = geometry.along(self.points, number).astype(np.float32)
        if self.weights is None:
            return z, None
        return z, geometry.along(self.weights, number).astype(np.float32)

    def images(self, opened: Opened, shares: np.ndarray) -> np.ndarray:
        """What the model draws at these shares of the way: `(n, C, H, W)` in [0, 1]."""
        return opened.model.decode(*self.at(shares))

    def places_on(self, opened: Opened, projection: str) -> tuple[np.ndarray, bool]:
        """Where the way lies on a map of its model, `(FINE, 2)`, and whether that is exact."""
        if self.places is not None:
            return self.places, True
        return opened.map(projection).places_of(self.points)


@dataclass(frozen=True)
class Met:
    """What one meets at n steps of equal length.

    `images (n, C, H, W)`; `nearest (n,)` the rows of the nearest encoded images, at `distance
    (n,)`, which is `relative (n,)` to the usual distance between neighbours (`usual_distance`);
    `reach`, in the same unit, is how far from it images may lie that still put a latent in data;
    `trips (n,)` how far the round trip of each image strays, in units of what SHARE of the encoded
    images keep within; `judged` where each step stands, and why. `changes (n - 1,)` are the L2
    distances between neighbouring images in pixel units, `length` that of the way in latent units,
    `roughness` as in `geometry`.
    """

    z: np.ndarray
    images: np.ndarray
    nearest: np.ndarray
    distance: np.ndarray
    relative: np.ndarray
    reach: float
    trips: np.ndarray
    judged: tuple[Judgement, ...]
    changes: np.ndarray
    length: float
    roughness: float


def met(opened: Opened, track: Track, n: int) -> Met:
    """What one meets at `n` steps of a way. Raises ExplorerError for fewer than FEWEST steps or
    more than MOST."""
    if not FEWEST <= n <= MOST:
        raise ExplorerError(f"A way is shown in {FEWEST} to {MOST} steps, not {n}.")
    z, weights = track.at(np.linspace(0, 1, n))
    images = opened.model.decode(z, weights)
    index, distance = opened.atlas.index.nearest(z, 1)
    trips, trust = round_trips(opened.model, z, weights, images), opened.crowd
    judged = [
        opened.trust.of_image(int(at)) if off == 0 else trust.judge(one, trip)
        for one, at, off, trip in zip(z, index[:, 0], distance[:, 0], trips, strict=True)
    ]
    changes = geometry.hops(images)
    return Met(
        z=z,
        images=images,
        nearest=opened.atlas.rows[index[:, 0]],
        distance=distance[:, 0],
        relative=distance[:, 0] / opened.usual_distance,
        reach=trust.radius / opened.usual_distance,
        trips=trips / max(trust.trip, TINY),
        judged=tuple(judged),
        changes=changes,
        length=float(geometry.hops(track.points).sum()),
        roughness=geometry.roughness(changes),
    )


def usual_distance(index: Index, seed: int = 0) -> float:
    """How far an encoded image usually is from the nearest other one: the median, of NEIGHBOURS
    images drawn from `seed` where there are more."""
    n = len(index.latents)
    sample = np.random.default_rng(seed).choice(n, min(n, NEIGHBOURS), replace=False)
    _, distance = index.nearest(index.latents[sample], 1, sample)
    return max(float(np.median(distance)), TINY)


def track(walk: Walk, opened: Opened, home: Opened | None = None) -> Track:
    """The way `walk` in the model `opened`; `home` is the model on whose map it was asked for.

    Raises ExplorerError for subjects, lines and groups that name nothing here.
    """
    home = home or opened
    if walk.way == "drawn":
        found = _drawn(walk, opened, home)
    elif walk.way == "shift":
        found = _shifted(walk, opened, home)
    else:
        found = _joined(walk, opened, home)
    if opened.model.codes(found.points[:1].astype(np.float32)) is None:
        return found
    said = (
        "The vectors of the codes are mixed; each is then replaced by its nearest code "
        "(requantised) and decoded, so that the image jumps from code to code."
    )
    return replace(found, words=(said, *found.words))


# --- from A to B ----------------------------------------------------------------------------------


def _joined(walk: Walk, opened: Opened, home: Opened) -> Track:
    a, b = (seen(text, walk, opened, home) for text in (walk.a, walk.b))
    share, centre = np.linspace(0, 1, geometry.FINE), opened.trust.centre
    p, q = a.z.astype(np.float64), b.z.astype(np.float64)
    ways: dict[str, Callable[[], np.ndarray]] = {
        "linear": lambda: geometry.lerp(p, q, share),
        "slerp": lambda: geometry.slerp(p, q, share, centre),
        "density": lambda: opened.roads.between(p, q),
    }
    points = geometry.even(ways[walk.way](), geometry.FINE)
    points[0], points[-1] = p, q  # to the last digit, so that an image is known as itself
    said = [_outside(name, z, opened) for name, z in (("A", p), ("B", q))]
    if np.array_equal(p, q):
        alike = "so every step shows the same image" if a.label == b.label else "but not one class"
        said.append(f"Both ends are the same latent, {alike}.")
    elif walk.way == "slerp":
        said.append(_turn_words(p - centre, q - centre, opened))
    weights, told = _classes_between(a, b, opened)
    words = tuple(filter(None, [*said, told]))
    return Track(points, weights, words, (a.words, b.words))


def seen(text: str, walk: Walk, opened: Opened, home: Opened) -> Subject:
    """The latent of a subject in one model; of what belongs to the map of `home` alone, the latent
    of the image that `home` draws."""
    if opened is home or parse(text).kind not in ("place", "sample"):
        return subject(opened, text, walk.projection, walk.label)
    theirs = subject(home, text, walk.projection, walk.label)
    told = None if theirs.label is None else np.array([theirs.label])
    image = home.model.decode(theirs.z[None], told)[0]
    label = None
    if opened.model.conditional:
        known = theirs.label if walk.label is None else walk.label
        label = class_read(opened, image) if known is None else known
    found = opened.model.encode(image[None], None if label is None else np.array([label]))
    logvar = None if found.logvar is None else found.logvar[0]
    return Subject(found.mean[0], logvar, label, image, None, theirs.words)


def _classes_between(a: Subject, b: Subject, opened: Opened) -> tuple[np.ndarray | None, str]:
    """What a conditional model is told on the way from A to B: weights `(FINE, K)` and a sentence;
    None for any other model."""
    if a.label is None or b.label is None:
        return None, ""
    classes, names = opened.model.card.spec.model.classes, opened.dataset.classes
    one, other = np.eye(classes)[a.label], np.eye(classes)[b.label]
    weights = geometry.lerp(one, other, np.linspace(0, 1, geometry.FINE))
    if a.label == b.label:
        return weights, f"This model is told the class: every step is drawn as {names[a.label]}."
    return weights, (
        "This model is told the class, and that is mixed too: from all "
        f"{names[a.label]} at A, half and half in the middle, to all {names[b.label]} at B."
    )


def _outside(name: str, z: np.ndarray, opened: Opened) -> str:
    trust = opened.trust
    if trust.standing(z) != "outside":
        return ""
    if trust.has_prior:
        return (
            f"{name} lies outside the prior, farther from its middle than {100 * PRIOR_SHARE:g} % "
            "of its samples: the model has not learned what is there."
        )
    return f"{name} lies farther out than any encoded image: nothing was learned there."


def _turn_words(p: np.ndarray, q: np.ndarray, opened: Opened) -> str:
    kind, middle = geometry.turn_of(p, q), "the middle of the prior"
    reason = ""
    if not opened.trust.has_prior:
        middle, reason = "the mean of all latents", ", as this model has no prior"
    return {
        "turn": f"Slerp turns about {middle}{reason}.",
        "opposite": f"A and B lie opposite each other about {middle}: of all ways around it, which "
        "are as long, slerp takes one that is always the same.",
        "straight": f"A and B lie in one direction from {middle}: there is nothing to turn, and "
        "slerp goes straight.",
        "none": f"One end lies at {middle} and has no direction: slerp goes straight.",
    }[kind]


# --- along a drawn line ---------------------------------------------------------------------------


def _drawn(walk: Walk, opened: Opened, home: Opened) -> Track:
    themap = home.map(walk.projection)
    places = geometry.even(stroke_of_text(walk.stroke), geometry.FINE)
    z, labels = themap.latents_at(places), None
    if opened.model.conditional or home.model.conditional:
        labels = themap.labels_at(places)
        if walk.label is not None:
            labels = np.full(len(places), walk.label)
    if opened is not home:
        z = _encoded_again(z, labels, opened, home)
    at = geometry.stations(z, np.linspace(0, 1, geometry.FINE))
    weights, said = None, ""
    if opened.model.conditional and labels is not None:
        weights = geometry.along(np.eye(opened.model.card.spec.model.classes)[labels], at)
        said = "This model is told the class of the nearest point of the map at each place."
        if walk.label is not None:
            said = f"Every step is drawn as {opened.dataset.classes[walk.label]}."
    words = (said,) if said else ()
    return Track(geometry.along(z, at), weights, words, places=geometry.along(places, at))


def _encoded_again(
    z: np.ndarray, labels: np.ndarray | None, opened: Opened, home: Opened
) -> np.ndarray:
    """The latents `(n, D)` in one model of what another, `home`, draws at latents `(n, D')`."""
    found = []
    for start in range(0, len(z), BATCH):
        part = slice(start, start + BATCH)
        told = None if labels is None else labels[part]
        images = home.model.decode(z[part], told if home.model.conditional else None)
        found.append(opened.model.encode(images, told if opened.model.conditional else None).mean)
    return np.concatenate(found)


# --- the difference of two groups -----------------------------------------------------------------


def _shifted(walk: Walk, opened: Opened, home: Opened) -> Track:
    a, (plus, minus) = seen(walk.a, walk, opened, home), means(walk, opened, home)
    z, difference = a.z.astype(np.float64), plus - minus
    share = np.linspace(0, 1, geometry.FINE)
    points = geometry.lerp(z - REACH * difference, z + REACH * difference, share)
    said = [_outside("A", z, opened)]
    if not difference.any():
        said.append("Both groups have the same mean, so their difference changes nothing.")
    weights, told = _classes_between(a, a, opened)
    words = tuple(filter(None, [*said, told]))
    return Track(points, weights, words, (a.words,), means=np.stack([plus, minus]))


def means(walk: Walk, opened: Opened, home: Opened | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The mean latents `(D,)` float64 of the groups `plus` and `minus` in one model. The first
    minus the second is the direction of a shift.

    Source: such directions by attribute: Larsen et al. 2016, "Autoencoding beyond pixels using a
    learned similarity metric", section 4.2.
    """
    plus, minus = (
        opened.atlas.mean[members(text, opened, home or opened)].mean(0, dtype=np.float64)
        for text in (walk.plus, walk.minus)
    )
    return plus, minus


def members(text: str, opened: Opened, home: Opened) -> np.ndarray:
    """The positions `(n,)` in the atlas of a group (`walk.group_of`); a shape is one on a map of
    `home`. Raises ExplorerError for a group that there is not, or that holds no image."""
    from explorer.latent.groups import gather

    wanted, atlas = group_of(text), opened.atlas
    positions = np.arange(len(atlas))
    if wanted.polygon is not None:
        found = gather(home.map(wanted.projection), wanted.polygon, wanted.classes)
        rows = home.atlas.rows[found.positions]
        positions = np.array([atlas.position(int(row)) for row in rows if atlas.holds(int(row))])
    elif wanted.classes:
        positions = np.flatnonzero(np.isin(atlas.labels, wanted.classes))
    if not len(positions):
        raise ExplorerError(f"No image of '{opened.model.id}' belongs to the group '{text[:60]}'.")
    return positions


# --- to take along --------------------------------------------------------------------------------

COLUMNS = (
    *("model", "way", "from", "to", "seed", "step", "nearest_row", "standing"),
    *("nearest_distance", "relative_distance", "round_trip", "image_change"),
)


def csv_text(walk: Walk, opened: Opened, found: Met) -> str:
    """The steps of a way as CSV: which model, way and ends, how the density was sampled (`seed`),
    where each step stands and its latent (seven digits), under a header with the columns' names."""
    about = [opened.model.id, walk.way, *_ends(walk), SEED]
    changes = np.concatenate([[0.0], found.changes])
    measured = np.stack([found.distance, found.relative, found.trips, changes], 1)
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n").writerow
    write([*COLUMNS, *(f"z{i}" for i in range(1, found.z.shape[1] + 1))])
    for step, numbers in enumerate(np.concatenate([measured, found.z], 1)):
        where = (step + 1, int(found.nearest[step]), found.judged[step].standing)
        write([*about, *where, *(f"{number:.7g}" for number in numbers)])
    return text.getvalue()


def _ends(walk: Walk) -> tuple[str, str]:
    """What a way leads from and to, as texts."""
    if walk.way == "drawn":
        return "drawn", "drawn"
    if walk.way == "shift":
        return walk.a, f"{walk.plus} - {walk.minus}"
    return walk.a, walk.b
