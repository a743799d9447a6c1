"""A slice of the attacks; all of them: ``python -m tests.fuzz`` (see CONTRIBUTING.md)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("arguments", "files"), [(30, 0), (0, 20)])
def test_nothing_gets_through_the_door(arguments: int, files: int) -> None:
    # In a process of its own: it forks, which threads of other tests would not survive.
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--no-model", f"--arguments={arguments}",
         f"--files={files}", "--seed=1"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
