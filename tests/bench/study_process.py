"""A command that takes a while as a process of its own, to be interrupted and killed."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # The fork server imports modules by name.

from forked import Command

from bench.records.event_log import read_events, without_time

ROOT = Path(__file__).parents[2]
SLOW = """
name = "slow"
preset = "tiny"
searchers = ["random", "proxyless"]
seeds = 1
set = ["run.evaluator=synthetic", "run.budget_images=20000", "run.checkpoint_seconds=0.05"]
"""
#: Seconds that nothing takes on a busy machine: longer is a hang.
PATIENCE = 500.0


def environment() -> dict[str, str]:
    """This one, with the repository importable from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def begin_study(file: Path, out: Path, *options: str, cwd: Path = ROOT) -> Command:
    """`bench study`, the leader of a process group like a command in a terminal."""
    return begin_bench("study", str(file), "--out", str(out), "--quiet", *options, cwd=cwd)


def begin_bench(*arguments: str, cwd: Path = ROOT) -> Command:
    """Any command, the leader of a process group."""
    return Command(list(arguments), cwd, environment())


def wait_until(true: Callable[[], bool], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(0.01)


def lines_below(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in folder.rglob("events.jsonl"))


def logs_below(folder: Path) -> dict[str, list[dict[str, object]]]:
    return {
        str(path.parent.relative_to(folder)): [without_time(e) for e in read_events(path)]
        for path in sorted(folder.rglob("events.jsonl"))
    }


def processes(of: Callable[[int, int], bool]) -> dict[int, str]:
    """Living processes with their commands; ``of(parent, session)`` says which."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            command = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        if state != "Z" and of(int(parent), int(session)):
            found[int(folder.name)] = command
    return found


def session_of(process: Command) -> dict[int, str]:
    """What a study has left running, itself included."""
    return processes(lambda parent, session: session == process.pid)


def kill_session(process: Command) -> None:
    """For the end of a test, however it ended."""
    for pid in session_of(process):
        os.kill(pid, signal.SIGKILL)
    process.wait()


def workers_of(process: Command) -> list[int]:
    """The two processes of loky that a command with two workers has."""
    found = [pid for pid, command in session_of(process).items() if "LokyProcess" in command]
    assert len(found) == 2
    return found
