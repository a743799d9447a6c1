"""Continues a searcher in a fresh process with another hash seed, and watches what it reaches for.

``python -m bench.doctor.elsewhere`` is that process: JSON on stdin, JSON on stdout.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.doctor.rehearsal import rehearse
from bench.doctor.subject import Subject

#: Two, since one of them may be that of this process.
HASH_SEEDS = ("20261", "20262")
SECONDS = 300
#: Modules that only the harness may use. Those that this file needs are there before.
OTHERS = ("trainers", "bench")
DATA_FILE = ".mdb"


@dataclass(frozen=True)
class Answer:
    """``lines[i]`` are the steps from the i-th state on, ``reached`` what it reached for."""

    lines: list[list[str]]
    reached: list[str]


def continue_elsewhere(subject: Subject, starts: Sequence[tuple[dict[str, Any], int]]) -> Answer:
    """Go on from each state with so many images; ``RuntimeError`` when that breaks off."""
    task = {"subject": subject.as_dict(), "starts": starts}
    here = os.environ.get("PYTHONHASHSEED")
    environment = {
        **os.environ,
        "PYTHONHASHSEED": next(seed for seed in HASH_SEEDS if seed != here),
        "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *filter(None, sys.path)]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "bench.doctor.elsewhere"],
        input=json.dumps(task).encode(),
        capture_output=True,
        env=environment,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise RuntimeError(f"the fresh process failed: {' '.join(last)}")
    return Answer(**json.loads(done.stdout))


def main() -> None:
    """Do the task on stdin."""
    # What a searcher prints must not end up in the answer.
    with redirect_stdout(sys.stderr):
        answer = _answer(json.load(sys.stdin))
    json.dump(asdict(answer), sys.stdout)


def _answer(task: dict[str, Any]) -> Answer:
    opened: list[str] = []

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        # lmdb opens files in C, unseen: its import is what gives it away.
        if event == "open" and str(arguments[0]).endswith(DATA_FILE):
            opened.append(str(arguments[0]))

    sys.addaudithook(watch)
    before = set(sys.modules)
    subject = Subject.from_dict(task["subject"])
    lines = []
    for state, images in task["starts"]:
        searcher = subject.make(seed=1)
        searcher.load_state_dict(state)
        lines.append([step.line() for step in rehearse(searcher, images)])
        searcher.recommend()
    new = sorted(set(sys.modules) - before)
    reached = [name for name in new if name.partition(".")[0] in (*OTHERS, "lmdb")]
    # What this file had imported itself is not new: the searcher's own module shows it.
    own = vars(sys.modules[subject.kind.__module__]).values()
    used = {getattr(value, "__module__", None) or getattr(value, "__name__", "") for value in own}
    reached += [m for m in used if isinstance(m, str) and m.partition(".")[0] in OTHERS]
    return Answer(lines, sorted({*reached, *opened}))


if __name__ == "__main__":
    main()
