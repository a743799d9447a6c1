"""Ctrl-C in a study: one line, nobody left behind, and the same command goes on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from study_process import (
    PATIENCE,
    SLOW,
    begin_study,
    kill_session,
    lines_below,
    logs_below,
    session_of,
    wait_until,
    workers_of,
)

from bench.cli import run as bench


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("file") / "study.toml"
    path.write_text(SLOW)
    return path


@pytest.fixture(scope="module")
def undisturbed(file: Path) -> dict[str, list[dict[str, object]]]:
    out = file.parent / "undisturbed"
    assert bench(["study", str(file), "--out", str(out), "--quiet"]) == 0
    return logs_below(out)


@pytest.mark.whole
@pytest.mark.parametrize(
    ("workers", "number", "whole_group"),
    [
        ("2", signal.SIGINT, True),
        pytest.param("2", signal.SIGINT, False, marks=pytest.mark.slow),
        pytest.param("2", signal.SIGTERM, False, marks=pytest.mark.slow),
        pytest.param("2", signal.SIGTERM, True, marks=pytest.mark.slow),
        ("1", signal.SIGINT, True),
    ],
)
def test_one_line_and_nobody_left(
    tmp_path: Path,
    file: Path,
    undisturbed: dict[str, list[dict[str, object]]],
    workers: str,
    number: signal.Signals,
    whole_group: bool,
) -> None:
    out = tmp_path / "out"
    process = begin_study(file, out, "--workers", workers)
    try:
        wait_until(lambda: lines_below(out) > 50)
        (os.killpg if whole_group else os.kill)(process.pid, number)
        printed, error = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
        assert printed == ""
        assert error == f"bench: interrupted: run the same command again to resume {out}\n"
        wait_until(lambda: not session_of(process))
    finally:
        kill_session(process)
    assert 50 < lines_below(out) < sum(map(len, undisturbed.values()))
    assert bench(["study", str(file), "--out", str(out), "--quiet"]) == 0
    assert logs_below(out) == undisturbed


@pytest.mark.slow
def test_the_second_interrupt_does_not_wait_for_anybody(tmp_path: Path, file: Path) -> None:
    out = tmp_path / "out"
    process = begin_study(file, out, "--workers", "2")
    try:
        wait_until(lambda: lines_below(out) > 50)
        # Workers that never come to the end of their piece of work.
        for worker in workers_of(process):
            os.kill(worker, signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        with pytest.raises(TimeoutError):
            wait_until(lambda: process.poll() is not None, 1.0)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
        assert error == f"bench: interrupted: run the same command again to resume {out}\n"
        wait_until(lambda: not session_of(process))
    finally:
        kill_session(process)


@pytest.mark.slow
def test_the_terminal_interrupts_the_study_not_its_workers(tmp_path: Path, file: Path) -> None:
    out = tmp_path / "out"
    process = begin_study(file, out, "--workers", "2")
    try:
        wait_until(lambda: lines_below(out) > 50)
        for worker in workers_of(process):
            os.kill(worker, signal.SIGINT)
        _, error = process.communicate(timeout=PATIENCE)
        assert (process.returncode, error) == (0, "")
    finally:
        kill_session(process)


@pytest.mark.slow
def test_workers_leave_a_study_that_was_killed_though_they_wait_for_work(
    tmp_path: Path, file: Path
) -> None:
    """The second of two workers has nothing left to do when the study dies."""
    out = tmp_path / "out"
    process = begin_study(file, out, "--workers", "2")
    try:
        wait_until(lambda: len(list(out.rglob("result.json"))) == 1)
        assert len(workers_of(process)) == 2
        process.kill()
        process.wait()
        assert workers_of(process)
        wait_until(lambda: not session_of(process))
        process.communicate()
    finally:
        kill_session(process)
