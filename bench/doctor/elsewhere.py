"""Continues a searcher in a fresh process with another hash seed, and watches what it reaches for.

``python -m bench.doctor.elsewhere`` is that process: JSON on stdin, JSON on stdout.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.doctor.rehearsal import rehearse
from bench.doctor.subject import Subject

HASH_SEED = "20261"
SECONDS = 300
#: Modules that only the harness may use. Those that this file needs are there before.
OTHERS = ("trainers", "bench")
DATA_FILE = ".mdb"


def continue_elsewhere(
    subject: Subject, state: dict[str, Any], budget_images: int
) -> tuple[list[str], list[str]]:
    """Lines of the steps from ``state`` on, and what the searcher reached for meanwhile."""
    task = {"subject": subject.as_dict(), "state": state, "budget_images": budget_images}
    environment = {
        **os.environ,
        "PYTHONHASHSEED": HASH_SEED,
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
    answer = json.loads(done.stdout)
    return answer["lines"], answer["reached"]


def main() -> None:
    """Do the task on stdin."""
    task = json.load(sys.stdin)
    subject = Subject.from_dict(task["subject"])
    opened: list[str] = []

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        # lmdb opens files in C, unseen: its import is what gives it away.
        if event == "open" and str(arguments[0]).endswith(DATA_FILE):
            opened.append(str(arguments[0]))

    sys.addaudithook(watch)
    before = set(sys.modules)
    searcher = subject.make(seed=1)
    searcher.load_state_dict(task["state"])
    lines = [step.line() for step in rehearse(searcher, task["budget_images"])]
    searcher.recommend()
    new = sorted(set(sys.modules) - before)
    reached = [name for name in new if name.partition(".")[0] in (*OTHERS, "lmdb")]
    own = vars(sys.modules[subject.kind.__module__]).values()
    used = {getattr(value, "__module__", None) or getattr(value, "__name__", "") for value in own}
    reached += sorted(m for m in used if isinstance(m, str) and m.partition(".")[0] in OTHERS)
    json.dump({"lines": lines, "reached": reached + opened}, sys.stdout)


if __name__ == "__main__":
    main()
