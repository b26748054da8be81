"""A person who paints with codes, and how what is shown there is read."""

from __future__ import annotations

import numpy as np

import explorer
from explorer.latent import codes as grids
from tests.app.crafts import TaskPage

VIEW = "?model=mnist-vq-vae&task=codes&row=7"


def codes_of(model, row: int) -> np.ndarray:
    return grids.encoded(model, explorer.dataset("mnist-5k").picture(row).numpy()[None])[0]


def shown(person: TaskPage, part: str = "map") -> np.ndarray:
    """The codes of a map as its cells have them."""
    cells = person.part(part).locator(".lx-cell")
    found = cells.evaluate_all("cells => cells.map(cell => Number(cell.dataset.code))")
    return np.reshape(found, (7, 7))


def wait_for(person: TaskPage, codes: np.ndarray) -> None:
    """Wait until these codes are decoded and shown."""
    text = grids.to_text(codes, 128)
    person.wait("lx.querySelector('[data-part=painted]').dataset.codes === arg", text)


def middle(person: TaskPage, row: int, column: int, part: str = "map") -> tuple[float, float]:
    box = person.part(part).bounding_box()
    return box["x"] + box["width"] * (column + 0.5) / 7, box["y"] + box["height"] * (row + 0.5) / 7


def drag(person: TaskPage, *cells: tuple[int, int], part: str = "map") -> None:
    """A quick drag: the pointer is seen only in the cells named."""
    mouse = person.page.mouse
    mouse.move(*middle(person, *cells[0], part))
    mouse.down()
    for cell in cells[1:]:
        mouse.move(*middle(person, *cell, part))
    mouse.up()


def brush(person: TaskPage) -> int:
    return int(person.page.locator(".lx").get_attribute("data-code"))
