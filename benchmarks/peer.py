"""Measures `peer_app.py`, the map made of Streamlit's own parts, as `interaction.py` does ours."""

from __future__ import annotations

import random
import statistics
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks.stage import ROOT, WINDOW, server, spread, wait_for

PEER = ROOT / "benchmarks" / "peer_app.py"
IMAGE = "[data-testid=stImage] img"
# The collector that Streamlit runs after each script stays on, as it comes, or is turned off.
VARIANTS = {
    "as installed": ("--runner.postScriptGC=true",),
    "collector off": ("--runner.postScriptGC=false",),
}

# From the last press of the pointer to the frame that shows another image; null after 10 s.
CHANGED = """before => {
  const image = () => document.querySelector('[data-testid=stImage] img')
  return bench.until(() => image() && image().src !== before && image().complete, bench.pressed())
}"""
# Screen places of points of the chart that lie well inside it.
PLACES = """([count, seed]) => {
  const plot = document.querySelector('.js-plotly-plot'), { xaxis, yaxis } = plot._fullLayout
  const box = plot.getBoundingClientRect(), [{ x, y }] = plot._fullData, places = []
  let state = seed
  const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648
  while (places.length < count) {
    const i = Math.floor(random() * x.length), px = xaxis.d2p(x[i]), py = yaxis.d2p(y[i])
    if (px > 20 && py > 40 && px < xaxis._length - 20 && py < yaxis._length - 20)
      places.push([box.left + xaxis._offset + px, box.top + yaxis._offset + py])
  }
  return places
}"""


def measure(
    browser: Browser, home: Path | None, model: str, other: str, clicks: int, starts: int
) -> list[dict[str, Any]]:
    """One row per variant: clicks, moves, first map and switching of the peer."""
    script = ROOT / "benchmarks" / "interaction.js"
    rows = []
    for variant, flags in VARIANTS.items():
        firsts = [first_map(browser, home, model, flags) for _ in range(starts)]
        with server(home, PEER, *flags) as app:
            wait_for(app.address)
            page = browser.new_page(viewport=WINDOW)
            page.add_init_script(path=script)
            drawn(page, app.address, model)
            page.wait_for_timeout(2000)
            click(page, 3, seed=7)  # warm
            row = {"peer": variant, "model": model, "click": click(page, clicks, seed=1)}
            row["images_while_moving"] = moved(page)
            row["switch_ms"] = switch(page, other)
            row["back_ms"] = switch(page, model)
            page.close()
        rows.append(row | {"first_map_s": round(statistics.median(firsts), 2)})
    return rows


def drawn(page: Page, address: str, model: str) -> None:
    page.goto(f"{address}/?model={model}")
    page.locator(".js-plotly-plot .nsewdrag").wait_for(timeout=120_000)
    page.locator(IMAGE).wait_for(timeout=120_000)


def first_map(browser: Browser, home: Path | None, model: str, flags: tuple[str, ...]) -> float:
    """Seconds from starting the peer's server to its chart and image."""
    started = time.perf_counter()
    with server(home, PEER, *flags) as app:
        wait_for(app.address)
        page = browser.new_page(viewport=WINDOW)
        drawn(page, app.address, model)
        seconds = time.perf_counter() - started
        page.close()
    return seconds


def click(page: Page, count: int, seed: int) -> dict[str, float]:
    """Clicks on points: press of the pointer to the frame with the point's image."""
    times = []
    for x, y in page.evaluate(PLACES, [count, seed]):
        before = page.locator(IMAGE).get_attribute("src")
        page.mouse.move(x, y)
        page.wait_for_timeout(150)  # Plotly clicks what it has found to hover
        page.mouse.down()
        page.mouse.up()
        times.append(page.evaluate(CHANGED, source(page, before)))
        page.wait_for_timeout(300)
    return spread([one for one in times if one is not None]) | {"asked": count}


def source(page: Page, src: str | None) -> str:
    """An image's address as the page itself writes it."""
    return page.evaluate("src => new URL(src ?? '', document.baseURI).href", src)


def moved(page: Page) -> int:
    """How many images a pointer that moves for two seconds brings."""
    page.evaluate(
        "() => { window.images = 0; new MutationObserver(all => { window.images += all.length })"
        ".observe(document.querySelector('[data-testid=stImage] img'), { attributeFilter: ['src'],"
        " attributes: true }) }"
    )
    walk, places = random.Random(0), page.evaluate(PLACES, [40, 3])
    for x, y in places:
        page.mouse.move(x + walk.uniform(-5, 5), y)
        page.wait_for_timeout(50)
    return page.evaluate("window.images")


def switch(page: Page, model: str) -> float | None:
    """Choose another model: press of the pointer to the frame with its image."""
    before = source(page, page.locator(IMAGE).get_attribute("src"))
    page.locator(".st-key-model button[aria-haspopup=listbox]").click()
    page.get_by_role("option", name=model, exact=True).click()
    took = page.evaluate(CHANGED, before)
    page.wait_for_timeout(1500)
    return None if took is None else round(took)
