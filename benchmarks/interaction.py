"""How fast the live plane answers, in a real browser on the real server.

    python benchmarks/interaction.py [--home DIR [--make]] [--minutes 1] [--json]

The pointer is moved 60 times a second by timers of their own, whatever the page's frames do; the
page's WebSocket and canvas are watched from outside (`interaction.js`). Per map:

- drag: decoded images a second, share of the moves that were answered, request sent to image
  painted, pointer event to the end of the frame that shows its image;
- click: pointer event to the frame in which the image is painted, and to that in which the address
  has changed and neighbours and badge are shown.

Ratios are to an empty round trip (an empty message, which the decode channel refuses at once) and
to an empty frame (from any moment to the end of the next frame, with nothing to draw), both taken
in the same page. Maps of 5,000 points are shipped; larger ones are looked for in --home, and made
there by the command line with --make. Beside it the same clicks on `peer_app.py`, Streamlit's own
chart with `on_select`; and what a hand does on the other pages, at the same pace (`crafts.py`).
`--only crafts` measures those alone.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, TimeoutError

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import crafts, peer
from benchmarks.first_minute import first_map
from benchmarks.stage import (
    ROOT,
    WINDOW,
    chromium,
    drawn,
    machine,
    pair,
    server,
    spread,
    wait_for,
)

RATE = 60
# The image, its neighbours and its badge are there; the first on a large map takes its time.
SETTLED = ".lx-plane:not([data-stale])"
PATIENCE_MS = 300_000
SWITCHED = ("mnist-vae-2d", "mnist-vae-20")


@dataclass(frozen=True)
class Case:
    """A map to measure: a model, how many points it must have, and the words that make it."""

    model: str
    what: str
    points: int
    made_by: tuple[str, ...] = ()
    opened_by: str = ""

    @property
    def query(self) -> str:
        """The address that opens this map."""
        return f"?model={self.model}{self.opened_by}"


ALL = ("--count", "all")
DIGITS = "&dataset=mnist&count=70000"
CASES = (
    Case("mnist-vae-2d", "2-D MLP", 5_000),
    Case("mnist-conv-vae-32", "conv", 5_000),
    Case("faces-conv-vae-256", "conv 64x64 RGB", 5_000),
    Case("mnist-vae-2d", "2-D MLP", 70_000, ("--dataset", "mnist", *ALL), DIGITS),
    Case(
        "mnist-conv-vae-32",
        "conv",
        70_000,
        ("--dataset", "mnist", "--method", "pca", *ALL),
        f"{DIGITS}&projection=pca",
    ),
    Case(
        "sprites-beta-vae-10-b4",
        "conv 64x64",
        737_280,
        ("--method", "pca", *ALL),
        "&count=737280&projection=pca",
    ),
)


def main() -> None:
    options = arguments()
    if options.make:
        make(options.home)
    with chromium() as browser:
        if options.only == "crafts":
            rows = crafts.measure(browser, options.seconds)
            print(json.dumps(rows) if options.json else "\n".join(crafts.table(rows)))
            return
        result: dict[str, Any] = {"machine": machine(browser), "maps": [], "skipped": []}
        for home in (None, options.home) if options.home else (None,):
            for case in CASES:
                wanted = case.points <= options.up_to
                if wanted and (case.points > 5_000) == (home is not None):
                    measured = one(browser, home, case, options)
                    print(measured, file=sys.stderr)  # a large map takes its time
                    result["skipped" if isinstance(measured, str) else "maps"].append(measured)
        if not options.home:
            result["skipped"].append("Larger maps were not asked for; name their --home.")
        result["crafts"] = crafts.measure(browser, options.seconds)
        result["switching_ms"] = switching(browser, options.count)
        result["heap"] = heap(browser, options.minutes)
        result["peer"] = peer.measure(browser, None, *SWITCHED, options.clicks, options.starts)
    print(json.dumps(result) if options.json else table(result))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, help="an EXPLORER_HOME with larger maps")
    parser.add_argument("--make", action="store_true", help="make the larger maps in --home first")
    parser.add_argument("--up-to", type=int, default=10**6, help="skip maps of more points")
    parser.add_argument("--seconds", type=float, default=10, help="of dragging per map")
    parser.add_argument("--clicks", type=int, default=40, help="per map")
    parser.add_argument("--count", type=int, default=5, help="switches of the model")
    parser.add_argument("--starts", type=int, default=3, help="starts of the server per map")
    parser.add_argument("--minutes", type=float, default=1, help="of dragging for the JS heap")
    parser.add_argument("--only", choices=["crafts"], help="leave the maps and the peer out")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if options.make and not options.home:
        parser.error("--make needs the --home to make the maps in")
    return options


def make(home: Path) -> None:
    """Lay out the larger maps in a home, by the command line."""
    for case in CASES:
        if case.made_by:
            command = [sys.executable, "-m", "explorer", "project", case.model, *case.made_by]
            subprocess.run(command, cwd=ROOT, env=os.environ | {"EXPLORER_HOME": home}, check=True)


def one(
    browser: Browser, home: Path | None, case: Case, options: argparse.Namespace
) -> dict[str, Any] | str:
    """All figures of one map, or a sentence why there are none."""
    query = case.query
    with server(home) as app:
        wait_for(app.address)
        page = watched(browser)
        drawn(page, app.address, query)
        points = page.evaluate("bench.points")
        if points != case.points:
            page.close()
            return f"{case.model} has {points:,} points here, not {case.points:,}: not measured."
        try:
            page.locator(SETTLED).wait_for(timeout=PATIENCE_MS)
        except TimeoutError:
            page.close()
            return f"{case.model}, {points:,} points: no badge within five minutes: not measured."
        page.wait_for_timeout(2000)
        frames, trips = page.evaluate("bench.frames(150)"), page.evaluate("bench.echo(150)")
        empty = {"frame": spread(frames, 2), "round_trip": spread(trips, 2)}
        dragging(page, 1.5)  # warm
        drag = dragging(page, options.seconds)
        click = clicking(page, options.clicks)
        page.close()
    starts = [first_map(browser, home, query) for _ in range(options.starts)]
    return {
        "model": case.model,
        "what": case.what,
        "points": points,
        "empty_ms": empty,
        "drag": drag | ratios(drag, empty),
        "click": click,
        "first_map_s": round(statistics.median(starts), 2),
    }


def watched(browser: Browser) -> Page:
    page = browser.new_page(viewport=WINDOW)
    page.add_init_script(path=ROOT / "benchmarks" / "interaction.js")
    return page


def dragging(page: Page, seconds: float, record: bool = True) -> dict[str, Any]:
    """Images a second, share of moves answered, and times in ms, of a pointer at 60 moves/s."""
    words = {"seconds": seconds, "hz": RATE, "record": record}
    seen = page.evaluate("words => bench.drive(words)", words)
    return {
        "images_per_s": round(seen["images"] / seen["seconds"], 1),
        "moves_per_s": round(seen["moves"] / seen["seconds"], 1),
        "answered": round(seen["answered"] / max(1, seen["moves"]), 3),
        "refused": seen["refused"],
        "sent_to_painted_ms": spread(seen["sentToPainted"]),
        "event_to_frame_ms": spread(seen["eventToFrame"]),
    }


def ratios(drag: dict[str, Any], empty: dict[str, Any]) -> dict[str, float]:
    """Medians as multiples of the empty round trip and of the empty frame."""
    pairs = {"sent_to_painted": "round_trip", "event_to_frame": "frame"}
    return {
        f"{name}_x_{base}": round(drag[f"{name}_ms"].get("p50", 0) / empty[base]["p50"], 2)
        for name, base in pairs.items()
    }


def clicking(page: Page, count: int) -> dict[str, Any]:
    """Clicks at places never visited before: to the image, and to the committed state."""
    seen = []
    for k in range(count):
        place = [0.15 + 0.7 * (k * 0.618034 % 1), 0.15 + 0.7 * (k * 0.754878 % 1)]
        seen.append(page.evaluate("place => bench.click(place)", place))
        page.wait_for_timeout(250)
    return {
        f"to_{kind}_ms": spread([one[kind] for one in seen if one[kind] is not None])
        for kind in ("image", "committed")
    } | {"asked": count}


def switching(browser: Browser, count: int) -> dict[str, Any]:
    """To another shipped model that nobody opened yet on this server, and back: ms."""
    new, back = [], []
    for _ in range(count):
        with server() as app:
            wait_for(app.address)
            page = watched(browser)
            drawn(page, app.address, f"?model={SWITCHED[0]}")
            page.wait_for_timeout(2500)
            new.append(choose(page, SWITCHED[1]))
            page.wait_for_timeout(1500)
            back.append(choose(page, SWITCHED[0]))
            page.close()
    return {"first_time": spread(new, 0), "back": spread(back, 0)}


def choose(page: Page, model: str) -> float:
    """Choose a model as a person does: press of the pointer to its map, image and badge."""
    title = json.loads((ROOT / "pretrained" / model / "card.json").read_text())["title"]
    page.locator(".st-key-model button[aria-haspopup=listbox]").click()
    page.keyboard.type(title)  # the list shows only a part of its options
    option = page.get_by_role("option", name=title, exact=True)
    option.wait_for()
    page.evaluate("bench.expect()")
    option.click()
    return page.evaluate("model => bench.shown(model)", model)


def heap(browser: Browser, minutes: float) -> dict[str, Any]:
    """Size of the JS heap in MB, collected first, over minutes of continuous dragging."""
    with server() as app:
        wait_for(app.address)
        page = watched(browser)
        drawn(page, app.address)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        dragging(page, 10, record=False)  # what is made once is made
        sizes = [used(session)]
        for _ in range(5):
            dragging(page, 60 * minutes / 5, record=False)
            sizes.append(used(session))
        page.close()
    growth = sizes[-1] / sizes[0] - 1
    return {"minutes": minutes, "mb": sizes, "growth": round(growth, 3)}


def used(session: Any) -> float:
    for _ in range(2):
        session.send("HeapProfiler.collectGarbage")
    found = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return round(found["JSHeapUsedSize"] / 2**20, 2)


def table(result: dict[str, Any]) -> str:
    """The figures as Markdown, with one line for each thing that was left out."""
    lines = [
        result["machine"],
        "",
        "| map | points | images/s | moves answered | sent to painted p50 / p95 ms (x empty trip) "
        "| event to frame p50 / p95 ms (x empty frame) | click to image p50 / p95 ms "
        "| click to committed p50 / p95 ms | first map s |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in result["maps"]:
        drag, click = row["drag"], row["click"]
        cells = [
            f"{row['model']} ({row['what']})",
            f"{row['points']:,}",
            f"{drag['images_per_s']} of {drag['moves_per_s']}",
            f"{drag['answered']:.1%}",
            f"{pair(drag['sent_to_painted_ms'])} ({drag['sent_to_painted_x_round_trip']})",
            f"{pair(drag['event_to_frame_ms'])} ({drag['event_to_frame_x_frame']})",
            pair(click["to_image_ms"]),
            pair(click["to_committed_ms"]),
            str(row["first_map_s"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    for row in result["maps"][:1]:
        trip, frame = row["empty_ms"]["round_trip"], row["empty_ms"]["frame"]
        lines += ["", f"empty round trip {pair(trip)} ms, empty frame {pair(frame)} ms (p50 / p95)"]
    new, back = (pair(result["switching_ms"][key]) for key in ("first_time", "back"))
    grown = result["heap"]
    lines += [
        f"switching to another shipped model {new} ms, back {back} ms",
        f"JS heap over {grown['minutes']:g} min of dragging: {grown['mb']} MB, "
        f"{grown['growth']:+.1%}",
        *result["skipped"],
        "",
        *crafts.table(result["crafts"]),
        "",
        "| peer: st.plotly_chart(on_select) | click to image p50 / p95 ms | images while moving "
        "| first map s | switching, back ms |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in result["peer"]:
        lines.append(
            f"| {row['peer']}, {row['model']} | {pair(row['click'])} | {row['images_while_moving']}"
            f" | {row['first_map_s']} | {row['switch_ms']}, {row['back_ms']} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
