"""A training run as a folder: started, watched, stopped, resumed, and finished into an artefact."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

import explorer.models as families
from explorer import store
from explorer.data import Dataset, check_shape
from explorer.errors import ExplorerError
from explorer.spec import TrainSpec, build
from explorer.training import checkpoint
from explorer.training.events import DivergedError, Done, Epoch, Event, Step
from explorer.training.images import refuse_changed
from explorer.training.loop import Trainer

CHECKPOINT = Path("checkpoints") / "resume.safetensors"
# A kill without warning loses at most about this many seconds of work.
CHECKPOINT_EVERY = 20.0


@dataclass(frozen=True)
class Run:
    """A run by its id: the settings that it was started with and the folder that it fills."""

    id: str
    folder: Path
    spec: TrainSpec
    command: str

    @property
    def finished(self) -> bool:
        return (self.folder / store.CARD).exists()

    @property
    def checkpoint(self) -> Path:
        return self.folder / CHECKPOINT


def create(name: str, spec: TrainSpec, command: str) -> Run:
    """Start a run's folder in the user's home. Raises ExplorerError when the name is taken."""
    folder = store.home() / store.check_id(name)
    families.build(spec.model, spec.objective)  # an impossible architecture leaves no folder
    if (folder / store.CARD).exists():
        raise ExplorerError(
            f"There is already a model '{name}' in '{folder.parent}'; choose another --name."
        )
    if (folder / store.RUN).exists():
        raise ExplorerError(
            f"There is already an unfinished run '{name}'; add --resume to go on with it, or "
            "choose another --name."
        )
    run = Run(name, folder, spec, command)
    about = {"spec": spec.model_dump(mode="json"), "command": command}
    try:
        store.write_json(folder / store.RUN, about)
    except ExplorerError:
        with suppress(OSError):  # a full disk must not leave an empty folder behind
            folder.rmdir()
        raise
    return run


def reopen(name: str) -> Run:
    """The run of this name. Raises ExplorerError when there is none: nothing is changed."""
    folder = store.home() / store.check_id(name)
    if not (folder / store.RUN).exists():
        raise ExplorerError(
            f"There is no run '{name}' in '{store.home()}' to resume; start it without --resume."
        )
    saved = store.read_json(folder / store.RUN)
    if not isinstance(saved, dict) or not isinstance(saved.get("spec"), dict):
        raise ExplorerError(f"The file '{folder / store.RUN}' does not describe a run.")
    return Run(name, folder, build(TrainSpec, saved["spec"]), str(saved.get("command", "")))


def follow(
    run: Run, dataset: Dataset, device: torch.device, stop: Callable[[], bool] = lambda: False
) -> Iterator[Event]:
    """Train (or go on with) a run and keep its folder up to date; yield the loop's events.

    On `Done("finished")` the folder holds the weights of the best validation epoch and its card;
    on `Done("interrupted")` a checkpoint. A diverged run keeps the last good weights in its
    checkpoint folder and raises DivergedError.
    """
    check_shape(run.spec.model, dataset)
    refuse_changed(run.spec.data, dataset)
    trainer = Trainer(run.spec, *dataset.fit_and_validation(), device)
    log: list[str] = []
    if run.checkpoint.exists():
        checkpoint.restore(trainer, run.checkpoint)
    history = _rewind_history(run.folder / store.HISTORY, trainer.step)
    log += [log_line(line) for line in history if line["event"] == "epoch"]
    saved = time.monotonic()
    try:
        for event in trainer.events(stop):
            record = _record(event)
            if record is not None:
                _append(run.folder / store.HISTORY, record)
            if isinstance(event, Epoch) and record is not None:
                log.append(log_line(record))
            due = time.monotonic() - saved >= CHECKPOINT_EVERY
            # The last step of an epoch is not a place to resume from: its Epoch event, which
            # measures and keeps the best, follows at the same step.
            whole = isinstance(event, Epoch) or (
                isinstance(event, Step) and trainer.step % trainer.steps_per_epoch > 0
            )
            if whole and due and trainer.step < trainer.total_steps:
                checkpoint.save(trainer, run.checkpoint)
                saved = time.monotonic()
            if isinstance(event, Done):
                if event.reason == "interrupted":
                    checkpoint.save(trainer, run.checkpoint)
                else:
                    _finish(run, trainer, event, tuple(log))
            yield event
    except DivergedError:
        good = run.folder / "checkpoints" / "last-good.safetensors"
        store.write_tensors(good, trainer.last_good)
        raise


def _finish(run: Run, trainer: Trainer, done: Done, log: tuple[str, ...]) -> None:
    """Weights first, card last: a folder with a card is complete."""
    weights = run.folder / store.WEIGHTS
    store.write_tensors(weights, trainer.best.weights)
    card = store.Card(
        kind=trainer.model.kind,
        id=run.id,
        title=run.id,
        spec=run.spec,
        command=run.command,
        versions={"python": platform.python_version(), "torch": torch.__version__},
        created=store.now(),
        parameters=sum(p.numel() for p in trainer.model.parameters()),
        weights_sha256=store.sha256(weights),
        training=store.TrainingSummary(
            epochs=run.spec.epochs,
            best_epoch=done.best_epoch,
            best_validation=round(done.best_validation, 4),
            seconds=round(done.seconds, 1),
            images_per_second=round(done.images_per_second),
            device=trainer.device.type,
            log=log,
        ),
    )
    store.write_card(run.folder, card)
    run.checkpoint.unlink(missing_ok=True)


def log_line(record: dict) -> str:
    """One line of a model's training log, from the history record of an epoch."""
    train, validation = record["train"], record["validation"]
    return (
        f"epoch {record['epoch']}: train {train['total']:.2f} "
        f"(reconstruction {train['reconstruction']:.2f} + KL {train['kl']:.2f}), "
        f"validation {validation['total']:.2f} nats per image"
        f"{', best so far' if record['best'] else ''}"
    )


def _record(event: Event) -> dict | None:
    """The history line of an event; pictures are not kept."""
    if not isinstance(event, Step | Epoch):
        return None
    return {"event": "step" if isinstance(event, Step) else "epoch", **asdict(event)}


def _append(file: Path, record: dict) -> None:
    with store.writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")


def _rewind_history(file: Path, step: int) -> list[dict]:
    """Drop the lines after the checkpoint's step (and any broken one); return those kept."""
    if not file.exists():
        return []
    kept = []
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(record, dict) and record.get("step", step + 1) <= step:
            kept.append(record)
    text = "".join(json.dumps(record) + "\n" for record in kept)
    store.write_atomically(file, lambda path: path.write_text(text, encoding="utf-8"))
    return kept
