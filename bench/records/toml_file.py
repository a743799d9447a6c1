"""TOML files as people write them: with or without a byte order mark, with any line ends."""

from __future__ import annotations

import errno
import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from bench.records.errors import PresetError
from bench.records.wrong_values import in_words
from spaces.files import read_regular
from spaces.names import unknown_name

MAX_BYTES = 2**20
T = TypeVar("T", bound=msgspec.Struct)


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """The content of a file that messages call ``what``.

    ``PresetError`` for what cannot be read, is larger than ``MAX_BYTES``, or is no TOML.
    """
    try:
        raw = read_regular(path, MAX_BYTES)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise PresetError(f"{what} is {error.strerror}: expected a few lines") from error
        raise PresetError(f"{what}: {error.strerror or error}") from error
    return parse_toml(raw, what)


def read_struct(path: Path, what: str, kind: type[T]) -> T:
    """The content of a file as a struct; ``PresetError`` also for keys and values that are wrong.

    A message names the key, and one that was meant.
    """
    raw = read_toml(path, what)
    for key in raw:
        if key not in kind.__struct_fields__:
            raise PresetError(f"{what}: {unknown_name('key', key, kind.__struct_fields__)}")
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise PresetError(f"{what}: {in_words(error, kind)}") from error


def parse_toml(raw: bytes, what: str) -> dict[str, Any]:
    """The same of bytes at hand."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PresetError(
            f"{what} is not UTF-8 text (byte {error.start}): save it as UTF-8"
        ) from error
    # TOML knows no lone carriage return, which some editors end lines with.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        return tomllib.loads(text)
    # A number of thousands of digits, or brackets within brackets by the thousand.
    except (ValueError, RecursionError) as error:
        raise PresetError(f"{what} is not TOML: {error}") from error
