"""One image through several models, as the decode channel says it."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from explorer.errors import ExplorerError
from explorer.latent.opened import Opened
from explorer.latent.round_trip import round_trips
from explorer.latent.subject import of_picture
from explorer.latent.transfer import Passage, Picture, picture_at, picture_of, through
from explorer.latent.trust import Judgement
from explorer.serve.catalogue import Catalogue
from explorer.serve.requests import TransferRequest
from explorer.serve.together import together

# How many dimensions of a latent travel for each model.
SHOWN = 8


def transferred(
    request: TransferRequest, drawing: Image.Image | None, catalogue: Catalogue
) -> tuple[np.ndarray, dict[str, Any]]:
    """The image, then its reconstruction by each model, `(2 + to, C, H, W)` in [0, 1], and what is
    said of both: the image's `words`, `row`, `label` and whether it was `decoded`, and of the
    `models` in turn what `_told` gives.

    Raises ExplorerError for names that are unknown, an image that a model cannot take and a start
    that names nothing.
    """
    models = [catalogue.open(one.model, one.dataset, one.count) for one in request.models]
    models = together(models) if request.together else models
    picture = _picture(request, drawing, models[0])
    for opened in models:
        if opened.dataset.image_shape != picture.image.shape:
            raise ExplorerError(
                f"'{opened.model.id}' takes images of another shape than '{models[0].model.id}'; "
                "one image cannot go through both."
            )
    passages = [through(opened, picture, request.label) for opened in models]
    told = [
        _told(one.projection, opened, picture, passage, home=k == 0)
        for k, (one, opened, passage) in enumerate(
            zip(request.models, models, passages, strict=True)
        )
    ]
    said = {
        "words": picture.words,
        "row": picture.row,
        "label": picture.label,
        "decoded": picture.decoded,
        "source": models[0].model.device.type,
        "models": told,
    }
    return np.stack([picture.image, *(one.x_hat for one in passages)]), said


def _picture(request: TransferRequest, drawing: Image.Image | None, opened: Opened) -> Picture:
    if drawing is not None:
        found = of_picture(opened, drawing)
        assert found.image is not None
        return Picture(found.image, False, None, found.words, opened.atlas.dataset)
    if request.z is not None:
        if len(request.z) != opened.model.latent_dim:
            raise ExplorerError(
                f"'{opened.model.id}' has latents of {opened.model.latent_dim} numbers, not "
                f"{len(request.z)}."
            )
        return picture_at(opened, np.asarray(request.z, np.float32), request.label)
    return picture_of(opened, request.at or "", request.projection, request.label)


def _told(
    projection: str, opened: Opened, picture: Picture, passage: Passage, *, home: bool
) -> dict[str, Any]:
    """Of one model: the first dimensions of the latent `z`, its `place` on the map and whether that
    is `exact`, `sigma` of the posterior on a raw map, `mse`, `nats` and `rate` (see Passage), the
    class that it was told (`as`), how far to trust it (`trust`, `why`) and the round trip
    |E(D(z)) - z| (`trip`).

    `home` is the model that the image comes from: what it decoded stands where it was decoded, not
    where it would come back to.
    """
    position = _position(opened, picture)
    z, place, exact = passage.z, None, True
    if home and picture.z is not None:
        z, place = picture.z, picture.place
    elif position is not None:
        place = opened.map(projection).coordinates[position]
    if place is None:
        places, exact = opened.map(projection).places_of(z[None])
        place = places[0]
    said: dict[str, Any] = {
        "model": opened.model.id,
        "z": _rounded(z[:SHOWN]),
        "place": _rounded(place),
        "exact": exact,
        "mse": passage.mse,
        "nats": passage.nats,
        "rate": passage.rate,
    }
    if passage.told is not None:
        said["as"] = passage.told
    if passage.logvar is not None and projection == "raw" and not (home and picture.decoded):
        said["sigma"] = _rounded(np.exp(0.5 * passage.logvar))
    x = picture.image if home and picture.decoded else passage.x_hat
    labels = None if passage.told is None else np.array([passage.told])
    trip = float(round_trips(opened.model, z[None], labels, x[None])[0])
    chosen = picture.place if home else None
    judgement = _judgement(opened, projection, z, trip, position, chosen)
    said |= {"trust": judgement.standing, "why": judgement.why, "trip": trip}
    return said


def _position(opened: Opened, picture: Picture) -> int | None:
    """Where the image stands in an atlas that shows it."""
    atlas, row = opened.atlas, picture.row
    if row is None or atlas.dataset != picture.dataset or not atlas.holds(row):
        return None
    return atlas.position(row)


def _judgement(
    opened: Opened,
    projection: str,
    z: np.ndarray,
    trip: float,
    position: int | None,
    place: np.ndarray | None,
) -> Judgement:
    """How far to trust what a model makes of a latent: an image's own point, a place that was
    chosen on its map, or any other."""
    if position is not None:
        return opened.trust.of_image(position)
    if place is not None:
        return opened.map(projection).judge(place, opened.trust, trip)
    return opened.crowd.judge(z, trip)


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 4) for value in values]
