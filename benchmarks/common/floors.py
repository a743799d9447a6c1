"""What the machine would need at least: a weight step by its arithmetic, by its memory.

Arithmetic: multiply-adds of the backbone's convolutions, three times (forward, gradients of inputs,
gradients of weights), over the best rate of a few ordinary convolutions measured here. The other
parts are left out, so it is a lower bound. ``macs_of_verbs`` counts the same for every verb on a
preset's network.

Memory: bytes of the backbone over the bandwidth of a large copy. Counted is what moves if every
operation reads its inputs and writes its outputs once and caches keep nothing between operations:
a convolution reads and writes n_in + n_out numbers forward and twice that backward; batch norm
with its activation 3 n forward (two reads: moments, then values; one write) and 5 n backward. Ten
numbers for each parameter on the path: read twice, gradient written, and seven by Adadelta. Fusion
and caches can be better than that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.common.rows import SPACE, Row
from benchmarks.common.subject import wanted_gates
from benchmarks.plain.operations import ConvolutionNorm, Stem, candidates
from spaces.networks.mesh import Mesh

#: Images, inputs, outputs, rows, columns, kernel.
Convolution = tuple[int, int, int, int, int, int]
#: Those that are tried.
CONVOLUTIONS: tuple[Convolution, ...] = (
    (32, 64, 64, 32, 100, 3), (32, 128, 128, 16, 50, 3), (32, 256, 256, 8, 25, 3),
    (32, 32, 192, 32, 100, 1), (32, 256, 1536, 4, 25, 1), (32, 512, 512, 16, 25, 1),
)  # fmt: skip
COPIED_BYTES = 512 * 2**20


def floors(row: Row, threads: int) -> dict[str, float]:
    """Seconds at least of one round of weight steps, and what they are computed from."""
    torch.set_num_threads(threads)
    macs = 3 * row.batch * int(SPACE.macs(row.encodings).sum())
    moved = sum(backbone_bytes(encoding.tolist(), row.batch) for encoding in row.encodings)
    rate, bandwidth = convolution_rate(), copy_bandwidth()
    return {
        "macs": float(macs),
        "flops_per_second": rate,
        "seconds_by_arithmetic": 2 * macs / rate,
        "bytes": float(moved),
        "bytes_per_second": bandwidth,
        "seconds_by_memory": moved / bandwidth,
    }


def floors_table(found: Mapping[str, float]) -> list[list[str]]:
    """For people."""
    return [
        ["best convolution, GFLOP/s", f"{found['flops_per_second'] / 1e9:.0f}"],
        ["multiply-adds, G", f"{found['macs'] / 1e9:.1f}"],
        ["floor by arithmetic, s", f"{found['seconds_by_arithmetic']:.3f}"],
        ["copy, GB/s", f"{found['bytes_per_second'] / 1e9:.1f}"],
        ["bytes, G", f"{found['bytes'] / 1e9:.1f}"],
        ["floor by memory, s", f"{found['seconds_by_memory']:.3f}"],
    ]


def macs_of_verbs(
    mesh: Mesh, encodings: npt.NDArray[np.int8], batch: int, evaluated: int, rectified: bool
) -> dict[str, int]:
    """Multiply-adds at least of each verb on all ``encodings``.

    Weight steps on ``batch`` images: forward, gradients of inputs (of the image only for a
    rectifier) and of weights. Gate gradients: forward, gradients of what follows the first block,
    the other wanted candidates forward. Evaluation: forward on ``evaluated`` images, those of
    calibration among them.
    """
    forward, stem = int(mesh.macs(encodings).sum()), mesh.tables.stem_macs
    weights = 3 * forward - (0 if rectified else len(encodings) * stem)
    gates = {True: 0, False: 0}
    layers = np.arange(mesh.layers)
    for encoding in encodings:
        active = encoding[mesh.path_length :]
        costs = mesh.candidate_macs(encoding[: mesh.path_length].tolist())
        for everything in gates:
            others = wanted_gates(encoding, everything)
            others[layers, active] = False
            gates[everything] += int(costs[others].sum()) - stem - int(costs[0, active[0]])
    return {
        "weight steps": batch * weights,
        "gate gradients, all": batch * (2 * forward + gates[True]),
        "gate gradients, two": batch * (2 * forward + gates[False]),
        "evaluation": evaluated * forward,
    }


def expansions(mesh: Mesh, images: int) -> list[Convolution]:
    """The widest 1x1 convolutions of the stages on the path ABABB, largest images first."""
    sizes = ((32, 100), (16, 50), (8, 50), (4, 25), (2, 25), (1, 25))
    return [
        (images, mesh.channels(level), 6 * mesh.channels(level), *size, 1)
        for level, size in enumerate(sizes)
    ]


@torch.no_grad()
def convolution_rate(tried: Sequence[Convolution] = CONVOLUTIONS) -> float:
    """Floating point operations a second of the best convolution, two for a multiply-add."""
    best = 0.0
    for images, inputs, outputs, height, width, kernel in tried:
        x = torch.randn(images, inputs, height, width).to(memory_format=torch.channels_last)
        weight = torch.randn(outputs, inputs, kernel, kernel)
        weight = weight.to(memory_format=torch.channels_last)
        operations = 2 * images * height * width * inputs * outputs * kernel**2
        run = lambda x=x, weight=weight, pad=kernel // 2: F.conv2d(x, weight, padding=pad)  # noqa: E731
        best = max(best, operations / shortest(run))
    return best


def copy_bandwidth() -> float:
    """Bytes a second, read and written, of a copy that no cache holds."""
    source = torch.ones(COPIED_BYTES // 4)
    target = torch.empty_like(source)
    return 2 * COPIED_BYTES / shortest(lambda: target.copy_(source))


def shortest(work: Callable[[], object], repeats: int = 6) -> float:
    """Seconds of the fastest of a few runs."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


@torch.no_grad()
def backbone_bytes(path: list[int], images: int) -> int:
    """Bytes that a weight step moves in stem and blocks, counted as this module's text says."""
    mesh = Mesh()
    numbers = parameters = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal numbers, parameters
        numbers += 3 * (inputs[0].numel() + output.numel()) + 8 * output.numel()
        parameters += sum(parameter.numel() for parameter in module.parameters())

    x: Tensor = torch.zeros(1, 3, 32, 100)
    layers = mesh.layers
    blocks: list[tuple[nn.Module, tuple[int, int]]] = []
    for edge, code in zip(mesh.route(path[:layers]), path[layers:], strict=True):
        module = candidates(edge.inputs, edge.outputs, edge.downsamples)[code]
        blocks.append((module, edge.stride))
    stem = Stem(mesh.stem_width)
    for module in [stem, *(block for block, _ in blocks)]:
        for part in module.modules():
            if isinstance(part, ConvolutionNorm):
                part.register_forward_hook(count)
    x = stem.eval()(x)
    for module, stride in blocks:
        x = module.eval()(x, stride)
    return 4 * (numbers * images + 10 * parameters)
