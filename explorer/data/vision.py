"""The one door to torchvision.

Its compiled extension is built against CUDA. Beside a CPU build of torch it cannot load, and the
import then fails on two operators that nothing here uses. Declaring their signatures beforehand
lets the Python part (data sets, transforms) work; on a machine with matching builds this module
changes nothing.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch


def _extension_loads() -> bool:
    package = importlib.util.find_spec("torchvision")
    if package is None or package.origin is None:
        return False
    library = next(Path(package.origin).parent.glob("_C.*"), None)
    if library is None:
        return False
    try:
        torch.ops.load_library(str(library))
    except OSError:
        return False
    return True


if not _extension_loads():
    for _schema in (
        "torchvision::nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
        "torchvision::qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    ):
        _name, _, _signature = _schema.partition("(")
        torch.library.define(_name, "(" + _signature)

import torchvision  # noqa: E402

__all__ = ["torchvision"]
