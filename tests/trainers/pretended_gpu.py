"""A GPU that is not there: tensors of the host that say they are on one.

Where real ones would, operators refuse tensors of both kinds; a number, a list or a mask's size
that the host asks for is a wait, and is noted with the line that asks. Everything is computed, so
results can be compared. What this does not show: kernels of CUDA, their precision, their speed.
"""

from __future__ import annotations

import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map

GPU = torch.device("cuda", 0)
ROOT = Path(__file__).parents[2]
aten = torch.ops.aten
#: Operators whose result the host needs before it can go on.
ASKED = (
    aten._local_scalar_dense.default,
    aten.item.default,
    aten.is_nonzero.default,
    aten.nonzero.default,
)


class OnGpu(Tensor):
    """A tensor that says it is on the GPU; ``inner`` is what it is."""

    inner: Tensor
    #: A property of the class, so that it holds in backward passes too, where no mode is entered.
    device = property(lambda self: GPU)  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, inner: Tensor) -> OnGpu:
        made: OnGpu = Tensor._make_wrapper_subclass(
            cls,
            inner.shape,
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            layout=inner.layout,
        )
        made.inner = inner
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is aten.gru_cell.default and len({x.dtype for x in args}) > 1:
            # Without gradients it arrives whole, past autocast, which would have seen its parts.
            args = tuple(x.to(torch.bfloat16) for x in args)
        given: list[Tensor] = []

        def bare(value: Any) -> Any:
            if isinstance(value, OnGpu):
                return value.inner
            # A number is passed to a kernel, wherever it is kept.
            if isinstance(value, Tensor) and value.dim():
                given.append(value)
            return value

        inner = tree_map(bare, args), tree_map(bare, kwargs or {})
        if given:
            shapes = [tuple(value.shape) for value in given]
            raise RuntimeError(f"{func}: tensors of the host, {shapes}, beside some of the GPU")
        if func in ASKED:
            note(func.name())
        out = func(*inner[0], **inner[1])
        if func._schema.name.endswith("_") and isinstance(out, Tensor):
            return args[0]
        return tree_map(lambda value: OnGpu(value) if isinstance(value, Tensor) else value, out)


class Up(Function):
    """To the GPU, gradients from it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return OnGpu(x.detach())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return as_inner(gradients[0])


class Down(Function):
    """From the GPU, gradients to it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return as_inner(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return OnGpu(gradients[0])


def as_inner(x: Tensor) -> Tensor:
    """What an ``OnGpu`` is; no copy, which nobody here would notice."""
    return x.inner if isinstance(x, OnGpu) else x


#: Waits of the host: (what for, file:line of the project that asks).
waits: Counter[tuple[str, str]] = Counter()


def note(what: str) -> None:
    """Count a wait."""
    frames = [f for f in traceback.extract_stack() if Path(f.filename).is_relative_to(ROOT)]
    own = [f for f in frames if "pretended_gpu" not in f.filename]
    place = f"{Path(own[-1].filename).relative_to(ROOT)}:{own[-1].lineno}" if own else "?"
    waits[what, place] += 1


class PretendedGpu(TorchFunctionMode):
    """While it is entered, device ``cuda`` means ``OnGpu``."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        first = args[0] if args else None
        ours = isinstance(first, OnGpu)
        if func is Tensor.pin_memory:
            return first
        if ours and func in (Tensor.tolist, Tensor.numpy):
            note(func.__name__)
            return func(first.inner, *args[1:], **kwargs)
        if func is Tensor.cpu:
            return self._moved(first, torch.device("cpu"))
        asked = [a for a in (*args[1:], kwargs.get("device")) if isinstance(a, torch.device)]
        if not asked:
            return func(*args, **kwargs)
        rest = tuple(a for a in args if not isinstance(a, torch.device))
        kwargs = {k: v for k, v in kwargs.items() if k not in ("device", "non_blocking")}
        if func is Tensor.to:
            moved = self._moved(first, asked[0])
            left = [a for a in rest[1:] if a is not None and not isinstance(a, bool)]
            return moved.to(*left, **kwargs) if left or kwargs else moved
        made = func(*rest, **kwargs)
        return OnGpu(made) if asked[0].type == "cuda" and not isinstance(made, OnGpu) else made

    def _moved(self, x: Any, device: torch.device) -> Tensor:
        up = device.type == "cuda"
        if isinstance(x, OnGpu) == up:
            return x
        if not up and x.dim() == 0:
            # Torch's clipping takes the norm to the device of the gradients, as it sees that.
            return x
        if not up:
            note("to the host")
        move: Tensor = Up.apply(x) if up else Down.apply(x)  # type: ignore[no-untyped-call]
        return move
