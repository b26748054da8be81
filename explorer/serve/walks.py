"""Routes about ways through latent space: what one meets on a way, and files of it.

An address names the model that walks, the map, and in its query the way (`latent.walk`):
`way`, `a`, `b`, `stroke`, `plus`, `minus`, `label`; `steps`; and `home`, the model on whose map
the ends were chosen, where that is another one. Binary answers are as in `serve.selection`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from explorer.errors import ExplorerError
from explorer.latent.opened import Opened
from explorer.latent.walk import FEWEST, MOST, Walk
from explorer.serve.address import class_of, optional
from explorer.serve.answer import to_bytes
from explorer.serve.catalogue import catalogue
from explorer.serve.respond import as_file, aside, headed, made_on, respond
from explorer.serve.tracks import Asked, track_of
from explorer.spec import build

if TYPE_CHECKING:
    from explorer.latent.paths import Met, Track

STEPS = 11
# Milliseconds of one image of an animation, and how many images one has from end to end.
SHORTEST, LONGEST, MILLISECONDS = 20, 2000, 120
MOST_FRAMES = 150


async def walk(request: Request) -> Response:
    """What one meets at `steps` steps of a way: n images (H, W, C) follow the JSON; of a shift also
    the decoded means of its two groups, as the class of the first step.

    JSON: `nearest` rows, `distance`, `relative`, `trips`, `standing` and `why` for each step; how
    far data `reach`;
    `changes` between them; `length`, `change` (their sum) and `roughness` of the whole; `usual`,
    the distance that `relative` is in; `places`, the way on its own map, and whether they are
    `exact`; `words`, `ends`, `shape`. See `latent.paths.Met`.
    """

    def body() -> bytes:
        one, track, found, asked = _met(request)
        images = found.images
        if track.means is not None:
            told = None if track.weights is None else track.weights[:2]
            means = one.model.decode(track.means.astype(np.float32), told)
            images = np.concatenate([images, means])
        pixels = to_bytes(images)
        said = {
            "nearest": found.nearest.tolist(),
            "distance": _rounded(found.distance),
            "relative": _rounded(found.relative),
            "reach": round(found.reach, 4),
            "trips": _rounded(found.trips),
            "standing": [judged.standing for judged in found.judged],
            "why": [judged.why for judged in found.judged],
            "usual": round(one.usual_distance, 4),
            "changes": _rounded(found.changes),
            "length": round(found.length, 4),
            "change": round(float(found.changes.sum()), 4),
            "roughness": round(found.roughness, 4),
            "words": track.words,
            "ends": track.ends,
            "shape": pixels.shape[1:],
        }
        if request.query_params.get("home", one.model.id) == one.model.id:
            places, exact = track.places_on(one, asked.projection)
            said |= {"places": np.round(places.astype(float), 4).tolist(), "exact": exact}
        return headed(len(found.images), said) + pixels.tobytes()

    return await respond(request, body, "application/octet-stream", aside)


async def gif(request: Request) -> Response:
    """A way as an animated GIF: `ms` for each image, `between` more images between two steps; once
    with `loop=0`, there and back with `bounce=1`."""

    def made() -> Response:
        from explorer.serve.picture import animation_gif

        one, track, asked = _track_of(request)
        ms, between = _given(request, "ms", MILLISECONDS), _given(request, "between", 0)
        frames = (_steps(request) - 1) * (between + 1) + 1
        if not (SHORTEST <= ms <= LONGEST and frames <= MOST_FRAMES):
            raise ExplorerError(
                f"An animation has at most {MOST_FRAMES} images from end to end, each for "
                f"{SHORTEST} to {LONGEST} milliseconds; not {frames} for {ms}."
            )
        shares = np.linspace(0, 1, frames)
        loop, bounce = _given(request, "loop", 1) > 0, _given(request, "bounce", 0) > 0
        content = animation_gif(to_bytes(track.images(one, shares)), ms, loop, bounce)
        return _attached(content, "image/gif", one, asked, "gif")

    return await made_on(aside, made)


async def csv(request: Request) -> Response:
    """The latents of the steps of a way and where they stand; see `latent.paths.csv_text`."""

    def made() -> Response:
        from explorer.latent.paths import csv_text

        one, _, found, asked = _met(request)
        return _attached(csv_text(asked, one, found).encode(), "text/csv", one, asked, "csv")

    return await made_on(aside, made)


def _track_of(request: Request) -> tuple[Opened, Track, Walk]:
    """What an address names. Raises ExplorerError when it names nothing."""
    names, query = request.path_params, request.query_params
    texts = ("way", "a", "b", "stroke", "plus", "minus")
    values: dict[str, Any] = {name: query[name] for name in texts if name in query}
    values |= {"projection": names["projection"], "label": class_of(request)}
    asked = build(Walk, values)
    named = (names["model"], names["dataset"], optional(request, "count"))
    return *track_of(catalogue, Asked(*named, query.get("home") or None, asked)), asked


def _met(request: Request) -> tuple[Opened, Track, Met, Walk]:
    from explorer.latent.paths import met

    one, track, asked = _track_of(request)
    return one, track, met(one, track, _steps(request)), asked


def _steps(request: Request) -> int:
    steps = _given(request, "steps", STEPS)
    if not FEWEST <= steps <= MOST:
        raise ExplorerError(f"A way is shown in {FEWEST} to {MOST} steps, not {steps}.")
    return steps


def _given(request: Request, name: str, default: int) -> int:
    number = optional(request, name)
    return default if number is None else number


def _attached(content: bytes, kind: str, one: Opened, asked: Walk, ending: str) -> Response:
    name = f"{one.model.id}-{asked.way}.{ending}"
    return Response(content, media_type=kind, headers=as_file(name))


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 4) for value in values]
