"""How fast the pages beside the map answer a hand: sliders, ways, painted codes, noise, one cursor
over the maps of six models; a part of `interaction.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser

from benchmarks.stage import ROOT, WINDOW, pair, server, spread, wait_for


@dataclass(frozen=True)
class Craft:
    """What is moved, where: its page, what the answers are, and the canvas that shows them."""

    what: str
    model: str
    page: str
    kind: str
    canvas: str = "decoded"
    slider: str = ""
    over: str = ""  # the pointer moves over this; without it and a slider, codes are painted
    most_ms: int = 100  # input to image, p95
    least_images: int = 20  # a second

    @property
    def act(self) -> dict[str, str]:
        return {"kind": self.kind, "canvas": self.canvas, "slider": self.slider, "over": self.over}


def _dimension(model: str, what: str) -> Craft:
    knob = ".lx-knob input[type=range]"
    return Craft(f"slider, {what}", model, f"dimensions?model={model}", "latent", slider=knob)


def _way(model: str, what: str) -> Craft:
    share = ".lx-paths [data-part=share]"
    return Craft(f"way, {what}", model, f"paths?model={model}", "walk", slider=share)


def _panels(models: tuple[str, ...], what: str) -> Craft:
    """All panels are painted, and all marks moved, in the frame that is waited for."""
    page = f"compare?panels={','.join(models)}&model={models[0]}"
    over = ".lx-panel .lx-plot"
    what, limits = f"cursor, {what}", {"most_ms": 200, "least_images": 5}
    return Craft(what, models[0], page, "transfer", "passed", over=over, **limits)


LADDER = ("mnist-vae-2d", *(f"mnist-beta-vae-10-b{beta}" for beta in ("0.25", "1", "4", "8", "16")))
FAMILIES = (
    "mnist-vae-20",
    "mnist-conv-vae-32",
    "mnist-conv-ae-64",
    "mnist-cvae-20",
    "mnist-vq-vae",
    "mnist-pca-20",
)
CRAFTS = (
    _dimension("mnist-vae-20", "MLP"),
    _dimension("mnist-conv-vae-32", "conv"),
    _dimension("faces-conv-vae-256", "conv 64x64 RGB"),
    _way("mnist-vae-20", "MLP"),
    _way("mnist-conv-vae-32", "conv"),
    Craft(
        "codes painted",
        "mnist-vq-vae",
        "generate?task=codes&model=mnist-vq-vae",
        "codes",
        "painted",
    ),
    Craft(
        "noise",
        "mnist-denoising-ae-64",
        "generate?task=denoise&model=mnist-denoising-ae-64",
        "noise",
        "denoised",
        ".lx-denoise [data-part=amount]",
    ),
    _panels(LADDER, "2-D map and five betas"),
    _panels(FAMILIES, "six families"),
)
RATE = 60
READY = ".lx[data-ready=true]:not([data-stale])"


def measure(browser: Browser, seconds: float) -> list[dict[str, Any]]:
    """Each craft, moved 60 times a second: decoded images a second, request sent to image painted,
    input to the end of the frame that shows its image, and both as multiples of an empty round trip
    and of an empty frame."""
    rows = []
    for craft in CRAFTS:
        with server() as app:
            wait_for(app.address)
            page = browser.new_page(viewport=WINDOW)
            page.add_init_script(path=ROOT / "benchmarks" / "interaction.js")
            page.goto(f"{app.address}/{craft.page}")
            page.locator(READY).wait_for(timeout=120_000)
            page.wait_for_timeout(3000)
            empty = {
                "round_trip": spread(page.evaluate("bench.echo(150)"), 2),
                "frame": spread(page.evaluate("bench.frames(150)"), 2),
            }
            words = craft.act | {"seconds": 1.5, "hz": RATE, "record": False}
            page.evaluate("words => bench.craft(words)", words)  # warm
            words |= {"seconds": seconds, "record": True}
            seen = page.evaluate("words => bench.craft(words)", words)
            page.close()
        named = {"what": craft.what, "model": craft.model, "empty_ms": empty}
        rows.append(named | figures(seen, empty, craft))
    return rows


def figures(seen: dict[str, Any], empty: dict[str, Any], craft: Craft) -> dict[str, Any]:
    """What was seen of a drag, in numbers; what the craft asks for has to hold."""
    painted, framed = spread(seen["sentToPainted"]), spread(seen["eventToFrame"])
    images = seen["images"] / seen["seconds"]
    return {
        "images_per_s": round(images, 1),
        "moves_per_s": round(seen["moves"] / seen["seconds"], 1),
        "refused": seen["refused"],
        "sent_to_painted_ms": painted,
        "sent_to_painted_x_round_trip": round(
            painted.get("p50", 0) / empty["round_trip"]["p50"], 2
        ),
        "input_to_image_ms": framed,
        "input_to_image_x_frame": round(framed.get("p50", 0) / empty["frame"]["p50"], 2),
        "asked": f">= {craft.least_images} images/s, p95 <= {craft.most_ms} ms",
        "holds": images >= craft.least_images
        and framed.get("p95", craft.most_ms + 1) <= craft.most_ms,
    }


def table(rows: list[dict[str, Any]]) -> list[str]:
    """The figures as lines of Markdown."""
    lines = [
        "| drag | images/s | sent to painted p50 / p95 ms (x empty trip) "
        "| input to image p50 / p95 ms (x empty frame) "
        "| what is asked |",
        "|---|---:|---:|---:|---|",
    ]
    for row in rows:
        painted, framed = row["sent_to_painted_ms"], row["input_to_image_ms"]
        cells = [
            f"{row['what']} ({row['model']})",
            f"{row['images_per_s']} of {row['moves_per_s']}",
            f"{pair(painted)} ({row['sent_to_painted_x_round_trip']})",
            f"{pair(framed)} ({row['input_to_image_x_frame']})",
            f"{row['asked']}: {'holds' if row['holds'] else 'does not hold'}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines
