"""A view as a few lines of Python that make its image, with the public face of the package."""

from __future__ import annotations

from json import dumps as quoted


def python(
    model: str,
    dataset: str,
    projection: str,
    *,
    count: int | None = None,
    row: int | None = None,
    place: tuple[float, float] | None = None,
    own: str | None = None,
    label: int | None = None,
    conditional: bool = False,
    channels: int = 1,
) -> str:
    """A script that makes the decoded image of a view and saves it as a PNG where it is run.

    Given is either `row`, an image of the data set, `place`, a place `(x, y)` of the map, or `own`,
    the name of a picture of one's own. A `conditional` model draws the class `label`; without one
    that of the image, or of the point nearest to the place; of an own picture it must be said.
    `count` names one of several maps by its number of images. `channels` is 1 for grey images and 3
    for colour.
    """
    if row is not None:
        file, latent, told = f"{model}-{row}.png", *_of_row(dataset, row, conditional)
    elif own is not None:
        file, latent, told = f"{model}-own.png", *_of_own(dataset, own, label, conditional)
    elif place is not None:
        known = label is not None or not conditional
        view = (model, dataset, projection)
        file, latent, told = f"{model}.png", *_of_place(view, count, place, known)
    else:
        raise ValueError("A view is of an image's row, of a place of a map, or of an own picture.")
    if conditional:
        told = told if label is None else f"np.array([{label}])"
    decode = f"model.decode(z, {told})" if conditional else "model.decode(z)"
    first = "[0, 0]" if channels == 1 else "[0].transpose(1, 2, 0)"
    lines = [
        *("import numpy as np", "from PIL import Image", "", "import explorer", ""),
        f"model = explorer.load({quoted(model)})",
        *latent,
        f"image = {decode}{first}",
        f"Image.fromarray(np.uint8(np.rint(255 * image))).save({quoted(file)})",
    ]
    return "\n".join(lines) + "\n"


def _of_row(dataset: str, row: int, conditional: bool) -> tuple[list[str], str]:
    """The lines that encode an image to z, and the name of its class."""
    data = f"explorer.dataset({quoted(dataset)})"
    x = f"x = {data}.picture({row}).numpy()[None]"
    if not conditional:
        return [x, "z = model.encode(x).mean"], ""
    label = f"label = {data}.labels[{row}:{row + 1}].numpy()"
    return [x, label, "z = model.encode(x, label).mean"], "label"


def _of_own(dataset: str, name: str, label: int | None, conditional: bool) -> tuple[list[str], str]:
    """The lines that fit a picture of one's own to the data set and encode it."""
    x = f"x = explorer.picture({quoted(name)}, {quoted(dataset)})[None]"
    told = f", np.array([{label}])" if conditional else ""
    return [x, f"z = model.encode(x{told}).mean"], ""


def _of_place(
    view: tuple[str, str, str], count: int | None, place: tuple[float, float], known: bool
) -> tuple[list[str], str]:
    """The lines that turn a place into z, and how the class of its nearest point is had."""
    x, y = (float(value) for value in place)
    if view[-1] == "raw" and known:
        return [f"z = np.array([[{x}, {y}]])"], ""
    names = ", ".join([*map(quoted, view), *([] if count is None else [str(count)])])
    themap, places = f"themap = explorer.load_map({names})", f"[({x}, {y})]"
    return [themap, f"z = themap.latents_at({places})"], f"themap.labels_at({places})"
