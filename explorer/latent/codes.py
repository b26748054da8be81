"""The codes of a VQ-VAE: how its codebook is used, what each code looks like, maps of codes as
short text, and new ones from the prior that has learned them.

A map of codes is `(h, w)` int64, each below K; several are `(N, h, w)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from explorer import store
from explorer.errors import ExplorerError
from explorer.latent.sample import learned_prior
from explorer.loaded import Model, network_of
from explorer.models.code_prior import FREE, CodePrior
from explorer.models.vq_vae import VQVAE, usage

# 64 signs that stand in an address as they are.
SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# Images that are decoded to see what a code looks like where it is used.
LOOKED_AT = 2000
# Maps that a code which nobody uses is put into the middle of.
CONTEXTS = 16
BATCH = 500
# Grids that are drawn together for each completion whose kept cells do not come first; with 32 the
# completions of the right half of a digit cost 92 nats, with 1 it was 120, a real one costs 88.
PARTICLES = 32
MOST_DRAWN, HOTTEST = 16, 4.0


def codebook_of(model: Model) -> VQVAE:
    """The network of a model that has codes. Raises ExplorerError for any other."""
    if not isinstance(model.network, VQVAE):
        raise ExplorerError(
            f"'{model.id}' has no codes; choose a VQ-VAE, whose latent is a grid of codes."
        )
    return model.network


@torch.inference_mode()
def decoded(model: Model, codes: np.ndarray) -> np.ndarray:
    """Images `(N, C, H, W)` in [0, 1] of maps of codes `(N, h, w)`."""
    network = codebook_of(model)
    grids = torch.from_numpy(checked(codes, network)).to(network.device)
    parts = [network.decode_codes(part) for part in grids.split(BATCH)]
    return torch.cat(parts).float().cpu().numpy()


@torch.inference_mode()
def encoded(model: Model, images: np.ndarray) -> np.ndarray:
    """The maps of codes `(N, h, w)` of images `(N, C, H, W)` in [0, 1]."""
    network = codebook_of(model)
    x = torch.as_tensor(images, dtype=torch.float32, device=network.device)
    return network.codes(x).cpu().numpy()


def checked(codes: np.ndarray, network: VQVAE) -> np.ndarray:
    """Maps of codes `(N, h, w)` int64 of the shape and numbers that a network takes.

    Raises ExplorerError for others; `(N, h * w)` is taken too.
    """
    height, width = network.grid
    size = network.spec.codebook_size
    if codes.ndim < 2 or int(np.prod(codes.shape[1:])) != height * width:
        raise ExplorerError(
            f"A map of codes of this model has {height} x {width} = {height * width} codes."
        )
    if codes.size and not (codes.min() >= 0 and codes.max() < size):
        raise ExplorerError(f"The codes of this model are numbered 0 to {size - 1}.")
    return codes.reshape(-1, height, width).astype(np.int64)


# --- as text ----------------------------------------------------------------------------------


def signs_for(size: int) -> int:
    """How many signs a code of a codebook of `size` needs."""
    signs = 1
    while len(SIGNS) ** signs < size:
        signs += 1
    return signs


def to_text(codes: np.ndarray, size: int) -> str:
    """A map of codes as short text for an address, row by row, each in as many signs as the
    largest code of the codebook needs."""
    signs, base = signs_for(size), len(SIGNS)
    numbers = codes.reshape(-1).tolist()
    return "".join(
        SIGNS[number // base**place % base] for number in numbers for place in range(signs)[::-1]
    )


def from_text(text: str, network: VQVAE) -> np.ndarray:
    """The map of codes `(h, w)` that `to_text` wrote. Raises ExplorerError for other text."""
    size = network.spec.codebook_size
    signs, cells = signs_for(size), network.grid[0] * network.grid[1]
    if len(text) != signs * cells or not set(text) <= set(SIGNS):
        raise ExplorerError(
            f"The codes in this address are {cells} codes of {signs} letters each; these are none."
        )
    numbers = np.array([SIGNS.index(sign) for sign in text], np.int64).reshape(cells, signs)
    places = len(SIGNS) ** np.arange(signs)[::-1]
    return checked((numbers * places).sum(1)[None], network)[0]


def mask_to_text(kept: np.ndarray) -> str:
    """Which cells `(h, w)` bool are kept, as hexadecimal digits, the first cell in front; empty
    where none is."""
    flat = kept.reshape(-1)
    bits = "".join("1" if one else "0" for one in flat) + "0" * (-flat.size % 4)
    return f"{int(bits, 2):0{len(bits) // 4}x}" if flat.any() else ""


def mask_from_text(text: str, network: VQVAE) -> np.ndarray:
    """The cells `(h, w)` bool that `mask_to_text` wrote. Raises ExplorerError for other text."""
    height, width = network.grid
    cells = height * width
    digits = -(-cells // 4)
    if text and (len(text) != digits or not set(text) <= set("0123456789abcdef")):
        raise ExplorerError(f"The kept cells in this address are {digits} hexadecimal digits.")
    bits = f"{int(text or '0', 16):0{4 * digits}b}"[:cells]
    return np.array([bit == "1" for bit in bits]).reshape(height, width)


# --- the codebook -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Codebook:
    """How the codes of N maps `(N, h, w)` use a codebook of K: `counts (K,)` int64."""

    counts: np.ndarray
    perplexity: float

    @cached_property
    def order(self) -> np.ndarray:
        """The codes, most used first."""
        return np.argsort(-self.counts, kind="stable")

    @property
    def dead(self) -> list[int]:
        return np.flatnonzero(self.counts == 0).tolist()

    @property
    def words(self) -> str:
        """How it is used, in two sentences for a student."""
        size, dead = len(self.counts), len(self.dead)
        used = f"All {size} codes are used" if not dead else f"{size - dead} of {size} are used"
        used += f"; {dead} {'is' if dead == 1 else 'are'} dead (no image has it)." if dead else "."
        return (
            f"{used} Perplexity {self.perplexity:.3g}: as much variety as {self.perplexity:.3g} "
            "codes that are used alike."
        )


def used(codes: np.ndarray, size: int) -> Codebook:
    """How maps of codes of any shape use a codebook of `size`."""
    found = usage(torch.from_numpy(codes), size)
    counts = np.bincount(codes.reshape(-1), minlength=size)
    return Codebook(counts, float(found["perplexity"]))


def looks(model: Model, codes: np.ndarray) -> np.ndarray:
    """What each code looks like, `(K, C, h, w)` in [0, 1], by its use in maps `(N, h, w)`.

    The mean of the decoded images around the cells that hold it, three cells wide: the middle is
    the code's own patch. (A code in every cell, or in the middle of a blank, is a picture that the
    decoder never learned: most are nearly black.) A code that no map holds is put into the middle
    of the first CONTEXTS maps.
    """
    network = codebook_of(model)
    codes = checked(codes[:LOOKED_AT], network)
    size, (rows, columns) = network.spec.codebook_size, network.grid
    parts, flat = around(decoded(model, codes), network.grid), codes.reshape(-1)
    sums = torch.zeros(size, *parts.shape[1:]).index_add_(0, torch.from_numpy(flat), parts)
    counts = np.bincount(flat, minlength=size)
    tiles = sums / torch.from_numpy(counts).clamp(min=1).view(-1, 1, 1, 1)
    middle = rows // 2 * columns + columns // 2
    for dead in np.flatnonzero(counts == 0).tolist():
        maps = codes[:CONTEXTS].copy()
        maps[:, rows // 2, columns // 2] = dead
        tiles[dead] = around(decoded(model, maps), network.grid)[middle :: rows * columns].mean(0)
    return tiles.numpy()


def around(images: np.ndarray, grid: tuple[int, int]) -> torch.Tensor:
    """The part of each image `(N, C, H, W)` around each cell of a grid `(h, w)`, three cells wide
    and high (beyond the border 0): `(N * h * w, C, 3 H / h, 3 W / w)`."""
    channels, height, width = images.shape[1:]
    tall, wide = height // grid[0], width // grid[1]
    padded = F.pad(torch.from_numpy(images), (wide, wide, tall, tall))
    windows = padded.unfold(2, 3 * tall, tall).unfold(3, 3 * wide, wide)
    return windows.permute(0, 2, 3, 1, 4, 5).reshape(-1, channels, 3 * tall, 3 * wide)


# --- the prior --------------------------------------------------------------------------------


def prior_of(model: Model) -> CodePrior | None:
    """The prior over the codes of a model, open; None where nobody has trained one."""
    artefact = learned_prior(model.card)
    if artefact is None:
        return None
    where = (artefact.folder, artefact.shipped, artefact.card.weights_sha256)
    return _opened(*where, model.device.type)


@lru_cache(maxsize=4)
def _opened(folder: Path, shipped: bool, digest: str, device: str) -> CodePrior | None:
    """A prior of these weights, read once."""
    artefact = store.Artefact(folder, store.read_card(folder), shipped)
    network = network_of(artefact, device)
    return network if isinstance(network, CodePrior) else None


@torch.inference_mode()
def surprise(prior: CodePrior, codes: np.ndarray) -> np.ndarray:
    """-ln p of each code of maps `(N, h, w)`, given those before it in reading order, `(N, h, w)`
    nats; their sum is -ln p of the map."""
    tokens = torch.from_numpy(codes).flatten(1).to(prior.device)
    return prior.nats_of_each(tokens).view(codes.shape).cpu().numpy()


@dataclass(frozen=True)
class Drawn:
    """Maps `(n, h, w)` from a prior, their -ln p `(n,)` in nats, and how they were drawn."""

    codes: np.ndarray
    nats: np.ndarray
    words: str


def draw(
    prior: CodePrior,
    n: int,
    seed: int,
    temperature: float = 1.0,
    codes: np.ndarray | None = None,
    kept: np.ndarray | None = None,
) -> Drawn:
    """`n` maps from a prior; the same seed gives the same.

    With `codes` and `kept` (both `(h, w)`) the kept cells stay as they are. Raises ExplorerError
    for numbers beyond what can be asked for.
    """
    if not (1 <= n <= MOST_DRAWN and 0 <= temperature <= HOTTEST):
        raise ExplorerError(
            f"1 to {MOST_DRAWN} maps of codes are drawn at once, at a temperature of 0 to "
            f"{HOTTEST:g}."
        )
    known = None
    if codes is not None and kept is not None and kept.any():
        known = torch.from_numpy(np.where(kept, codes, FREE)).to(prior.device)
    first = known is None or first_cells(kept)
    noise = torch.Generator(prior.device).manual_seed(seed)
    drawn = prior.sample(n, noise, temperature, known, 1 if first else PARTICLES).cpu().numpy()
    return Drawn(drawn, surprise(prior, drawn).sum((1, 2)), how(kept, first, temperature))


def first_cells(kept: np.ndarray | None) -> bool:
    """Whether no kept cell comes after a free one, in reading order."""
    flat = np.zeros(0, bool) if kept is None else kept.reshape(-1)
    return not (flat[1:] & ~flat[:-1]).any() and (not flat.any() or bool(flat[0]))


def how(kept: np.ndarray | None, first: bool, temperature: float) -> str:
    """How maps were drawn, in a sentence for a student."""
    likely = "" if temperature == 1 else f" Scores divided by {temperature:g}, the temperature."
    if temperature == 0:
        likely = " At temperature 0 the likeliest code is taken each time."
    if kept is None or not kept.any():
        return f"Every cell is drawn after those before it, in reading order.{likely}"
    if kept.all():
        return "Every cell is kept, so there is nothing to draw."
    if first:
        return (
            "The kept cells come first in reading order, so the others are drawn exactly as the "
            f"prior expects them to go on.{likely}"
        )
    return (
        "The prior reads from the top left and cannot look ahead to kept cells. So it draws "
        f"{PARTICLES} maps for each and goes on with those that make the kept cells probable: "
        f"nearly what it would expect around them.{likely}"
    )
