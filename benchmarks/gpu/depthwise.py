"""Depthwise convolutions with a stride, three ways: forward and backward, first and later calls.

``strided`` as they are; ``sampled``: at all places, of which some are taken; ``native``: strided,
by torch's own kernels in place of cuDNN's. At the shapes of preset gpu. ``convolve`` in
``spaces/networks/convolution.py`` goes by what this finds. The first call of a shape is timed, too:
cuDNN compiles some of its kernels for each.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.gpu.record import Record, part_options
from trainers.compute import compute_repeatably

Stride = tuple[int, int]
#: (channels, rows, columns) of inputs in preset gpu, the most telling first.
SHAPES = ((192, 8, 50), (768, 4, 50), (192, 32, 100), (1536, 2, 25))
#: (kernel, stride), likewise.
KINDS: tuple[tuple[int, Stride], ...] = (
    (5, (2, 2)), (3, (2, 1)), (3, (2, 2)), (5, (2, 1)), (5, (1, 1)), (3, (1, 1)),
)  # fmt: skip
BATCH, REPEATS = 512, 3


def main() -> int:
    """Exit code 1 when something could not be measured."""
    options = part_options(__doc__)
    cuda = options.device == "cuda"
    record = Record(options.out, device=options.device, batch_images=BATCH if cuda else 2)
    compute_repeatably(torch.device(options.device))
    gains: dict[str, list[float]] = {}
    for shape in SHAPES[-1:] if options.tiny else SHAPES:
        for kernel, stride in KINDS:
            kind = f"{kernel}x{kernel}, stride {stride[0]},{stride[1]}"
            place = (f"{shape[0]}x{shape[1]}x{shape[2]}", kind)
            if record.attempt(
                *place, work=lambda s=shape, k=kernel, t=stride: compared(s, k, t, cuda)
            ):
                found = record.document[place[0]][kind]
                ratio = found["strided"]["milliseconds"] / found["sampled"]["milliseconds"]
                gains.setdefault(kind, []).append(ratio)
                record.headline(
                    "sampled / strided: "
                    + "; ".join(f"{k} {min(v):.1f}-{max(v):.1f}x" for k, v in gains.items())
                )
    return 1 if record.failures else 0


def compared(shape: tuple[int, int, int], kernel: int, stride: Stride, cuda: bool) -> Any:
    """Of each way: seconds of the first call, milliseconds of the others, distance of gradients."""
    batch = BATCH if cuda else 2
    kind: Any = {
        "device": "cuda" if cuda else "cpu",
        "dtype": torch.bfloat16 if cuda else torch.float32,
    }
    torch.manual_seed(0)
    x = torch.randn(batch, *shape, **kind).contiguous(memory_format=torch.channels_last)
    weight = torch.randn(shape[0], 1, kernel, kernel, **kind)
    found: dict[str, Any] = {}
    expected: tuple[Tensor, ...] = ()
    for name, way in WAYS.items():
        with torch.backends.cudnn.flags(
            enabled=name != "native", benchmark=False, deterministic=True
        ):
            first, later, gradients = timed(way, x, weight, stride, cuda)
        expected = expected or gradients
        apart = [
            float((a.float() - b.float()).norm() / a.float().norm())
            for a, b in zip(expected, gradients, strict=True)
        ]
        found[name] = {
            "first_seconds": first,
            "milliseconds": later * 1e3,
            "relative_difference": {"input": apart[0], "weight": apart[1]},
        }
    return found


def strided(x: Tensor, weight: Tensor, stride: Stride) -> Tensor:
    """As it is."""
    return F.conv2d(x, weight, None, stride, weight.shape[-1] // 2, groups=len(weight))


def sampled(x: Tensor, weight: Tensor, stride: Stride) -> Tensor:
    """Everywhere, then some of it."""
    z = F.conv2d(x, weight, None, 1, weight.shape[-1] // 2, groups=len(weight))
    return z[:, :, :: stride[0], :: stride[1]].contiguous(memory_format=torch.channels_last)


WAYS: dict[str, Callable[[Tensor, Tensor, Stride], Tensor]] = {
    "strided": strided, "sampled": sampled, "native": strided,
}  # fmt: skip


def timed(
    way: Callable[[Tensor, Tensor, Stride], Tensor],
    x: Tensor,
    weight: Tensor,
    stride: Stride,
    cuda: bool,
) -> tuple[float, float, tuple[Tensor, ...]]:
    """Seconds of the first forward and backward, of the others (median), and the gradients."""
    inputs = (x.requires_grad_(), weight.requires_grad_())
    gradients: tuple[Tensor, ...] = ()
    seconds: list[float] = []
    for _ in range(REPEATS + 1):
        if cuda:
            torch.cuda.synchronize()
        began = time.perf_counter()
        y = way(x, weight, stride)
        gradients = torch.autograd.grad(y, inputs, torch.ones_like(y))
        if cuda:
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
    return seconds[0], statistics.median(seconds[1:]), gradients


if __name__ == "__main__":
    sys.exit(main())
