"""A small convolutional classifier: it judges what models draw, and its features compare them.

Source: the plain stack of 3x3 convolutions and pooling follows Simonyan & Zisserman 2015 (VGG).
"""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.errors import ExplorerError
from explorer.models.network import Network
from explorer.models.networks import activation, shrunk
from explorer.models.registry import register
from explorer.objectives import Loss
from explorer.spec import ModelSpec, ObjectiveSpec


@register("classifier", "Classifier", hidden=(128,), dropout=0.3)
class Classifier(Network):
    """image -> (two convolutions, pooling) for each of `channels` -> hidden -> classes."""

    kind = "classifier"
    channels_last = True
    conditional = True  # its number of classes is that of the data set
    settings: ClassVar[tuple[str, ...]] = ("channels", "hidden", "activation", "dropout")

    def __init__(self, spec: ModelSpec, objective: ObjectiveSpec) -> None:
        super().__init__(spec, objective)
        if spec.classes < 2:
            raise ExplorerError("A classifier needs labelled images of at least two classes.")
        height, width = shrunk(spec)
        layers: list[nn.Module] = []
        for inward, outward in pairwise((spec.image_shape[0], *spec.channels)):
            for before in (inward, outward):
                layers += [nn.Conv2d(before, outward, 3, padding=1), nn.BatchNorm2d(outward)]
                layers.append(activation(spec.activation))
            layers.append(nn.MaxPool2d(2))
        widths = (height * width * spec.channels[-1], *spec.hidden)
        dense: list[nn.Module] = []
        for inward, outward in pairwise(widths):
            dense += [nn.Linear(inward, outward), activation(spec.activation)]
        self.convolutions = nn.Sequential(*layers)
        self.dense = nn.Sequential(*dense)
        self.dropout = nn.Dropout(spec.dropout)
        self.out = nn.Linear(widths[-1], spec.classes)

    def features(self, x: Tensor) -> Tensor:
        """Images `(N, C, H, W)` to the features `(N, F)` before the last layer."""
        h = self.convolutions(x.contiguous(memory_format=torch.channels_last))
        return self.dense(h.flatten(1))

    def probabilities(self, x: Tensor) -> Tensor:
        """Images `(N, C, H, W)` to the probability `(N, K)` of each class."""
        return self.out(self.features(x)).float().softmax(1)

    def loss(
        self,
        x: Tensor,
        labels: Tensor | None = None,
        step: int = 0,
        generator: torch.Generator | None = None,
        seen: Tensor | None = None,
    ) -> Loss:
        """Cross-entropy of the class, in nats per image; `accuracy` is watched."""
        if labels is None:
            raise ExplorerError("A classifier learns from labels; give the class of each image.")
        scores = self.out(self.dropout(self.features(x if seen is None else seen))).float()
        cost = F.cross_entropy(scores, labels, reduction="none")
        extras = {"accuracy": (scores.argmax(1) == labels).float().mean()}
        zero = torch.zeros_like(cost)
        return Loss(cost.mean(), cost, zero, cost.new_zeros(0), beta=0.0, extras=extras)
