"""Members a minute of a sweep with one process and with several, in turns: trust the ratio.

    python benchmarks/sweeps.py --workers 2 --rounds 3

Each round trains, measures and maps the same eight small models from an empty home.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from explorer.data import load_dataset
from explorer.spec import DataSpec
from explorer.training import pools
from explorer.training.sweep import plan, run

SETTINGS = {
    "latent_dim": (10,),
    "beta": (0.25, 1.0, 4.0, 16.0),
    "epochs": (10,),
    "seed": (0, 1),
}


def minutes(workers: int) -> float:
    """How long the sweep takes, the start of its processes included."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["EXPLORER_HOME"] = home
        digits = load_dataset("mnist-5k")
        planned = plan("bench", "vae", SETTINGS, DataSpec(name="mnist-5k"), digits, "-")
        begun = time.monotonic()
        done = run(planned, pools.processes, workers, lambda progress: None)
        assert len(done.of("done")) == len(done.members)
        return (time.monotonic() - begun) / 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=pools.cores())
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    models, ratios = 8, []
    for _ in range(options.rounds):
        one, several = minutes(1), minutes(options.workers)
        ratios.append(one / several)
        print(
            f"1 process {models / one:.1f} models a minute, {options.workers} processes "
            f"{models / several:.1f}: {ratios[-1]:.2f} times as many"
        )
    print(f"median ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
