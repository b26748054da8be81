"""Where tensors live: the best device there is, unless a person names one."""

from __future__ import annotations

import os
import re

import torch

from explorer.errors import ExplorerError, unknown_name

KNOWN = ("auto", "cpu", "cuda", "mps")


def resolve(name: str = "auto") -> torch.device:
    """Turn `auto`, `cpu`, `cuda`, `cuda:1` or `mps` into a device that this machine has.

    `auto` honours the environment variable EXPLORER_DEVICE, then takes CUDA, MPS, CPU in that
    order. Raises ExplorerError for a name that is unknown or a device that is absent.
    """
    if name == "auto":
        name = os.environ.get("EXPLORER_DEVICE", "auto")
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        if torch.backends.mps.is_available():
            return torch.device("mps")
        return torch.device("cpu")
    kind, _, index = name.partition(":")
    if name not in KNOWN and not re.fullmatch(r"cuda:[0-9]+", name):
        raise unknown_name("device", name, KNOWN)
    absent = (kind == "cuda" and not torch.cuda.is_available()) or (
        kind == "mps" and not torch.backends.mps.is_available()
    )
    if absent:
        raise ExplorerError(
            f"This machine has no {kind} device that torch can use; choose 'auto' or 'cpu'."
        )
    if kind == "cuda" and index and int(index) >= torch.cuda.device_count():
        raise ExplorerError(
            f"There is no device '{name}': this machine has {torch.cuda.device_count()} CUDA "
            "device(s), counted from 0."
        )
    return torch.device(name)
