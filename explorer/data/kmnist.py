"""KMNIST: 70,000 handwritten cursive Japanese characters (Kuzushiji), 28x28 grey.

Ten hiragana, one for each row of the syllabary; a class is named by its sound and the modern
character, which cursive forms often do not resemble.
Source: Clanuwat et al. 2018, http://codh.rois.ac.jp/kmnist (CC BY-SA 4.0).
"""

from __future__ import annotations

from pathlib import Path

from explorer.data.base import Dataset
from explorer.data.idx import Idx, load_idx
from explorer.data.registry import register

KMNIST = Idx(
    name="kmnist",
    title="KMNIST",
    folder="KMNIST",
    source="KMNIST, 60,000 training and 10,000 test cursive Japanese characters",
    classes=(
        *("o お", "ki き", "su す", "tsu つ", "na な"),
        *("ha は", "ma ま", "ya や", "re れ", "wo を"),
    ),
    noun="character",
    fit="ink",
)


@register(KMNIST.name)
def load(root: Path, download: bool) -> Dataset:
    return load_idx(KMNIST, root, download)
