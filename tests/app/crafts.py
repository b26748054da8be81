"""A person in front of a task of the Generate page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from playwright.sync_api import Browser, Locator

from tests.app.conftest import MapPage, visitor
from tests.app.reading import red

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


class TaskPage(MapPage):
    """Waits and looks as `MapPage` does, but at a task."""

    def open(self, query: str = "") -> TaskPage:
        self.page.goto(f"{self.address}/generate{query}")
        return self.ready()

    def ready(self) -> TaskPage:
        self.page.locator(".lx[data-ready=true]").wait_for(timeout=60_000)
        self.settled()
        return self

    def settled(self) -> None:
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()

    def part(self, name: str) -> Locator:
        return self.page.locator(f".lx [data-part={name}]")

    def grey(self, name: str, nth: int = 0) -> np.ndarray:
        """The red channel `(H, W)` of the canvas with this test id."""
        return red(self.page.get_by_test_id(name).nth(nth))

    def shows(self, name: str, image: np.ndarray, nth: int = 0) -> None:
        """The canvas shows an image `(C, H, W)` in [0, 1], up to rounding."""
        assert np.abs(self.grey(name, nth) - np.rint(255 * image[0])).max() <= 1

    def wait(self, condition: str, arg: object = None) -> None:
        """Wait for a condition about the component's root, `lx`."""
        script = f"arg => {{ const lx = document.querySelector('.lx'); return {condition} }}"
        self.page.wait_for_function(script, arg=arg)

    def cut(self) -> list[str]:
        """What sticks out of the screen to the right."""
        return self.page.evaluate(
            """() => [...document.querySelectorAll('.lx *')]
                .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
                .map(one => one.outerHTML.slice(0, 120))"""
        )

    def rows_of_buttons(self) -> int:
        """How many rows the buttons below the original take."""
        buttons = self.page.locator(".lx-pad-tools button:visible")
        return len(set(buttons.evaluate_all("all => all.map(one => one.offsetTop)")))

    def small(self) -> list[str]:
        """What a finger can use but hardly hit."""
        return self.page.evaluate(
            """() => [...document.querySelectorAll('.lx :is(button, a, input, select)')]
                .filter(one => one.offsetParent && !one.matches('[type=checkbox]')
                    && one.getBoundingClientRect().height < 40)
                .map(one => one.outerHTML.slice(0, 120))"""
        )


@contextmanager
def at_task(browser: Browser, address: str, **context: object) -> Iterator[TaskPage]:
    with visitor(browser, address, **context) as person:
        yield TaskPage(person.page, person.address, person.faults)
