"""Fifty kills of a study and its workers; then one more call completes it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bench.cli import run as bench
from bench.comparison.analysis import analyse
from bench.comparison.serialised import serialised
from bench.records.event_log import read_events, without_time
from bench.records.runs import find_runs, read_runs

KILLS = 50
STUDY = """
name = "killed"
preset = "tiny"
searchers = ["random", "proxyless", "evolution", "local-search"]
seeds = 8
set = ["run.evaluator=synthetic", "run.budget_images=20000", "run.checkpoint_seconds=0.05"]
"""


def logs_below(folder: Path) -> dict[str, list[dict[str, object]]]:
    return {
        str(path.parent.relative_to(folder)): [without_time(e) for e in read_events(path)]
        for path in sorted(folder.rglob("events.jsonl"))
    }


def workers_of(parent: int) -> list[int]:
    """Processes of loky that a study has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(path.parent.name))
    return found


def timeless(analysis: dict[str, Any]) -> dict[str, Any]:
    """The analysis without what depends on clock or place."""
    text = json.dumps(analysis)
    found: dict[str, Any] = json.loads(text)
    del found["created"], found["hardware"]
    del found["curves"]["seconds"]
    for row in found["searchers"]:
        del row["overhead_seconds"], row["cost"]["seconds"], row["cost"]["seconds_range"]
    for row in found["runs"]:
        del row["seconds"], row["folder"]
    return found


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_fifty_kills_leave_the_report_of_an_undisturbed_study(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(2**31)
    moments = random.Random(seed)
    file = tmp_path / "study.toml"
    file.write_text(STUDY)
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    assert bench(["study", str(file), "--out", str(undisturbed), "--quiet", "--workers", "2"]) == 0
    command = [sys.executable, "-m", "bench", "study", str(file), "--out", str(disturbed)]
    command += ["--quiet", "--workers", "2"]
    kills = 0
    process = subprocess.Popen(command, start_new_session=True)
    while kills < KILLS:
        if process.poll() is not None:
            if process.returncode == 0:
                # Complete before all kills were spent: begin again, so that each one hits.
                for path in disturbed.rglob("result.json"):
                    path.unlink()
                for path in disturbed.rglob("events.jsonl"):
                    path.unlink()
                for path in disturbed.rglob("state.safetensors"):
                    path.unlink()
            process = subprocess.Popen(command, start_new_session=True)
        time.sleep(moments.random() * 2.0)
        workers = workers_of(process.pid)
        if workers and moments.random() < 0.7:
            os.kill(moments.choice(workers), signal.SIGKILL)
            kills += 1
        elif process.poll() is None:
            process.kill()
            process.wait()
            kills += 1
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    final = subprocess.run(command, check=False, timeout=600)
    assert final.returncode == 0, f"seed {seed}"
    assert logs_below(disturbed) == logs_below(undisturbed), f"seed {seed}"
    found, expected = (
        timeless(serialised(analyse(read_runs(find_runs([folder])), "x")))
        for folder in (disturbed, undisturbed)
    )
    assert found == expected, f"seed {seed}"
