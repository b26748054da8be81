"""How fast generated images and samples come: `python benchmarks/drawing.py`.

One thread. Images are drawn in batches as training asks for them; the prior draws grids of codes of
the shipped VQ-VAE, which it decodes. Each figure is the median of several turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from explorer.data import load_dataset
from explorer.loaded import load, network_of
from explorer.store import open_artefact

SETS, BATCHES, TURNS, SAMPLES = ("sprites", "faces"), 20, 5, 64


def seconds(work: Callable[[], object], turns: int = TURNS) -> float:
    """The median time of some turns of `work`, after one that warms up."""
    work()
    taken = []
    for _ in range(turns):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def drawn(name: str, batch: int) -> float:
    """Images per second of a generated data set, in batches of rows drawn at random."""
    images = load_dataset(name).split("all")
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    rows = order[: batch * BATCHES].split(batch)
    return batch * BATCHES / seconds(lambda: [images.take(part).bytes() for part in rows])


def sampled(prior_id: str, n: int) -> float:
    """Seconds for n images from a prior over codes."""
    artefact = open_artefact(prior_id)
    prior, codes_of = network_of(artefact), artefact.card.spec.data.codes_of
    assert codes_of is not None
    decoder = load(codes_of).network
    noise = torch.Generator().manual_seed(0)
    return seconds(lambda: decoder.decode_codes(prior.sample(n, noise)), turns=3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prior", default="mnist-vq-vae-prior", help="id of the prior to sample")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    figures = {
        f"{name}, images/s in batches of {batch}": drawn(name, batch)
        for name in SETS
        for batch in (128, 1000)
    }
    with torch.inference_mode():
        figures[f"{SAMPLES} samples of {chosen.prior}, s"] = sampled(chosen.prior, SAMPLES)
    if chosen.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name}: {value:,.3g}" if value < 100 else f"{name}: {value:,.0f}")


if __name__ == "__main__":
    main()
