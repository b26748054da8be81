"""What the address of a route names, read in one place and refused with a sentence."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request

from explorer import own
from explorer.errors import ExplorerError
from explorer.latent.opened import Opened
from explorer.serve.catalogue import catalogue

MAX_DIGITS = 9
DECIMAL = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?")


def whole(text: str, name: str) -> int:
    """A whole number from 0 on. Raises ExplorerError, which calls it `name`, for other words."""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise ExplorerError(f"The {name} in this address is a whole number from 0 on.")
    return int(text)


def class_of(request: Request) -> int | None:
    """The class that an address asks for, None for the image's own."""
    return optional(request, "label", "class")


def optional(request: Request, name: str, called: str = "") -> int | None:
    """The whole number `name` in the query, None where it is left out; a refusal says `called`."""
    text = request.query_params.get(name, "")
    return whole(text, called or name) if text else None


def decimal(request: Request, name: str, otherwise: float) -> float:
    """The number `name` in the query, `otherwise` where it is left out."""
    text = request.query_params.get(name, "")
    if text and not DECIMAL.fullmatch(text):
        raise ExplorerError(f"The {name} in this address is a number like 1 or 0.5.")
    return float(text) if text else otherwise


def own_of(request: Request) -> str | None:
    """The own picture that an address names, None where it names none. Raises ExplorerError for one
    that is not kept."""
    name = request.query_params.get("own")
    if name is not None and not own.exists(name):
        raise ExplorerError(own.GONE)
    return name


def opened(request: Request) -> Opened:
    """The model with the atlas of a data set that an address names, of `count` images."""
    names = request.path_params
    return catalogue.open(names["model"], names["dataset"], optional(request, "count"))


def atlas_of(request: Request) -> dict[str, Any]:
    """The names of an atlas, as tasks take them."""
    names, count = request.path_params, optional(request, "count")
    if count is None:
        raise ExplorerError("This address needs the number of images, like count=5000.")
    return {"model": names["model"], "dataset": names["dataset"], "count": count}
