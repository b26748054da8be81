"""What the benchmarks of the running app share: a server, a browser, a machine in words."""

from __future__ import annotations

import math
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = ["--headless=new", "--no-sandbox", "--no-first-run", "--enable-unsafe-swiftshader"]
DRAWN = ".lx-plane[data-ready=true]"
DECODED = "[data-testid=decoded][data-z]"
WINDOW = {"width": 1440, "height": 900}


@dataclass(frozen=True)
class Server:
    """A running app: where it answers and its process."""

    address: str
    pid: int


@contextmanager
def server(home: Path | None = None, app: Path = ROOT / "app.py", *flags: str) -> Iterator[Server]:
    """`streamlit run` on a free port, in an empty home unless one is given; gives its address at
    once, before it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as empty:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", app, f"--server.port={port}", *flags],
            cwd=ROOT,
            env=os.environ | {"EXPLORER_HOME": str(home or empty)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield Server(f"http://127.0.0.1:{port}", process.pid)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:  # a thread of it is still reading a large map
                process.kill()
                process.wait()


def wait_for(address: str) -> None:
    """Until the server answers. Exits with a sentence after a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1)
            return
        except OSError:
            time.sleep(0.02)
    sys.exit("The app did not start within a minute.")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser. Exits with a sentence where there is none."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        sys.exit("A Chromium is needed: 'sudo apt-get install chromium', or Google Chrome.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


def drawn(page: Page, address: str, query: str = "") -> None:
    """Open the map and wait until it is drawn and an image is decoded."""
    page.goto(f"{address}/{query}")
    page.locator(DRAWN).wait_for(timeout=120_000)
    page.locator(DECODED).wait_for(timeout=120_000)


def machine(browser: Browser | None = None) -> str:
    """Cores, processor, how busy they are with other work, what draws, and the browser."""
    words = [f"{os.cpu_count()} cores (load {os.getloadavg()[0]:.1f} before)", processor()]
    if browser is not None:
        page = browser.new_page()
        renderer = page.evaluate(
            "() => { const gl = document.createElement('canvas').getContext('webgl');"
            " const names = gl && gl.getExtension('WEBGL_debug_renderer_info');"
            " return names ? gl.getParameter(names.UNMASKED_RENDERER_WEBGL) : 'no WebGL' }"
        )
        page.close()
        gpu = "no GPU (software WebGL)" if "SwiftShader" in renderer else renderer
        words += [gpu, f"Chromium {browser.version}"]
    return ", ".join(words)


def processor() -> str:
    """The model of the processor, as the system names it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def spread(times: list[float], digits: int = 1) -> dict[str, float]:
    """p50, p95 (nearest rank) and n of some milliseconds; without figures when there are none."""
    if not times:
        return {"n": 0}
    rank = max(0, math.ceil(0.95 * len(times)) - 1)
    p50, p95 = statistics.median(times), sorted(times)[rank]
    return {"p50": round(p50, digits), "p95": round(p95, digits), "n": len(times)}


def pair(times: dict[str, float]) -> str:
    """p50 and p95 of a spread as a table writes them."""
    return f"{times['p50']:g} / {times['p95']:g}" if times["n"] else "none"
