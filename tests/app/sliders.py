"""A person in front of the sliders: what the tests of that page share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from playwright.sync_api import Locator, Page

from explorer.latent.opened import Opened, open_atlas
from tests.app.conftest import visitor


def opened(model: str, dataset: str = "mnist-5k") -> Opened:
    return open_atlas(model, dataset, 5000)


def as_bytes(images: np.ndarray) -> np.ndarray:
    """Images `(n, C, H, W)` as the red bytes `(n, H, W)` of a canvas."""
    return np.rint(255 * images[:, 0])


@dataclass
class SlidersPage:
    """A person in front of the sliders."""

    page: Page
    address: str

    def open(self, query: str) -> SlidersPage:
        self.page.goto(f"{self.address}/dimensions?{query}")
        return self.ready()

    def ready(self) -> SlidersPage:
        self.page.locator(".lx-sliders[data-ready=true]").wait_for(timeout=60_000)
        return self.settled()

    def settled(self) -> SlidersPage:
        """Wait until the page rests and the words belong to the image that is shown."""
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        self.page.wait_for_function(
            "() => { const all = document.querySelector('.lx-sliders');"
            " return all.dataset.ready === 'true' && !('stale' in all.dataset)"
            " && 'z' in all.querySelector('[data-part=decoded]').dataset }"
        )
        return self

    def part(self, name: str) -> Locator:
        return self.page.locator(f".lx-sliders [data-part={name}]")

    def slider(self, dimension: int, called: str = "Dimension") -> Locator:
        return self.page.get_by_role("slider", name=f"{called} {dimension}", exact=True)

    def row(self, dimension: int) -> Locator:
        return self.page.locator(f".lx-knob[data-dimension='{dimension}']")

    def listed(self) -> list[int]:
        rows = self.page.locator(".lx-knob")
        return [int(one.get_attribute("data-dimension")) for one in rows.all()]

    def canvas(self, selector: str) -> np.ndarray:
        """The red bytes `(H, W)` of a canvas."""
        width, values = self.page.evaluate(
            """selector => {
                const canvas = document.querySelector(selector), { width, height } = canvas
                const rgba = canvas.getContext('2d').getImageData(0, 0, width, height).data
                return [width, Array.from(rgba.filter((_, i) => i % 4 === 0))]
            }""",
            selector,
        )
        return np.reshape(values, (-1, width))

    def decoded(self) -> np.ndarray:
        return self.canvas("[data-testid=decoded]")

    def wait_for_latent(self, z: np.ndarray) -> None:
        """Wait until the image of a latent `(D,)` is there; its first numbers say which it is."""
        text = ",".join(f"{value:.3f}" for value in z[:8])
        self.page.wait_for_function(
            "z => document.querySelector('[data-testid=decoded]').dataset.z === z", arg=text
        )

    def shows(self, image: np.ndarray) -> None:
        """The decoded image is this one `(1, C, H, W)` within rounding."""
        assert np.abs(self.decoded() - as_bytes(image)[0]).max() <= 1

    def film(self, dimension: int) -> np.ndarray:
        """The cells `(steps, H, W)` of a track, once they are drawn."""
        selector = f".lx-knob[data-dimension='{dimension}'] .lx-film"
        self.page.wait_for_selector(f"{selector}[data-steps]")
        strip = self.canvas(selector)
        steps = int(self.page.locator(selector).get_attribute("data-steps"))
        return np.stack(np.split(strip, steps, axis=1))

    def query(self) -> dict[str, str]:
        return self.page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")

    def wait_for_query(self, **expected: str | None) -> None:
        self.page.wait_for_function(
            "wanted => { const query = new URLSearchParams(location.search);"
            " return Object.entries(wanted).every(([k, v]) => query.get(k) === v) }",
            arg=expected,
        )

    def drag(self, dimension: int, shares: tuple[float, ...], let_go: bool = True) -> None:
        box = self.slider(dimension).bounding_box()
        places = [(box["x"] + s * box["width"], box["y"] + box["height"] / 2) for s in shares]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=8)
        if let_go:
            self.page.mouse.up()

    def bring(self, dimension: int) -> None:
        """Scroll a slider into the middle, and wait: what touches a rolling page stops it."""
        self.row(dimension).evaluate("one => one.scrollIntoView({ block: 'center' })")
        self.page.wait_for_timeout(300)

    def swipe(self, dimension: int, start: tuple[float, float], by: tuple[float, float]) -> None:
        """A finger comes down on a slider, `start` in shares of it, and goes so many pixels."""
        box = self.slider(dimension).bounding_box()
        x, y = (
            box[k] + s * box[side]
            for k, side, s in zip("xy", ("width", "height"), start, strict=True)
        )
        session = self.page.context.new_cdp_session(self.page)

        def touch(kind: str, *points: dict[str, float]) -> None:
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

        touch("touchStart", {"x": x, "y": y})
        for share in (0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1):
            touch("touchMove", {"x": x + share * by[0], "y": y + share * by[1]})
            self.page.wait_for_timeout(30)
        touch("touchEnd")


@contextmanager
def sliders_page(browser, address: str, **context) -> Iterator[SlidersPage]:
    with visitor(browser, address, **context) as person:
        yield SlidersPage(person.page, address)
