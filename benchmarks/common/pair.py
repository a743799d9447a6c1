"""Two processes, ours and the plain one, that measure in turns: noise of the machine hits both."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

NAMES = ("ours", "plain")
ROOT = Path(__file__).parents[2]


class Pair:
    """The two children, with as many threads each."""

    def __init__(self, threads: int) -> None:
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": str(threads),
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        }
        self._children = {
            name: subprocess.Popen(
                [sys.executable, "-m", "benchmarks.common.child", name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=environment,
            )
            for name in NAMES
        }

    def __enter__(self) -> Pair:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for child in self._children.values():
            if child.stdin is not None:
                child.stdin.close()
            if kind is not None:
                child.kill()
            child.wait()

    def ask(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        """Send one request to a child and wait for its answer."""
        child = self._children[name]
        if child.stdin is None or child.stdout is None:
            raise RuntimeError(f"the process of {name} has no pipes")
        child.stdin.write(json.dumps(request) + "\n")
        child.stdin.flush()
        line = child.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of {name} ended: see its message above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def shares(self, name: str, row: dict[str, Any]) -> dict[str, Any]:
        """Seconds of each part of one child's weight steps."""
        self.ask(name, {"do": "prepare", "row": row})
        return self.ask(name, {"do": "shares"})

    def measure(self, row: dict[str, Any], rounds: int) -> dict[str, Any]:
        """Seconds of both in each round, peaks in bytes, and the ratios plain / ours."""
        for name in NAMES:
            self.ask(name, {"do": "prepare", "row": row})
        answers: dict[str, list[dict[str, Any]]] = {name: [] for name in NAMES}
        for turn in range(rounds):
            for name in NAMES if turn % 2 == 0 else reversed(NAMES):
                answers[name].append(self.ask(name, {"do": "measure"}))
        found: dict[str, Any] = {
            name: {
                "seconds": [answer["seconds"] for answer in answers[name]],
                "peak_bytes": answers[name][-1]["peak_bytes"],
            }
            for name in NAMES
        }
        ours, plain = (found[name]["seconds"] for name in NAMES)
        found["ratios"] = [p / o for p, o in zip(plain, ours, strict=True)]
        found["ratio"] = statistics.median(found["ratios"])
        return found
