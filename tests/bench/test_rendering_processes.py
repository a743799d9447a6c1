"""Processes that render words end with the command that began them, however it ends."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from study_process import begin_bench, kill_session, session_of, wait_until

needs_proc = pytest.mark.skipif(not Path("/proc").is_dir(), reason="no /proc to look into")


@pytest.mark.whole
@needs_proc
def test_a_killed_command_leaves_nobody_rendering(tmp_path: Path) -> None:
    command = begin_bench(
        "data", "render", str(tmp_path / "words"), "--count", "1000000", "--processes", "2",
        "--quiet", cwd=tmp_path,
    )  # fmt: skip
    try:
        # Once there is a file of words, the processes have handed over records.
        wait_until(lambda: any(path.is_file() for path in tmp_path.rglob("data.mdb")))
        wait_until(lambda: sum("spawn_main" in found for found in session_of(command).values()) > 1)
        os.kill(command.pid, signal.SIGKILL)
        wait_until(lambda: not any("spawn_main" in found for found in session_of(command).values()))
    finally:
        kill_session(command)
