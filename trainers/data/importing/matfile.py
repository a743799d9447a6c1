"""Read cells, structs, texts and numbers from MATLAB files of version 5, a piece at a time.

After "MAT-File Format", The MathWorks. Such a file is a row of elements, each a tag (type,
bytes) and data padded to 8 bytes; a variable is an element of type 14 (matrix), or of type 15,
which is one in a zlib stream. `scipy.io.loadmat` reads the same, but whole: SynthText's
``gt.mat`` would fill gigabytes, and a nested bomb the stack. Here nothing recurses, cells come
one by one, and every size is bounded before it is believed. There are no objects to build and
no code to run; classes that no layout needs are passed over.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from trainers.data.errors import DataError
from trainers.data.sources import Source, Stream

Value = list[str] | NDArray[np.float64] | None
"""Rows of a char array, numbers in their shape, or None for any other class."""

MAX_CELLS = 20_000_000
MAX_VALUE_BYTES = 1 << 24
MAX_UNPACKED_BYTES = 1 << 35
MAX_NAME_BYTES, MAX_NAMES_BYTES = 64, 1 << 16
_MAX_VARIABLES = 1000
_CHUNK = 1 << 16
_HEADER_BYTES = 128
_HDF5 = b"\x89HDF\r\n\x1a\n"
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMERIC = range(6, 16)
_NUMBERS = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
_TEXTS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_Order = Literal["<", ">"]


@dataclass(frozen=True)
class Variable:
    """Where a variable lies in its file.

    Args:
        name: its name.
        kind: class number of its elements.
        count: how many it has.
        offset: of its tag, in bytes.
        compressed: whether it is in a zlib stream.
        order: byte order of the file.
        fields: names of a struct's fields, else empty.
    """

    name: str
    kind: int
    count: int
    offset: int
    compressed: bool
    order: _Order
    fields: tuple[str, ...]


class _Bytes(Protocol):
    name: str

    def read(self, count: int) -> bytes: ...

    def skip(self, count: int) -> None: ...


class MatFile:
    """The variables of a file.

    Raises:
        DataError: on construction and while reading, for a file of another version, a damaged
            one, or one whose sizes are beyond the bounds above.
    """

    def __init__(self, source: Source, name: str) -> None:
        self._source = source
        self._name = name
        with source.open(name) as stream:
            self.variables = {found.name: found for found in _variables(stream)}

    def variable(self, name: str) -> Variable:
        """Return the variable of that name."""
        if name in self.variables:
            return self.variables[name]
        listed = ", ".join(sorted(self.variables)[:8]) or "none"
        raise DataError(f"{self._name} has no variable {name!r}; it has {listed}")

    def cells(self, name: str) -> Iterator[Value]:
        """Yield the values of a cell array, in its order."""
        variable = self.variable(name)
        if variable.kind != _CELL:
            raise DataError(f"{name} of {self._name} is no cell array, which was expected")
        with self._opened(variable) as elements:
            for _ in range(variable.count):
                yield elements.value()

    def structs(self, name: str, wanted: tuple[str, ...]) -> Iterator[dict[str, Value]]:
        """Yield the ``wanted`` fields of each element of a struct array; others are skipped."""
        variable = self.variable(name)
        with self._opened(variable) as elements:
            for _ in range(variable.count):
                found: dict[str, Value] = {}
                for field in variable.fields:
                    if field in wanted:
                        found[field] = elements.value()
                    else:
                        elements.skip()
                yield found

    @contextmanager
    def _opened(self, variable: Variable) -> Iterator[_Elements]:
        with self._source.open(self._name) as stream:
            stream.skip(variable.offset)
            elements = _inside(stream, variable.order, variable.compressed)
            elements.header()
            yield elements


class _Inflated:
    """The bytes of a zlib stream of ``length`` packed bytes."""

    def __init__(self, stream: Stream, length: int) -> None:
        self.name = stream.name
        self._stream = stream
        self._left = length
        self._inflater = zlib.decompressobj()
        self._unpacked = 0

    def read(self, count: int) -> bytes:
        parts = []
        while count > 0:
            part = self._some(count)
            if not part:
                break
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def skip(self, count: int) -> None:
        while count > 0:
            part = self._some(min(count, _CHUNK))
            if not part:
                return
            count -= len(part)

    def _some(self, most: int) -> bytes:
        while not self._inflater.eof:
            packed = self._inflater.unconsumed_tail
            if not packed:
                packed = self._stream.read(min(_CHUNK, self._left))
                self._left -= len(packed)
            try:
                part = self._inflater.decompress(packed, most)
            except zlib.error as error:
                raise _damaged(self.name, str(error)) from error
            self._unpacked += len(part)
            if self._unpacked > MAX_UNPACKED_BYTES:
                raise _damaged(self.name, f"it unpacks to over {MAX_UNPACKED_BYTES} bytes")
            if part or not packed:
                return part
        return b""


class _Elements:
    """Elements one after another, as far as they are asked for."""

    def __init__(self, stream: _Bytes, order: _Order) -> None:
        self._stream = stream
        self._order = order

    def tag(self) -> tuple[int, int, bytes | None]:
        """Return type, number of bytes, and the data where they are in the tag itself."""
        raw = self._exactly(8)
        kind, size = struct.unpack(f"{self._order}II", raw)
        if kind >> 16:
            kind, size = kind & 0xFFFF, kind >> 16
            if size > 4:
                raise _damaged(self._stream.name, f"a small element of {size} bytes")
            return kind, size, raw[4 : 4 + size]
        return kind, size, None

    def header(self) -> tuple[int, tuple[int, ...], str, tuple[str, ...]]:
        """Enter a matrix: return its class, shape, name and names of fields."""
        kind, size, _ = self.tag()
        if kind != _MATRIX:
            raise _damaged(self._stream.name, f"an element of type {kind} where a matrix belongs")
        return self._header() if size else (0, (0,), "", ())

    def skip(self) -> None:
        """Pass over an element."""
        _, size, inline = self.tag()
        if inline is None:
            self._stream.skip(size + -size % 8)

    def value(self) -> Value:
        """Return the matrix that comes next."""
        kind, size, _ = self.tag()
        if kind != _MATRIX:
            raise _damaged(self._stream.name, f"an element of type {kind} where a matrix belongs")
        if size > MAX_VALUE_BYTES:
            raise _damaged(self._stream.name, f"a value of {size} bytes")
        if not size:
            return None
        inner = _Elements(_Held(self._stream.name, self._exactly(size)), self._order)
        form, shape, _, _ = inner._header()
        if form == _CHAR:
            return inner._rows(shape)
        return inner._numbers(shape) if form in _NUMERIC else None

    def _header(self) -> tuple[int, tuple[int, ...], str, tuple[str, ...]]:
        flags = self._data()[1]
        kind = flags[0 if self._order == "<" else 3] if len(flags) == 8 else 0
        raw = self._data()[1]
        shape = tuple(int(n) for n in np.frombuffer(raw[: len(raw) // 4 * 4], f"{self._order}i4"))
        if not 1 <= len(shape) <= 8 or min(shape) < 0 or prod(shape) > MAX_CELLS:
            raise _damaged(self._stream.name, f"an array of shape {shape[:8]}")
        raw_name = self._data()[1]
        if len(raw_name) > MAX_NAME_BYTES:
            raise _damaged(self._stream.name, f"a name of {len(raw_name)} bytes")
        name = raw_name.decode("latin-1")
        return kind, shape, name, self._fields() if kind == _STRUCT else ()

    def _fields(self) -> tuple[str, ...]:
        width = int.from_bytes(self._data()[1], "little" if self._order == "<" else "big")
        raw = self._data()[1]
        if not 1 <= width <= 64 or len(raw) > MAX_NAMES_BYTES:
            raise _damaged(self._stream.name, f"{len(raw)} bytes of field names of {width}")
        names = (raw[i : i + width] for i in range(0, len(raw), width))
        return tuple(name.split(b"\0")[0].decode("latin-1") for name in names)

    def _rows(self, shape: tuple[int, ...]) -> list[str]:
        kind, raw = self._data()
        codec = _TEXTS.get(kind)
        if codec is None:
            raise _damaged(self._stream.name, f"text of type {kind}")
        if codec in ("utf-16", "utf-32"):
            codec += "-le" if self._order == "<" else "-be"
        text = raw.decode(codec, errors="replace")
        rows = shape[0]
        if rows > max(1, len(text)):
            raise _damaged(self._stream.name, f"{rows} rows of {len(text)} characters")
        if rows == 1:
            return [text]
        return [text[row::rows] for row in range(rows)]

    def _numbers(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        kind, raw = self._data()
        form = _NUMBERS.get(kind)
        if form is None or len(raw) != prod(shape) * int(form[1]):
            raise _damaged(self._stream.name, f"{len(raw)} bytes of numbers for shape {shape}")
        numbers = np.frombuffer(raw, self._order + form).astype(np.float64)
        return numbers.reshape(shape, order="F")

    def _data(self) -> tuple[int, bytes]:
        kind, size, inline = self.tag()
        if inline is not None:
            return kind, inline
        if size > MAX_VALUE_BYTES:
            raise _damaged(self._stream.name, f"a value of {size} bytes")
        data = self._exactly(size)
        self._stream.skip(-size % 8)
        return kind, data

    def _exactly(self, count: int) -> bytes:
        data = self._stream.read(count)
        if len(data) != count:
            raise _damaged(self._stream.name, "it ends early")
        return data


class _Held:
    """Bytes in memory."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self._data = data
        self._position = 0

    def read(self, count: int) -> bytes:
        start = self._position
        self._position = min(start + count, len(self._data))
        return self._data[start : self._position]

    def skip(self, count: int) -> None:
        self._position = min(self._position + count, len(self._data))


def _variables(stream: Stream) -> Iterator[Variable]:
    order = _byte_order(stream)
    outer = _Elements(stream, order)
    for _ in range(_MAX_VARIABLES):
        offset = stream.position
        if offset >= stream.size:
            return
        kind, size, inline = outer.tag()
        end = stream.position + (0 if inline is not None else size)
        if end > stream.size:
            raise _damaged(stream.name, "it ends early")
        if kind in (_MATRIX, _COMPRESSED) and size:
            inside = _Elements(_Inflated(stream, size) if kind == _COMPRESSED else stream, order)
            if kind == _COMPRESSED:
                form, shape, name, fields = inside.header()
            else:
                form, shape, name, fields = inside._header()
            yield Variable(name, form, prod(shape), offset, kind == _COMPRESSED, order, fields)
        stream.skip(end - stream.position)
    raise _damaged(stream.name, f"over {_MAX_VARIABLES} variables")


def _inside(stream: Stream, order: _Order, compressed: bool) -> _Elements:
    elements = _Elements(stream, order)
    if not compressed:
        return elements
    return _Elements(_Inflated(stream, elements.tag()[1]), order)


def _byte_order(stream: Stream) -> _Order:
    header = stream.read(_HEADER_BYTES)
    if header.startswith((_HDF5, b"MATLAB 7.3")):
        raise DataError(
            f"{stream.name} is a MATLAB file of version 7.3 (HDF5); expected version 5: "
            "load it in MATLAB and save it with '-v7'"
        )
    marks: dict[bytes, _Order] = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}
    order = marks.get(header[124:128])
    if order is None:
        raise DataError(f"{stream.name} is no MATLAB file of version 5, which was expected")
    return order


def _damaged(name: str, what: str) -> DataError:
    return DataError(f"{name} is damaged or no file of its kind ({what}); download it again")
