"""A person in front of the panels of several models, and what the package computes of the same."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from playwright.sync_api import Locator

import explorer
from explorer.latent.align import aligned
from explorer.latent.opened import Opened, open_atlas
from explorer.loaded import Model
from tests.app.conftest import MapPage
from tests.app.reading import red


@lru_cache
def opened(model: str) -> Opened:
    return open_atlas(model, "mnist-5k", 5000)


@lru_cache
def loaded(model: str) -> Model:
    return explorer.load(model, "cpu")


@dataclass
class Panels:
    """A person in front of the panels; places are those of a model's own map."""

    person: MapPage

    @property
    def page(self):
        return self.person.page

    def open(self, *models: str, **query: object) -> Panels:
        query = {"panels": ",".join(models)} | query if models else query
        words = "&".join(f"{name}={value}" for name, value in query.items())
        self.page.goto(f"{self.person.address}/compare?{words}")
        return self.ready()

    def ready(self) -> Panels:
        self.page.locator(".lx-panels[data-ready=true]").wait_for(timeout=60_000)
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        return self

    def part(self, name: str) -> Locator:
        return self.page.locator(f".lx-panels [data-part={name}]")

    def panel(self, model: str) -> Locator:
        return self.page.locator(f'.lx-panel[data-model="{model}"]')

    def models(self) -> list[str]:
        panels = self.page.locator(".lx-panel")
        return panels.evaluate_all("all => all.map(one => one.dataset.model)")

    def said(self, model: str, name: str) -> str:
        return self.panel(model).get_attribute(f"data-{name}") or ""

    def place(self, model: str) -> list[float]:
        return [float(value) for value in self.said(model, "place").split(",")]

    def pixels(self, model: str) -> np.ndarray:
        return red(self.panel(model).locator("[data-testid=passed]"))

    def through(self) -> np.ndarray:
        return red(self.page.locator("[data-testid=through]"))

    def asked(self) -> str:
        """What goes through all models by now, once all have answered it."""
        self.page.wait_for_function(
            "() => { const { asked, shown } = document.querySelector('.lx-panels').dataset;"
            " return asked === shown }"
        )
        return self.page.locator(".lx-panels").get_attribute("data-shown") or ""

    def wait_for(self, shown: str) -> None:
        self.page.locator(f'.lx-panels[data-shown="{shown}"]').wait_for()

    # --- on the map -------------------------------------------------------------------------------
    def turn(self, model: str) -> tuple[np.ndarray, np.ndarray]:
        """How the map is drawn: matrix and shift."""
        text = self.said(model, "turn")
        values = [float(v) for v in text.strip("[]").split(",")] if text else [1, 0, 0, 1, 0, 0]
        return np.array(values[:4]).reshape(2, 2), np.array(values[4:])

    def on_map(self, model: str, place: np.ndarray) -> tuple[float, float]:
        """Where a place of a map is, in pixels from the plot's corner."""
        matrix, shift = self.turn(model)
        x, y = matrix @ np.asarray(place, float) + shift
        plot = self.panel(model).locator(".lx-plot")
        box = plot.bounding_box()
        x0, x1, y0, y1 = map(float, plot.get_attribute("data-view").split(","))
        wide, high = box["width"] - 2, box["height"] - 2
        return 1 + (x - x0) / (x1 - x0) * wide, 1 + (y1 - y) / (y1 - y0) * high

    def screen(self, model: str, place: np.ndarray) -> tuple[float, float]:
        box = self.panel(model).locator(".lx-plot").bounding_box()
        x, y = self.on_map(model, place)
        return box["x"] + x, box["y"] + y

    def dot(self, model: str) -> tuple[float, float]:
        """Where the image is marked, in pixels from the plot's corner, once it is drawn."""
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        text = self.panel(model).locator(".lx-dot-moving").get_attribute("transform")
        x, y = text.removeprefix("translate(").removesuffix(")").split()
        return float(x), float(y)

    def draw_around(self, model: str, corners: np.ndarray) -> None:
        panel = self.panel(model)
        panel.scroll_into_view_if_needed()
        panel.hover()
        panel.locator("[data-tool=pencil]").click()
        points = [self.screen(model, corner) for corner in corners]
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        for point in [*points[1:], points[0]]:
            self.page.mouse.move(*point, steps=4)
        self.page.mouse.up()


def kl(model: str, x: np.ndarray) -> float:
    """The rate of an image `(1, C, H, W)` by a model's own posterior, in nats."""
    posterior = loaded(model).encode(x)
    mean, logvar = posterior.mean.astype(np.float64), posterior.logvar.astype(np.float64)
    return float(0.5 * (mean**2 + np.exp(logvar) - 1 - logvar).sum())


def empty_place(model: str, projection: str) -> np.ndarray:
    """A place among the points of a map, as far as can be from each."""
    xy = opened(model).map(projection).coordinates
    low, high = np.quantile(xy, [0.1, 0.9], axis=0)
    grid = np.stack(np.meshgrid(*np.linspace(low, high, 30).T), -1).reshape(-1, 2)
    nearest = np.array([np.linalg.norm(xy - one, axis=1).min() for one in grid])
    return grid[nearest.argmax()]


def alignment(model: str, projection: str, lead: str, other: str):
    return aligned(opened(model).atlas, projection, opened(lead).atlas, other)


def distance(one, other) -> float:
    return math.dist(one, other)
