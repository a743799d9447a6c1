"""Gate gradients of a sampled path (AutoSTR, Eq. 5; ProxylessNAS, Cai et al., 2019).

In a choice block only one candidate is active, with gate g_k = 1. The gradient of the loss with
respect to every gate needs each candidate's output on the block's input,

    dL/dg_j = sum(dL/dY * op_j(X)),

which is computed on the fly while the backward pass goes through the block: the activations of one
path are all that is ever stored.

Shape legend: B images, C channels, H rows, W columns, T time steps, L layers, K candidates a layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from spaces.networks.network import Edge
from spaces.networks.normalisation import BatchStatistics
from spaces.networks.operations import product
from trainers.supernet import Supernet


def gate_gradients(
    supernet: Supernet,
    path: Sequence[int],
    wanted: npt.NDArray[np.bool_],
    images_BHW3: Tensor,
    labels: Sequence[Sequence[int]],
) -> tuple[float, npt.NDArray[np.float64]]:
    """Loss and ``dL/dg`` of shape (L, K) for the candidates that ``wanted`` (L, K) marks, else 0.

    The supernet is left as it was: no parameter receives a gradient and no running statistic moves.
    Candidates are normalised by the statistics of the batch at hand, as the active one is.
    """
    norm = BatchStatistics()
    gradients_LK = torch.zeros(wanted.shape, dtype=torch.float64, device=images_BHW3.device)
    start: list[Tensor] = []

    def backbone(images_B3HW: Tensor) -> Tensor:
        # Gradients are needed from the first block on; nothing before it takes part.
        x_BCHW: Tensor = supernet.stem(images_B3HW, norm).detach().requires_grad_()
        start.append(x_BCHW)
        for layer, (edge, active) in enumerate(supernet.route(path)):
            y_BCHW: Tensor = supernet.operation(edge, active)(x_BCHW, edge.stride, norm)
            hook = _hook(supernet, edge, active, wanted[layer], x_BCHW, y_BCHW, gradients_LK[layer])
            y_BCHW.register_hook(hook)  # type: ignore[no-untyped-call]
            x_BCHW = supernet.behind(edge, y_BCHW, start[0], norm)
        return x_BCHW

    loss = supernet.recogniser.loss(images_BHW3, labels, backbone, norm)
    # Asking for the gradient of one tensor spares the gradients of all weights.
    torch.autograd.grad(loss, start)
    return float(loss.detach()), gradients_LK.cpu().numpy()


def _hook(
    supernet: Supernet,
    edge: Edge,
    active: int,
    wanted_K: npt.NDArray[np.bool_],
    x_BCHW: Tensor,
    y_BCHW: Tensor,
    gradients_K: Tensor,
) -> Callable[[Tensor], None]:
    """What happens when dL/dY of a block arrives: one gate gradient after the other."""
    x, y = x_BCHW.detach(), y_BCHW.detach()
    norm = BatchStatistics()
    # The backward pass on a GPU has a thread of its own, which does not know the forward's
    # autocast: candidates must be computed in the precision that the active one was.
    device = x.device.type
    enabled, precision = torch.is_autocast_enabled(device), torch.get_autocast_dtype(device)

    @torch.no_grad()
    def on_gradient(grad_BCHW: Tensor) -> None:
        # A product of two bf16 numbers keeps 8 bits; with one factor in fp32 it keeps all 16.
        grad_BCHW = grad_BCHW.to(torch.promote_types(grad_BCHW.dtype, torch.float32))
        passed_on: Tensor | None = None
        for candidate in np.flatnonzero(wanted_K).tolist():
            if candidate == active:
                gradients_K[candidate] = product(y, grad_BCHW)
                continue
            with torch.autocast(device, precision, enabled, cache_enabled=False):
                operation = supernet.operation(edge, candidate)
                found = operation.product(x, edge.stride, norm, grad_BCHW)
            if operation.shortcut:
                passed_on = product(x, grad_BCHW) if passed_on is None else passed_on
                found = found + passed_on
            gradients_K[candidate] = found

    return on_gradient
