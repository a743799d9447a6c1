"""A command as a process of its own, forked from a server that has imported torch already.

A fresh interpreter spends five seconds of processor time on imports before a tiny run begins, which
takes one. What is told apart here - signals, kills, sessions, exit codes, what is printed - does
not depend on how the process came to be.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from multiprocessing import reduction
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def fork(target: Callable[..., None], *arguments: object) -> ForkServerProcess:
    """``target(*arguments)`` as a process of its own, begun."""
    context = multiprocessing.get_context("forkserver")
    # It imports what every command needs; `run_child` is shared with those who fork runs.
    context.set_forkserver_preload(["run_child"])
    process = context.Process(target=target, args=arguments)
    # The server finds what it preloads through the environment it is started with.
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(FOLDER), *sys.path])
    try:
        process.start()
    finally:
        os.environ["PYTHONPATH"] = before
    return process


class Command:
    """What ``subprocess.Popen`` offers, of `bench ARGUMENTS`; the leader of a session."""

    def __init__(self, arguments: list[str], folder: Path, environment: dict[str, str]) -> None:
        # Closed where they are read.
        self._files = [tempfile.NamedTemporaryFile() for _ in range(2)]  # noqa: SIM115
        self._printed: tuple[str, str] | None = None
        handles = [_Handle(file.fileno()) for file in self._files]
        self._process = fork(_call, arguments, str(folder), environment, *handles)
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, less than 0 for a signal; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Its exit code by now."""
        return self.returncode

    def send_signal(self, number: int) -> None:
        """To the process alone."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """The process alone."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Until it has ended."""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("bench", timeout or 0.0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it has printed once it has ended."""
        self.wait(timeout)
        if self._printed is None:
            output, error = (Path(file.name).read_text() for file in self._files)
            for file in self._files:
                file.close()
            self._printed = output, error
        return self._printed


class _Handle:
    """An open file on its way to the child, where it is a number."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, (reduction.DupFd(self.number),)


def _arrived(handle: Any) -> int:
    number: int = handle.detach()
    return number


def _call(
    arguments: list[str], folder: str, environment: dict[str, str], output: int, error: int
) -> None:
    """What the child does."""
    os.setsid()
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(output, 1)
    os.dup2(error, 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["bench", *arguments]
    from bench.cli import run

    code = run(arguments)
    # The end of a child runs none of these.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    sys.exit(code)
