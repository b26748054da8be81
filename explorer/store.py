"""Artefacts on disk: find, read and write atomically.

A trained model is a folder, the same under `pretrained/` (read-only) and under the user's home
(EXPLORER_HOME, default `~/.latent-explorer`):

    <model-id>/card.json            specs, seed, command, versions, sha256 of weights, metrics
               weights.safetensors
               history.jsonl        one line per logged step or epoch
               run.json             the spec of a run; with no card.json the run is unfinished
               checkpoints/         for resume
               atlas/<dataset>-<n>/ latents and projections

The card is written last: a folder with a card is complete. Nothing is unpickled. Sweeps lie beside
the models (`explorer.sweeps`).
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationError
from safetensors import SafetensorError, safe_open

from explorer.course import in_course_order
from explorer.errors import ExplorerError, unknown_name
from explorer.spec import Spec, TrainSpec, sentence

if TYPE_CHECKING:  # reading cards must not wait for torch: the app's first paint lists models
    import torch

PRETRAINED = Path(__file__).resolve().parent.parent / "pretrained"
CARD, WEIGHTS, HISTORY, RUN = "card.json", "weights.safetensors", "history.jsonl", "run.json"
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
SWEEPS = "sweeps"
_RESERVED = {"data", SWEEPS}  # they lie beside the models


class Metric(Spec):
    """A measured number with its unit and what it was measured on."""

    value: float
    unit: str
    note: str = ""


class TrainingSummary(Spec):
    """How a run went: enough to judge it without its history."""

    epochs: int
    best_epoch: int
    best_validation: float = Field(description="nats per image on the validation images")
    seconds: float
    images_per_second: float
    device: str
    log: tuple[str, ...] = ()


class Evaluation(Spec):
    """How a card's figures were taken; `evaluate` takes them so again."""

    importance_samples: int = Field(default=100, ge=0)
    seed: int = 0


class Card(Spec):
    """What a model is, where it comes from and what it measures: alone it rebuilds the model."""

    kind: Literal["model", "prior", "classifier"] = "model"
    id: str
    title: str
    description: str = ""
    spec: TrainSpec
    command: str
    versions: dict[str, str]
    created: str
    parameters: int
    weights_sha256: str
    training: TrainingSummary
    metrics: dict[str, Metric] = Field(default_factory=dict)
    metrics_on: str = ""
    evaluation: Evaluation = Evaluation()


@dataclass(frozen=True)
class Artefact:
    """A complete model folder and its card."""

    folder: Path
    card: Card
    shipped: bool

    @property
    def id(self) -> str:
        return self.card.id


@dataclass(frozen=True)
class Shelf:
    """All artefacts that can be opened, and one sentence for each folder that cannot."""

    artefacts: list[Artefact]
    faults: list[str] = field(default_factory=list)


# --- where things are -------------------------------------------------------------------------


def home() -> Path:
    """The user's own folder of models."""
    return Path(os.environ.get("EXPLORER_HOME") or "~/.latent-explorer").expanduser()


def check_id(name: str) -> str:
    """A model id is a readable folder name. Raises ExplorerError for anything else."""
    if not _ID.fullmatch(name) or name in _RESERVED:
        raise ExplorerError(
            f"'{name}' cannot name a model; use up to 64 small letters, digits, '-', '_' and '.', "
            "beginning with a letter or digit, for example 'my-vae'."
        )
    return name


def find(roots: list[tuple[Path, bool]] | None = None) -> Shelf:
    """Every artefact under the user's home and `pretrained/`; of two with one id the user's wins.

    They come in the order of a course. A damaged or foreign folder is named in `faults` and
    skipped.
    """
    artefacts: dict[str, Artefact] = {}
    faults: list[str] = []
    for root, shipped in roots or [(home(), False), (PRETRAINED, True)]:
        for folder in _folders(root):
            try:
                if not (folder / CARD).exists():
                    if not (folder / RUN).exists():
                        faults.append(f"The folder '{folder}' holds no {CARD} and was skipped.")
                    continue
                artefact = Artefact(folder, read_card(folder), shipped)
                artefacts.setdefault(artefact.id, artefact)
            except ExplorerError as error:
                faults.append(f"{error} It was skipped.")
            except PermissionError:
                faults.append(f"The folder '{folder}' may not be read and was skipped.")
    return Shelf(in_course_order(artefacts.values()), faults)


def _folders(root: Path) -> list[Path]:
    try:
        entries = sorted(root.iterdir())
    except OSError:
        return []
    return [
        entry
        for entry in entries
        if entry.is_dir() and entry.name not in _RESERVED and not entry.name.startswith((".", "_"))
    ]


@dataclass(frozen=True)
class Place:
    """Where an artefact lies; `stamp` changes whenever its card is written anew."""

    folder: Path
    shipped: bool
    stamp: int


def locate(name_or_path: str | Path) -> Place:
    """Find an artefact without reading it: cheap enough to ask at every pointer move.

    Raises ExplorerError when there is none (it names the nearest).
    """
    name = str(name_or_path)
    candidates: list[tuple[Path, bool]] = []
    if _ID.fullmatch(name):
        candidates = [(home() / name, False), (PRETRAINED / name, True)]
    elif os.sep in name:
        path = Path(name_or_path).expanduser()
        candidates = [(path, not os.access(path, os.W_OK))]
    for folder, shipped in candidates:
        try:
            return Place(folder, shipped, (folder / CARD).stat().st_mtime_ns)
        except OSError:
            continue
    if _ID.fullmatch(name) and (home() / name / RUN).exists():
        raise ExplorerError(
            f"The run '{name}' is not finished; go on with 'python -m explorer train --resume "
            f"--name {name}'."
        )
    raise unknown_name("model", name, (artefact.id for artefact in find().artefacts))


def open_artefact(name_or_path: str | Path) -> Artefact:
    """The artefact with this id, or in this folder.

    Raises ExplorerError when there is none (it names the nearest) or its card is damaged.
    """
    place = locate(name_or_path)
    return Artefact(place.folder, read_card(place.folder), place.shipped)


# --- reading ----------------------------------------------------------------------------------


def read_card(folder: Path) -> Card:
    """The card of an artefact. Raises ExplorerError that names the folder and its fault."""
    try:
        card = Card.model_validate(read_json(folder / CARD))
    except ValidationError as error:
        raise ExplorerError(
            f"The card in '{folder}' does not describe a model: {sentence(error)}"
        ) from error
    if not (folder / WEIGHTS).exists():
        raise ExplorerError(f"The model in '{folder}' has no {WEIGHTS}.")
    return card


def read_json(file: Path) -> Any:
    """A JSON file. Raises ExplorerError when it is missing or damaged."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ExplorerError(f"The file '{file}' is missing or not valid JSON.") from error


def read_tensors(file: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Tensors and metadata of a safetensors file. Raises ExplorerError when it is damaged."""
    try:
        with safe_open(file, framework="pt") as stream:
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
            return tensors, dict(stream.metadata() or {})
    except (OSError, SafetensorError, ValueError) as error:
        raise ExplorerError(
            f"The file '{file}' is missing, damaged or cut short; restore it or train again."
        ) from error


def read_weights(artefact: Artefact) -> dict[str, torch.Tensor]:
    """The weights of an artefact as float32, after their sha256 was checked against the card."""
    file = artefact.folder / WEIGHTS
    if sha256(file) != artefact.card.weights_sha256:
        raise ExplorerError(
            f"The weights of '{artefact.id}' do not match its card (sha256 differs): the file is "
            "damaged or belongs to another model; restore it or train again."
        )
    tensors, _ = read_tensors(file)
    return {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in tensors.items()
    }


def sha256(file: Path) -> str:
    """Hexadecimal sha256 of a file. Raises ExplorerError when it cannot be read."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ExplorerError(f"The file '{file}' cannot be read: {error.strerror}.") from error


# --- writing ----------------------------------------------------------------------------------


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turn a failed write into one sentence that says why and that nothing was half-written."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or (
            "No space left" in str(error)
        )
        why = "the disk is full" if full else str(getattr(error, "strerror", None) or error)
        todo = "free some space" if full else "check the folder and its permissions"
        raise ExplorerError(
            f"'{target}' could not be written: {why}. What was there before is unchanged; {todo} "
            "and try again."
        ) from error


def write_atomically(target: Path, write: Callable[[Path], object]) -> None:
    """Let `write(path)` fill a temporary file beside `target`, then rename it into place."""
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.tmp-", dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            write(temporary)
            with temporary.open("rb") as stream:
                os.fsync(stream.fileno())
            temporary.chmod(0o644)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


def write_json(target: Path, value: Any) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    write_atomically(target, lambda path: path.write_text(text, encoding="utf-8"))


def write_tensors(
    target: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Write a safetensors file atomically; tensors are moved to the CPU and made contiguous."""
    from safetensors.torch import save_file

    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomically(target, lambda path: save_file(ready, path, metadata))


def write_card(folder: Path, card: Card) -> None:
    write_json(folder / CARD, card.model_dump(mode="json"))


def export(artefact: Artefact, destination: Path, half: bool = False) -> Path:
    """Copy a finished model, without checkpoints, to `destination/<id>`; return that folder.

    `half` stores float16 weights. The copy is built beside its place and renamed into it.
    """
    target = destination / artefact.id
    if target.exists():
        raise ExplorerError(f"'{target}' already exists; remove it first or choose another folder.")
    with writing(target):
        destination.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{artefact.id}.tmp-", dir=destination))
        try:
            weights = read_weights(artefact)
            if half:
                weights = {
                    name: tensor.half() if tensor.is_floating_point() else tensor
                    for name, tensor in weights.items()
                }
            write_tensors(building / WEIGHTS, weights)
            _copy_epochs(artefact.folder / HISTORY, building / HISTORY)
            digest = sha256(building / WEIGHTS)
            write_card(building, artefact.card.model_copy(update={"weights_sha256": digest}))
            building.chmod(0o755)
            building.replace(target)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return target


def _copy_epochs(history: Path, target: Path) -> None:
    """The epochs of a history, without the steps between them, which are many times larger."""
    if not history.exists():
        return
    lines = history.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if '"event": "epoch"' in line]
    target.write_text("".join(kept), encoding="utf-8")


def now() -> str:
    """The time as an ISO string in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
