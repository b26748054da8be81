"""How fast the training loop is, beside a tutorial's loop and pythae, on the same network and data.

    python benchmarks/training.py [--threads 1] [--cores 0] [--epochs 3] [--json]

One run, one table per architecture. Every variant trains the same architecture from the same
first weights on the same images, with batch 128 and Adam at 1e-3:

- tutorial: DataLoader, ToTensor per item, sigmoid + binary cross-entropy, default Adam, separate
  heads for mean and logvar (`variants.tutorial`);
- pythae: its BaseTrainer as it comes, given the same layers (install benchmarks/requirements.txt);
- ours: `explorer.training.loop.Trainer` itself, in float32 and in bfloat16.

Each variant lives in a worker process of its own, because the project's allocator setting
(`explorer.training.malloc`) belongs to a whole process and must not help the others. The workers
are driven in turn through pipes, one epoch at a time, the order shifting by one each round: only
one of them ever runs, all see the same weather on the machine, and all have the same number of
threads (and cores, with --cores). A rate is the median over the epochs. On a machine that is busy
with other work, --clock cpu counts a worker's own processor seconds instead of the wall's.

The floor is a fifth worker in the same turns: the matrix products of one training step, at their
real sizes, and nothing else. A layer costs three products of equal size: forward, gradient of the
weights, gradient of the input; the first layer needs no gradient of its input. So FLOPs per image
= 3 x forward less the first layer once (3.28 MFLOP for the MLP), and "of floor" is a variant's
rate over the rate of the bare products in its own precision.

The test loss is reconstruction + KL in nats per image over the whole test split, in float32 with
one posterior sample per image, after the same number of epochs: speed bought with quality shows.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import multiprocessing
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from benchmarks.variants import ARCHITECTURES, BATCH, CLOCKS, VARIANTS, Job, flops_per_image, work
from explorer.data import load_dataset
from explorer.errors import ExplorerError


@dataclass(frozen=True)
class Row:
    """One line of a table. Ratios are None where the variant compared with did not run."""

    variant: str
    images_per_second: float
    to_tutorial: float | None
    to_pythae: float | None
    of_floor: float
    test_nats: float


class Worker:
    """One variant in its own process; `turn()` lets it train one epoch while the others wait."""

    def __init__(self, job: Job) -> None:
        context = multiprocessing.get_context("spawn")
        self.job = job
        self.pipe: Connection
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(job, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def turn(self) -> Any:
        """Seconds of the epoch; for the floor, `{precision: img/s}`."""
        self.pipe.send("go")
        return self.answer("turn")

    def answer(self, kind: str) -> Any:
        try:
            said, value = self.pipe.recv()
        except EOFError:
            raise SystemExit(f"The worker '{self.job.variant}' died.") from None
        if said != kind:
            raise SystemExit(f"The worker '{self.job.variant}' {said}:\n{value}")
        return value


@contextmanager
def started(jobs: list[Job]) -> Iterator[list[Worker]]:
    workers = [Worker(job) for job in jobs]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.pipe.close()  # one that still waits for its turn then ends by itself
        for worker in workers:
            worker.process.join(timeout=10)
            worker.process.terminate()


def measure(jobs: list[Job], images: int) -> tuple[dict[str, list[Any]], dict[str, float]]:
    """Rates of every epoch (of the floor, a mapping) and test losses, by variant."""
    rates: dict[str, list[Any]] = {job.variant: [] for job in jobs}
    losses: dict[str, float] = {}
    with started(jobs) as workers:
        for epoch in range(jobs[0].epochs):
            shift = epoch % len(workers)
            for worker in workers[shift:] + workers[:shift]:
                name, result = worker.job.variant, worker.turn()
                rates[name].append(images / result if name != "floor" else result)
                last = epoch == worker.job.epochs - 1
                if last:  # the test pass belongs to this worker's turn: nothing else may run
                    losses[name] = worker.answer("done")
                _progress(worker.job, epoch + 1, rates[name][-1])
    return rates, losses


def _progress(job: Job, epoch: int, rate: Any) -> None:
    if job.variant != "floor":
        text = f"{job.architecture} epoch {epoch}/{job.epochs} {job.variant}: {rate:,.0f} img/s"
        print(text, file=sys.stderr, flush=True)


def compare(jobs: list[Job], images: int) -> dict[str, Any]:
    """Everything about one architecture, as plain values."""
    rates, losses = measure(jobs, images)
    floors = {
        precision: median(turn[precision] for turn in rates["floor"])
        for precision in ("float32", "bfloat16")
    }
    speed = {name: median(values) for name, values in rates.items() if name != "floor"}
    rows = [
        Row(
            variant=name,
            images_per_second=rate,
            to_tutorial=_ratio(rate, speed.get("tutorial")),
            to_pythae=_ratio(rate, speed.get("pythae")),
            of_floor=rate / floors["bfloat16" if name.endswith("bfloat16") else "float32"],
            test_nats=losses[name],
        )
        for name, rate in speed.items()
    ]
    spec = ARCHITECTURES[jobs[0].architecture]
    return {
        "architecture": jobs[0].architecture,
        "model": spec.model_dump(mode="json"),
        "mflop_per_image": flops_per_image(spec) / 1e6,
        "floor_images_per_second": floors,
        "rows": [asdict(row) for row in rows],
        "rates": {name: rates[name] for name in speed},
    }


def _ratio(rate: float, base: float | None) -> float | None:
    return None if base is None else rate / base


def table(result: dict[str, Any]) -> str:
    """One architecture as text."""
    mflop, floors = result["mflop_per_image"], result["floor_images_per_second"]
    lines = [
        f"{result['architecture']}: {mflop:.2f} MFLOP per image and step",
        f"{'variant':<15}{'img/s':>9}{'x tutorial':>12}{'x pythae':>10}{'of floor':>10}"
        f"{'test nats':>11}",
    ]
    for row in result["rows"]:
        ratios = [row["to_tutorial"], row["to_pythae"]]
        tutorial, pythae = ("-" if ratio is None else f"{ratio:.2f}" for ratio in ratios)
        lines.append(
            f"{row['variant']:<15}{row['images_per_second']:>9,.0f}{tutorial:>12}{pythae:>10}"
            f"{row['of_floor']:>10.0%}{row['test_nats']:>11.2f}"
        )
    for precision, rate in floors.items():
        gflops = mflop * rate / 1e3
        lines.append(f"{'floor ' + precision:<15}{rate:>9,.0f}  at {gflops:,.0f} GFLOP/s")
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--architectures", nargs="+", choices=ARCHITECTURES, default=None)
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=None)
    parser.add_argument("--epochs", type=int, default=3, help="epochs, which are the rounds")
    parser.add_argument("--threads", type=int, default=1, help="torch threads of every worker")
    parser.add_argument("--cores", type=int, nargs="+", default=[], help="pin all workers to these")
    parser.add_argument(
        "--clock",
        choices=CLOCKS,
        default="wall",
        help="cpu: the workers' processor seconds, for ratios on a busy machine with one thread",
    )
    parser.add_argument("--data-root", default=None, help="default: EXPLORER_DATA")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object only")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    try:
        data = load_dataset("mnist", options.data_root)
    except ExplorerError as error:
        print(f"{error} Going on with 'mnist-5k'.", file=sys.stderr)
        data = load_dataset("mnist-5k")
    names = [name for name in VARIANTS if name in (options.variants or VARIANTS)]
    names += ["floor"] if "floor" not in names else []
    if "pythae" in names and importlib.util.find_spec("pythae") is None:
        print(
            "pythae is not installed and is left out; run "
            "'pip install -r benchmarks/requirements.txt' to compare with it.",
            file=sys.stderr,
        )
        names.remove("pythae")
    # Read by OpenMP when a worker starts; torch.set_num_threads alone comes after that.
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    images = len(data.fit_and_validation()[0])
    results = []
    for architecture in options.architectures or ARCHITECTURES:
        jobs = [
            Job(
                name,
                architecture,
                data.name,
                options.data_root,
                options.epochs,
                options.seed,
                options.threads,
                tuple(options.cores),
                options.clock,
            )
            for name in names
        ]
        results.append(compare(jobs, images))
        if not options.json:
            print(table(results[-1]) + "\n", flush=True)
    if options.json:
        versions = {"python": platform.python_version(), "torch": torch.__version__}
        about = {"dataset": data.name, "images": images, "batch": BATCH, **vars(options)}
        print(json.dumps({**about, "versions": versions, "results": results}))


if __name__ == "__main__":
    main()
