"""Routes about reconstruction errors: how an image stands among those of an atlas, and which of
them are drawn worst."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from explorer import store
from explorer.errors import ExplorerError
from explorer.latent.opened import Opened
from explorer.serve.address import atlas_of, class_of, opened, optional
from explorer.serve.catalogue import catalogue
from explorer.serve.prepared import Task, when_made
from explorer.serve.respond import headed

if TYPE_CHECKING:
    from explorer.latent.errors import Standing
    from explorer.latent.subject import Subject

BINARY = "application/octet-stream"
# Images on a page of the ranking.
PAGE = 24


async def standing(request: Request) -> Response:
    """How the error of the subject `at` stands among those of all images of an atlas, as the way
    `altered` changes it too: after the head its image and the reconstruction, then both altered.

    JSON: `edges` (see `latent.errors.bars`) and `counts` of the histogram, which holds all that is
    said here; `image` and `other` (null without `altered`), each {error, share, words}; `compared`,
    the histogram of altered images of the data set, and `auroc` (null without `altered`); `as`
    (class told, or null), `subject` in words, `shape` [H, W, C].
    """

    def body() -> bytes:
        from explorer.latent import errors
        from explorer.latent.subject import subject
        from explorer.serve.answer import to_bytes

        one, values = opened(request), _errors(request)
        how = request.query_params.get("altered", "")
        found = subject(one, request.query_params.get("at", ""), label=class_of(request))
        if found.image is None:
            raise ExplorerError("Only an image has an error; choose one, draw one or upload one.")
        images = [found.image[None]]
        if how:
            images.append(errors.altered(images[0], how))
        told = None if found.label is None else np.full(len(images), found.label)
        shown = np.concatenate(images)
        drawn, measured = errors.reconstructed(one.model, shown, told)
        stands = [errors.standing(values, error, one.dataset.noun) for error in measured.tolist()]
        stands[0] = _own_standing(request, one, found, values) or stands[0]
        strange = altered_errors(one.stamp, *_names(request), how) if how else None
        compared = [] if strange is None else [strange]
        edges = errors.bars(values, np.array([stand.error for stand in stands]), *compared)
        pixels = to_bytes(np.stack([shown, drawn], 1).reshape(-1, *shown.shape[1:]))
        said = {
            "edges": [float(f"{edge:.6g}") for edge in edges],
            "counts": errors.histogram(values, edges).tolist(),
            "image": asdict(stands[0]),
            "other": asdict(stands[1]) if how else None,
            "compared": None if strange is None else errors.histogram(strange, edges).tolist(),
            "auroc": None if strange is None else round(errors.auroc(values, strange), 4),
            "as": found.label,
            "subject": found.words,
            "shape": pixels.shape[1:],
        }
        return headed(len(pixels), said) + pixels.tobytes()

    return await when_made(request, lambda: _missing(request), body, BINARY)


async def ranked(request: Request) -> Response:
    """A `page` of the images of an atlas by their error, the largest first (`order` "best": the
    smallest), of the `class` asked for or all: after the head each image and its reconstruction.

    JSON: `rows`, `labels` (names of classes), `errors`, `shares` (of images with a smaller error)
    of the page; `first` (rank of the first one, from 0), `of` how many are ranked, `page`, `pages`,
    `classes` (all names), `shape`.
    """

    def body() -> bytes:
        import torch

        from explorer.latent import errors
        from explorer.serve.answer import to_bytes

        one, values = opened(request), _errors(request)
        labels, wanted = one.atlas.labels, optional(request, "class")
        members = np.arange(len(values)) if wanted is None else np.flatnonzero(labels == wanted)
        if not len(members):
            raise ExplorerError(f"No encoded image has the class {wanted}.")
        best = request.query_params.get("order", "worst") == "best"
        order = errors.ranked(values, members, worst=not best)
        pages = -(-len(order) // PAGE)
        page = min(optional(request, "page") or 0, pages - 1)
        part = order[page * PAGE : (page + 1) * PAGE]
        rows = torch.from_numpy(one.atlas.rows[part])
        images = one.dataset.split("all").take(rows).float().numpy()
        told = labels[part].astype(np.int64) if one.model.conditional else None
        drawn = one.model.decode(one.atlas.mean[part], told)
        pixels = to_bytes(np.stack([images, drawn], 1).reshape(-1, *images.shape[1:]))
        said = {
            "rows": one.atlas.rows[part].tolist(),
            "labels": [one.dataset.classes[label] for label in labels[part]],
            "errors": [float(f"{error:.5g}") for error in values[part]],
            "shares": [errors.standing(values, float(error)).share for error in values[part]],
            "first": page * PAGE,
            "of": len(order),
            "page": page,
            "pages": pages,
            "classes": one.dataset.classes,
            "shape": pixels.shape[1:],
        }
        return headed(len(pixels), said) + pixels.tobytes()

    return await when_made(request, lambda: _missing(request), body, BINARY)


def _missing(request: Request) -> Task | None:
    """The work that has to be done before the errors of an atlas are known."""
    return (
        None
        if _kept(atlas_of(request)) is not None
        else ("column", atlas_of(request) | {"column": "error"})
    )


def _kept(atlas: dict[str, Any]) -> np.ndarray | None:
    """The errors `(N,)` of the images of an atlas, as they were kept."""
    from explorer.latent.columns import kept

    artefact = store.open_artefact(atlas["model"])
    column = kept(artefact, dataset=atlas["dataset"], count=atlas["count"], column="error")
    return None if column is None else column.values.astype(np.float64)


def _errors(request: Request) -> np.ndarray:
    found = _kept(atlas_of(request))
    assert found is not None, "made before"
    return found


def _own_standing(
    request: Request, one: Opened, found: Subject, values: np.ndarray
) -> Standing | None:
    """The standing of an image of the atlas by the error that is kept of it, so that it is found in
    the ranking with the very same number; None for any other image, or told another class."""
    from explorer.latent import errors
    from explorer.latent.origin import parse

    origin = parse(request.query_params.get("at", ""))
    if origin.kind != "row" or not one.atlas.holds(origin.number):
        return None
    position = one.atlas.position(origin.number)
    if found.label not in (None, int(one.atlas.labels[position])):
        return None
    return errors.standing(values, float(values[position]), one.dataset.noun)


def _names(request: Request) -> tuple[str, str, int]:
    atlas = atlas_of(request)
    return atlas["model"], atlas["dataset"], atlas["count"]


@lru_cache(maxsize=32)
def altered_errors(stamp: str, model: str, dataset: str, count: int, how: str) -> np.ndarray:
    """The errors `(n,)` of a seeded sample of the images of an atlas, altered, measured once per
    state of the model (`stamp`)."""
    import torch

    from explorer.latent import errors

    one = catalogue.open(model, dataset, count)
    n = len(one.atlas)
    sample = np.random.default_rng(0).choice(n, min(errors.COMPARED, n), replace=False)
    images = one.dataset.split("all").take(torch.from_numpy(one.atlas.rows[sample])).float()
    labels = one.atlas.labels[sample].astype(np.int64)
    return errors.reconstructed(one.model, errors.altered(images.numpy(), how), labels)[1]
