"""Three ways to the CTC loss on a GPU: seconds, and whether its gradient is the same every time.

On the host; by torch's own kernels; by cuDNN, which torch takes for int32 labels on the host and
inputs of one length, with a deterministic algorithm where cuDNN is told to use one. Each is also
compared with the host's.
"""

from __future__ import annotations

import time
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

REPEATS = 10


def ctc_ways(device: str, batch: int, steps: int = 25, classes: int = 37) -> dict[str, Any]:
    """By the name of the way, what was found; a way that fails says why."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(steps, batch, classes, generator=generator)
    lengths = torch.randint(3, 9, (batch,), generator=generator)
    labels = torch.randint(1, classes, (int(lengths.sum()),), generator=generator)
    found: dict[str, Any] = {}
    host = gradient(logits, labels, lengths, "host")
    for way in ("host", *(("torch", "cudnn") if device == "cuda" else ())):
        try:
            found[way] = looked_at(way, logits.to(device), labels, lengths, host)
        except RuntimeError as error:
            found[way] = {"failed": str(error)[:500]}
    return found


def looked_at(
    way: str, logits: Tensor, labels: Tensor, lengths: Tensor, host: Tensor
) -> dict[str, Any]:
    """Seconds of loss and gradient, repeatability, distance from the host's gradient."""
    gradients, seconds = [], []
    for _ in range(REPEATS):
        if logits.is_cuda:
            torch.cuda.synchronize()
        began = time.perf_counter()
        gradients.append(gradient(logits, labels, lengths, way))
        if logits.is_cuda:
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
    difference = (gradients[0].cpu() - host).norm() / host.norm()
    return {
        "seconds": sorted(seconds)[REPEATS // 2],
        "same_every_time": all(torch.equal(gradients[0], other) for other in gradients[1:]),
        "relative_difference_from_host": float(difference),
    }


def gradient(logits: Tensor, labels: Tensor, lengths: Tensor, way: str) -> Tensor:
    """Of the loss by the logits (T, B, V)."""
    given = logits.detach().requires_grad_()
    log_probabilities = F.log_softmax(given, -1)
    steps = torch.full_like(lengths, len(logits))
    if way == "host":
        log_probabilities = log_probabilities.cpu()
    elif way == "torch":
        labels = labels.to(logits.device)
    else:
        labels, steps, lengths = labels.int(), steps.int(), lengths.int()
    loss = F.ctc_loss(
        log_probabilities, labels, steps, lengths, reduction="sum", zero_infinity=True
    )
    (found,) = torch.autograd.grad(loss, given)
    return found
