"""Studies: the file, the plan, and that whatever is killed is done again and nothing twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from study_process import begin_study, kill_session, lines_below, logs_below, wait_until

from bench.cli import run as bench
from bench.records.errors import PresetError
from bench.records.study_file import read_study
from bench.study.plan import BEGUN, DONE, MISSING, make_plan

QUICK = """
name = "quick"
preset = "tiny"
searchers = ["random", "proxyless"]
seeds = 3
set = ["run.evaluator=synthetic"]
"""


def study_file(folder: Path, text: str = QUICK) -> Path:
    path = folder / "study.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('preset = "tiny"', 'prest = "tiny"'),
        ('name = "quick"', 'name = "../escape"'),
        ("seeds = 3", "seeds = 0"),
        ("seeds = 3", "seeds = [1, 1]"),
        ("seeds = 3", 'seeds = "three"'),
        ('["random", "proxyless"]', "[]"),
        ('["random", "proxyless"]', '["random", "random"]'),
        ('name = "quick"', "name = "),
    ],
)
def test_a_bad_file_is_one_line(
    tmp_path: Path, change: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = study_file(tmp_path, QUICK.replace(change, message))
    assert bench(["study", str(path), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "study.toml" in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "to", "names"),
    [
        ('"proxyless"]', '"proxylss"]', "did you mean 'proxyless'"),
        ('preset = "tiny"', 'preset = "tony"', "did you mean 'tiny'"),
        ("run.evaluator=synthetic", "run.evaluatr=synthetic", "did you mean 'run.evaluator'"),
        ("seeds = 3", "seeds = 3\nmax_macs = 1000", "below the smallest architecture"),
    ],
)
def test_what_no_run_could_do_is_refused_before_the_first(
    tmp_path: Path, change: str, to: str, names: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = study_file(tmp_path, QUICK.replace(change, to))
    assert bench(["study", str(path), "--out", str(tmp_path / "out")]) == 2
    assert names in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_missing_or_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PresetError, match="No such file"):
        read_study(tmp_path / "none.toml")
    huge = tmp_path / "huge.toml"
    huge.write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(PresetError, match="larger than"):
        read_study(huge)


def test_the_plan_is_shown_and_nothing_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = study_file(tmp_path)
    assert bench(["study", str(path), "--out", str(tmp_path / "out"), "--dry-run", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [run["state"] for run in shown["runs"]] == ["missing"] * 6
    assert not (tmp_path / "out").exists()


def test_runs_are_done_once_and_only_what_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = study_file(tmp_path), tmp_path / "out"
    command = ["study", str(path), "--out", str(out), "--quiet", "--json"]
    assert bench(command) == 0
    first = json.loads(capsys.readouterr().out)
    assert [run["state"] for run in first["runs"]] == [DONE] * 6
    before = {path: path.stat().st_mtime_ns for path in out.rglob("result.json")}
    plan = make_plan(read_study(path), out)
    lost = plan.runs[3].folder
    (lost / "result.json").unlink()
    assert [plan.count(state) for state in (DONE, BEGUN, MISSING)] == [5, 1, 0]
    assert bench(command) == 0
    after = {path: path.stat().st_mtime_ns for path in out.rglob("result.json")}
    assert [path for path in before if before[path] != after[path]] == [lost / "result.json"]


def test_landscapes_are_the_synthetic_evaluators_supernets(tmp_path: Path) -> None:
    text = QUICK.replace("seeds = 3", "seeds = 1\nsupernet_seeds = [1, 2]")
    assert bench(["study", str(study_file(tmp_path, text)), "--out", str(tmp_path), "--quiet"]) == 0
    logs = logs_below(tmp_path / "runs" / "random")
    assert sorted(logs) == ["supernet1-seed0", "supernet2-seed0"]
    first, second = logs.values()
    assert [e["work"] for e in first if "work" in e] == [e["work"] for e in second if "work" in e]
    assert first != second


def test_a_run_that_cannot_be_done_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = study_file(tmp_path), tmp_path / "out"
    foreign = make_plan(read_study(path), out).runs[0].folder
    foreign.mkdir(parents=True)
    (foreign / "thesis.txt").write_text("mine")
    assert bench(["study", str(path), "--out", str(out), "--quiet", "--json"]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert len(shown["troubles"]) == 1
    assert "thesis.txt" in shown["troubles"][0]["reason"]
    assert [run["state"] for run in shown["runs"]].count(DONE) == 5


@pytest.mark.whole
def test_workers_give_what_one_process_gives(tmp_path: Path) -> None:
    path = study_file(tmp_path)
    for workers in ("1", "2"):
        out = tmp_path / workers
        assert bench(["study", str(path), "--out", str(out), "--quiet", "--workers", workers]) == 0
    assert logs_below(tmp_path / "1") == logs_below(tmp_path / "2")


@pytest.mark.whole
def test_a_killed_study_is_completed_by_the_same_command(tmp_path: Path) -> None:
    text = QUICK.replace('synthetic"]', 'synthetic", "run.budget_images=6000"]')
    path = study_file(tmp_path, text)
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    assert bench(["study", str(path), "--out", str(undisturbed), "--quiet"]) == 0
    for wanted in (1, 300, 700):
        process = begin_study(path, disturbed)
        wait_until(
            lambda: process.poll() is not None or lines_below(disturbed) >= wanted  # noqa: B023
        )
        kill_session(process)
        process.communicate()
    assert bench(["study", str(path), "--out", str(disturbed), "--quiet"]) == 0
    assert logs_below(disturbed) == logs_below(undisturbed)


@pytest.mark.slow
def test_workers_render_what_the_study_could_not(tmp_path: Path) -> None:
    """As on another machine: the worker's cache is empty, and its pool allows no children."""
    text = QUICK.replace('"run.evaluator=synthetic"', '"run.budget_images=60"').replace(
        '["random", "proxyless"]', '["random"]'
    )
    path = study_file(tmp_path, text.replace("seeds = 3", "seeds = 2"))
    plan = make_plan(read_study(path), tmp_path / "out")
    script = (
        "import os, joblib\n"
        "from pathlib import Path\n"
        "from bench.records.study_file import read_study\n"
        "from bench.study.plan import make_plan\n"
        "from bench.study.execute import do_run\n"
        f"plan = make_plan(read_study(Path({str(path)!r})), Path({str(plan.folder)!r}))\n"
        "do = joblib.delayed(do_run)\n"
        "ends = joblib.Parallel(2)(do(run, lambda: False) for run in plan.runs)\n"
        "assert [end.trouble for end in ends] == [None, None], ends\n"
    )
    environment = {**os.environ, "STRNAS_CACHE": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment, timeout=500)
    assert plan.count(DONE) == 2


def test_a_changed_study_is_refused_and_nothing_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = study_file(tmp_path), tmp_path / "out"
    command = ["study", str(path), "--out", str(out), "--quiet"]
    assert bench(command) == 0
    study_file(tmp_path, QUICK.replace('synthetic"', 'synthetic", "run.budget_images=900"'))
    capsys.readouterr()
    assert bench(command) == 2
    assert "budget_images is 640 there, 900 here" in capsys.readouterr().err
    assert (out / "study.toml").read_text() == QUICK


@pytest.mark.parametrize("content", ["{", '{"seed": "0"}'])
def test_a_damaged_result_is_not_done(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = study_file(tmp_path), tmp_path / "out"
    command = ["study", str(path), "--out", str(out), "--quiet", "--json"]
    assert bench(command) == 0
    damaged = make_plan(read_study(path), out).runs[0]
    (damaged.folder / "result.json").write_text(content)
    assert damaged.state == BEGUN
    capsys.readouterr()
    assert bench(command) == 1
    assert "damaged" in json.loads(capsys.readouterr().out)["troubles"][0]["reason"]


@pytest.mark.parametrize(
    ("name", "text"), [("study.toml", "name = 'theirs'\n"), ("records.zip", "PK")]
)
def test_files_of_others_are_not_written_over(
    tmp_path: Path, name: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that holds no runs yet is no study's: what lies in it is somebody's."""
    given = tmp_path / "mine.toml"
    given.write_text(QUICK)
    (tmp_path / name).write_text(text)
    assert bench(["study", str(given), "--out", str(tmp_path), "--quiet"]) == 2
    assert f"{name} is there and not of this study" in capsys.readouterr().err
    assert (tmp_path / name).read_text() == text
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["mine.toml", name])


def test_a_mended_study_file_takes_the_place_of_its_copy(tmp_path: Path) -> None:
    """Words that cannot be read, for one, end a study before its first run."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "study.toml").write_text(QUICK.replace("seeds = 3", "seeds = 2"))
    (out / "records.zip").write_text("of a time before")
    path = study_file(tmp_path, QUICK.replace("seeds = 3", "seeds = 1"))
    assert bench(["study", str(path), "--out", str(out), "--quiet"]) == 0
    assert (out / "study.toml").read_text() == path.read_text()


def test_a_study_may_lie_where_its_file_is(tmp_path: Path) -> None:
    path = study_file(tmp_path, QUICK.replace("seeds = 3", "seeds = 1"))
    for _ in range(2):
        assert bench(["study", str(path), "--out", str(tmp_path), "--quiet"]) == 0
    assert {"study.toml", "records.zip", "runs"} <= {each.name for each in tmp_path.iterdir()}
