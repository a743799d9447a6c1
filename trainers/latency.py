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
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from spaces import Space
from spaces.networks.backbone import Backbone
from spaces.networks.network import Edge, Network, network_of
from spaces.networks.normalisation import RunningStatistics
from spaces.path_graph import PathGraph
from trainers.compute import resolve_device
from trainers.cost import Encodings
from trainers.errors import TrainerError

#: Rounds that are not counted, and the name under which the stem is listed.
WARM_UP, STEM = 3, "stem"
#: What ``Timing.shape`` is of a whole backbone.
WHOLE = "whole"
Shape = tuple[int, int, int]


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
    #: Kept, so that weights are folded in a warm-up, once, as a network in use does it.
    norm: RunningStatistics = field(default_factory=RunningStatistics)


def measure_latency(
    space: Space,
    device: str = "cpu",
    threads: int = 1,
    repetitions: int = 50,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> list[Timing]:
    """Time all candidates of the space's networks at full size, and the stem.

    ``threads`` are torch's on the CPU, put back afterwards. ``report(done, total)`` counts rounds.
    ``TrainerError`` for a device or for numbers that cannot be.
    """
    return _rounds(lambda where: _cases(space, where), device, threads, repetitions, report)


def measure_backbones(
    space: Space,
    encodings: Encodings,
    device: str = "cpu",
    threads: int = 1,
    repetitions: int = 50,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> list[Timing]:
    """Time whole backbones, stem included, of the rows of ``encodings`` (N, D), in turn.

    As ``measure_latency`` does; ``operation`` is the architecture's text. SpaceError for a space in
    which layers belong to a rectifier.
    """

    def cases(where: torch.device) -> list[_Case]:
        network, columns = network_of(space), space.path_length
        x_BCHW = _Images(where).of(_image_shape(space.path_graph()))
        return [
            _Case(
                WHOLE,
                text,
                _ready(Backbone(network, row[:columns], row[columns:]), where),
                x_BCHW,
                None,
            )
            for text, row in zip(space.texts(encodings), encodings.tolist(), strict=True)
        ]

    return _rounds(cases, device, threads, repetitions, report)


def _rounds(
    cases_of: Callable[[torch.device], list[_Case]],
    device: str,
    threads: int,
    repetitions: int,
    report: Callable[[int, int], None],
) -> list[Timing]:
    if repetitions < 1 or threads < 1:
        raise TrainerError(f"{repetitions} repetitions, {threads} threads: expected 1 or more")
    where = resolve_device(device)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.inference_mode():
            cases = cases_of(where)
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


class _Images:
    """Made-up input. Numbers do not matter to the time, as long as they are ordinary ones."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._generator = torch.Generator().manual_seed(0)

    def of(self, shape: Shape) -> Tensor:
        """One image of the given channels, height and width."""
        x_BCHW = torch.randn((1, *shape), generator=self._generator)
        return x_BCHW.to(self._device).contiguous(memory_format=torch.channels_last)


def _cases(space: Space, device: torch.device) -> list[_Case]:
    graph, network, images = space.path_graph(), network_of(space), _Images(device)
    stem = _ready(network.stem(), device)
    cases = [_Case(STEM, STEM, stem, images.of(_image_shape(graph)), None)]
    first = {shape: edge for edge, shape in reversed(list(enumerate(graph.shapes)))}
    for shape, number in sorted(first.items(), key=lambda item: item[1]):
        edge = _edge_of(graph, network, number)
        x_BCHW = images.of(_shape(shape.partition(">")[0]))
        for code in edge.candidates:
            module = _ready(edge.build(code), device)
            cases.append(_Case(shape, space.operations[code], module, x_BCHW, edge.stride))
    return cases


def _edge_of(graph: PathGraph, network: Network, number: int) -> Edge:
    """The network's edge that is edge ``number`` of the path graph: where a path over it passes."""
    walk = [number]
    while graph.source[walk[0]] != 0:
        walk.insert(0, int(np.flatnonzero(graph.target == graph.source[walk[0]])[0]))
    while graph.target[walk[-1]] != graph.nodes - 1:
        walk.append(int(np.flatnonzero(graph.source == graph.target[walk[-1]])[0]))
    path = graph.code[walk][: graph.path_length].tolist()
    return network.route(path)[int(graph.layer[number])]


def _ready(module: nn.Module, device: torch.device) -> nn.Module:
    moved = module.to(device)
    return moved.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def _image_shape(graph: PathGraph) -> Shape:
    """Of the image that the stem is given: three channels, of the size of what it hands on."""
    _, height, width = _shape(graph.shapes[0].partition(">")[0])
    return 3, height, width


def _shape(text: str) -> Shape:
    channels, height, width = map(int, text.split("x"))
    return channels, height, width


def _time(case: _Case, device: torch.device) -> float:
    """Milliseconds of one forward pass."""
    wait = torch.cuda.synchronize if device.type == "cuda" else _nothing
    wait()
    start = time.perf_counter_ns()
    if case.stride is None:
        case.module(case.x_BCHW, case.norm)
    else:
        case.module(case.x_BCHW, case.stride, case.norm)
    wait()
    return (time.perf_counter_ns() - start) / 1e6


def _nothing() -> None:
    """The CPU has done its work when the call returns."""
