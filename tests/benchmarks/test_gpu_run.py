"""`benchmarks/gpu/run`: limits, failures, being cut off. What is on disk at any moment is whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gpu import driver
from benchmarks.gpu.parts import ENVIRONMENT, INSTALL_SECONDS, MINUTES, PARTS, Part

ROOT = Path(__file__).parents[2]
#: Parts that do nothing but behave: well, badly, or not at all.
MODULES = {
    "stub_environment": "record.put('cuda_available', value=False)",
    "stub_good": "record.headline('all well')",
    "stub_fails": "record.put('first', value=1); sys.exit('this went wrong')",
    "stub_hangs": """
child = subprocess.Popen(['sleep', '600'])
record.put('child', value=child.pid)
time.sleep(600)""",
    "stub_attempts": """
def bad():
    raise RuntimeError('no memory')
record.attempt('a', 'bad', work=bad)
record.attempt('a', 'good', work=lambda: 2)
sys.exit(record.failures)""",
}


@pytest.fixture
def stubs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the modules above, found by every process."""
    head = "import subprocess, sys, time\nfrom benchmarks.gpu.record import Record, part_options\n"
    head += "record = Record(part_options('stub').out)\n"
    for name, body in MODULES.items():
        (tmp_path / f"{name}.py").write_text(head + body + "\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def part(name: str, seconds: float = 20.0, needs_device: bool = False) -> Part:
    return Part(name, seconds, "", needs_device, f"stub_{name}")


def read(path: Path) -> Any:
    return json.loads(path.read_text())


@pytest.mark.whole
def test_a_part_that_fails_or_hangs_costs_the_others_nothing(
    stubs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # First, since time that a part leaves is the next one's.
    monkeypatch.setattr(driver, "ENVIRONMENT", part("environment", 5.0))
    parts = (part("fails", 5.0), part("hangs", 0.5), part("attempts"), part("good"))
    monkeypatch.setattr(driver, "PARTS", parts)
    out = stubs / "out"
    assert driver.main(["--out", str(out), "--device", "cpu"]) == 1
    summary = read(out / "summary.json")["parts"]
    states = {row["part"]: row["state"] for row in summary}
    assert list(states) == ["environment", "fails", "hangs", "attempts", "good"]
    assert list(states.values()) == ["ok", "failed", "timed out", "failed", "ok"]
    assert "this went wrong" in summary[1]["error"]
    assert read(out / "fails.json") == {"first": 1}
    assert not alive(read(out / "hangs.json")["child"])
    found = read(out / "attempts.json")["a"]
    assert found["bad"]["failed"] == "RuntimeError: no memory"
    assert found["good"] == 2
    assert summary[4]["headline"] == "all well"
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(states)
    assert lines[-1].endswith("all well")


def test_without_a_gpu_parts_that_need_one_are_skipped(
    stubs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "ENVIRONMENT", part("environment"))
    parts = (part("good", needs_device=True), part("attempts"))
    monkeypatch.setattr(driver, "PARTS", parts)
    driver.main(["--out", str(stubs / "out")])
    states = [row["state"] for row in read(stubs / "out" / "summary.json")["parts"]]
    assert states == ["ok", "skipped", "failed"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_cut_off_in_the_middle(stubs: Path, number: signal.Signals) -> None:
    out = stubs / "out"
    code = (
        "import sys; from benchmarks.gpu import driver; from benchmarks.gpu.parts import Part\n"
        "driver.ENVIRONMENT = Part('environment', 20.0, '', False, 'stub_environment')\n"
        "driver.PARTS = (Part('good', 20.0, '', False, 'stub_good'),\n"
        "                Part('hangs', 600.0, '', False, 'stub_hangs'))\n"
        f"sys.exit(driver.main(['--out', {str(out)!r}, '--device', 'cpu']))"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{stubs}"}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    wait_for(lambda: (out / "hangs.json").exists() and "child" in read(out / "hangs.json"))
    process.send_signal(number)
    assert process.wait(30) == (143 if number == signal.SIGTERM else -9)
    rows = {row["part"]: row for row in read(out / "summary.json")["parts"]}
    assert rows["good"]["state"] == "ok"
    assert read(out / "good.json")["headline"] == "all well"
    child = read(out / "hangs.json")["child"]
    if number == signal.SIGTERM:
        assert rows["hangs"]["state"] == "cut off"
        assert not alive(child)
    else:
        assert rows["hangs"]["state"] == "running"
        os.killpg(os.getpgid(child), signal.SIGKILL)  # Nobody was left to do it.


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--only", "nothing"], "invalid choice: 'nothing'"),
        (["--minutes", "0"], "--minutes 0.0: expected more than 0"),
        (["--wheels", "/nowhere"], "no wheels there"),
    ],
)
def test_bad_options_end_before_anything_is_done(
    options: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        driver.main(["--out", str(tmp_path / "out"), *options])
    assert ended.value.code == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_limits_together_are_what_is_promised() -> None:
    whole = INSTALL_SECONDS + sum(part.seconds for part in (ENVIRONMENT, *PARTS))
    assert whole <= 60 * MINUTES
    assert MINUTES <= 8
    for one in (ENVIRONMENT, *PARTS):
        assert (ROOT / "benchmarks" / "gpu" / f"{one.name}.py").exists()


def test_packages_are_pinned_as_elsewhere() -> None:
    known = (ROOT / "constraints.txt").read_text().splitlines()
    lines = (ROOT / "benchmarks" / "gpu" / "wheels.txt").read_text().splitlines()
    pinned = [line for line in lines if not line.startswith("#")]
    assert len(pinned) > 10
    assert set(pinned) <= set(known)


@pytest.mark.slow
def test_everything_on_a_cpu_in_small(tmp_path: Path) -> None:
    """The whole script: each part ends well, and has found something."""
    run = [str(ROOT / "benchmarks" / "gpu" / "run"), "--tiny", "--device", "cpu"]
    command = [sys.executable, *run, "--out", str(tmp_path), "--minutes", "40"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=2000)
    summary = read(tmp_path / "summary.json")["parts"]
    assert {row["part"]: row["state"] for row in summary} == {
        one.name: "ok" for one in (ENVIRONMENT, *PARTS)
    }, done.stdout + done.stderr
    assert done.returncode == 0
    for one in (ENVIRONMENT, *PARTS):
        assert read(tmp_path / f"{one.name}.json")
    assert read(tmp_path / "gpu_tests.json")["counts"]["passed"] > 0
    assert read(tmp_path / "preset_gpu.json")["ours / plain"]["weight steps"] > 0
    assert read(tmp_path / "resume.json")["attention"]["equal"]
    assert read(tmp_path / "resume.json")["attention"]["killed_by"] == -signal.SIGKILL


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 500
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(process: int) -> bool:
    """Whether a process runs; one that has ended and is not collected does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state not in "ZX"
