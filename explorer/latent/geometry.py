"""Lines between latents: straight, along a circle, smoothed; walked in steps of equal length.

All of it is arithmetic on arrays: latents `(D,)`, lines of them `(P, D)`, shares of the way `(T,)`
in [0, 1]; results are float64.
"""

from __future__ import annotations

import math

import numpy as np

# Below this sine two directions are one, or opposite: what is between them is rounding.
PARALLEL = 1e-7
# A change of an image that no one sees: less than one grey value of one pixel, 1 / 255.
UNSEEN = 1e-3
# Points that stand for a smooth line: so many that the hops between them are as good as curved.
FINE = 257
# Points on each side that one is smoothed with: together a sixth of the line.
HALF = 20


def lerp(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The points `(T, D)` at shares `t (T,)` of the straight way from `a (D,)` to `b (D,)`."""
    share = np.asarray(t, np.float64)[:, None]
    return (1 - share) * np.asarray(a, np.float64) + share * np.asarray(b, np.float64)


def slerp(
    a: np.ndarray, b: np.ndarray, t: np.ndarray, centre: np.ndarray | None = None
) -> np.ndarray:
    """The points `(T, D)` at shares `t (T,)` of the turn from `a (D,)` to `b (D,)` about `centre`
    (the origin unless given): the direction turns evenly, the length changes evenly.

    For ends equally far from the centre these are the usual sin((1 - t) W) / sin W a + sin(t W) /
    sin W b. That formula has no answer where the ends are opposite; here the turn then leads over
    the axis to which both are most nearly at right angles, one of the many that are as short. An
    end at the centre has no direction, and ends in one direction need no turn, nor is there one in
    a single dimension: the way is then straight. `turn_of` says which case it is.

    Source: Shoemake 1985, "Animating rotation with quaternion curves"; White 2016, "Sampling
    generative networks", for latents.
    """
    middle = np.zeros(len(a)) if centre is None else np.asarray(centre, np.float64)
    p, q = np.asarray(a, np.float64) - middle, np.asarray(b, np.float64) - middle
    kind = turn_of(p, q)
    if kind in ("none", "straight"):
        return lerp(a, b, t)
    length_p, length_q = np.linalg.norm(p), np.linalg.norm(q)
    u, v = p / length_p, q / length_q
    across = _across(u) if kind == "opposite" else v - (u @ v) * u
    sine = np.linalg.norm(across)
    angle = math.pi if kind == "opposite" else math.atan2(sine, u @ v)
    share = np.asarray(t, np.float64)[:, None]
    turned = np.cos(share * angle) * u + np.sin(share * angle) * (across / sine)
    return middle + ((1 - share) * length_p + share * length_q) * turned


def turn_of(p: np.ndarray, q: np.ndarray) -> str:
    """What kind of turn leads from `p (D,)` to `q (D,)` about the origin: "turn", "opposite" (all
    turns are as short), "straight" (one direction, or a single dimension) or "none" (an end at the
    origin)."""
    p, q = np.asarray(p, np.float64), np.asarray(q, np.float64)
    length_p, length_q = np.linalg.norm(p), np.linalg.norm(q)
    if min(length_p, length_q) <= PARALLEL * max(length_p, length_q):
        return "none"
    u, v = p / length_p, q / length_q
    cosine = float(u @ v)
    if np.linalg.norm(v - cosine * u) > PARALLEL:
        return "turn"
    return "opposite" if cosine < 0 and len(p) > 1 else "straight"


def _across(u: np.ndarray) -> np.ndarray:
    """A direction at right angles to the unit vector `u (D,)`, D > 1, always the same one."""
    axis = np.zeros_like(u)
    axis[np.argmin(np.abs(u))] = 1
    return axis - (axis @ u) * u


def hops(points: np.ndarray) -> np.ndarray:
    """The length `(P - 1,)` of each hop along a line of points `(P, ...)` (also of images)."""
    flat = np.asarray(points, np.float64).reshape(len(points), -1)
    return np.linalg.norm(np.diff(flat, axis=0), axis=1)


def stations(points: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Where on a line `(P, D)` one has gone `shares (T,)` of its length: point numbers with
    fractions `(T,)`, for `along`. A line without length is all at its first point."""
    gone = np.concatenate([[0.0], np.cumsum(hops(points))])
    if gone[-1] == 0:
        return np.zeros(len(shares))
    return np.interp(np.asarray(shares, np.float64) * gone[-1], gone, np.arange(len(points)))


def along(points: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The points `(T, D)` of a line `(P, D)` at numbers with fractions `at (T,)`."""
    points = np.asarray(points, np.float64)
    low = np.clip(np.floor(at).astype(np.int64), 0, max(0, len(points) - 2))
    high = np.minimum(low + 1, len(points) - 1)
    share = (np.asarray(at, np.float64) - low)[:, None]
    return (1 - share) * points[low] + share * points[high]


def even(points: np.ndarray, n: int) -> np.ndarray:
    """`n` points `(n, D)` of a line `(P, D)`, its ends and others between, all as far apart when
    measured along it."""
    return along(points, stations(points, np.linspace(0, 1, n)))


def smoothed(points: np.ndarray, n: int = FINE, half: int = HALF) -> np.ndarray:
    """A line `(P, D)` as `n` points `(n, D)`, each the mean of the way around it: of `half` points
    on both sides, weighted less the farther off they are (a Hann window). The ends stay: beyond
    them the line goes on as its own point reflection."""
    line = even(points, n)
    before = 2 * line[0] - line[half:0:-1]
    after = 2 * line[-1] - line[-2 : -half - 2 : -1]
    whole = np.concatenate([before, line, after]) - line[0]
    weights = np.hanning(2 * half + 3)[1:-1]
    mean = np.zeros_like(line)
    for k, weight in enumerate(weights / weights.sum()):
        mean += weight * whole[k : k + n]
    return line[0] + mean


def roughness(steps: np.ndarray) -> float:
    """How unevenly images change along a way: the largest of the `steps (S,)` between neighbouring
    images divided by their mean.

    1 when every step changes the image as much, S when one step changes all; 1 also when nothing
    changes that could be seen.
    """
    steps = np.asarray(steps, np.float64)
    mean = steps.mean() if len(steps) else 0.0
    return float(steps.max() / mean) if mean > UNSEEN else 1.0
