"""Short searches as a user starts them, ``bench run``, on real rendered words.

Each has a part of the time; one that does not end in it is interrupted, and what its log holds is
counted.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.gpu.commands import (
    FEW_WORDS,
    bench_run,
    events_in,
    last_words,
    result_of,
    start,
)
from benchmarks.gpu.record import Record, part_options

#: (searcher, preset, share of the time, what is set). The first is what a user starts with, whose
#: word accuracy on a CPU is known.
SEARCHES: tuple[tuple[str, str, float, tuple[str, ...]], ...] = (
    ("proxyless", "cpu", 0.7, ("run.evaluation_cache=false", "data.workers=16")),
    ("proxyless", "gpu", 0.3, ("run.budget_images=60000", "run.evaluation_images=512")),
)
TINY: tuple[tuple[str, str, float, tuple[str, ...]], ...] = (
    ("proxyless", "tiny", 0.5, ("run.evaluation_cache=false",)),
    ("random", "tiny", 0.5, ("run.evaluation_cache=false", "run.budget_images=320")),
)


def main() -> int:
    """Exit code 1 when a search did not end well."""
    options = part_options(__doc__)
    record = Record(options.out, device=options.device)
    said = []
    with tempfile.TemporaryDirectory() as folder:
        for searcher, preset, share, given in TINY if options.tiny else SEARCHES:
            name = f"{searcher}, preset {preset}"
            place = Path(folder) / name.replace(", ", "-").replace(" ", "-")
            overrides = (*FEW_WORDS, "run.referee_points=1", *given) if preset == "gpu" else given
            command = bench_run(place, searcher, preset, options.device, overrides)
            # A little is left for the end of the part.
            limit = 0.95 * share * options.seconds
            if record.attempt(name, work=lambda c=command, p=place, s=limit: searched(c, p, s)):
                found = record.document[name]
                record.failures += found["state"] == "failed"
                said.append(f"{name}: {told(found)}")
                record.headline("; ".join(said))
    return 1 if record.failures else 0


def searched(command: Sequence[str], folder: Path, limit: float) -> dict[str, Any]:
    """Run a search for at most ``limit`` seconds; its cost, its result, its seconds by kind."""
    log = folder.with_suffix(".log")
    began = time.monotonic()
    process = start(command, log)
    try:
        code = process.wait(limit)
        state = "complete" if code == 0 else "failed"
    except subprocess.TimeoutExpired:
        state = "interrupted"
        process.send_signal(signal.SIGINT)
        try:
            process.wait(3.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    found: dict[str, Any] = {
        "command": " ".join(command[1:]),
        "state": state,
        "seconds": time.monotonic() - began,
        "log": by_kind(events_in(folder)),
    }
    result = result_of(folder)
    if result is not None:
        found |= {key: result[key] for key in ("recommendation", "cost", "warnings", "ended")}
    if state == "failed":
        found["said"] = last_words(log)
    return found


def by_kind(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Events, images and the trainer's seconds of each kind of work."""
    kinds: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for event in events:
        kind = kinds[event["kind"]]
        kind["events"] += 1
        kind["seconds"] += event["time"].get("trainer", event["time"].get("referee", 0.0))
        kind["images"] += event.get("cost", {}).get("images", 0)
    return {kind: dict(counts) for kind, counts in kinds.items()}


def told(found: dict[str, Any]) -> str:
    """One search in a few words."""
    if found["state"] != "complete":
        return f"{found['state']} after {found['seconds']:.0f} s"
    score = found["recommendation"].get("score")
    accuracy = f", score {score:.3f}" if isinstance(score, float) else ""
    return f"{found['seconds']:.0f} s{accuracy}"


if __name__ == "__main__":
    sys.exit(main())
