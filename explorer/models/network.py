"""What everything that can be trained has in common: autoencoders, priors over codes, classifiers.

A network is rebuilt from its specs alone, turns the bytes of a data set into what it takes
(`prepare`) and says what a batch costs (`loss`), in nats per image.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from explorer.data import Images, unit
from explorer.data.base import Pixels
from explorer.objectives import Loss
from explorer.spec import ModelSpec, ObjectiveSpec

Kind = Literal["model", "prior", "classifier"]


class Network(nn.Module, ABC):
    """Base of all that can be trained.

    `settings` are the words of ModelSpec and ObjectiveSpec that a class reads; a family reads those
    of all its bases (`all_settings`). `title` and `defaults`, what a setting is when nobody says,
    are given where it is registered.
    """

    kind: ClassVar[Kind] = "model"
    title: ClassVar[str] = ""
    defaults: ClassVar[dict[str, Any]] = {}
    conditional: ClassVar[bool] = False
    channels_last: ClassVar[bool] = False
    closed_form: ClassVar[bool] = False
    settings: ClassVar[tuple[str, ...]] = ()

    def __init__(self, spec: ModelSpec, objective: ObjectiveSpec) -> None:
        super().__init__()
        self.spec = spec
        self.objective = objective

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    @abstractmethod
    def loss(
        self,
        x: Tensor,
        labels: Tensor | None = None,
        step: int = 0,
        generator: torch.Generator | None = None,
        seen: Tensor | None = None,
    ) -> Loss:
        """The objective of a batch at a training step; all noise comes from `generator`.

        `seen` is what the network is shown when it differs from the target `x` (augmentation).
        """

    def prepare(self, pixels: Pixels) -> Tensor:
        """What a batch `x` is made of: floats in [0, 1] of the bytes, unless a family says else."""
        return unit(pixels)

    def preview(self, x: Tensor, labels: Tensor) -> Tensor | None:
        """Pictures `(n, C, H, W)` that show a watcher how training goes, if there are any."""
        return None

    def fit(self, images: Images) -> None:
        """Closed-form families set their weights here, from all images at once (`closed_form`)."""
        raise NotImplementedError

    @classmethod
    def all_settings(cls) -> set[str]:
        """The words of a spec that this family reads."""
        return {word for one in cls.__mro__ for word in vars(one).get("settings", ())}
