"""One weight step and one gate step, looked into: kernels, operators, parts, synchronisations.

For presets gpu and cpu: how many kernels a step launches and how long the device is busy with them,
which operators and kernels take the time, the seconds of each part of a weight step (the device
waited for after each, so that their sum is more than a step), where the host waits for the device,
and which operators torch says may give another result each time.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.common.parts import time_parts
from benchmarks.common.subject import wanted_gates
from benchmarks.gpu.ctc_ways import ctc_ways
from benchmarks.gpu.record import Record, part_options
from benchmarks.gpu.subject import Subject
from trainers.trainer import Trainer

TOP = 25


def main() -> int:
    """Exit code 1 when something could not be measured."""
    options = part_options(__doc__)
    cuda = options.device == "cuda"
    record = Record(options.out, device=options.device)
    said = []
    for name in ("gpu", "cpu"):
        subject = Subject.of(name, options.device, options.tiny)
        trainer = subject.ours()
        for step, work in steps(trainer, subject).items():
            record.attempt(name, step, "profile", work=lambda w=work: profiled(w, cuda))
            if cuda:
                record.attempt(name, step, "synchronisations", work=lambda w=work: waits(w))
                record.attempt(name, step, "not repeatable", work=lambda w=work: alerts(w))
            found = record.document[name][step]["profile"]
            if found.get("kernels"):
                busy = f"{found['kernels']} kernels, device busy {found['busy_share']:.0%}"
                said.append(f"{name} {step}: {busy}")
                record.headline("; ".join(said))
        if name == "gpu":
            record.attempt(name, "parts", work=lambda t=trainer, s=subject: parts(t, s, cuda))
        trainer.close()
        del trainer
    batches = (4,) if options.tiny else (32, 512)
    for batch in batches:
        record.attempt("ctc", f"batch {batch}", work=lambda b=batch: ctc_ways(options.device, b))
    return 1 if record.failures else 0


def steps(trainer: Trainer, subject: Subject) -> dict[str, Callable[[], object]]:
    """One step of each kind, on the first path."""
    path = subject.paths[0]
    return {
        "weight step": lambda: trainer.train_weights(path[None]),
        "gate step": lambda: trainer.gate_gradient(path, wanted_gates(path, True)),
    }


def profiled(work: Callable[[], object], cuda: bool) -> dict[str, Any]:
    """Seconds of a step, unprofiled, and what torch's profiler says of another."""
    for _ in range(2):
        work()
    seconds = min(clocked(work, cuda) for _ in range(3))
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if cuda else [])]
    with profile(activities=activities) as seen:
        work()
        if cuda:
            torch.cuda.synchronize()
    averages = list(seen.key_averages())
    kernels = [event for event in averages if event.device_type != torch.autograd.DeviceType.CPU]
    busy = sum(event.self_device_time_total for event in kernels) / 1e6
    own = "self_device_time_total" if cuda else "self_cpu_time_total"
    return {
        "seconds": seconds,
        "kernels": sum(event.count for event in kernels),
        "device_seconds": busy,
        "busy_share": busy / seconds,
        "operators": listed([e for e in averages if e not in kernels], own),
        "kernels_by_time": listed(kernels, own),
        "launches": sum(
            event.count
            for event in averages
            if event.key.startswith(("cudaLaunchKernel", "cuLaunchKernel"))
        ),
    }


def listed(events: list[Any], key: str) -> list[dict[str, Any]]:
    """The ones that take most time."""
    events = sorted(events, key=lambda event: -getattr(event, key))[:TOP]
    return [
        {
            "name": event.key[:160],
            "calls": event.count,
            "milliseconds": getattr(event, key) / 1e3,
            "host_milliseconds": event.self_cpu_time_total / 1e3,
        }
        for event in events
    ]


def clocked(work: Callable[[], object], cuda: bool) -> float:
    """Seconds of a piece of work, the device's included."""
    if cuda:
        torch.cuda.synchronize()
    began = time.perf_counter()
    work()
    if cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - began


def waits(work: Callable[[], object]) -> dict[str, Any]:
    """Where the host waits for the device in a step, by the line of Python that it stands on."""
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("warn")
    try:
        told = warned(work, "synchroniz")
    finally:
        torch.cuda.set_sync_debug_mode(before)
    return {"count": sum(told.values()), "places": dict(told.most_common())}


def alerts(work: Callable[[], object]) -> list[str]:
    """Operators that torch warns of when it is asked for repeatable ones."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        told = warned(work, "determinis", where=False)
    finally:
        torch.use_deterministic_algorithms(False)
    return [f"{count}x {text}" for text, count in told.most_common()]


def warned(work: Callable[[], object], text: str, where: bool = True) -> Counter[str]:
    """Warnings that contain ``text``, by their place or by what they say."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        work()
    return Counter(
        f"{one.filename}:{one.lineno}" if where else str(one.message).partition(".")[0][:200]
        for one in caught
        if text in str(one.message).lower()
    )


def parts(trainer: Trainer, subject: Subject, cuda: bool) -> dict[str, float]:
    """Seconds of one weight step by part, the device waited for after each."""
    path: np.ndarray = subject.paths[:1]
    trainer.train_weights(path)
    settle = torch.cuda.synchronize if cuda else lambda: None
    return time_parts(trainer, lambda: trainer.train_weights(path), settle)


if __name__ == "__main__":
    sys.exit(main())
