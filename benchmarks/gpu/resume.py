"""Runs that are killed and resumed, beside runs that nobody disturbs: are the logs the same?

Two heads, side by side. With attention every number of every line has to be the same. With CTC
that holds where the loss is computed on the host; the same is compared, and where the logs differ
the first difference is written down with the largest relative one of any loss.
"""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.gpu.commands import bench_run, events_in, last_words, result_of, start
from benchmarks.gpu.record import Record, part_options

COMMON = (
    "run.evaluation_cache=false",
    "run.checkpoint_seconds=0.5",
    # Each path brings shapes that cuDNN has to compile kernels for.
    "run.budget_images=256",
)
HEADS = {
    "attention": (
        "recogniser.head=attention", "recogniser.attention_hidden=32", "recogniser.rectifier=tps",
        "recogniser.sequence_encoder=bilstm", "recogniser.sequence_hidden=16",
    ),
    "ctc": ("recogniser.sequence_encoder=bilstm", "recogniser.sequence_hidden=16"),
}  # fmt: skip
#: Events in the log after which a run is killed.
KILLED_AFTER = 6
#: Processes that run side by side.
AT_ONCE = 2 * len(HEADS)


def main() -> int:
    """Exit code 1 when a log with attention is another one, or a run did not end."""
    options = part_options(__doc__)
    record = Record(options.out, device=options.device, killed_after_events=KILLED_AFTER)
    precision = "bf16" if options.device == "cuda" else "fp32"
    deadline = time.monotonic() + 0.9 * options.seconds
    with tempfile.TemporaryDirectory() as name:
        runs = {head: Pair(Path(name), head, options.device, precision) for head in HEADS}
        try:
            for pair in runs.values():
                pair.begin()
            left = list(runs.values())
            while left and time.monotonic() < deadline:
                left = [pair for pair in left if not pair.killed()]
                time.sleep(0.02)
            for head, pair in runs.items():
                record.put(head, value=pair.compared(deadline))
        finally:
            for pair in runs.values():
                pair.end()
    said = [f"{head}: {record.document[head]['verdict']}" for head in HEADS]
    record.headline("; ".join(said))
    return 0 if all(record.document[head]["equal"] for head in HEADS) else 1


class Pair:
    """A run that nobody disturbs and one that is killed, at the same time."""

    def __init__(self, folder: Path, head: str, device: str, precision: str) -> None:
        overrides = (*COMMON, *HEADS[head], f"trainer.precision={precision}")
        self.folders = {kind: folder / f"{head}-{kind}" for kind in ("undisturbed", "killed")}
        self.logs = {kind: path.with_suffix(".log") for kind, path in self.folders.items()}
        self.commands = {
            kind: bench_run(path, "proxyless", "tiny", device, overrides)
            for kind, path in self.folders.items()
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.events_at_kill = 0
        self.kill_code: int | None = None

    def begin(self) -> None:
        """Start both."""
        for kind in self.folders:
            self._start(kind)

    def killed(self) -> bool:
        """SIGKILL one of them once its log has so many events, and begin it again."""
        process, folder = self.processes["killed"], self.folders["killed"]
        if process.poll() is None and len(events_in(folder)) < KILLED_AFTER:
            return False
        process.send_signal(signal.SIGKILL)
        self.kill_code = process.wait()
        self.events_at_kill = len(events_in(folder))
        self._start("killed")
        return True

    def compared(self, deadline: float) -> dict[str, Any]:
        """Wait for both; are the logs equal, times aside, and if not, where not?"""
        codes = {}
        for kind, process in self.processes.items():
            try:
                codes[kind] = process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                codes[kind] = None
        logs = {kind: without_times(events_in(path)) for kind, path in self.folders.items()}
        complete = all(result_of(path) is not None for path in self.folders.values())
        first = first_difference(logs["undisturbed"], logs["killed"])
        equal = complete and first is None
        verdict = "equal" if equal else "another log" if first else "not complete"
        if codes["killed"] == 2:
            verdict = "resuming was refused"
        return {
            "equal": equal,
            "verdict": verdict,
            "killed_by": self.kill_code,
            "events_at_kill": self.events_at_kill,
            "events": {kind: len(log) for kind, log in logs.items()},
            "exit_codes": codes,
            "first_difference": first,
            "largest_loss_difference": loss_difference(logs["undisturbed"], logs["killed"]),
            "said": {kind: last_words(log, 6) for kind, log in self.logs.items() if codes[kind]},
        }

    def end(self) -> None:
        """Leave no process behind."""
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
            process.wait()

    def _start(self, kind: str) -> None:
        self.processes[kind] = start(self.commands[kind], self.logs[kind], AT_ONCE)


Log = Sequence[dict[str, Any]]


def without_times(events: Log) -> list[dict[str, Any]]:
    """The events but for their clocks."""
    return [{key: value for key, value in event.items() if key != "time"} for event in events]


def first_difference(expected: Log, found: Log) -> dict[str, Any] | None:
    """The first event that is another one, by the keys that differ; None for equal logs."""
    for place, (one, other) in enumerate(zip(expected, found, strict=False)):
        keys = [key for key in one if str(one[key]) != str(other.get(key))]
        if keys:
            differing = {key: [one[key], other.get(key)] for key in keys}
            return {"event": place, "kind": one.get("kind"), "differs": differing}
    if len(expected) != len(found):
        return {"event": min(len(expected), len(found)), "lengths": [len(expected), len(found)]}
    return None


def loss_difference(expected: Log, found: Log) -> float | None:
    """The largest relative difference of a loss of the same event; None without losses."""
    differences = []
    for one, other in zip(expected, found, strict=False):
        a, b = (_loss(event) for event in (one, other))
        if a is not None and b is not None and math.isfinite(a) and math.isfinite(b):
            differences.append(abs(a - b) / max(abs(a), 1e-12))
    return max(differences, default=None)


def _loss(event: dict[str, Any]) -> float | None:
    result = event.get("result")
    loss = result.get("loss") if isinstance(result, dict) else None
    return loss if isinstance(loss, float) else None


if __name__ == "__main__":
    sys.exit(main())
