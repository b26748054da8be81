"""One picture after the other: sizes, modes, orientations, and files that cannot be used."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from explorer.data.pictures import (
    CHUNK,
    NAMED_FAULTS,
    UnusableError,
    planes,
    read_each,
    read_square,
    shown,
    told,
)


def smooth(width: int, height: int) -> np.ndarray:
    """A colour picture `(height, width, 3)` in which every place looks different."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    red, green = 255 * x / max(1, width - 1), 255 * y / max(1, height - 1)
    return np.stack([red, green, 255 - (red + green) / 2], axis=2).round().astype(np.uint8)


def save(tmp_path, image, name="a.png", **more):
    file = tmp_path / name
    image.save(file, **more)
    return file


def triangle(old: int, new: int, start: float, length: float) -> np.ndarray:
    """Weights `(new, old)` of an antialiased linear scaling of `start .. start + length`."""
    scale = length / new
    reach = max(scale, 1.0)
    centre = start + (np.arange(new)[:, None] + 0.5) * scale
    weights = np.maximum(0, 1 - np.abs(np.arange(old)[None] + 0.5 - centre) / reach)
    return weights / weights.sum(axis=1, keepdims=True)


def squared(array: np.ndarray, size: int) -> np.ndarray:
    """The middle square of `(H, W, 3)` scaled to `(3, size, size)`, computed by hand."""
    height, width, _ = array.shape
    side = min(width, height)
    rows = triangle(height, size, (height - side) / 2, side)
    columns = triangle(width, size, (width - side) / 2, side)
    return np.einsum("yh,xw,hwc->cyx", rows, columns, array.astype(float), optimize=True)


# --- sizes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "height"), [(16, 16), (64, 40), (40, 64), (33, 100), (5, 9), (1, 1), (400, 3)]
)
def test_the_shorter_side_is_scaled_and_the_middle_kept(tmp_path, width, height):
    array = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    square = read_square(save(tmp_path, Image.fromarray(array)), 16, grey=False)
    assert square.shape == (3, 16, 16)
    assert square.dtype == np.uint8
    np.testing.assert_allclose(square, squared(array, 16), atol=1.01)


def test_fine_stripes_become_grey_and_no_false_pattern(tmp_path):
    stripes = np.zeros((128, 128), dtype=np.uint8)
    stripes[:, ::2] = 255
    square = read_square(save(tmp_path, Image.fromarray(stripes)), 16, grey=True)
    assert square.min() > 110
    assert square.max() < 145


def test_a_large_jpeg_is_the_same_picture_as_a_png(tmp_path):
    array = smooth(1600, 1200)
    jpeg = save(tmp_path, Image.fromarray(array), "a.jpg", quality=98)
    np.testing.assert_allclose(read_square(jpeg, 32, grey=False), squared(array, 32), atol=4)


# --- modes ------------------------------------------------------------------------------------


def test_grey_pictures_become_equal_channels_and_colours_their_brightness(tmp_path):
    grey = save(tmp_path, Image.new("L", (8, 8), 77))
    assert np.unique(read_square(grey, 8, grey=False)).tolist() == [77]
    colour = save(tmp_path, Image.new("RGB", (8, 8), (200, 100, 50)))
    square = read_square(colour, 8, grey=True)
    assert square.shape == (1, 8, 8)
    assert np.unique(square).tolist() == [round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)]


def palette(transparent: int | None = None) -> tuple[Image.Image, dict]:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 10, 200, 30])
    return image, {} if transparent is None else {"transparency": transparent}


FLAT = {
    "RGBA, opaque": (Image.new("RGBA", (8, 8), (10, 200, 30, 255)), {}, (10, 200, 30)),
    "RGBA, clear": (Image.new("RGBA", (8, 8), (10, 200, 30, 0)), {}, (255, 255, 255)),
    "RGBA, a fifth": (Image.new("RGBA", (8, 8), (0, 100, 255, 51)), {}, (204, 224, 255)),
    "LA, clear": (Image.new("LA", (8, 8), (0, 0)), {}, (255, 255, 255)),
    "L, one value clear": (Image.new("L", (8, 8), 9), {"transparency": 9}, (255, 255, 255)),
    "palette": (*palette(), (10, 200, 30)),
    "palette, clear": (*palette(transparent=1), (255, 255, 255)),
    "palette, another clear": (*palette(transparent=0), (10, 200, 30)),
    "one bit": (Image.new("1", (8, 8), 1), {}, (255, 255, 255)),
    "16 bit, white": (Image.new("I;16", (8, 8), 65_535), {}, (255, 255, 255)),
    "16 bit, half": (Image.new("I;16", (8, 8), 128 * 257), {}, (128, 128, 128)),
    "16 bit, dark": (Image.new("I;16", (8, 8), 300), {}, (1, 1, 1)),
}


@pytest.mark.parametrize(("image", "more", "expected"), FLAT.values(), ids=FLAT)
def test_every_mode_becomes_the_colours_that_are_seen_on_white(tmp_path, image, more, expected):
    square = read_square(save(tmp_path, image, **more), 8, grey=False)
    assert [np.unique(channel).tolist() for channel in square] == [[value] for value in expected]


@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
def test_16_bit_tiffs_are_scaled_in_either_byte_order(tmp_path, mode):
    values = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1024
    raw = values.astype("<u2" if mode == "I;16" else ">u2").tobytes()
    file = save(tmp_path, Image.frombytes(mode, (8, 8), raw), "a.tif")
    expected = np.round(values / 257)
    np.testing.assert_array_equal(read_square(file, 8, grey=True)[0], expected)


def test_a_cmyk_jpeg_has_its_colours(tmp_path):
    array = smooth(64, 64)
    file = save(tmp_path, Image.fromarray(array).convert("CMYK"), "a.jpg", quality=98)
    np.testing.assert_allclose(read_square(file, 16, grey=False), squared(array, 16), atol=6)


@pytest.mark.parametrize("name", ["a.bmp", "a.gif", "a.webp", "a.tif", "a.ppm", "a.png", "a.jpg"])
def test_every_format_that_is_promised_is_read(tmp_path, name):
    file = save(tmp_path, Image.new("RGB", (8, 8), (0, 0, 255)), name)
    red, green, blue = read_square(file, 8, grey=False)
    assert red.max() < 4
    assert green.max() < 4
    assert blue.min() > 250


def test_the_bytes_decide_and_not_the_ending(tmp_path):
    file = save(tmp_path, Image.new("L", (8, 8), 9), "a.png")
    assert np.unique(read_square(file.rename(tmp_path / "a.jpg"), 8, grey=True)).tolist() == [9]


# --- orientation ------------------------------------------------------------------------------

# What has to be done to the stored array to see it upright (EXIF 2.32, tag 0x0112).
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize(("orientation", "turn"), UPRIGHT.items())
def test_photographs_are_turned_upright(tmp_path, orientation, turn):
    array = smooth(24, 16)
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = save(tmp_path, Image.fromarray(array), exif=exif)
    np.testing.assert_allclose(
        read_square(file, 16, grey=False), squared(turn(array), 16), atol=1.01
    )


def test_a_large_photograph_is_turned_upright_too(tmp_path):
    array = smooth(900, 600)
    exif = Image.Exif()
    exif[0x0112] = 6
    file = save(tmp_path, Image.fromarray(array), "a.jpg", exif=exif, quality=98)
    expected = squared(np.rot90(array, -1), 16)
    np.testing.assert_allclose(read_square(file, 16, grey=False), expected, atol=5)


# --- files that cannot be used ----------------------------------------------------------------


def reason(file) -> str:
    (outcome,) = read_each([file], lambda file: read_square(file, 8, grey=False))
    assert isinstance(outcome, str), "the file was read"
    return outcome


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.tif"])
def test_several_frames_or_pages_are_no_picture(tmp_path, name):
    frames = [Image.new("RGB", (8, 8), (value, 0, 0)) for value in (0, 100, 200)]
    file = save(tmp_path, frames[0], name, save_all=True, append_images=frames[1:])
    assert reason(file) == "is an animation or has several pages"


def test_a_photograph_with_a_second_view_beside_it_is_one_picture(tmp_path):
    frames = [Image.new("RGB", (16, 16), (200, 0, 0)), Image.new("RGB", (16, 16), (0, 0, 200))]
    file = save(tmp_path, frames[0], "a.jpg", format="MPO", save_all=True, append_images=frames[1:])
    red, _, blue = read_square(file, 8, grey=False)
    assert red.min() > 190
    assert blue.max() < 10


def png_header(width: int, height: int) -> bytes:
    """A PNG that announces a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    facts = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", facts), chunk(b"IDAT", zlib.compress(b"")), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("side", [10_000, 100_000])
@pytest.mark.filterwarnings("error")
def test_a_small_file_that_unfolds_to_gigabytes_is_not_unfolded(tmp_path, side):
    file = tmp_path / "bomb.png"
    file.write_bytes(png_header(side, side))
    assert "more than the limit of 89,478,485" in reason(file)


def png() -> bytes:
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).save(stream, "png")
    return stream.getvalue()


BROKEN = {
    "empty": b"",
    "words": b"this is no picture",
    "a web page": b"<!DOCTYPE html><html>404</html>",
    "half a png": png()[: len(png()) // 2],
    "a scratched png": png()[:300] + bytes(200) + png()[500:],
    "only a header": png_header(40, 40),
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\nshowpage\n",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_a_reason(tmp_path, data):
    file = tmp_path / "a.png"
    file.write_bytes(data)
    assert reason(file) == "is damaged or of a kind that cannot be read"


def test_decimal_and_32_bit_numbers_are_a_reason(tmp_path):
    decimals = save(tmp_path, Image.new("F", (8, 8), 0.5), "a.tif")
    assert reason(decimals).startswith("holds decimal numbers")
    large = save(tmp_path, Image.new("I", (8, 8), 70_000), "b.tif")
    assert reason(large) == "holds numbers beyond 16 bits"


def test_a_file_that_is_not_there_is_a_reason(tmp_path):
    assert reason(tmp_path / "nowhere.png") == "is missing"


# --- many -------------------------------------------------------------------------------------


def test_outcomes_come_in_the_order_of_the_files_and_progress_ends_with_all(tmp_path):
    files = [tmp_path / str(i) for i in range(2 * CHUNK + 5)]
    told_of = []

    def read(file):
        if file.name == "7":
            raise UnusableError("is seven")
        return np.full((1, 1, 1), int(file.name) % 256, dtype=np.uint8)

    outcomes = list(read_each(files, read, lambda done, total: told_of.append((done, total))))
    assert outcomes.pop(7) == "is seven"
    values = [i % 256 for i in range(len(files)) if i != 7]
    assert [outcome.item() for outcome in outcomes] == values
    assert told_of == [(n, len(files)) for n in (CHUNK, 2 * CHUNK, len(files))]


def test_at_most_twenty_faults_are_named_and_the_rest_is_counted():
    faults = [f"'{i}.png' is damaged." for i in range(NAMED_FAULTS + 1_200)]
    assert told(faults[:NAMED_FAULTS]) == tuple(faults[:NAMED_FAULTS])
    assert told(faults)[:-1] == tuple(faults[:NAMED_FAULTS])
    assert told(faults)[-1] == "1,200 more files could not be used."
    assert told(faults[: NAMED_FAULTS + 1])[-1] == "1 more file could not be used."


def test_names_are_shown_on_one_line():
    assert shown("Äpfel 苹果.png") == "Äpfel 苹果.png"
    assert shown("a\nb\udcff.png") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}.png"


def test_planes_put_the_channel_first():
    array = smooth(4, 3)
    np.testing.assert_array_equal(planes(Image.fromarray(array)), array.transpose(2, 0, 1))
    assert planes(Image.fromarray(array[:, :, 0])).shape == (1, 3, 4)
