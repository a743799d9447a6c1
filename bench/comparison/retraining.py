"""Commands that train from scratch what runs recommend, so far as it is not trained yet."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from itertools import count, islice
from pathlib import Path
from typing import Any

from bench.comparison.groups import Groups
from bench.records import RunRecord

#: Of an architecture, for a final score worth its name.
SEEDS = 3
#: Commands shown.
MOST = 10
PLACE = Path("results") / "models"


def recommended(run: RunRecord) -> str | None:
    """Text of what a run recommends at its end; None while there is no result."""
    text = (run.result or {}).get("recommendation", {}).get("text")
    return text if isinstance(text, str) else None


def commands(groups: Groups, trained: Mapping[str, set[int]]) -> dict[str, Any]:
    """``lines``, at most ten, and how many ``more`` there would be.

    One seed of every searcher's recommendations comes before the next seed of any; ``trained`` are
    the seeds of architectures that are there. What several runs recommend is trained once.
    """
    wanted, seen = [], set()
    for group in groups.groups:
        for place, run in enumerate(group.complete):
            text = recommended(run)
            if text is None or text in seen:
                continue
            seen.add(text)
            known = trained.get(text, set())
            new = islice((s for s in count() if s not in known), max(0, SEEDS - len(known)))
            name = re.sub(r"[^A-Za-z0-9._-]+", "-", run.searcher)[:40].strip("-.")
            for order, seed in enumerate(new, start=len(known)):
                out = PLACE / f"{name}-{run.run_id[:8]}-seed{seed}"
                line = shlex.join(
                    ["bench", "retrain", str(run.folder), "--seed", str(seed), "--out", str(out)]
                )
                wanted.append(((order, place, group.label), line))
    lines = [line for _, line in sorted(wanted)]
    return {"lines": lines[:MOST], "more": max(0, len(lines) - MOST)}
