"""Gate gradients (AutoSTR, Eq. 5) by a custom function a block, as ProxylessNAS computes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from benchmarks.plain.operations import Stride
from benchmarks.plain.supernet import PlainSupernet


class GatedBlock(Function):
    """The active candidate forward; in backward, every wanted candidate on the saved input."""

    @staticmethod
    def forward(
        ctx: Any,
        x_BCHW: Tensor,
        gates_K: Tensor,
        block: nn.ModuleList,
        active: int,
        stride: Stride,
        wanted: Sequence[int],
    ) -> Tensor:
        ctx.gates_type = gates_K.dtype
        ctx.block, ctx.active, ctx.stride, ctx.wanted = block, active, stride, wanted
        device = x_BCHW.device.type
        # The backward pass does not know by itself whether the forward pass ran in bf16.
        ctx.autocast = torch.autocast(
            device, torch.get_autocast_dtype(device), torch.is_autocast_enabled(device)
        )
        ctx.input = x_BCHW.detach().requires_grad_()
        with torch.enable_grad():
            ctx.output = block[active](ctx.input, stride)
        output: Tensor = ctx.output.detach()
        # A view of the input, as Identity's is, may not leave a function as if it were its own.
        return output.clone() if output.data_ptr() == x_BCHW.data_ptr() else output

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (grad_BDhw,) = grads
        (grad_input,) = torch.autograd.grad(ctx.output, ctx.input, grad_BDhw)
        grad_K = torch.zeros(len(ctx.block), dtype=ctx.gates_type, device=grad_BDhw.device)
        with torch.no_grad(), ctx.autocast:
            for k in ctx.wanted:
                output = ctx.output if k == ctx.active else ctx.block[k](ctx.input, ctx.stride)
                grad_K[k] = (output * grad_BDhw).sum()
        return grad_input, grad_K, None, None, None, None


def gated_features(
    net: PlainSupernet,
    images_BHW3: Tensor,
    path: Sequence[int],
    gates_LK: Tensor,
    wanted: Sequence[Sequence[int]],
) -> Tensor:
    """``uint8 images_BHW3 -> features_BTC`` whose gradients reach the gates."""
    x = net.stem(net.rectify(images_BHW3))
    for layer, (block, active, stride) in enumerate(net.route(path)):
        x = GatedBlock.apply(x, gates_LK[layer], block, active, stride, wanted[layer])  # type: ignore[no-untyped-call]
    return net.translate(x)
