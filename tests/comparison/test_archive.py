"""One file that a report can be made from again, and what is no such file."""

from __future__ import annotations

import json
import shutil
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bench.cli import run as bench
from bench.comparison import archive
from bench.comparison.archive import NAME, pack, unpack
from bench.records.errors import RecordError
from bench.records.runs import find_runs

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture(scope="module")
def packed(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of a study, with a final's card."""
    place = tmp_path_factory.mktemp("packed") / "study"
    shutil.copytree(study, place)
    (place / "finals" / "one").mkdir(parents=True)
    (place / "finals" / "one" / "model.json").write_text("{}")
    (place / "finals" / "ledger.json").write_text("{}")
    return pack(find_runs([place]), place, place, [place / "finals" / "one"])


def made(path: Path, members: dict[str, bytes], named: tuple[str, ...] = ()) -> Path:
    """An archive of any content; ``named`` are further names of files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, content in [*members.items(), *((name, b"x") for name in named)]:
            opened.writestr(name, content)
    return path


def without_places(report: dict[str, Any]) -> dict[str, Any]:
    for row in (*report["runs"], *report["unfinished"]):
        row.pop("folder", None)
    return {key: value for key, value in report.items() if key != "created"}


@pytest.mark.whole
def test_a_reader_with_the_archive_gets_the_same_numbers(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, elsewhere = tmp_path / "own", tmp_path / "elsewhere"
    shutil.copytree(study, own)
    elsewhere.mkdir()
    assert bench(["compare", str(own)]) == 0
    monkeypatch.chdir(elsewhere)
    shutil.copy(own / NAME, elsewhere / "theirs.zip")
    shutil.rmtree(own / "runs")
    assert bench(["compare", "theirs.zip", "--out", "report"]) == 0
    first, second = (
        json.loads(path.read_text())
        for path in (own / "report.json", elsewhere / "report" / "report.json")
    )
    assert without_places(first) == without_places(second)
    assert second["plan"]["complete"] == 24
    # And again, over what is there.
    assert bench(["compare", "theirs.zip", "--out", "report"]) == 0


def test_it_is_small_and_the_same_bytes_each_time(packed: Path, tmp_path: Path) -> None:
    place = packed.parent
    logs = sum(path.stat().st_size for path in place.rglob("events.jsonl"))
    assert packed.stat().st_size < 0.3 * logs
    again = pack(find_runs([place]), place, tmp_path, [place / "finals" / "one"])
    assert again.read_bytes() == packed.read_bytes()
    with zipfile.ZipFile(packed) as opened:
        names = set(opened.namelist())
    assert {"study.toml", "finals/one/model.json", "finals/ledger.json"} <= names
    assert "runs/random/supernet1-seed0/events.jsonl" in names
    assert not any("checkpoint" in name or name.endswith(".csv") for name in names)


def test_folders_of_the_same_name_in_two_places_are_two(study: Path, tmp_path: Path) -> None:
    for name, source in (("a", "random"), ("b", "evolution")):
        shutil.copytree(study / "runs" / source / "supernet1-seed0", tmp_path / name / "seed0")
    out = tmp_path / "report"
    assert bench(["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--out", str(out)]) == 0
    assert bench(["compare", str(out / NAME), "--out", str(tmp_path / "again")]) == 0
    again = json.loads((tmp_path / "again" / "report.json").read_text())
    assert {run["searcher"] for run in again["runs"]} == {"random", "evolution"}


def test_models_that_were_given_and_what_could_not_be_read_go_along(
    study: Path, tmp_path: Path
) -> None:
    own, models, out = tmp_path / "own", tmp_path / "models", tmp_path / "report"
    shutil.copytree(study, own)
    for name in ("x/one", "y/one"):
        (models / name).mkdir(parents=True)
        (models / name / "model.json").write_text("{}")
    (own / "runs" / "random" / "supernet1-seed0" / "result.json").write_text("{")
    given = ["--models", str(models), "--out", str(out)]
    assert bench(["compare", str(own), *given]) == 0
    assert bench(["compare", str(out / NAME), "--out", str(tmp_path / "again")]) == 0
    first, second = (
        json.loads((place / "report.json").read_text()) for place in (out, tmp_path / "again")
    )
    assert len(list((tmp_path / "again" / "finals").glob("*/model.json"))) == 2
    for found in (first, second):
        assert len(found["excluded"]) == 1
        assert "is damaged" in found["excluded"][0]["reason"]
    assert first["plan"] == second["plan"]


def test_nothing_is_packed_twice_and_what_changed_is(packed: Path, tmp_path: Path) -> None:
    place = tmp_path / "study"
    shutil.copytree(packed.parent, place)
    runs = find_runs([place])
    first = pack(runs, place, place).stat().st_mtime_ns
    assert pack(runs, place, place).stat().st_mtime_ns == first
    assert pack(runs[1:], place, place).stat().st_mtime_ns > first
    with (runs[1] / "events.jsonl").open("a") as log:
        log.write("\n")
    before = (place / NAME).read_bytes()
    pack(runs[1:], place, place)
    assert (place / NAME).read_bytes() != before


@pytest.mark.parametrize(
    "name",
    ["../run.json", "/run.json", "a/../run.json", "a//run.json", "runs/a/evil.py", "report.html",
     "runs/.hidden/run.json", "C:/run.json", "finals/a/b/model.json", "finals/weights.safetensors",
     "a/b/c/d/e/f/g/run.json", "runs/a\\..\\..\\run.json"],
)  # fmt: skip
def test_names_of_other_files_are_refused(tmp_path: Path, name: str) -> None:
    path = made(tmp_path / "a.zip", {"runs/a/run.json": b"{}"}, (name,))
    with pytest.raises(RecordError, match="no file of a study"):
        unpack(path, tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_what_is_no_archive_of_records_is_refused(tmp_path: Path) -> None:
    for path, words in [
        (made(tmp_path / "none.zip", {"finals/a/model.json": b"{}"}), "holds no run.json"),
        (made(tmp_path / "twice.zip", {"run.json": b"{}"}, ("run.json",)), "twice"),
    ]:
        with pytest.raises(RecordError, match=words):
            unpack(path, tmp_path / "into")
    (tmp_path / "text").write_text("no zip")
    assert bench(["compare", str(tmp_path / "text")]) == 2


def test_damage_is_named_and_leaves_nothing(packed: Path, tmp_path: Path) -> None:
    content, refused = packed.read_bytes(), 0
    for place in range(0, len(content), len(content) // 60):
        broken = bytearray(content)
        broken[place : place + 8] = b"\xff" * 8
        path = tmp_path / "broken.zip"
        path.write_bytes(bytes(broken))
        into = tmp_path / f"into{place}"
        try:
            unpack(path, into)
        except RecordError:
            refused += 1
            assert not into.exists()
    assert refused > 50
    path.write_bytes(content[: len(content) // 2])
    assert bench(["compare", str(path), "--out", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()


def test_bounds(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for bound in ("MAX_FILES", "MAX_FILE_BYTES", "MAX_BYTES"):
        with monkeypatch.context() as patch:
            patch.setattr(archive, bound, 10)
            with pytest.raises(RecordError, match="expected at most"):
                unpack(packed, tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_what_is_there_is_not_overwritten(packed: Path, tmp_path: Path) -> None:
    into = tmp_path / "into"
    other = into / "runs" / "random" / "supernet1-seed0" / "run.json"
    other.parent.mkdir(parents=True)
    other.write_text("mine")
    with pytest.raises(RecordError, match="says something else"):
        unpack(packed, into)
    assert other.read_text() == "mine"
    assert [path for path in into.rglob("*") if path.is_file()] == [other]
    other.unlink()
    (tmp_path / "outside").write_text("kept")
    other.symlink_to(tmp_path / "outside")
    with pytest.raises(RecordError, match="in the way"):
        unpack(packed, into)
    assert (tmp_path / "outside").read_text() == "kept"


def test_one_archive_alone(packed: Path, study: Path) -> None:
    assert bench(["compare", str(packed), str(study)]) == 2
