"""What the operating system refuses is one line and exit code 2, wherever it happens."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cli import run
from spaces.atomic import write_atomically

STUDY = """
name = "s"
searchers = ["random"]
seeds = 2
preset = "tiny"
set = ["run.evaluator=synthetic"]
"""
#: Commands that write, each in its own way; the last word is where.
WRITERS = {
    "run": "run --searcher random --preset tiny --set run.evaluator=synthetic --quiet --out",
    "render": "data render --count 2 --quiet",
    "picture": "space show 7 --picture",
    "latency": "latency measure --preset tiny --quiet --out",
}


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    code = run(list(arguments))
    told = capsys.readouterr()
    assert code == 2, told
    assert told.out == ""
    assert told.err.count("\n") == 1
    return told.err


@pytest.mark.parametrize("writer", sorted(WRITERS))
@pytest.mark.parametrize("place", ["a file in the way", "a long name", "no folder to write in"])
def test_a_place_that_cannot_be_written(writer, place, tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    out = {
        "a file in the way": tmp_path / "file" / "below",
        "a long name": tmp_path / ("n" * 300),
        "no folder to write in": Path("/proc/nothing/here"),
    }[place]
    if writer == "picture":
        out = out.with_name(f"{out.name}.svg")
    refused(capsys, *WRITERS[writer].split(), str(out))
    assert (tmp_path / "file").read_text() == "mine"
    assert [item.name for item in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_the_disk_fails_at_the_last_write_of_a_study(call, number, tmp_path, capsys, monkeypatch):
    file = tmp_path / "study.toml"
    file.write_text(STUDY)

    def fail(*given: object, **named: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os if call == "fsync" else Path, call, fail)
    told = refused(capsys, "study", str(file), "--out", str(tmp_path / "out"), "--quiet")
    assert os.strerror(number) in told
    assert str(tmp_path / "out") in told
    assert list((tmp_path / "out").iterdir()) == []


def test_a_file_that_cannot_even_be_removed_is_told_by_what_came_first(tmp_path, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    def stuck(path: Path, missing_ok: bool = False) -> None:
        raise OSError(errno.EIO, "stuck")

    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr(Path, "unlink", stuck)
    with pytest.raises(OSError, match="full") as caught:
        write_atomically(tmp_path / "file", b"content")
    assert caught.value.filename == str(tmp_path / "file")


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EIO])
def test_a_folder_that_cannot_be_synced_is_no_trouble(number, tmp_path, monkeypatch):
    sync = os.fsync

    def fail(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):  # noqa: PTH112
            raise OSError(number, os.strerror(number))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fail)
    write_atomically(tmp_path / "file", b"content")
    assert (tmp_path / "file").read_bytes() == b"content"


@pytest.mark.parametrize(
    "arguments",
    ["run --searcher random --preset tiny --out", "study", "compare", "data info", "space show"],
)
def test_what_is_no_text_is_refused_before_any_work(arguments, capsys):
    told = refused(capsys, *arguments.split(), os.fsdecode(b"results/\xff"))
    assert "is not UTF-8 text" in told


def bench(arguments: str, redirected: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        f"'{sys.executable}' -m bench {arguments} {redirected}",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("arguments", ["list", "list --json", "--help", "space count"])
def test_a_full_standard_output_is_one_line(arguments):
    done = bench(arguments, "> /dev/full")
    assert done.returncode == 2
    assert done.stderr == (
        "bench: standard output cannot be written (No space left on device): what was to be "
        "printed is lost\n"
    )


def test_a_closed_standard_output_is_one_line():
    done = bench("list", ">&-")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_with_both_outputs_gone_the_exit_code_is_left():
    assert bench("list", "> /dev/full 2> /dev/full").returncode == 2


def test_control_characters_are_shown_and_not_obeyed(tmp_path, capsys):
    told = refused(capsys, "compare", str(tmp_path / "\x1b[31mred\x9b2J"))
    assert "\x1b" not in told
    assert "\x9b" not in told
