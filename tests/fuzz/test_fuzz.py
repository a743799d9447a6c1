"""A slice of the attacks; all of them: ``python -m tests.fuzz`` (see CONTRIBUTING.md)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: None of its trials renders or trains at length, to be interrupted after seconds.
SEED = 6


@pytest.mark.parametrize(
    ("arguments", "files"), [(6, 6), pytest.param(30, 20, marks=pytest.mark.whole)]
)
def test_nothing_gets_through_the_door(own_cache: Path, arguments: int, files: int) -> None:
    # In a process of its own: it forks, which threads of other tests would not survive.
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--no-model",
         f"--arguments={arguments}", f"--files={files}",
         f"--seed={SEED}", f"--cache={own_cache}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert f"{arguments} argument lists; exit codes " in done.stderr
    assert f"{files} damaged files; exit codes " in done.stderr
