"""Decoding: any common format, bounded, and broken bytes told apart."""

from __future__ import annotations

import io
import struct
import zlib
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from trainers.data.errors import DataError
from trainers.data.image import decode_image, encode_jpeg, resize_image, try_decode


def encoded(image: Image.Image, form: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_jpeg_of_any_mode_is_rgb(mode: str) -> None:
    image = Image.new("RGB", (30, 20), (200, 100, 50)).convert(mode)
    pixels = decode_image(encoded(image, "JPEG"))
    assert pixels.shape == (20, 30, 3)
    assert pixels.dtype == np.uint8
    expected = (200, 100, 50) if mode != "L" else (124, 124, 124)
    assert np.abs(pixels[10, 15].astype(int) - expected).max() < 8


@pytest.mark.parametrize("form", ["PNG", "BMP", "GIF", "WEBP", "TIFF"])
def test_other_formats(form: str) -> None:
    pixels = decode_image(encoded(Image.new("RGB", (30, 20), (0, 0, 250)), form))
    assert pixels.shape == (20, 30, 3)
    assert pixels[5, 5, 2] > 230
    assert pixels[5, 5, 0] < 20


def test_transparency_lies_on_white() -> None:
    data = encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG")
    assert (decode_image(data) == 255).all()


def test_sixteen_bit_grey_is_scaled() -> None:
    grey = Image.fromarray(np.full((8, 8), 32768, dtype=np.uint16))
    assert abs(int(decode_image(encoded(grey, "PNG"))[0, 0, 0]) - 128) <= 1


def test_a_huge_header_is_refused_before_decoding() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with pytest.raises(DataError, match="pixels"):
        decode_image(bomb)


def test_truncated_jpeg_is_unreadable() -> None:
    rng = np.random.default_rng(0)
    data = encode_jpeg(rng.integers(0, 255, (40, 90, 3), dtype=np.uint8), 90)
    assert try_decode(data) is not None
    assert try_decode(data[: len(data) // 2]) is None


@given(st.binary(max_size=200))
def test_noise_never_raises(data: bytes) -> None:
    for prefix in (b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"GIF89a"):
        try_decode(prefix + data)


def test_empty_and_none() -> None:
    assert try_decode(None) is None
    assert try_decode(b"") is None
    with pytest.raises(DataError, match="0 bytes"):
        decode_image(b"")


def test_resize_keeps_shades() -> None:
    image = np.full((64, 333, 3), 77, dtype=np.uint8)
    for height, width in ((32, 100), (200, 400), (64, 333), (32, 400)):
        resized = resize_image(image, height, width)
        assert resized.shape == (height, width, 3)
        assert (resized == 77).all()
        assert resized.flags.c_contiguous


def noted(image: NDArray[np.uint8], form: str, orientation: int) -> bytes:
    """The image as a camera would store it that was held so."""
    turned = {
        1: image, 2: image[:, ::-1], 3: image[::-1, ::-1], 4: image[::-1],
        5: image.swapaxes(0, 1), 6: np.rot90(image), 7: image[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(image, 3),
    }  # fmt: skip
    exif = Image.Exif()
    exif[0x112] = orientation
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(turned[orientation])).save(stream, form, exif=exif)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_upright(form: str, orientation: int) -> None:
    image = np.zeros((16, 48, 3), np.uint8)
    image[:8, :16] = 200  # One corner: no two orientations look alike.
    found = decode_image(noted(image, form, orientation))
    assert found.shape == image.shape
    assert np.abs(found.astype(int) - image).mean() < 12
    stored = decode_image(noted(image, form, orientation), upright=False)
    assert stored.shape == (image.shape if orientation < 5 else (48, 16, 3))


def test_damaged_notes_of_a_camera_do_no_harm() -> None:
    image = np.zeros((16, 48, 3), np.uint8)
    data = bytearray(noted(image, "JPEG", 6))
    place = data.index(b"Exif") + 6
    data[place : place + 20] = b"\xff" * 20
    assert decode_image(bytes(data)).shape == (48, 16, 3)


def test_no_decoder_starts_a_program() -> None:
    """Pillow hands EPS to Ghostscript, whatever the file is called."""
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
    with (
        mock.patch("subprocess.Popen", side_effect=AssertionError("a program was started")),
        pytest.raises(DataError, match="no image"),
    ):
        decode_image(eps)
