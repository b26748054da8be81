"""Drawn faces, 64x64 RGB: flat paints with soft edges, one on top of the other.

Every paint is a shape and a colour. The shapes are signed distances (pixels, negative inside)
on a finer grid; averaged down they become mattes in [0, 1], made once for each value of the
factors that move them. Drawing an image is then a short row of blends, of which each touches only
the window that its mattes cover.

Only operations that round the same everywhere are used (no matrix products, no exponentials, no
fused steps), so that an image is the same bit for bit alone or in a batch. x points right, y down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import Tensor

from explorer.data import face_shapes as shapes
from explorer.data.face_hair import STYLES, Hair, styles
from explorer.data.face_shapes import GLASSES, MIDDLE, OPENINGS, SMILES, TURNS, Plane

SIZE = 64
_SAMPLES = 2  # matte samples along a pixel's side: more are finer edges and a slower first drawing
# Images drawn at a time, 48 KiB each: on a CPU as many as its cache holds.
_CHUNK = {"cpu": 32, "cuda": 2_048}

# One colour for each value of a factor, from light to dark skin; shades and accents go with them.
SKIN = ("#F8DCC8", "#EFC4A2", "#DBA27A", "#BF855C", "#976143", "#6E4733")
SKIN_SHADE = ("#E9BDA4", "#DCA582", "#C1835D", "#A16844", "#7A4A31", "#553424")
BLUSH = ("#F2A79B", "#E8967F", "#D57F62", "#B8664E", "#974B3A", "#7E4133")
LIPS = ("#C9685F", "#BD5B52", "#AC5048", "#94443D", "#823D38", "#8E4A45")
HAIR = ("#27242A", "#4C2D1E", "#A8552B", "#DDB368", "#B4B4BA", "#7A5BB5")
HAIR_BACK = ("#1B181D", "#351E13", "#7E3D1F", "#B98F4A", "#8F8F97", "#5B4191")
HAIR_SHINE = ("#504B57", "#75492F", "#C67A4C", "#F0D295", "#D6D6DA", "#A085D6")
BROWS = ("#242026", "#3F2417", "#7A3D20", "#A27A3C", "#84848B", "#543C87")
BACKGROUND = (
    "#F2C0B8",
    "#F3CFA4",
    "#E8DC9F",
    "#C3DFA9",
    "#A5DEC6",
    "#A4D6E8",
    "#B8C8F0",
    "#DFC0E6",
)
FRAMES = "#14606E"  # apart from all skin and hair

# Every factor and how many values it takes; the last one changes fastest along the grid.
SIZES = {
    "skin tone": len(SKIN),
    "hair colour": len(HAIR),
    "hair style": len(STYLES),
    "smile": SMILES,
    "eye openness": OPENINGS,
    "head turn": TURNS,
    "glasses": len(GLASSES),
    "background hue": len(BACKGROUND),
}


def plane() -> Plane:
    """Where the samples of the mattes lie."""
    steps = (torch.arange(SIZE * _SAMPLES, dtype=torch.float32) + 0.5) * (1 / _SAMPLES)
    return Plane(steps[None, :], steps[:, None])


def matte(distance: Tensor, soft: float = 1.0) -> Tensor:
    """How much of each pixel a shape covers: `(..., S, S)` to `(..., 64, 64)` in [0, 1].

    An edge fades over about `soft` pixels; with 1 it is as sharp as the pixels can show it.
    """
    cover = (0.5 - distance * (_SAMPLES if soft == 1 else 1 / soft)).clamp(0, 1)
    cover = cover.expand(*cover.shape[:-2], SIZE * _SAMPLES, SIZE * _SAMPLES)
    total = torch.zeros(*cover.shape[:-2], SIZE, SIZE)
    for i in range(_SAMPLES):
        for j in range(_SAMPLES):
            total += cover[..., i::_SAMPLES, j::_SAMPLES]
    return total * (1 / _SAMPLES**2)


# --- paints, from the back to the front -------------------------------------------------------


@dataclass(frozen=True)
class Paint:
    """One shape in one colour: mattes `(K, h, w)` for the values of the factors `moved_by`.

    The mattes lie at `rows`, `columns`; the colours are `(V, 3, 1, 1)` in 0-255, one for every
    value of the factor `coloured_by`, or a single one.
    """

    mattes: Tensor
    rows: slice
    columns: slice
    moved_by: tuple[str, ...]
    colours: Tensor
    coloured_by: str | None

    def onto(self, images: Tensor, factors: Mapping[str, Tensor]) -> None:
        """Paints on images `(n, 3, 64, 64)` float32, in place."""
        key: Tensor | None = None
        for name in self.moved_by:
            key = factors[name] if key is None else key * SIZES[name] + factors[name]
        cover = self.mattes if key is None else self.mattes[key]
        colour = (
            self.colours if self.coloured_by is None else self.colours[factors[self.coloured_by]]
        )
        window = images[:, :, self.rows, self.columns]
        window.add_((colour - window).mul_(cover[:, None]))


def _rgb(*colours: str) -> Tensor:
    """Colours "#RRGGBB" as `(V, 3, 1, 1)` float32 in 0-255."""
    table = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours]
    return torch.tensor(table, dtype=torch.float32)[:, :, None, None]


def _paint(
    mattes: Tensor,
    moved_by: tuple[str, ...],
    colours: Sequence[str],
    coloured_by: str | None = None,
    opacity: float = 1.0,
) -> Paint:
    """A paint with the smallest window that holds all of its mattes."""
    sizes = [SIZES[name] for name in moved_by]
    mattes = mattes.reshape(*([1] * (len(sizes) + 2 - mattes.dim())), *mattes.shape)
    mattes = mattes.expand(*sizes, SIZE, SIZE).reshape(-1, SIZE, SIZE) * opacity
    used = mattes.amax(0) > 0
    y, x = used.any(1).nonzero()[:, 0], used.any(0).nonzero()[:, 0]
    rows, columns = slice(int(y[0]), int(y[-1]) + 1), slice(int(x[0]), int(x[-1]) + 1)
    window = mattes[:, rows, columns].contiguous()
    return Paint(window, rows, columns, moved_by, _rgb(*colours), coloured_by)


def _stacked(distances: list[Tensor]) -> Tensor:
    """Mattes of the values of one more factor, each over the turns: `(K, 7, 64, 64)`."""
    return torch.stack([matte(one).expand(TURNS, SIZE, SIZE) for one in distances])


def _body(p: Plane, hair: list[Hair]) -> list[Paint]:
    """From the light behind the head to the head itself."""
    turn, skin = ("head turn",), "skin tone"
    glow = matte(shapes.ellipse(p, MIDDLE, 30, 20, 20), soft=24)
    behind = _stacked([style.behind for style in hair])
    return [
        _paint(glow, (), ["#FFFFFF"], opacity=0.45),
        _paint(behind, ("hair style", "head turn"), HAIR_BACK, "hair colour"),
        _paint(matte(shapes.shirt(p)), (), ["#5F7A8C"]),
        _paint(matte(shapes.collar(p)), (), ["#4E6676"]),
        _paint(matte(shapes.neck(p)), (), SKIN, skin),
        _paint(matte(shapes.chin_shadow(p)), turn, SKIN_SHADE, skin),
        _paint(matte(shapes.ears(p)), turn, SKIN, skin),
        _paint(matte(shapes.ears(p, -1.4)), turn, SKIN_SHADE, skin),
        _paint(matte(shapes.head(p)), turn, SKIN, skin),
    ]


def _features(p: Plane) -> list[Paint]:
    """What is on the head, in the shadow that the hair casts."""
    turn, skin = ("head turn",), "skin tone"
    eye, smile = ("eye openness", "head turn"), ("smile", "head turn")
    shadow = [shapes.within(shapes.head(p), style.front) for style in styles(p.moved(0.4, 1.6))]
    return [
        _paint(matte(shapes.rim(p)), turn, SKIN_SHADE, skin, 0.4),
        _paint(_stacked(shadow), ("hair style", "head turn"), SKIN_SHADE, skin),
        _paint(matte(shapes.cheeks(p), soft=4), turn, BLUSH, skin, 0.55),
        _paint(matte(shapes.nose(p)), turn, SKIN_SHADE, skin),
        _paint(matte(shapes.lids(p)), turn, SKIN_SHADE, skin, 0.7),
        _paint(matte(shapes.eyeballs(p)), eye, ["#FDFBF7"]),
        _paint(matte(shapes.irises(p)), eye, ["#7D5436"]),
        _paint(matte(shapes.pupils(p)), eye, ["#1E1613"]),
        _paint(matte(shapes.highlights(p)), eye, ["#FFFFFF"]),
        _paint(matte(shapes.lashes(p)), eye, ["#2A1D1A"]),
        _paint(matte(shapes.brows(p)), turn, BROWS, "hair colour"),
        _paint(matte(shapes.lips(p)), smile, LIPS, skin),
        _paint(matte(shapes.mouth(p)), smile, ["#5E2226"]),
        _paint(matte(shapes.teeth(p)), smile, ["#FCF8F2"]),
    ]


def _over(p: Plane, hair: list[Hair]) -> list[Paint]:
    """Hair and glasses; their arms go under the hair, their rims over it."""
    by_style, by_glasses = ("hair style", "head turn"), ("glasses", "head turn")
    frames = [shapes.frames(p, kind) for kind in GLASSES]
    lenses = _stacked([lens for lens, _ in frames])
    arms = _stacked([shapes.arms(p, kind) for kind in GLASSES])
    return [
        _paint(arms, by_glasses, [FRAMES]),
        _paint(_stacked([s.front for s in hair]), by_style, HAIR, "hair colour"),
        _paint(_stacked([s.shine for s in hair]), by_style, HAIR_SHINE, "hair colour", 0.7),
        _paint(_stacked([s.tie for s in hair]), by_style, ["#E4716A"]),
        _paint(lenses, by_glasses, ["#E4F4FF"], opacity=0.1),
        _paint(_stacked([rims for _, rims in frames]), by_glasses, [FRAMES]),
    ]


@lru_cache(maxsize=4)
def _paints(device: torch.device) -> tuple[Paint, ...]:
    """All paints, made once on the CPU and copied to the device."""
    p = plane()
    hair = styles(p)
    paints = (*_body(p, hair), *_features(p), *_over(p, hair))
    return tuple(
        replace(one, mattes=one.mattes.to(device), colours=one.colours.to(device)) for one in paints
    )


def draw(values: Tensor) -> Tensor:
    """Faces `(n, 3, 64, 64)` uint8 for factor values `(n, 8)` int64 in the order of `SIZES`."""
    paints = _paints(values.device)
    ground = _rgb(*BACKGROUND).to(values.device)
    drawn = torch.empty(len(values), 3, SIZE, SIZE, dtype=torch.uint8, device=values.device)
    size = _CHUNK.get(values.device.type, 256)
    for start in range(0, len(values), size):
        part = values[start : start + size]
        factors = dict(zip(SIZES, part.unbind(1), strict=True))
        images = ground[factors["background hue"]].expand(-1, 3, SIZE, SIZE).clone()
        for paint in paints:
            paint.onto(images, factors)
        drawn[start : start + size] = images.add_(0.5)  # becoming bytes cuts off: rounds
    return drawn
