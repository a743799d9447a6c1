"""Processes that measure when told to: ours, the plain one, and ours of another checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from spaces.errors import InputError

#: As they stand in tables and in JSON; ``before`` is ours of another checkout.
NAMES = ("ours", "plain", "before")
ROOT = Path(__file__).parents[2]
#: What a checkout has that can be measured.
NEEDED = ("bench/run.py", "spaces/__init__.py", "trainers/trainer.py")


@dataclass(frozen=True)
class Contestant:
    """One process: whose trainer, with how many threads; ``number`` tells equal ones apart."""

    name: str
    threads: int
    checkout: Path = ROOT
    number: int = 0


def contestants(names: Sequence[str], threads: int, against: Path | None) -> list[Contestant]:
    """One of each name."""
    other = against or ROOT
    return [Contestant(name, threads, other if name == "before" else ROOT) for name in names]


def is_checkout(path: Path) -> bool:
    """Whether a folder holds the packages that a child imports."""
    return all((path / file).is_file() for file in NEEDED)


class Children:
    """The processes of some contestants. Each answers one request after the other."""

    def __init__(self, members: Sequence[Contestant]) -> None:
        self._folder = tempfile.TemporaryDirectory()
        # Another checkout is measured with the code of this one.
        (Path(self._folder.name) / "benchmarks").symlink_to(ROOT / "benchmarks")
        self._children = {member: self._start(member) for member in members}

    def _start(self, member: Contestant) -> subprocess.Popen[str]:
        paths = [self._folder.name, str(member.checkout), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": str(member.threads),
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
            # Else packages of the folder that one stands in would come first.
            "PYTHONSAFEPATH": "1",
        }
        kind = "plain" if member.name == "plain" else "ours"
        return subprocess.Popen(
            [sys.executable, "-m", "benchmarks.common.child", kind, str(member.checkout)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def __enter__(self) -> Children:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for child in self._children.values():
            if kind is not None:
                child.kill()
            # Closes the pipes, which ends it, and waits.
            with child:
                pass
        self._folder.cleanup()

    def ask(self, member: Contestant, request: dict[str, Any]) -> dict[str, Any]:
        """Send one request and wait for its answer; InputError for what a user can mend."""
        return self.ask_together([member], request)[0]

    def ask_together(
        self, members: Sequence[Contestant], request: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Send one request to several at once; all their answers."""
        for member in members:
            pipe = self._children[member].stdin
            if pipe is not None:
                pipe.write(json.dumps(request) + "\n")
                pipe.flush()
        return [self._answer(member) for member in members]

    def _answer(self, member: Contestant) -> dict[str, Any]:
        pipe = self._children[member].stdout
        line = pipe.readline() if pipe is not None else ""
        if not line:
            raise RuntimeError(f"the process of {member.name} ended: see its message above")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise InputError(answer["error"])
        return answer
