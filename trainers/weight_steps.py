"""Weight steps of any network: gradients, clipping, and what happens when a step cannot be made.

A supernet and a recogniser that is trained from scratch make the same steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from spaces.networks.normalisation import UpdatingStatistics
from trainers.distributed import ALONE, Alone

#: From batch norm for this step to the loss of this process's images.
LossOf = Callable[[UpdatingStatistics], Tensor]


class WeightSteps:
    """Steps of ``optimiser`` on ``parameters``, with gradients clipped to ``clip_norm``.

    ``group`` are the processes that make each step together.
    """

    def __init__(
        self,
        parameters: Sequence[nn.Parameter],
        optimiser: torch.optim.Optimizer,
        clip_norm: float,
    ) -> None:
        self.parameters = parameters
        self.optimiser = optimiser
        self.clip_norm = clip_norm
        self.group: Alone = ALONE
        # By place. A step touches a hundred of thousands: asking each for its gradient, thrice a
        # step, took as long as the optimiser.
        self._touched: dict[int, nn.Parameter] = {}
        for place, parameter in enumerate(parameters):
            if parameter.requires_grad:
                note = partial(self._touched.__setitem__, place)
                parameter.register_post_accumulate_grad_hook(note)  # type: ignore[no-untyped-call]

    def make(self, rate: float, loss_of: LossOf) -> float:
        """One step; its loss, NaN for one that was not made, which leaves everything as it was."""
        norm = self.group.statistics()
        try:
            loss = self._backward(loss_of(norm))
        except BaseException as error:  # Out of memory, for one: the run may go on with other work.
            norm.undo()
            self.group.give_up(error)
            raise
        if math.isnan(loss):
            norm.undo()
        else:
            self._step(rate)
        return loss

    def _step(self, rate: float) -> None:
        """Have the optimiser look at the parameters of this step only, a few of thousands."""
        (group,) = self.optimiser.param_groups
        everything = group["params"]
        group["lr"] = rate
        try:
            group["params"] = self._active()
            self.optimiser.step()
        finally:
            group["params"] = everything

    def _active(self) -> list[nn.Parameter]:
        """Those with a gradient, in the order of all."""
        return [self._touched[place] for place in sorted(self._touched)]

    def _backward(self, loss: Tensor) -> float:
        """Leave clipped gradients; return the loss, NaN unless it and they are finite."""
        # None, not zero: parameters off the path must not be seen by the optimiser.
        for parameter in self._touched.values():
            parameter.grad = None
        self._touched.clear()
        loss.backward()  # type: ignore[no-untyped-call]
        active = self._active()
        gradients = [p.grad for p in active if p.grad is not None]
        joint_loss = self.group.average(loss.detach(), gradients)
        total_norm = torch.nn.utils.clip_grad_norm_(active, self.clip_norm, foreach=True)
        value = float(joint_loss)
        return value if math.isfinite(value) and bool(torch.isfinite(total_norm)) else math.nan
