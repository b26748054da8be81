"""The real app in a real browser: a server with an empty home, and Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.app.maker import Maker
from tests.app.reading import on_screen, red

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
HOW_TO_GET = (
    "These tests need a Chromium on this machine: 'sudo apt-get install chromium' on Debian and "
    "Ubuntu, 'brew install --cask chromium' on macOS, or any Google Chrome."
)
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; without one the tests skip, or fail where EXPLORER_REQUIRE_BROWSER=1."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        if os.environ.get("EXPLORER_REQUIRE_BROWSER") == "1":
            pytest.fail(HOW_TO_GET)
        pytest.skip(HOW_TO_GET)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running_app(home: Path, script: str = "app.py", **environment: str) -> Iterator[str]:
    """`streamlit run app.py` on a free port; gives its address, and its log when it fails."""
    port, log = free_port(), home.parent / "server.log"
    command = [sys.executable, "-m", "streamlit", "run", script, f"--server.port={port}"]
    with log.open("w") as stream:
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"EXPLORER_HOME": str(home)} | environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            assert server.poll() is None, log.read_text()
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=1)
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(10)
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture(scope="session")
def address(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for all page tests: a fresh home, shipped models only."""
    with running_app(tmp_path_factory.mktemp("app") / "home") as url:
        yield url


@dataclass
class MapPage:
    """A person in front of the map page."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)

    def open(self, query: str = "") -> MapPage:
        self.page.goto(f"{self.address}/{query}")
        return self.ready()

    def ready(self) -> MapPage:
        """Wait until the map is drawn and the kept place is decoded and described."""
        self.page.locator(".lx-plane[data-ready=true]").wait_for(timeout=60_000)
        self.page.locator("[data-testid=decoded][data-z]").wait_for(timeout=60_000)
        self.settled()
        return self

    def settled(self) -> None:
        """Wait until the script rests and the words belong to the place that is shown."""
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        self.page.wait_for_function(
            "() => { const plane = document.querySelector('.lx-plane');"
            " return plane.dataset.ready === 'true' && !('stale' in plane.dataset) }"
        )

    def part(self, name: str) -> Locator:
        return self.page.locator(f".lx-plane [data-part={name}]")

    def pixels(self, name: str) -> list[int]:
        """The red channel of a canvas, row by row: its grey values."""
        return red(self.part(name)).ravel().tolist()

    def screen(self, x: float, y: float) -> tuple[float, float]:
        """Where a place of the map is on the screen."""
        return on_screen(self.part("plot"), x, y)

    def hover(self, x: float, y: float) -> None:
        self.page.mouse.move(*self.screen(x, y))
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def click(self, x: float, y: float) -> None:
        self.hover(x, y)
        self.page.mouse.click(*self.screen(x, y))

    def latent(self) -> list[float]:
        return [float(v) for v in self.part("decoded").get_attribute("data-z").split(",")]

    def wait_for_latent(self, expected: list[float]) -> None:
        text = ",".join(f"{value:.3f}" for value in expected)
        self.page.wait_for_function(
            "z => document.querySelector('[data-testid=decoded]').dataset.z === z", arg=text
        )

    def choose(self, key: str, title: str) -> None:
        """Pick an option of a chooser as a person does, once the page rests.

        The list draws its rows anew while it opens, and when a run of the script ends: a click
        whose press and release fall on either side of that picks nothing and leaves the list open,
        or finds it closed. A person clicks again; so does this.
        """
        option = self.page.get_by_role("option", name=title, exact=True)
        for _ in range(5):
            self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
            if not option.is_visible():
                self.page.locator(f".st-key-{key} button[aria-haspopup=listbox]").click()
            with suppress(PlaywrightTimeout):
                option.click(timeout=5000)
                option.wait_for(state="hidden", timeout=2000)
                return
        raise AssertionError(f"{title!r} could not be picked from {key}")

    def more(self) -> None:
        """Open the settings behind More, unless they are open, once the page rests: a run of the
        script that is about to close them would close them again."""
        self.settled()
        inside = self.page.locator(".st-key-layer")
        if not inside.is_visible():
            self.page.get_by_role("button", name="More").click()
            inside.wait_for()

    def query(self) -> dict[str, str]:
        return self.page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")

    def wait_for_query(self, **expected: str) -> None:
        self.page.wait_for_function(
            "wanted => { const query = new URLSearchParams(location.search);"
            " return Object.entries(wanted).every(([k, v]) => query.get(k) === v) }",
            arg=expected,
        )


@contextmanager
def visitor(browser: Browser, address: str, **context: object) -> Iterator[MapPage]:
    """A new browser session that fails on a page error or a request to another host."""
    session = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **context})
    page = session.new_page()
    person = MapPage(page, address)
    page.on("pageerror", lambda error: person.faults.append(f"page error: {error}"))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((address, "data:", "blob:"))
            else person.faults.append(f"request to another host: {request.url}")
        ),
    )
    try:
        yield person
        assert not person.faults
    finally:
        session.close()


@pytest.fixture
def map_page(browser: Browser, address: str) -> Iterator[MapPage]:
    with visitor(browser, address) as person:
        yield person


@pytest.fixture
def maker(browser: Browser, address: str) -> Iterator[Maker]:
    with visitor(browser, address) as person:
        yield Maker(person.page, address)
