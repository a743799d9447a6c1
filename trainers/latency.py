"""Latency of every candidate at every shape that it can have, one image at a time.

The modules are those of the stand-alone network (``spaces/networks``), at full size, in inference
mode. All of them are built first and then timed in turn, repetition after repetition: what slows
the machine down for a while then slows all candidates alike, and no candidate finds its weights in
a cache that a real network would long have used for other layers.

Shape legend: B = 1 image, C channels, H rows, W columns.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from spaces.autostr.costs import CostTables
from spaces.autostr.operations import KEEP, OPERATIONS, STRIDE_A, STRIDE_B, STRIDES
from spaces.networks.normalisation import RunningStatistics
from spaces.networks.operations import Stem, build_operation
from trainers.errors import TrainerError
from trainers.trainer import resolve_device

#: Rounds that are not counted, and the name under which the stem is listed.
WARM_UP, STEM = 3, "stem"


@dataclass(frozen=True)
class Timing:
    """Median and interquartile range over the repetitions, in milliseconds.

    ``shape`` is what lies before and behind the layer, as in ``PathGraph.shapes``.
    """

    shape: str
    operation: str
    ms: float
    spread_ms: float


@dataclass(frozen=True, eq=False)
class _Case:
    shape: str
    operation: str
    module: nn.Module
    x_BCHW: Tensor
    stride: tuple[int, int] | None


def measure_latency(
    costs: CostTables,
    device: str = "cpu",
    threads: int = 1,
    repetitions: int = 50,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> list[Timing]:
    """Time all candidates of the mesh of ``costs``, and the stem.

    ``threads`` are torch's on the CPU, put back afterwards. ``report(done, total)`` counts rounds.
    ``TrainerError`` for a device or for numbers that cannot be.
    """
    if repetitions < 1 or threads < 1:
        raise TrainerError(f"{repetitions} repetitions, {threads} threads: expected 1 or more")
    where = resolve_device(device)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.inference_mode():
            cases = _cases(costs, where)
            ms = np.zeros((repetitions, len(cases)))
            for round_ in range(-WARM_UP, repetitions):
                timed = [_time(case, where) for case in cases]
                if round_ >= 0:
                    ms[round_] = timed
                report(round_ + WARM_UP + 1, repetitions + WARM_UP)
    finally:
        torch.set_num_threads(before)
    low, middle, high = np.quantile(ms, [0.25, 0.5, 0.75], axis=0)
    return [
        Timing(case.shape, case.operation, float(median), float(spread))
        for case, median, spread in zip(cases, middle, high - low, strict=True)
    ]


def _cases(costs: CostTables, device: torch.device) -> list[_Case]:
    # Numbers do not matter to the time, as long as they are ordinary ones.
    generator = torch.Generator().manual_seed(0)

    def image(channels: int, height: int, width: int) -> Tensor:
        x_BCHW = torch.randn((1, channels, height, width), generator=generator)
        return x_BCHW.to(device).contiguous(memory_format=torch.channels_last)

    def ready(module: nn.Module) -> nn.Module:
        moved = module.to(device)
        return moved.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]

    stem = ready(Stem(costs.stem_width))
    cases = [_Case(STEM, STEM, stem, image(3, costs.height, costs.width), None)]
    for a, b in np.ndindex(costs.macs.shape[:2]):
        before = costs.shape(a, b)
        for code, stride in enumerate(STRIDES):
            a2, b2 = a + (code == STRIDE_A), b + (code == STRIDE_B)
            if a2 > costs.downsampling_a or b2 > costs.downsampling_b:
                continue
            after = costs.shape(a2, b2)
            shape = f"{_text(before)}>{_text(after)}"
            x_BCHW = image(*before)
            for number, operation in enumerate(OPERATIONS):
                module = build_operation(number, before[0], after[0], code != KEEP)
                cases.append(_Case(shape, operation.name, ready(module), x_BCHW, stride))
    return cases


def _time(case: _Case, device: torch.device) -> float:
    """Milliseconds of one forward pass."""
    norm = RunningStatistics()
    wait = torch.cuda.synchronize if device.type == "cuda" else _nothing
    wait()
    start = time.perf_counter_ns()
    if case.stride is None:
        case.module(case.x_BCHW, norm)
    else:
        case.module(case.x_BCHW, case.stride, norm)
    wait()
    return (time.perf_counter_ns() - start) / 1e6


def _nothing() -> None:
    """The CPU has done its work when the call returns."""


def _text(shape: tuple[int, int, int]) -> str:
    return "x".join(map(str, shape))
