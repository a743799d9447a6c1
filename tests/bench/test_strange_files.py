"""Files that are no plain files, or larger than anything of their kind, are refused at once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.cli import run
from spaces.files import open_regular, parse_object, read_regular

pytestmark = pytest.mark.usefixtures("undrawn")


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_huge_file(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(20 * 2**30)


def nested(path: Path) -> None:
    path.write_text('{"a":' * 100_000 if path.suffix == ".json" else f"a = {'[' * 100_000}")


def a_long_number(path: Path) -> None:
    digits = "7" * 5_000
    path.write_text(f'{{"identity_hash": {digits}}}' if ".json" in path.suffix else f"a = {digits}")


#: Files that commands read, and commands that read them; {} is the folder.
READERS = {
    "preset.toml": "run --searcher random --preset {}/preset.toml --out {}/out",
    "study.toml": "study {}/study.toml --out {}/out",
    "panel.toml": "panel {}/panel.toml",
    "run.json": "compare {} --out {}/out",
    "model.json": "eval {}",
    "table.json": "run --searcher random --preset tiny --latency-table {}/table.json --out {}/out",
    "charset.txt": "data info {} --charset {}/charset.txt",
    "words.zip": "data import {}/words.zip {}/out",
    "data.mdb": "data info {}",
}


@pytest.mark.parametrize("name", sorted(READERS))
@pytest.mark.parametrize("make", [a_pipe, a_device, a_huge_file, nested, a_long_number])
def test_it_is_one_line(
    make: Callable[[Path], None], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path / name)
    assert run(READERS[name].replace("{}", str(tmp_path)).split()) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1, told
    assert told.startswith("bench: ")
    assert [item.name for item in tmp_path.iterdir() if not item.name.startswith(".")] == [name]


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runs 0 and 1, to be copied."""
    folder = tmp_path_factory.mktemp("runs")
    made = "run --searcher random --preset tiny --set run.evaluator=synthetic --quiet --out"
    for seed in ("0", "1"):
        assert run([*made.split(), str(folder / seed), "--seed", seed]) == 0
    return folder


@pytest.mark.parametrize("name", ["events.jsonl", "result.json"])
@pytest.mark.parametrize("make", [a_pipe, a_device, a_huge_file, nested, a_long_number])
def test_a_strange_record_is_named_and_left_out(
    two_runs: Path,
    make: Callable[[Path], None],
    name: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(two_runs, tmp_path, dirs_exist_ok=True)
    (tmp_path / "1" / name).unlink()
    make(tmp_path / "1" / name)
    capsys.readouterr()
    assert run(["compare", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert shown.count("left out:") == 1
    assert f"left out: {tmp_path / '1'}" in shown


def test_an_image_that_is_a_pipe_does_not_wait(tmp_path):
    a_pipe(tmp_path / "word.png")
    with pytest.raises(OSError, match="a pipe or device"):
        open_regular(tmp_path / "word.png")


@pytest.mark.parametrize("name", ["\0", "\udcff\ud800"])
def test_a_name_that_no_file_can_have_is_refused_by_the_system(name):
    with pytest.raises(OSError, match=r"name|No such file"):
        open_regular(name)


def test_sizes_are_bounded_while_reading(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    assert read_regular(tmp_path / "file", 5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes"):
        read_regular(tmp_path / "file", 4)


@pytest.mark.parametrize("text", ["[1]", "{", "[" * 100_000, f'{{"a": {"7" * 5_000}}}', "\xff"])
def test_what_is_no_object_is_a_value_error(text):
    with pytest.raises(ValueError):
        parse_object(text.encode("latin-1"))
