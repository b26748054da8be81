"""737,280 white sprites on black, 64x64, drawn on demand: the factor grid of dSprites.

Source of the grid: Matthey, Higgins, Hassabis, Lerchner, "dSprites: Disentanglement testing
Sprites dataset" (2017), https://github.com/google-deepmind/dsprites-dataset. The images are drawn
here, so they share its factors, not its pixels.

3 shapes x 6 scales (.5 to 1) x 40 orientations (0 to 2 pi) x 32 places along x x 32 along y. The
grid index is the mixed radix number of the factors in that order: shape slowest, then x, y fastest
(x to the right, y down, one pixel a step). Orientations turn anticlockwise. As in dSprites they
are linspace(0, 2 pi, 40), both ends included: orientation 39 repeats orientation 0, 18,432 pairs
of identical images. A square looks the same every quarter turn and an ellipse every half turn, but
the 39 steps divide into neither, so that these repeats are near ones; only 28 more of the 720
masks, all of squares, coincide with another. In all, 10.7 % of the test images have an identical
twin in the training split.

Row r of the data set shows grid index `row_order()[r]`, a fixed random permutation, so that every
split is a fair sample of the grid.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from threading import Lock

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from explorer.data.base import Dataset, Factors, Rendered
from explorer.data.registry import register
from explorer.errors import ExplorerError

FACTORS = ("shape", "scale", "orientation", "x", "y")
SIZES = (3, 6, 40, 32, 32)
COUNT = math.prod(SIZES)
_STRIDES = tuple(math.prod(SIZES[i + 1 :]) for i in range(len(SIZES)))

SIDE = 64
AREA = SIDE * SIDE
# A sprite's centre moves over pixels 16 .. 47; it has 16 pixels of room on each side of the centre.
PATCH = SIDE - SIZES[3] + 1
PLACES = SIZES[3] * SIZES[4]
# Samples a pixel and axis. Odd, so that a pixel is never half covered.
SAMPLES = 7


def index_of(factors: Tensor) -> Tensor:
    """Grid indices `(n,)` of factor values `(n, 5)`, both int64. Inverse of `factors_of`.

    Raises ExplorerError for a value outside its factor's `0 .. size - 1`.
    """
    sizes = torch.tensor(SIZES, device=factors.device)
    if ((factors < 0) | (factors >= sizes)).any():
        raise ExplorerError(
            f"A sprite's factors {FACTORS} must be at least 0 and less than {SIZES}."
        )
    return (factors * torch.tensor(_STRIDES, device=factors.device)).sum(1)


def factors_of(index: Tensor) -> Tensor:
    """Factor values `(n, 5)` of grid indices `(n,)`, both int64. Inverse of `index_of`.

    Raises ExplorerError for an index outside `0 .. 737,279`.
    """
    if ((index < 0) | (index >= COUNT)).any():
        raise ExplorerError(f"A sprite's index must be from 0 to {COUNT - 1:,}.")
    strides, sizes = (torch.tensor(values, device=index.device) for values in (_STRIDES, SIZES))
    return index[:, None] // strides % sizes


def row_order() -> Tensor:
    """The grid index `(737280,)` int64 of every row: numpy's RandomState(0) permutation."""
    return torch.from_numpy(np.random.RandomState(0).permutation(COUNT)).to(torch.int64)


# --- shapes ---------------------------------------------------------------------------------------
# Is the point (x right, y up), in pixels from the centre of mass, inside the shape of scale 1?
# All reach less than 16.5 pixels from the centre, so that no turn takes them out of their patch.
# No sample point lies on an edge: rounding, which differs between machines, decides nothing.


def in_square(x: Tensor, y: Tensor) -> Tensor:
    """A square of side 21.8: area 475."""
    return torch.maximum(x.abs(), y.abs()) <= 10.9


def in_ellipse(x: Tensor, y: Tensor) -> Tensor:
    """An ellipse with semi-axes 16.2 along x and 8.1 along y: area 412."""
    return x.square() + 4 * y.square() <= 16.2**2


def in_heart(x: Tensor, y: Tensor) -> Tensor:
    """A heart, upright: area 468.

    Source: https://mathworld.wolfram.com/HeartCurve.html, x = 16 sin^3 t, y = 13 cos t - 5 cos 2t
    - 2 cos 3t - cos 4t; its centre of mass is (0, 5/6). With c = cos t the height is
    4 + 19c - 2c^2 - 8c^3 - 8c^4: of the two heights at every x, c > 0 is the upper edge and
    c < 0 the lower one.
    """
    x, y = x / 0.91, y / 0.91 + 5 / 6
    c = (1 - (x.abs() / 16).clamp(max=1).pow(2 / 3)).sqrt()
    even = 4 - c.square() * (2 + 8 * c.square())
    odd = c * (19 - 8 * c.square())
    return (x.abs() <= 16) & (y <= even + odd) & (y >= even - odd)


SHAPES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "square": in_square,
    "ellipse": in_ellipse,
    "heart": in_heart,
}


def scales() -> list[float]:
    """The 6 scales, .5 to 1 in equal steps; a scale multiplies lengths."""
    return [0.5 + 0.5 * step / (SIZES[1] - 1) for step in range(SIZES[1])]


def angles() -> list[float]:
    """The 40 orientations in radians, anticlockwise. The last is 0 again, to the bit."""
    turns = SIZES[2] - 1
    return [2 * math.pi * (step % turns) / turns for step in range(SIZES[2])]


def masks() -> Tensor:
    """Every shape, scale and orientation, centred: `(3, 6, 40, 33, 33)` uint8, 0 or 255.

    A pixel is white where most of its 7x7 sample points are inside the shape.
    """
    count = PATCH * SAMPLES
    offsets = (torch.arange(count, dtype=torch.float64, device="cpu") - (count - 1) / 2) / SAMPLES
    right, up = offsets[None, :], -offsets[:, None]
    drawn = torch.zeros((*SIZES[:3], PATCH, PATCH), dtype=torch.uint8, device="cpu")
    for o, angle in enumerate(angles()):
        # The points are turned back instead of the shape forth.
        x = math.cos(angle) * right + math.sin(angle) * up
        y = math.cos(angle) * up - math.sin(angle) * right
        for s, inside in enumerate(SHAPES.values()):
            for k, scale in enumerate(scales()):
                points = inside(x / scale, y / scale).to(torch.float32)
                covered = F.avg_pool2d(points[None], SAMPLES)[0]
                drawn[s, k, o] = (covered > 0.5) * 255
    return drawn


# --- drawing --------------------------------------------------------------------------------------

_LOCK = Lock()
_WINDOWS: dict[torch.device, Tensor] = {}
# How far, in pixels of a flattened frame, the last place is from the first.
_FARTHEST = (SIZES[4] - 1) * SIDE + SIZES[3] - 1


def _windows(device: torch.device) -> Tensor:
    """All stretches of 4096 bytes of a 3 MB strip, as a view: made once per process and device.

    The strip holds the 720 masks, each in the top left corner of a flattened frame, one frame
    after the other. A corner frame ends in at least 2015 black pixels, and so does the strip begin.
    A stretch that starts k pixels before a frame shows the frame's sprite moved on by k pixels:
    `y * 64 + x` moves it to place (x, y), with no arithmetic on pixels at all.
    """
    with _LOCK:
        if device not in _WINDOWS:
            strip = torch.zeros(_FARTHEST + COUNT // PLACES * AREA, dtype=torch.uint8, device="cpu")
            frames = strip[_FARTHEST:].view(-1, SIDE, SIDE)
            frames[:, :PATCH, :PATCH] = masks().view(-1, PATCH, PATCH)
            _WINDOWS[device] = strip.to(device).unfold(0, AREA, 1)
        return _WINDOWS[device]


def draw(index: Tensor) -> Tensor:
    """Sprites `(n, 1, 64, 64)` uint8, 0 or 255, of grid indices `(n,)` int64, on their device.

    Every sprite is one copy of 4096 bytes; beside the result nothing larger than `index` is made.
    The first call of a process renders the masks, which takes about a second. On the CPU an index
    outside the grid raises IndexError.
    """
    if index.device.type == "mps":
        # A view of more elements than an int32 counts, as the windows are, is too large for MPS.
        return draw(index.cpu()).to(index.device)
    x, y = index // SIZES[4] % SIZES[3], index % SIZES[4]
    start = index // PLACES * AREA + _FARTHEST - (y * SIDE + x)
    return _windows(index.device).index_select(0, start).view(-1, 1, SIDE, SIDE)


@register("sprites")
def load(root: Path, download: bool) -> Dataset:
    """Generated: nothing is read, and nothing is drawn before an image is asked for."""
    order = row_order()
    values = factors_of(order)
    return Dataset(
        name="sprites",
        title="Sprites",
        source="drawn here on the factor grid of dSprites (Matthey et al., 2017)",
        pixels=Rendered(draw, (1, SIDE, SIDE), order),
        labels=values[:, 0].contiguous(),
        train_size=700_000,
        classes=tuple(SHAPES),
        validation_size=5_000,
        noun="sprite",
        fit="shape",
        origins=((COUNT, "sprite {index}"),),
        shuffled=True,
        factors=Factors(FACTORS, SIZES, values),
    )
