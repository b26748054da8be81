"""From `streamlit run` to the first map, and from a pointer to its image, in real Chromium.

    python benchmarks/first_minute.py

Last, the page Compare is opened on the shipped beta ladder, with all that its seven models draw:
once as the first visitor after a start, then again in new browser sessions.

Starts the app in an empty home with shipped models only, as on a new machine, several times. Then
in one page: clicks between the points of the map (a place never visited before, so that nothing
is decoded beforehand) and moves. Times are taken inside the page, from the pointer event to the
frame after the decoded image was painted, so they include the browser's own work.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

from playwright.sync_api import Browser

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.stage import WINDOW, chromium, drawn, machine, server, spread, wait_for

# Sends pointer events to `count` places and times each until the frame after its image is painted.
MEASURE = """async ([kind, count, seed]) => {
  const plot = document.querySelector('.lx-plane [data-part=plot]')
  const target = plot.querySelector('.nsewdrag'), box = target.getBoundingClientRect()
  const decoded = document.querySelector('[data-testid=decoded]')
  let state = seed
  const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648
  const painted = () => new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('no image within 5 s')), 5000)
    const observer = new MutationObserver(() => {
      observer.disconnect()
      clearTimeout(late)
      requestAnimationFrame(() => resolve(performance.now()))
    })
    observer.observe(decoded, { attributes: true, attributeFilter: ['data-z'] })
  })
  const times = []
  for (let i = 0; i < count; i++) {
    const at = { clientX: box.left + (0.05 + 0.9 * random()) * box.width,
                 clientY: box.top + (0.05 + 0.9 * random()) * box.height,
                 bubbles: true, pointerType: 'mouse', isPrimary: true }
    const answer = painted(), start = performance.now()
    for (const name of kind === 'click' ? ['pointerdown', 'pointerup'] : ['pointermove'])
      target.dispatchEvent(new PointerEvent(name, at))
    times.push(await answer - start)
    await new Promise(resolve => setTimeout(resolve, kind === 'click' ? 400 : 60))
  }
  return times
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=3, help="cold starts of the server")
    parser.add_argument("--count", type=int, default=100, help="clicks and moves per model")
    parser.add_argument("--visits", type=int, default=5, help="openings of the page Compare")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with chromium() as browser:
        described = machine(browser)
        starts = [first_map(browser) for _ in range(options.starts)]
        pointers = pointer_times(browser, options.count)
        ladder = ladder_times(browser, options.visits)
    result = {
        "machine": described,
        "start_to_first_map_s": {
            "median": round(statistics.median(starts), 2),
            "all": [round(value, 2) for value in starts],
        },
        "pointer_to_painted_ms": pointers,
        "beta_ladder_side_by_side_s": ladder,
    }
    if options.json:
        print(json.dumps(result))
        return
    print(result["machine"])
    print(f"start to first map and decoded image: {result['start_to_first_map_s']} s")
    for name, figures in pointers.items():
        print(f"{name}: p50 {figures['p50']} ms, p95 {figures['p95']} ms of {figures['n']}")
    print(f"beta ladder side by side: {ladder} s")


def first_map(browser: Browser, home: Path | None = None, query: str = "") -> float:
    """Seconds from starting the server to a drawn map with a decoded image."""
    started = time.perf_counter()
    with server(home) as app:
        wait_for(app.address)
        page = browser.new_page(viewport=WINDOW)
        drawn(page, app.address, query)
        seconds = time.perf_counter() - started
        page.close()
    return seconds


def pointer_times(browser: Browser, count: int) -> dict[str, dict[str, float]]:
    """Per model and kind of event: p50 and p95 in milliseconds."""
    figures = {}
    with server() as app:
        wait_for(app.address)
        for model in ("mnist-vae-2d", "mnist-conv-vae-32"):
            page = browser.new_page(viewport=WINDOW)
            drawn(page, app.address, f"?model={model}")
            page.wait_for_timeout(1500)
            for kind in ("click", "move"):
                page.evaluate(MEASURE, [kind, 5, 99])  # warm
                times = page.evaluate(MEASURE, [kind, count, 1])
                figures[f"{kind}, {model}"] = spread(times)
            page.close()
    return figures


def ladder_times(browser: Browser, visits: int) -> dict[str, float]:
    """Seconds from the address of the beta ladder to all that its models draw: of the first visit
    to a server that has shown its first map, and the median of later ones with an empty cache."""
    times = []
    with server() as app:
        wait_for(app.address)
        page = browser.new_page(viewport=WINDOW)
        drawn(page, app.address)
        page.close()
        for _ in range(visits):
            page = browser.new_page(viewport=WINDOW)
            started = time.perf_counter()
            page.goto(f"{app.address}/compare?compare=ladder&among=beta")
            page.locator(".lx-ladder[data-ready=true]").wait_for(timeout=60_000)
            times.append(time.perf_counter() - started)
            page.close()
    return {"first": round(times[0], 2), "later": round(statistics.median(times[1:]), 2)}


if __name__ == "__main__":
    main()
