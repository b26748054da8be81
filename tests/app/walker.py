"""A person in front of the paths page, and what the package computes of the same ways."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Locator

from explorer.latent.opened import Opened, open_atlas
from explorer.latent.paths import Met, Track, met, track
from explorer.latent.walk import Walk
from tests.app.conftest import MapPage, visitor
from tests.app.reading import on_screen, red

RAW = "?model=mnist-vae-2d&dataset=mnist-5k&count=5000&projection=raw"
DEEP = "?model=mnist-vae-20&dataset=mnist-5k&count=5000&projection=umap"


@lru_cache
def opened(model: str) -> Opened:
    """A model with its atlas, read once."""
    return open_atlas(model, "mnist-5k", 5000)


@dataclass
class PathsPage:
    """A person in front of the paths page."""

    person: MapPage

    @property
    def page(self):
        return self.person.page

    def open(self, query: str = RAW) -> PathsPage:
        self.page.goto(f"{self.person.address}/paths{query}")
        return self.ready()

    def ready(self) -> PathsPage:
        self.page.locator(".lx-paths[data-ready=true]").wait_for(timeout=60_000)
        self.page.locator(".lx-minimap[data-ready=true]").wait_for(timeout=60_000)
        self.rests()
        return self

    def rests(self) -> None:
        """Wait until the script rests, no strip waits, and the player shows what it is at."""
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        self.page.wait_for_function(
            "() => !document.querySelector('.lx-way-strip[data-waiting]')"
            " && document.querySelector('[data-testid=decoded]').dataset.share !== undefined"
        )

    def part(self, name: str) -> Locator:
        return self.page.locator(f".lx-paths [data-part={name}]")

    def strip(self, model: str, way: str) -> Locator:
        return self.page.locator(f'.lx-way-strip[data-id="{model} {way}"]')

    def images(self, strip: Locator) -> np.ndarray:
        """The images of a strip `(n, H, W)`."""
        return np.stack([red(one) for one in strip.locator("canvas").all()])

    def player(self, share: float, strip: str) -> np.ndarray:
        """What the player shows once it is at a share of a way."""
        self.page.wait_for_function(
            "([share, strip]) => {"
            " const { dataset } = document.querySelector('[data-testid=decoded]');"
            " return dataset.strip === strip && Math.abs(dataset.share - share) < 6e-4 }",
            arg=[share, strip],
        )
        return red(self.page.get_by_test_id("decoded"))

    def query(self) -> dict[str, str]:
        return self.person.query()

    def wait_for_query(self, **expected: str) -> None:
        self.person.wait_for_query(**expected)
        self.rests()

    def screen(self, x: float, y: float) -> tuple[float, float]:
        """Where a place of the map is on the screen."""
        return on_screen(self.page.locator(".lx-minimap .lx-plot"), x, y)

    def download(self, name: str) -> bytes:
        with self.page.expect_download() as waited:
            self.part(name).click()
        return Path(waited.value.path()).read_bytes()


@contextmanager
def walker(browser: Browser, address: str, **context: object) -> Iterator[PathsPage]:
    """A new browser session in front of the page."""
    with visitor(browser, address, **context) as person:
        yield PathsPage(person)


def close(shown: np.ndarray, images: np.ndarray) -> bool:
    """Whether pixels are those of images `(..., H, W)` in [0, 1], but for rounding."""
    return bool(np.abs(shown - 255 * images.reshape(shown.shape)).max() <= 1)


def computed(model: str, n: int, home: str | None = None, **walk) -> tuple[Track, Met]:
    one = opened(model)
    found = track(Walk(**walk), one, opened(home or model))
    return found, met(one, found, n)
