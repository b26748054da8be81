"""Routes of generated images: samples of a model's prior and of the density fit to its encodings,
as pixels with their facts, as one picture and as a table; and the frame of a 2-D manifold.

An address names the model, its atlas and the sampler (`latent.sample`); the query has `n`, `seed`,
`temperature`, `components` and the class `label`. A density that was not fit yet is fit first, by
the worker.
"""

from __future__ import annotations

import csv
import io
import json
from functools import lru_cache
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from explorer.errors import ExplorerError
from explorer.latent.opened import Opened
from explorer.serve.address import atlas_of, class_of, opened, optional
from explorer.serve.answer import to_bytes
from explorer.serve.points import about_images
from explorer.serve.prepared import Task, when_made
from explorer.serve.respond import headed, respond

if TYPE_CHECKING:
    from explorer.latent.sample import Asked, Drawn
    from explorer.metrics.samples import Judged


async def samples(request: Request) -> Response:
    """uint32 n, uint32 length of the JSON, the JSON padded to 4 bytes, the pixels, uint8
    (n, H, W, C), padded to 4 bytes, then the latents, float32 (n, D).

    JSON: `shape` [H, W, C], `dimensions`, `classes` (names), `title`, `words`, `told` (class of
    each, or null), `reads` and `sure` of each (null without a classifier), `counts` by class,
    `confident` (share), `among` (whether each lies among the encodings), `nearest` (row),
    `distance` and `own` of each, `codes` of each and those as an address has them, `written`
    (both null but for a VQ-VAE).
    """

    def body() -> bytes:
        drawn, images, judged = _drawn(request)
        pixels = to_bytes(images)
        said = _said(drawn, judged, pixels.shape[1:], opened(request))
        start = headed(len(pixels), said) + pixels.tobytes()
        return start + b"\0" * (-pixels.size % 4) + drawn.z.astype("<f4").tobytes()

    return await when_made(request, lambda: _missing(request), body, "application/octet-stream")


async def png(request: Request) -> Response:
    """The samples as one picture, nearly square; its description says what they are."""

    def body() -> bytes:
        from explorer.serve.picture import mosaic_png

        drawn, images, _ = _drawn(request)
        asked, one = _asked(request), opened(request)
        about = f"{len(images)} samples of {one.model.id}: {drawn.title}. {drawn.words} "
        about += f"Seed {asked.seed}, temperature {asked.temperature:g}."
        return mosaic_png(to_bytes(images), ceil(sqrt(len(images))), about)

    made = await when_made(request, lambda: _missing(request), body, "image/png")
    return _named(made, request, "png")


async def table(request: Request) -> Response:
    """The latents of the samples as a table, one line each, with their facts: z of each dimension,
    or the codes of a VQ-VAE, row by row."""

    def body() -> bytes:
        drawn, _, judged = _drawn(request)
        asked, sampler = _asked(request), request.path_params["sampler"]
        stream = io.StringIO()
        _table(stream, drawn, judged, sampler, asked, opened(request))
        return stream.getvalue().encode()

    made = await when_made(request, lambda: _missing(request), body, "text/csv; charset=utf-8")
    return _named(made, request, "csv")


async def manifold(request: Request) -> Response:
    """The frame of a 2-D latent space as JSON: `centre` and `scale` of the Gaussian that its cells
    are spaced by, `words` that say whose it is; `classes`, and `told` whether one is told."""

    def body() -> bytes:
        from explorer.latent.manifold import frame_of

        one = opened(request)
        frame = frame_of(one.model, one.atlas)
        said = {
            "centre": frame.centre.tolist(),
            "scale": frame.scale.tolist(),
            "words": frame.words,
            "told": one.model.conditional,
        }
        return json.dumps(said | about_images(one.dataset)).encode()

    return await respond(request, body, "application/json")


# --- what is asked ----------------------------------------------------------------------------


def _asked(request: Request) -> Asked:
    from explorer.latent.sample import Asked

    given = {name: optional(request, name) for name in ("n", "seed", "components")}
    numbers: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if text := request.query_params.get("temperature", ""):
        numbers["temperature"] = _temperature(text)
    return Asked(**numbers, label=class_of(request))


def _temperature(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ExplorerError("The temperature is a number like 1 or 0.5.") from error


def _missing(request: Request) -> Task | None:
    """The fit that has to be made before."""
    from explorer.latent.sample import kept

    if request.path_params["sampler"] != "mixture":
        return None
    atlas, components = atlas_of(request), _asked(request).components
    one = opened(request)
    where = {"dataset": atlas["dataset"], "count": atlas["count"], "components": components}
    if kept(one.artefact, one.atlas.sha256, **where) is not None:
        return None
    return "sampler", atlas | {"components": components}


def _drawn(request: Request) -> tuple[Drawn, np.ndarray, Judged]:
    names, count = request.path_params, optional(request, "count")
    view = (names["model"], names["dataset"], count)
    return drawn_once(_stamp(opened(request)), *view, names["sampler"], _asked(request))


def _stamp(one: Opened) -> str:
    """The state of a model, and of the prior over its codes."""
    from explorer.latent.sample import learned_prior

    card = one.model.card
    prior = learned_prior(card) if card.spec.model.family == "vq-vae" else None
    return one.stamp + (prior.card.weights_sha256 if prior else "")


@lru_cache(maxsize=16)
def drawn_once(
    stamp: str, model: str, dataset: str, count: int | None, sampler: str, asked: Asked
) -> tuple[Drawn, np.ndarray, Judged]:
    """Samples, what they decode to `(n, C, H, W)` and their facts: for the page, and again for the
    files that it saves. `stamp` is the model's state."""
    from explorer.latent.sample import draw
    from explorer.metrics.samples import judged
    from explorer.serve.catalogue import catalogue

    one = catalogue.open(model, dataset, count)
    drawn = draw(one, sampler, asked)
    images = one.model.decode(drawn.z, drawn.labels)
    return drawn, images, judged(one, drawn.z, images)


def _said(drawn: Drawn, facts: Judged, shape: tuple[int, ...], one: Opened) -> dict[str, Any]:
    sure, confident = facts.sure, facts.confident
    return {
        "shape": shape,
        "dimensions": drawn.z.shape[1],
        "classes": one.dataset.classes,
        "title": drawn.title,
        "words": drawn.words,
        "told": None if drawn.labels is None else drawn.labels.tolist(),
        "reads": None if facts.reads is None else facts.reads.tolist(),
        "sure": None if sure is None else np.round(sure.astype(float), 3).tolist(),
        "counts": facts.counts(len(one.dataset.classes)).tolist(),
        "confident": None if confident is None else round(confident, 4),
        "among": facts.among.tolist(),
        "nearest": facts.nearest.tolist(),
        "distance": np.round(facts.distance, 4).tolist(),
        "own": np.round(facts.own, 4).tolist(),
        "codes": None if drawn.codes is None else drawn.codes.tolist(),
        "written": None if drawn.codes is None else _written(drawn.codes, one),
    }


def _written(codes: np.ndarray, one: Opened) -> list[str]:
    from explorer.latent.codes import codebook_of, to_text

    size = codebook_of(one.model).spec.codebook_size
    return [to_text(grid, size) for grid in codes]


def _table(
    stream: io.StringIO, drawn: Drawn, facts: Judged, sampler: str, asked: Asked, one: Opened
) -> None:
    classes = one.dataset.classes
    codes = drawn.codes
    values = drawn.z if codes is None else codes.reshape(len(codes), -1)
    letter = "z" if codes is None else "code_"
    said = ["sample", "model", "sampler", "seed", "temperature", "told", "reads", "sure"]
    said += ["among_images", "nearest_row", "distance"]
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*said, *(f"{letter}{i + 1}" for i in range(values.shape[1]))])
    for i, numbers in enumerate(values):
        told = "" if drawn.labels is None else classes[int(drawn.labels[i])]
        reads, sure = "", ""
        if facts.reads is not None and facts.sure is not None:
            reads, sure = classes[int(facts.reads[i])], f"{facts.sure[i]:.3f}"
        near = [int(facts.among[i]), int(facts.nearest[i]), f"{facts.distance[i]:.4f}"]
        how = [i, one.model.id, sampler, asked.seed, f"{asked.temperature:g}", told, reads, sure]
        exact = [f"{number:.6g}" if codes is None else int(number) for number in numbers]
        writer.writerow([*how, *near, *exact])


def _named(made: Response, request: Request, ending: str) -> Response:
    """An answer that a browser saves under a name of its own."""
    if made.status_code == 200:
        names, asked = request.path_params, _asked(request)
        file = f"{names['model']}-{names['sampler']}-{asked.n}-seed-{asked.seed}.{ending}"
        made.headers["Content-Disposition"] = f'attachment; filename="{file}"'
    return made
