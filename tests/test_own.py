"""Pictures of one's own: whatever a person hands in is used, or refused in one sentence."""

from __future__ import annotations

import io
import os
import struct
import threading
import zlib

import numpy as np
import pytest
from PIL import Image

from explorer import own, store
from explorer.errors import ExplorerError
from tests.support import is_one_sentence

RNG = np.random.default_rng(0)
COLOURS = Image.fromarray(RNG.integers(0, 256, (40, 60, 3), dtype=np.uint8))


def saved(image: Image.Image, kind: str = "PNG", **more) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **more)
    return stream.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A small PNG that unfolds to a huge one: black rows, well compressed."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def test_a_picture_is_kept_under_a_name_that_its_content_gives():
    name = own.keep(saved(COLOURS))
    assert own.exists(name)
    assert own.keep(saved(COLOURS)) == name
    np.testing.assert_array_equal(np.asarray(own.read(name)), np.asarray(COLOURS))
    assert own.keep(saved(COLOURS.rotate(90, expand=True))) != name
    assert [file.name for file in own.folder().iterdir()].count(f"{name}.png") == 1
    assert store.find([(store.home(), False)]).faults == []


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (COLOURS.convert("CMYK"), "JPEG"),
        (COLOURS.convert("L"), "PNG"),
        (COLOURS.convert("1"), "PNG"),
        (COLOURS.convert("P"), "PNG"),
        (COLOURS.convert("RGBA"), "PNG"),
        (COLOURS.convert("LA"), "PNG"),
        (COLOURS, "WEBP"),
        (Image.fromarray(np.full((9, 9), 60_000, np.uint16)), "PNG"),
        (Image.new("RGB", (50, 50), "white"), "JPEG"),
        (Image.new("L", (1, 1)), "PNG"),
    ],
    ids=lambda value: getattr(value, "mode", value),
)
def test_any_mode_and_size_becomes_grey_or_rgb(image, kind):
    kept = own.read(own.keep(saved(image, kind)))
    assert kept.mode in ("L", "RGB")
    assert kept.size == image.size
    if kind == "PNG" and image.mode in ("L", "1"):
        np.testing.assert_array_equal(np.asarray(kept), np.asarray(image.convert("L")))


def test_sixteen_bits_keep_their_brightness():
    deep = Image.fromarray(np.uint16([[0, 32_768], [65_535, 6_553]]))
    kept = np.asarray(own.read(own.keep(saved(deep))))
    np.testing.assert_array_equal(kept, [[0, 128], [255, 25]])


def test_what_is_transparent_is_white():
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert (np.asarray(own.read(own.keep(saved(clear)))) == 255).all()


def test_a_photograph_is_kept_upright_and_no_larger_than_needed():
    wide = Image.new("RGB", (4000, 1000), "black")
    wide.paste("white", (0, 0, 2000, 1000))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned clockwise when shown: what was left is on top
    kept = own.read(own.keep(saved(wide, "JPEG", exif=exif)))
    assert kept.size == (128, 512)
    assert np.asarray(kept.convert("L"))[:200].mean() > 250
    assert np.asarray(kept.convert("L"))[-200:].mean() < 5


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"digit",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 60,
        saved(COLOURS)[:200],
        saved(COLOURS, "GIF"),
        saved(COLOURS, "TIFF"),
        saved(COLOURS, "WEBP", save_all=True, append_images=[COLOURS.rotate(9)]),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        bomb(20_000, 10_000),
        bomb(100_000, 100_000),
    ],
    ids=["empty", "text", "header", "cut", "gif", "tiff", "animation", "svg", "200 MP", "10 GP"],
)
def test_what_is_no_usable_picture_is_refused_in_one_sentence(data):
    with pytest.raises(ExplorerError) as refused:
        own.keep(data)
    assert is_one_sentence(str(refused.value))
    assert "PNG, JPEG or WebP" in str(refused.value)
    assert not own.folder().exists()


def test_a_file_that_is_too_large_is_refused_before_it_is_read():
    with pytest.raises(ExplorerError, match="at most 20 MB"):
        own.keep(bytes(own.MAX_BYTES + 1))


@pytest.mark.parametrize("name", ["0" * 16, "", "../../card", "ABCDEF0123456789", "a" * 15])
def test_a_picture_that_is_not_there_is_said(name):
    assert not own.exists(name)
    with pytest.raises(ExplorerError, match="draw or upload it again"):
        own.read(name)


def test_of_too_many_the_one_kept_longest_ago_goes(monkeypatch):
    monkeypatch.setattr(own, "MOST", 3)
    names = []
    for level in range(3):
        names.append(own.keep_picture(Image.new("L", (5, 5), level)))
        os.utime(own.folder() / f"{names[-1]}.png", ns=(level, level))
    own.keep_picture(Image.new("L", (5, 5), 0))  # kept again: now it is the newest
    own.keep_picture(Image.new("L", (5, 5), 99))
    assert [own.exists(name) for name in names] == [True, False, True]


def test_thirty_people_keep_the_same_picture_at_once():
    data, found = saved(COLOURS), []
    people = [threading.Thread(target=lambda: found.append(own.keep(data))) for _ in range(30)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert len(found) == 30
    assert len(set(found)) == 1
    np.testing.assert_array_equal(np.asarray(own.read(found[0])), np.asarray(COLOURS))
