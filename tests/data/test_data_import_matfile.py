"""The reader of MATLAB files, against scipy's and against damage."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import loadmat, savemat

from trainers.data.errors import DataError
from trainers.data.importing import matfile
from trainers.data.importing.matfile import MatFile, Value
from trainers.data.sources import open_source

text = st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF), max_size=12)
numbers = st.builds(
    lambda shape, form: np.arange(np.prod(shape)).reshape(shape).astype(form),
    st.lists(st.integers(1, 4), min_size=2, max_size=3),
    st.sampled_from(["f8", "f4", "i1", "u2", "i4", "u8"]),
)


def cells_of(path: Path, name: str = "values") -> list[Value]:
    with open_source(path.parent) as source:
        return list(MatFile(source, path.name).cells(name))


def cell(values: list[object]) -> np.ndarray:
    array = np.empty((1, len(values)), dtype=object)
    for index, value in enumerate(values):
        array[0, index] = value
    return array


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    values = cell(["abc", np.arange(16.0).reshape(2, 4, 2), cell(["nested"]), "é"])
    savemat(tmp_path / "a.mat", {"n": 3, "values": values}, do_compression=True)
    return tmp_path / "a.mat"


@settings(deadline=None, max_examples=30)
@given(st.lists(text | numbers, min_size=1, max_size=5), st.booleans())
def test_cells_are_read_as_scipy_reads_them(values: list[object], compressed: bool) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.mat"
        savemat(path, {"values": cell(values), "n": 1}, do_compression=compressed)
        expected = loadmat(path)["values"][0]
        for mine, theirs in zip(cells_of(path), expected, strict=True):
            if theirs.dtype.kind == "U":
                assert "".join(mine or []) == "".join(theirs)
            else:
                np.testing.assert_array_equal(mine, theirs)


def test_other_classes_are_passed_over(saved: Path) -> None:
    first, second, third, fourth = cells_of(saved)
    assert (first, third, fourth) == (["abc"], None, ["é"])
    assert isinstance(second, np.ndarray)
    assert second.shape == (2, 4, 2)


def test_char_matrices_have_rows(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"values": cell([np.array(["ab ", "cde"])])})
    assert cells_of(tmp_path / "a.mat") == [["ab ", "cde"]]


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders(tmp_path: Path, order: str) -> None:
    """With texts in UTF-16, as MATLAB writes them and scipy does not."""

    def element(kind: int, data: bytes) -> bytes:
        return struct.pack(f"{order}II", kind, len(data)) + data + bytes(-len(data) % 8)

    def matrix(form: int, name: bytes, content: bytes) -> bytes:
        head = element(6, struct.pack(f"{order}II", form, 0))
        shape = element(5, struct.pack(f"{order}2i", 1, 2))
        return element(14, head + shape + element(1, name) + content)

    word = matrix(4, b"", element(4, "hé".encode(f"utf-16-{'le' if order == '<' else 'be'}")))
    pair = matrix(6, b"", element(3, struct.pack(f"{order}hh", -2, 300)))
    mark = b"\x00\x01IM" if order == "<" else b"\x01\x00MI"
    header = b"MATLAB 5.0 MAT-file".ljust(124) + mark
    (tmp_path / "a.mat").write_bytes(header + matrix(1, b"values", word + pair))
    first, second = cells_of(tmp_path / "a.mat")
    assert first == ["hé"]
    np.testing.assert_array_equal(second, [[-2, 300]])


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"\x89HDF\r\n\x1a\n" + bytes(200), r"version 7\.3 \(HDF5\).*'-v7'"),
        (b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(400), r"version 7\.3"),
        (b"", "no MATLAB file of version 5"),
        (b"\x00\x00\x00\x00" * 50, "no MATLAB file of version 5"),
        (b"MATLAB 5.0".ljust(124) + b"\x00\x01IM" + b"\x0f", "ends early"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, match: str) -> None:
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(DataError, match=match):
        cells_of(tmp_path / "a.mat")


def test_a_truncated_file_is_refused_wherever_it_ends(saved: Path) -> None:
    whole = saved.read_bytes()
    # Beyond its 128 bytes of header, and of whole variables that are left.
    for size in range(0, len(whole) - 1, 7):
        saved.write_bytes(whole[:size])
        with pytest.raises(DataError):
            cells_of(saved)


@cache
def intact() -> bytes:
    content = BytesIO()
    savemat(content, {"values": cell(["abc", np.arange(6.0), cell(["x"]), "é"])})
    return content.getvalue()


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_a_damaged_file_gives_values_or_one_error(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.mat"
        raw = bytearray(intact())
        for position in data.draw(st.lists(st.integers(128, len(raw) - 1), max_size=4)):
            raw[position] = data.draw(st.integers(0, 255))
        path.write_bytes(raw)
        with suppress(DataError):
            cells_of(path)


def small(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def variable(shape: tuple[int, ...], content: bytes, form: int = 1) -> bytes:
    head = small(6, struct.pack("<II", form, 0)) + small(5, struct.pack(f"<{len(shape)}i", *shape))
    packed = zlib.compress(small(14, head + small(1, b"values") + content))
    start = b"MATLAB 5.0".ljust(124) + b"\x00\x01IM"
    return start + struct.pack("<II", 15, len(packed)) + packed


@pytest.mark.parametrize(
    ("shape", "content", "match"),
    [
        ((1, 2**31 - 1), b"", "an array of shape"),
        ((1, -1), b"", "an array of shape"),
        ((1, 1000), b"", "ends early"),
        ((1, 1), struct.pack("<II", 14, 2**32 - 8), "a value of 4294967288 bytes"),
        ((1, 1), struct.pack("<II", 9, 8) + bytes(8), "type 9 where a matrix belongs"),
    ],
)
def test_sizes_are_not_believed(
    tmp_path: Path, shape: tuple[int, ...], content: bytes, match: str
) -> None:
    (tmp_path / "a.mat").write_bytes(variable(shape, content))
    with pytest.raises(DataError, match=match):
        cells_of(tmp_path / "a.mat")


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matfile, "MAX_UNPACKED_BYTES", 1 << 20)
    texts = [" " * (1 << 19)] * 8
    savemat(tmp_path / "a.mat", {"values": cell(list(texts))}, do_compression=True)
    assert (tmp_path / "a.mat").stat().st_size < 1 << 17
    with pytest.raises(DataError, match="unpacks to over 1048576 bytes"):
        cells_of(tmp_path / "a.mat")


def test_cells_within_cells_do_not_recurse(tmp_path: Path) -> None:
    content = b""
    for _ in range(20_000):
        head = small(6, struct.pack("<II", 1, 0)) + small(5, struct.pack("<2i", 1, 1))
        content = small(14, head + small(1, b"") + content)
        if len(content) > matfile.MAX_VALUE_BYTES // 32:
            break
    (tmp_path / "a.mat").write_bytes(variable((1, 1), content))
    assert cells_of(tmp_path / "a.mat") == [None]


def test_a_struct_is_no_cell_array(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"values": {"a": 1}})
    with pytest.raises(DataError, match="no cell array"):
        cells_of(tmp_path / "a.mat")
    with pytest.raises(DataError, match="no variable 'other'; it has values"):
        cells_of(tmp_path / "a.mat", "other")
