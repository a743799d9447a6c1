"""Bytes to pixels: bounded decoding and resizing.

Every command sees the same picture: the orientation that a camera noted (EXIF) is honoured here and
nowhere else. Formats are named, since some of Pillow's decoders start a program (EPS).

Shape legend: H height, W width, 3 RGB.
"""

from __future__ import annotations

import io
import warnings

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from trainers.data.errors import DataError
from trainers.data.opencv import cv2

RGB = NDArray[np.uint8]

MAX_PIXELS = 25_000_000
MAX_BYTES = 32 * 1024 * 1024
#: What Pillow may open, by its own names.
FORMATS = (
    "JPEG", "PNG", "BMP", "DIB", "GIF", "TIFF", "WEBP", "PPM", "JPEG2000", "TGA", "ICO",
)  # fmt: skip
#: Where EXIF data are, if there are any: behind the first markers of a JPEG.
_EXIF, _EXIF_WITHIN = b"Exif\0\0", 1 << 17
_ORIENTATION = 0x0112
#: EXIF orientation -> whether it is mirrored, and quarter turns to the left that make it upright.
_UPRIGHT = {
    2: (True, 0),
    3: (False, 2),
    4: (True, 2),
    5: (True, 1),
    6: (False, 3),
    7: (True, 3),
    8: (False, 1),
}


def decode_image(data: bytes, upright: bool = True) -> RGB:
    """Decode an image file to uint8 RGB of shape (H, W, 3).

    It is turned as its EXIF orientation says, as viewers show it, unless ``upright`` is false: for
    boxes that were measured on the pixels as they are stored.

    JPEG goes through simplejpeg (three times as fast), everything else and every JPEG that
    it refuses through Pillow. Sizes are read from the header and bounded before any pixel
    is decoded. Grey becomes RGB; transparency is laid over white.

    Raises:
        DataError: empty, larger than ``MAX_BYTES`` or ``MAX_PIXELS``, or not decodable.
    """
    if not data:
        raise DataError("empty image: 0 bytes given, an encoded image expected")
    if len(data) > MAX_BYTES:
        raise DataError(f"image of {len(data)} bytes given, at most {MAX_BYTES} expected")
    if data[:2] == b"\xff\xd8":
        decoded = _decode_jpeg(data)
        if decoded is not None:
            noted = upright and data.find(_EXIF, 0, _EXIF_WITHIN) >= 0
            return _turned(decoded, _orientation_of(data)) if noted else decoded
    return _decode_any(data, upright)


def try_decode(data: bytes | None, upright: bool = True) -> RGB | None:
    """Like `decode_image`, but ``None`` for anything that cannot be decoded."""
    if not data:
        return None
    try:
        return decode_image(data, upright)
    except DataError:
        return None


def resize_image(image: RGB, height: int, width: int) -> RGB:
    """Resize (H, W, 3) to (height, width, 3); area averaging when shrinking, else linear."""
    if image.shape[0] == height and image.shape[1] == width:
        return np.ascontiguousarray(image)
    shrinks = image.shape[0] >= height and image.shape[1] >= width
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), dtype=np.uint8)


def encode_jpeg(image: RGB, quality: int) -> bytes:
    """Encode (H, W, 3) RGB as JPEG with 4:2:0 chroma, the common case of cameras."""
    return bytes(
        simplejpeg.encode_jpeg(
            np.ascontiguousarray(image), quality=quality, colorspace="RGB", colorsubsampling="420"
        )
    )


def _decode_jpeg(data: bytes) -> RGB | None:
    try:
        height, width, colorspace, _ = simplejpeg.decode_jpeg_header(data, strict=False)
    except (ValueError, KeyError):  # KeyError: a colour space that it has no name for
        return None
    _check_pixels(height, width)
    if colorspace in ("CMYK", "YCCK"):
        return None
    try:
        image = simplejpeg.decode_jpeg(data, colorspace="RGB", strict=True)
    except (ValueError, KeyError):
        return None
    return np.asarray(image, dtype=np.uint8)


def _orientation_of(data: bytes) -> int:
    """What is noted in a JPEG that could be decoded; 0 for nothing that can be read."""
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data), formats=["JPEG"]) as opened:
            warnings.simplefilter("ignore")
            return _orientation(opened)
    except Exception:  # noqa: BLE001 - damaged EXIF data make Pillow raise whatever they hit.
        return 0


def _orientation(opened: Image.Image) -> int:
    # Pillow turns TIFF files itself.
    found = 0 if opened.format == "TIFF" else opened.getexif().get(_ORIENTATION, 0)
    return found if isinstance(found, int) else 0


def _turned(image: RGB, orientation: int) -> RGB:
    if orientation not in _UPRIGHT:
        return image
    mirrored, turns = _UPRIGHT[orientation]
    return np.ascontiguousarray(np.rot90(image[:, ::-1] if mirrored else image, turns))


def _decode_any(data: bytes, upright: bool) -> RGB:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
                _check_pixels(opened.height, opened.width)
                opened.load()
                orientation = _orientation(opened) if upright else 0
                if opened.has_transparency_data:
                    layer = opened.convert("RGBA")
                    flat = Image.new("RGBA", layer.size, (255, 255, 255, 255))
                    flat.alpha_composite(layer)
                    image = flat.convert("RGB")
                else:
                    image = _to_eight_bits(opened).convert("RGB")
                return _turned(np.array(image, dtype=np.uint8), orientation)
    except DataError:
        raise
    except UnidentifiedImageError as error:
        raise DataError(
            f"{len(data)} bytes given that are no image; expected a JPEG, PNG or other format that "
            "Pillow reads"
        ) from error
    except Exception as error:  # Pillow's plug-ins raise whatever their format code hits.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"image of {len(data)} bytes cannot be decoded ({reason}); expected an intact "
            "JPEG, PNG or other format that Pillow reads"
        ) from error


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey down; Pillow's own conversion would clip it to white."""
    if image.mode not in ("I;16", "I;16B", "I;16L", "I;16N", "I"):
        return image
    values = np.asarray(image).astype(np.int64)
    if image.mode == "I" and values.max(initial=0) <= 255:
        return Image.fromarray(values.clip(0, 255).astype(np.uint8))
    return Image.fromarray((values.clip(0, 65535) >> 8).astype(np.uint8))


def _check_pixels(height: int, width: int) -> None:
    if height < 1 or width < 1 or height * width > MAX_PIXELS:
        raise DataError(
            f"image of {width} x {height} pixels given, between 1 and {MAX_PIXELS} pixels expected"
        )
