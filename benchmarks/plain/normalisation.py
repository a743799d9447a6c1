"""How batch norm takes its statistics, set on the modules of a path before they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def norms(module: nn.Module) -> list[_BatchNorm]:
    """All batch norms inside a module."""
    return [part for part in module.modules() if isinstance(part, _BatchNorm)]


@contextmanager
def batch_statistics(module: nn.Module) -> Iterator[None]:
    """Statistics of the batch; the running ones stay as they are."""
    for norm in norms(module):
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms(module):
            norm.track_running_stats = True


@contextmanager
def calibrated(module: nn.Module, forward: Callable[[], object]) -> Iterator[None]:
    """Statistics of what ``forward`` sees, for as long as the block lasts."""
    before = [(norm, norm.running_mean, norm.running_var) for norm in norms(module)]
    module.eval()
    hooks = [norm.register_forward_pre_hook(_store_moments) for norm, _, _ in before]
    try:
        forward()
        for hook in hooks:
            hook.remove()
        yield
    finally:
        for norm, mean, variance in before:
            norm.running_mean, norm.running_var = mean, variance
        module.train()


def _store_moments(norm: nn.Module, inputs: tuple[Tensor]) -> None:
    axes = [axis for axis in range(inputs[0].dim()) if axis != 1]
    # In bf16, moments would be of another type than the parameters, which batch norm refuses.
    x = inputs[0].to(norm.weight.dtype)  # type: ignore[arg-type]
    variance, mean = torch.var_mean(x, axes, correction=0)
    norm.running_mean, norm.running_var = mean, variance
