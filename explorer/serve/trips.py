"""Routes about what a model does to one image: round trips in a row, noise of growing strength."""

from __future__ import annotations

import json
from math import isfinite

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from explorer.errors import ExplorerError
from explorer.latent.opened import Opened
from explorer.serve.address import class_of, opened, optional
from explorer.serve.respond import headed, respond

# Amounts of noise on a curve, from 0 to 1.
AMOUNTS = 21
TRIPS = 20


async def round_trip(request: Request) -> Response:
    """`n` round trips in a row from the subject `at`: after the head n + 1 decoded images, before
    them the subject's own image if it has one.

    JSON: `original` whether there is one, `steps` (n), `places` (n + 1) on the map, `exact` (else
    placed among neighbours), `tolerance`, `settled`, `cycle`, `words`, `codes` whether the latent
    is made of codes, `subject` in words, `as` (class told, or null), `reads` (n + 1 names; null
    without a classifier), `shape` [H, W, C].
    """

    def body() -> bytes:
        from explorer.latent.round_trip import trail
        from explorer.latent.subject import subject
        from explorer.serve.answer import to_bytes

        one, key = opened(request), request.path_params["projection"]
        found = subject(one, request.query_params.get("at", ""), key, class_of(request))
        themap, n = one.map(key), optional(request, "n")
        made = trail(one.model, found.z, TRIPS if n is None else n, themap.deviation, found.label)
        places, exact = themap.places_of(made.z)
        images = made.images
        if found.image is not None:
            images = np.concatenate([found.image[None], images])
        pixels = to_bytes(images)
        said = {
            "original": found.image is not None,
            "steps": [float(f"{step:.5g}") for step in made.steps],
            "places": np.round(places.astype(float), 4).tolist(),
            "exact": exact,
            "tolerance": float(f"{made.tolerance:.5g}"),
            "settled": made.settled,
            "cycle": made.cycle,
            "words": made.words,
            "codes": one.model.codes(made.z[:1]) is not None,
            "subject": found.words,
            "as": found.label,
            "reads": _read(made.images, one),
            "shape": pixels.shape[1:],
        }
        return headed(len(pixels), said) + pixels.tobytes()

    return await respond(request, body, "application/octet-stream")


async def denoising(request: Request) -> Response:
    """The PSNR in dB over AMOUNTS of `noise` from 0 to 1 on the image of the subject `at`, as JSON:
    `amounts`, and of each `noisy`, `denoised`, `median` (null without any error); `trained`, the
    noise that the model was trained with, null without any."""

    def body() -> bytes:
        from explorer.latent.subject import subject
        from explorer.metrics.denoising import cleaned

        one, query = opened(request), request.query_params
        found = subject(one, query.get("at", ""), label=class_of(request))
        if found.image is None:
            raise ExplorerError("Noise is added to an image; choose one, draw one or upload one.")
        amounts = np.linspace(0, 1, AMOUNTS).round(3).tolist()
        seed, noise = optional(request, "seed") or 0, query.get("noise", "gaussian")
        made = cleaned(one.model, found.image, noise, amounts, seed, found.label)
        trained = one.model.card.spec.objective
        named = {"noise": trained.noise, "amount": trained.noise_amount}
        said = {
            "amounts": amounts,
            "noisy": _decibels(made.psnr(made.noisy)),
            "denoised": _decibels(made.psnr(made.denoised)),
            "median": _decibels(made.psnr(made.median)),
            "trained": None if trained.noise == "none" else named,
        }
        return json.dumps(said).encode()

    return await respond(request, body, "application/json")


def _decibels(values: list[float]) -> list[float | None]:
    return [round(value, 2) if isfinite(value) else None for value in values]


def _read(images: np.ndarray, one: Opened) -> list[str] | None:
    """The class that our classifier reads in each image by its name, None without one."""
    if one.judge is None:
        return None
    import torch

    with torch.inference_mode():
        x = torch.from_numpy(images).to(one.judge.device)
        winners = one.judge.probabilities(x).argmax(1).tolist()
    return [one.dataset.classes[winner] for winner in winners]
