"""Imports of one's own words: both label files, both containers, hostile ones; and info."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from unicodedata import normalize

import pytest

from trainers.data import sources
from trainers.data.errors import DataError
from trainers.data.importing import import_words, parse_line
from trainers.data.importing.images import OUTSIDE
from trainers.data.info import lmdb_info
from trainers.data.store import WordLMDB

Make = Callable[[list[tuple[bytes, str]]], Path]
Picture = Callable[..., bytes]
Fill = Callable[..., Path]


@pytest.fixture
def fill(picture: Picture) -> Fill:
    """Return a function that makes a folder of three images, a broken one and a label file."""

    def make(folder: Path, labels: str, name: str = "labels.tsv") -> Path:
        (folder / "crops").mkdir(parents=True)
        for i in range(3):
            (folder / "crops" / f"{i}.jpg").write_bytes(picture(50 * i))
        (folder / "crops" / "bad.jpg").write_bytes(b"no image")
        (folder / name).write_text(labels, encoding="utf-8")
        return folder

    return make


def zipped(folder: Path, inside: str = "") -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, inside + file.relative_to(folder).as_posix())
    return path


LABELS = (
    "crops/0.jpg\tzero\ncrops/1.jpg\tOne, two\ncrops/bad.jpg\tbad\ncrops/9.jpg\tgone\n"
    "crops/2.jpg\t \nno tab here\n\n"
)


@pytest.mark.parametrize("container", ["folder", "zip", "zip with top folder"])
@pytest.mark.parametrize("name", ["labels.tsv", "gt.txt"])
def test_import_counts_what_it_skips(
    tmp_path: Path, container: str, name: str, picture: Picture, fill: Fill
) -> None:
    source = fill(tmp_path / "words", LABELS, name)
    if container != "folder":
        source = zipped(source, "top/" if "top" in container else "")
    report = import_words(source, tmp_path / "out")
    assert report.samples == 2
    assert dict(report.skipped) == {
        "image not decodable": 1, "image missing": 1, "empty label": 1, "malformed line": 1,
    }  # fmt: skip
    assert report.examples["image missing"] == ("crops/9.jpg",)
    store = WordLMDB(tmp_path / "out")
    assert list(store.labels()) == ["zero", "One, two"]
    assert store.record(0)[0] == picture(0)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('word_1.png, "Genaxis Theatre"', ("word_1.png", "Genaxis Theatre")),
        ('a.png, "say \\"hi\\""', ("a.png", 'say "hi"')),
        ('a.png, "1,000"', ("a.png", "1,000")),
        ("a.png, plain", ("a.png", "plain")),
        ("a.png\ttab, and comma", ("a.png", "tab, and comma")),
        ("nothing", None),
    ],
)
def test_gt_lines(line: str, expected: tuple[str, str] | None) -> None:
    assert parse_line(line, commas=True) == expected


def test_no_label_file_and_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"labels\.tsv or gt\.txt"):
        import_words(tmp_path / "empty", tmp_path / "out")
    (tmp_path / "empty" / "labels.tsv").write_bytes(b"a.jpg\tcaf\xe9\n")
    with pytest.raises(DataError, match="not UTF-8"):
        import_words(tmp_path / "empty", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_usable_writes_nothing(tmp_path: Path, fill: Fill) -> None:
    source = fill(tmp_path / "words", "crops/bad.jpg\tx\n")
    with pytest.raises(DataError, match="1 image not decodable"):
        import_words(source, tmp_path / "out")
    assert {p.name for p in tmp_path.iterdir()} == {"words"}


def test_existing_destination(tmp_path: Path, fill: Fill) -> None:
    source = fill(tmp_path / "words", LABELS)
    (tmp_path / "out").mkdir()
    with pytest.raises(DataError, match="exists"):
        import_words(source, tmp_path / "out")


@pytest.mark.parametrize("path", ["../secret.jpg", "/etc/secret.jpg", "crops/../../secret.jpg"])
def test_a_label_file_cannot_reach_outside(
    tmp_path: Path, path: str, picture: Picture, fill: Fill
) -> None:
    (tmp_path / "secret.jpg").write_bytes(picture(9))
    source = fill(tmp_path / "words", f"{path}\tleak\ncrops/0.jpg\tfine\n")
    report = import_words(source, tmp_path / "out")
    assert list(WordLMDB(tmp_path / "out").labels()) == ["fine"]
    assert dict(report.skipped) == {OUTSIDE: 1}


def test_links_to_outside_are_not_followed(tmp_path: Path, picture: Picture, fill: Fill) -> None:
    (tmp_path / "secret.jpg").write_bytes(picture(9))
    source = fill(tmp_path / "words", "crops/link.jpg\tleak\ncrops/0.jpg\tfine\n")
    (source / "crops" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    report = import_words(source, tmp_path / "out")
    assert report.samples == 1
    assert dict(report.skipped) == {OUTSIDE: 1}


def test_annotations_behind_a_link_to_outside_are_not_read(tmp_path: Path, fill: Fill) -> None:
    (tmp_path / "secret.tsv").write_text("crops/0.jpg\tleak\n")
    source = fill(tmp_path / "words", "")
    (source / "labels.tsv").unlink()
    (source / "labels.tsv").symlink_to(tmp_path / "secret.tsv")
    with pytest.raises(DataError, match="link to outside"):
        import_words(source, tmp_path / "out")


@pytest.mark.parametrize("stored", ["NFC", "NFD"])
@pytest.mark.parametrize("written", ["NFC", "NFD"])
def test_both_forms_of_an_accent_name_a_file(
    tmp_path: Path, picture: Picture, stored: Literal["NFC", "NFD"], written: Literal["NFC", "NFD"]
) -> None:
    folder = tmp_path / "words"
    folder.mkdir()
    (folder / normalize(stored, "caf\u00e9.jpg")).write_bytes(picture(1))
    line = normalize(written, "caf\u00e9.jpg") + "\tcaf\u00e9\n"
    (folder / "labels.tsv").write_text(line, encoding="utf-8")
    assert import_words(folder, tmp_path / "out").samples == 1


def test_a_damaged_member_packed_by_lzma_is_counted(
    tmp_path: Path, picture: Picture, fill: Fill
) -> None:
    folder = fill(tmp_path / "words", "crops/0.jpg\tzero\ncrops/1.jpg\tone\n")
    path = tmp_path / "words.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for file in ("labels.tsv", "crops/0.jpg", "crops/1.jpg"):
            archive.write(folder / file, file)
        place = archive.getinfo("crops/1.jpg").header_offset + 60
    data = bytearray(path.read_bytes())
    data[place : place + 40] = b"\xff" * 40
    path.write_bytes(data)
    report = import_words(path, tmp_path / "out")
    assert report.samples == 1
    assert sum(report.skipped.values()) == 1


@pytest.mark.parametrize("name", ["../evil.jpg", "/evil.jpg", "C:/evil.jpg", "a/../../evil.jpg"])
def test_a_zip_with_unsafe_names_is_refused(tmp_path: Path, name: str, picture: Picture) -> None:
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("labels.tsv", "a.jpg\tx\n")
        archive.writestr(name, picture(1))
    with pytest.raises(DataError, match="unsafe name"):
        import_words(path, tmp_path / "out")
    assert {p.name for p in tmp_path.iterdir()} == {"evil.zip"}


def test_a_zip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_RATIO_FROM_BYTES", 1000)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.tsv", "a.jpg\tx\n")
        archive.writestr("a.jpg", bytes(3_000_000))
    with pytest.raises(DataError, match="times the packed size"):
        import_words(path, tmp_path / "out")


def test_an_oversized_member_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: Picture, fill: Fill
) -> None:
    source = zipped(fill(tmp_path / "words", "crops/0.jpg\tbig\ncrops/1.jpg\tsmall\n"))
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr("crops/5.jpg", picture(1) + bytes(5000))
        archive.writestr("more", b"")
    monkeypatch.setattr(sources, "MAX_BYTES", 100)
    with pytest.raises(DataError, match="2 image not decodable"):
        import_words(source, tmp_path / "out")


def test_a_damaged_zip(tmp_path: Path, fill: Fill) -> None:
    source = zipped(fill(tmp_path / "words", LABELS))
    data = source.read_bytes()
    source.write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match="neither a folder nor an intact zip"):
        import_words(source, tmp_path / "out")
    with pytest.raises(DataError, match="does not exist"):
        import_words(tmp_path / "nowhere", tmp_path / "out")


def test_a_label_that_is_no_word(tmp_path: Path, fill: Fill) -> None:
    source = fill(tmp_path / "words", f"crops/0.jpg\t{'x' * 10_001}\ncrops/1.jpg\tfine\n")
    report = import_words(source, tmp_path / "out")
    assert dict(report.skipped) == {"label over 10000 characters": 1}


def test_a_damaged_label_file_in_a_zip(tmp_path: Path, fill: Fill) -> None:
    source = zipped(fill(tmp_path / "words", LABELS))
    source.write_bytes(source.read_bytes().replace(b"One, two", b"One, too"))
    with pytest.raises(DataError, match=r"labels\.tsv of .* cannot be read .*CRC"):
        import_words(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_info(make_lmdb: Make, picture: Picture) -> None:
    path = make_lmdb(
        [(picture(1, 20, 60), "Hotel"), (picture(2, 40, 80), "a"), (b"broken", "x"), (b"", "y"),
         (picture(3, 30, 30), "!")]
    )  # fmt: skip
    seen: list[tuple[int, int]] = []
    info = lmdb_info(path, "36", progress=lambda done, total: seen.append((done, total)))
    assert (info.samples, info.readable, info.corrupted) == (5, 3, 2)
    assert info.characters == "!Haelot"
    assert info.covered_by == "94"
    assert info.label_lengths == (1, 1.0, 5)
    assert info.heights[2] == 30
    assert info.widths[-1] == 80
    assert info.label_statuses == {"kept": 2, "stripped": 0, "empty": 1, "too_long": 0}
    assert seen[-1] == (5, 5)


def test_info_of_nothing(make_lmdb: Make) -> None:
    info = lmdb_info(make_lmdb([]))
    assert (info.samples, info.readable, info.label_lengths) == (0, 0, (0, 0.0, 0))
