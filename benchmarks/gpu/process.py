"""A command with a time limit, of which nothing is left behind. Standard library only."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Seconds between asking a process to end and ending it.
GRACE_SECONDS = 2.0
LAST_LINES = 25


@dataclass(frozen=True)
class Ended:
    """``state`` is ok, failed, timed out or skipped; ``lines`` the last ones that were printed."""

    state: str
    lines: list[str]
    seconds: float


def run_limited(
    command: Sequence[str],
    limit_seconds: float,
    environment: Mapping[str, str],
    folder: Path | None = None,
) -> Ended:
    """Run a command for at most ``limit_seconds``, then end it and all that it started."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,
        )
        try:
            code = process.wait(max(0.0, limit_seconds - GRACE_SECONDS))
            state = "ok" if code == 0 else "failed"
        except subprocess.TimeoutExpired:
            state = "timed out"
        finally:
            # Also what a part that has ended well started and left.
            end_group(process)
        lines = _last_lines(output.fileno())
    return Ended(state, lines, time.monotonic() - began)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ask the process and its children to end, then end them."""
    if process.poll() is None:
        _signal(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
    _signal(process.pid, signal.SIGKILL)
    process.wait()


def _signal(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return  # Nobody is left.


def _last_lines(descriptor: int) -> list[str]:
    size = os.fstat(descriptor).st_size
    content = os.pread(descriptor, 20_000, max(0, size - 20_000))
    return content.decode(errors="replace").splitlines()[-LAST_LINES:]
