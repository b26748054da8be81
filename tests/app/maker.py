"""A person in front of the page of generated images, and how what is shown there is read."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import Page

from tests.app.reading import red

PATIENCE = 60_000
# The pixels of image i of a gallery, red channel, row by row.
CELL = """([selector, i]) => {
    const host = document.querySelector(selector), canvas = host.querySelector('canvas')
    const columns = +host.querySelector('.lx-options').style.getPropertyValue('--columns')
    const rows = Math.ceil(host.querySelectorAll('.lx-option').length / columns)
    const [w, h] = [canvas.width / columns, canvas.height / rows]
    const context = canvas.getContext('2d')
    const rgba = context.getImageData(i % columns * w + 1, Math.floor(i / columns) * h + 1, w - 2, h - 2)
    return Array.from(rgba.data.filter((_, k) => k % 4 === 0))
}"""  # noqa: E501
PRIOR, MIXTURE = "[data-sampler=prior] .lx-gallery", "[data-sampler=mixture] .lx-gallery"


class Maker:
    """A person in front of the page of generated images."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address

    def open(self, **query: object) -> Maker:
        words = "&".join(f"{name}={value}" for name, value in query.items())
        self.page.goto(f"{self.address}/generate?{words}")
        self.settled()
        return self

    def settled(self) -> None:
        """Wait until the script rests and all images are those that were asked for."""
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        self.page.locator(".lx[data-ready=true]").wait_for(timeout=PATIENCE)

    def cell(self, gallery: str, i: int) -> np.ndarray:
        return np.array(self.page.evaluate(CELL, [gallery, i]))

    def pixels(self, selector: str) -> np.ndarray:
        return red(self.page.locator(selector)).ravel()

    def part(self, name: str):
        return self.page.locator(f".lx [data-part={name}]")

    def wait_for_query(self, **expected: str) -> None:
        self.page.wait_for_function(
            "wanted => { const query = new URLSearchParams(location.search);"
            " return Object.entries(wanted).every(([k, v]) => query.get(k) === v) }",
            arg=expected,
        )

    def query(self) -> dict[str, str]:
        return self.page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")


def same(pixels: np.ndarray, image: np.ndarray) -> bool:
    """Whether pixels are an image `(1, H, W)` in [0, 1]; decodes of a batch differ by rounding."""
    return bool(np.abs(pixels - 255 * image.reshape(-1)).max() <= 1.01)
