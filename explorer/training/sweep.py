"""A sweep: every combination of some settings as a model of its own, trained on an Executor.

The home is the state: a sweep that was stopped, or lost its processes, goes on from the folders of
its members. `explorer.training.member` does the work of one member, wherever that is.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from explorer import store
from explorer.data import Dataset
from explorer.errors import ExplorerError
from explorer.spec import DataSpec, option
from explorer.sweeps import FILE, TABLE, Member, Sweep, Value, folder_of, read, written
from explorer.training.compose import compose
from explorer.training.member import LOCKS, STOP, Outcome, Task, carry_out, locked
from explorer.training.pools import Pool

MOST_MEMBERS = 1000
# Seconds between two reports.
TICK = 0.5
# The share of a member's time that is training; the rest measures and maps it.
TRAINING = 0.8
# The end of a history that is sure to hold its last step, in bytes.
TAIL = 65_536
KILLED = (
    "Its process was killed twice, most likely for want of memory; try again with --retry and "
    "fewer --workers, or a smaller model."
)


@dataclass(frozen=True)
class Plan:
    """A sweep as it was asked for, and the tasks of its members that can be trained."""

    sweep: Sweep
    tasks: tuple[Task, ...]

    @property
    def folder(self) -> Path:
        return folder_of(self.sweep.name)


@dataclass(frozen=True)
class Progress:
    """How many `members` have ended, of `all`, and the sum of their shares done, in [0, all]."""

    ended: int
    all: int
    share: float


# --- what is to be done -------------------------------------------------------------------------


def plan(
    name: str | None,
    family: str,
    values: dict[str, tuple[Value, ...]],
    data: DataSpec,
    dataset: Dataset,
    command: str,
    data_root: Path | None = None,
    device: str = "auto",
) -> Plan:
    """All combinations of the `values` of settings, in their order; the first varies slowest.

    A combination that cannot be is a member that failed. Raises ExplorerError where all are so,
    nothing varies, or there are more than MOST_MEMBERS.
    """
    varies = {setting: listed for setting, listed in values.items() if len(listed) > 1}
    if not varies:
        raise ExplorerError(
            "A sweep needs a setting with several values, like --beta 1,4; for a single model use "
            "'python -m explorer train'."
        )
    combinations = [dict(zip(values, each, strict=True)) for each in product(*values.values())]
    if len(combinations) > MOST_MEMBERS:
        raise ExplorerError(
            f"These settings make {len(combinations):,} models; a sweep has {MOST_MEMBERS:,} at "
            "most, so give fewer values."
        )
    draft = Sweep(
        name=name or _default_name(family, data, varies),
        command=command,
        family=family,
        dataset=data.name,
        varies=varies,
        members=(),
    )
    folder, members, tasks = folder_of(draft.name).absolute(), [], []
    for model, settings in zip(_ids(draft, combinations), combinations, strict=True):
        member = Member(model=model, settings=settings, seed=settings.get("seed", 0))
        try:
            spec = compose(family, settings, data, dataset)
        except ExplorerError as error:
            member = member.model_copy(update={"state": "failed", "error": str(error)})
        else:
            line = _command(model, family, settings, data)
            tasks.append(Task(folder, model, spec, line, data_root, device))
        members.append(member)
    if not tasks:
        raise ExplorerError(members[0].error)
    return Plan(draft.model_copy(update={"members": tuple(members)}), tuple(tasks))


def _default_name(family: str, data: DataSpec, varies: dict[str, tuple[Value, ...]]) -> str:
    axes = [setting.replace("_", "-") for setting in varies if setting != "seed"]
    return "-".join([family, data.name, *(axes or ["seed"])])[:48].rstrip("-")


def _ids(sweep: Sweep, combinations: Sequence[dict[str, Value]]) -> list[str]:
    """The ids of the members: the sweep's name with what varies, `ladder-beta0.25-s0`; or with a
    number, where that would be too long or two the same."""
    readable = [
        "-".join([sweep.name, *(_short(key, each[key], sweep.name) for key in sweep.varies)])
        for each in combinations
    ]
    with suppress(ExplorerError):
        if len({store.check_id(model) for model in readable}) == len(readable):
            return readable
    return [store.check_id(f"{sweep.name}-{at:03d}") for at in range(1, len(combinations) + 1)]


def _short(setting: str, value: Value, name: str) -> str:
    """A setting and its value within an id; what a sweep is named after is not said again."""
    word = "s" if setting == "seed" else setting.replace("_", "-")
    text = re.sub(r"[^a-z0-9.]+", "-", written(value).lower().replace(",", "x")) or "none"
    return text if name.endswith(f"-{word}") else f"{word}{text}"


def _command(model: str, family: str, settings: dict[str, Value], data: DataSpec) -> str:
    """The command that trains a member alone."""
    words = ["--name", model, "--model", family, "--dataset", data.name]
    about: dict[str, Any] = {"path": data.path, "size": data.size, "codes_of": data.codes_of}
    for key, value in (about | settings).items():
        if isinstance(value, bool):
            words.append(option(key) if value else option(f"no_{key}"))
        elif value is not None:
            words += [option(key), written(value)]
    return "python -m explorer train " + shlex.join([*words, *(["--grey"] if data.grey else [])])


# --- doing it -----------------------------------------------------------------------------------


def run(
    plan: Plan,
    pool: Pool,
    workers: int,
    report: Callable[[Progress], object],
    stop: Callable[[], bool] = lambda: False,
    retry: bool = False,
) -> Sweep:
    """Train what the sweep still lacks on the executors that `pool` opens; the sweep as it ends.

    Members that are done stay as they are (their figures are read again, should they have been
    measured further), and so do those that failed unless `retry`. After
    `stop` the others are `waiting`, with a checkpoint where they had begun. Raises ExplorerError
    when a sweep of this name runs already or was made with other settings.
    """
    with locked(plan.folder / LOCKS / ".sweep", lambda: True) as mine:
        if not mine:
            raise ExplorerError(
                f"The sweep '{plan.sweep.name}' is running already; wait for it, or choose another "
                "--name."
            )
        running = _Running(plan, _known(plan, retry), report, stop)
        running.keep()
        with store.writing(running.flag):
            running.flag.unlink(missing_ok=True)
        while (batch := running.next_batch()) and not stop():
            alone = len(batch) == 1
            with pool(1 if alone else min(workers, len(batch))) as executor:
                running.do(executor, batch)
        return running.sweep


def _known(plan: Plan, retry: bool) -> Sweep:
    """The sweep as it stands on disk, or else as it was planned."""
    if not (plan.folder / FILE).exists():
        return plan.sweep
    before = read(plan.sweep.name)
    if _asked(before) != _asked(plan.sweep):
        raise ExplorerError(
            f"There is already a sweep '{before.name}' with other settings ({before.command}); "
            "choose another --name."
        )
    members = []
    for member, blank in zip(before.members, plan.sweep.members, strict=True):
        stays = member.state == "failed" and not retry
        if member.state == "done":
            with suppress(ExplorerError):  # it was removed or damaged
                member, stays = _with_figures(member), True
        members.append(member if stays else blank)
    return before.model_copy(update={"members": tuple(members)})


def _with_figures(member: Member) -> Member:
    """A member with the figures that its card has by now."""
    card = store.read_card(store.home() / member.model)
    figures = {key: metric.value for key, metric in card.metrics.items()}
    return member.model_copy(update={"metrics": figures})


def _asked(sweep: Sweep) -> tuple:
    members = [(member.model, member.settings) for member in sweep.members]
    return sweep.family, sweep.dataset, sweep.varies, members


class _Running:
    """The state of a sweep while it runs, on disk after every change."""

    def __init__(
        self,
        plan: Plan,
        sweep: Sweep,
        report: Callable[[Progress], object],
        stop: Callable[[], bool],
    ) -> None:
        self.sweep, self.folder = sweep, plan.folder
        self.flag = plan.folder / STOP
        self._tasks = {task.model: task for task in plan.tasks}
        self._report, self._stop = report, stop
        # Members that were under way when a process died: one of them may be why.
        self._suspects: list[str] = []

    def next_batch(self) -> list[Task]:
        """What is to be done next: a suspect alone, else all that wait."""
        waiting = [member.model for member in self.sweep.of("waiting")]
        self._suspects = [model for model in self._suspects if model in waiting]
        return [self._tasks[model] for model in self._suspects[:1] or waiting]

    def do(self, executor: Executor, batch: list[Task]) -> None:
        """Have a batch carried out; what ends is kept at once."""
        futures: dict[Future[Outcome], str] = {}
        try:
            with suppress(BrokenExecutor):
                for task in batch:
                    futures[executor.submit(carry_out, task)] = task.model
            under_way = set(futures)
            broken = len(futures) < len(batch)
            while under_way:
                ended, under_way = wait(under_way, TICK, FIRST_COMPLETED)
                for future in ended:
                    outcome = _outcome(future)
                    broken = broken or outcome is None
                    if outcome is not None:
                        self._end(futures[future], outcome)
                self._report(self._progress())
                if self._stop():
                    self._ask_to_stop(under_way)
        except BaseException:
            self._ask_to_stop(set(futures))
            raise
        if broken:
            self._after_death(batch)

    def _ask_to_stop(self, futures: set[Future[Outcome]]) -> None:
        with suppress(OSError):
            self.flag.touch()
        for future in futures:
            future.cancel()

    def _after_death(self, batch: list[Task]) -> None:
        """A process was killed, and took its pool with it: those that were under way go on one at
        a time, and one that is killed even so has failed."""
        waiting = {member.model for member in self.sweep.of("waiting")}
        left = [task.model for task in batch if task.model in waiting]
        if len(batch) == 1 and left and left[0] in self._suspects:
            self._end(left[0], Outcome("failed", KILLED))
            return
        begun = [model for model in left if (store.home() / model / store.RUN).exists()]
        self._suspects = begun or left[:1]

    def _end(self, model: str, outcome: Outcome) -> None:
        def ended(member: Member) -> Member:
            state = {"state": outcome.state, "error": outcome.error}
            member = member.model_copy(update=state)
            return _with_figures(member) if outcome.state == "done" else member

        members = (ended(one) if one.model == model else one for one in self.sweep.members)
        self.sweep = self.sweep.model_copy(update={"members": tuple(members)})
        self.keep()

    def keep(self) -> None:
        """Write `sweep.json` and `table.parquet`, unless they say this already."""
        file, now = self.folder / FILE, self.sweep.model_dump(mode="json")
        if not file.exists() or not (self.folder / TABLE).exists() or store.read_json(file) != now:
            write_table(self.folder / TABLE, self.sweep)
            store.write_json(file, now)

    def _progress(self) -> Progress:
        ended = len(self.sweep.of("done", "failed"))
        share = sum(_share(member.model) for member in self.sweep.of("waiting"))
        return Progress(ended, len(self.sweep.members), ended + share)


def _outcome(future: Future[Outcome]) -> Outcome | None:
    """How a member ended; None when its process was lost."""
    try:
        return future.result()
    except CancelledError:
        return Outcome("waiting")
    except BrokenExecutor:
        return None
    except Exception as error:  # whatever it is, the other members go on
        first = next(iter(str(error).splitlines()), "")
        return Outcome("failed", f"It ended with {type(error).__name__}: {first}")


def _share(model: str) -> float:
    """How far a member is, in [0, 1], by the last step in its history."""
    folder = store.home() / model
    if (folder / store.CARD).exists():
        return TRAINING
    try:
        with (folder / store.HISTORY).open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - TAIL))
            steps = re.findall(rb'"step": (\d+), "total_steps": (\d+)', stream.read())
    except OSError:
        return 0.0
    return TRAINING * int(steps[-1][0]) / int(steps[-1][1]) if steps else 0.0


def write_table(file: Path, sweep: Sweep) -> None:
    """One row a member: its settings by name, then its figures, each with `test_` before its id."""
    import pyarrow
    from pyarrow import parquet

    settings = dict.fromkeys(key for one in sweep.members for key in one.settings if key != "seed")
    figures = dict.fromkeys(key for one in sweep.members for key in one.metrics)
    rows = [
        {"model": one.model}
        | {key: _cell(one.settings.get(key)) for key in settings}
        | {"seed": one.seed, "state": one.state, "error": one.error}
        | {f"test_{key}": one.metrics.get(key) for key in figures}
        for one in sweep.members
    ]
    table = pyarrow.Table.from_pylist(rows)
    store.write_atomically(file, lambda path: parquet.write_table(table, path))


def _cell(value: Value | None) -> bool | int | float | str | None:
    return written(value) if isinstance(value, tuple) else value
