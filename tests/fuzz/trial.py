"""One command in a process of its own, watched: exit code, traceback, time, memory, files.

What it leaves running is wrong, too.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

CODES = frozenset({0, 2, 130})
#: Commands that say by 1 that something was done and something failed.
MAY_FAIL = frozenset(
    {"doctor", "panel", "reproduce", "retrain", "study", "supernet", "run", "latency", "baseline"}
)
MAX_SECONDS = 60.0
MAX_BYTES = 3 * 2**29
#: After that long the command is interrupted as by Ctrl-C: most of what it could say, it has said.
INTERRUPT_SECONDS = 15
#: Looks, a tenth of a second apart, for what has not ended yet: on a busy machine, what has hardly
#: begun takes long to see that nobody waits for it.
LEAVING = 1000
#: What a trial may write to; the rest of its working folder is input.
OUTPUTS = ("out", "results")


@dataclass(frozen=True)
class Outcome:
    """What is wrong with a trial, '' for nothing, and what it took."""

    problem: str
    code: int
    seconds: float
    peak_bytes: int


def attempt(arguments: list[str], place: Path) -> Outcome:
    """``bench ARGUMENTS`` in the folder ``place``."""
    before = _listing(place)
    told = place.parent / f"{place.name}.told"
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        os.setsid()
        os._exit(_child(arguments, place, told))
    status, usage = _wait(child, begun)
    seconds = time.monotonic() - begun
    left = _left_behind(child)
    said = told.read_text(errors="replace")
    told.unlink()
    code = os.waitstatus_to_exitcode(status)
    peak = usage.ru_maxrss * 1024
    problem = _problem(arguments, code, said, seconds, peak)
    if not problem and left:
        problem = f"left running: {left[:3]}"
    after = _listing(place)
    # Where it was told to write, it may write; what was there stays as it is.
    new = [name for name in after.keys() - before.keys() if not _is_named(name, arguments)]
    spoilt = [name for name in before if after.get(name) != before[name]]
    if not problem and (new or spoilt):
        problem = f"new outside of its outputs: {new[:3]}, changed or gone: {spoilt[:3]}"
    return Outcome(problem, code, seconds, peak)


def _left_behind(session: int) -> list[str]:
    """Processes of a session that has ended which do not end themselves; they are killed."""
    found: dict[int, str] = {}
    for wait_seconds in (0.0, *([0.1] * LEAVING)):
        time.sleep(wait_seconds)
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                state, *rest = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
                if state != "Z" and int(rest[2]) == session:
                    found[int(folder.name)] = (folder / "cmdline").read_text()
            except OSError:
                continue
        if not found:
            return []
    for pid in found:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return [command.replace("\0", " ") for command in found.values()]


def _child(arguments: list[str], place: Path, told: Path) -> int:
    descriptor = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.chdir(place)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**28, 2**28))
    _limit_memory()
    sys.stdin = open(os.devnull)  # noqa: SIM115, PTH123 - it ends with the process
    signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    signal.setitimer(signal.ITIMER_REAL, INTERRUPT_SECONDS, 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from bench.cli import run

    try:
        return run(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - whatever gets out here is what is looked for.
        traceback.print_exc()
        return 70
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _limit_memory() -> None:
    """What the process has now, and as much on top as a command may take."""
    status = Path("/proc/self/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmData")]
    most = int(line.split()[1]) * 1024 + MAX_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _wait(child: int, begun: float) -> tuple[int, resource.struct_rusage]:
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            return status, usage
        if time.monotonic() - begun > MAX_SECONDS:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.002)


def _problem(arguments: list[str], code: int, said: str, seconds: float, peak: int) -> str:
    allowed = CODES | ({1} if arguments and arguments[0] in MAY_FAIL else frozenset())
    # An interrupt may fall into a destructor, where Python has no other way to tell it.
    ignored = code == 130 and "Exception ignored" in said
    # What a check of the doctor ended in is shown whole to who asks for it.
    ignored |= arguments[:1] == ["doctor"] and "--verbose" in arguments and code == 1
    checks: list[tuple[Callable[[], bool], str]] = [
        (lambda: "Traceback (most recent" in said and not ignored, f"traceback: {said[-1500:]}"),
        (lambda: seconds > MAX_SECONDS, f"{seconds:.0f} seconds"),
        (lambda: code not in allowed, f"exit code {code}: {said[-500:]}"),
        (lambda: peak > MAX_BYTES, f"{peak:,} bytes of memory"),
        (lambda: "\x1b[31mHOSTILE" in said, "a stranger's control characters reach the terminal"),
    ]
    return next((text for is_wrong, text in checks if is_wrong()), "")


def _is_named(name: str, arguments: list[str]) -> bool:
    return any(Path(argument) in Path(name).parents or name == argument for argument in arguments)


def _listing(place: Path) -> dict[str, tuple[int, int]]:
    """Files in and beside the working folder but for outputs, with size and time of change."""
    found = {}
    for top in place.parent.iterdir():
        if top != place and top.suffix != ".told":
            found[top.name] = (0, 0)
    for path in place.rglob("*"):
        inside = path.relative_to(place)
        if inside.parts[0] not in OUTPUTS and not path.is_dir():
            stat = path.lstat()
            found[str(inside)] = (stat.st_size, stat.st_mtime_ns)
    return found
