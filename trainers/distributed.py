"""Weight steps shared out among processes: each takes part of the batch, all make the same step.

Process r of P computes the images r, r + P, r + 2 P, ... of the batch that one process would have
computed. Batch norm uses the statistics of the whole batch, gradients are averaged before they are
clipped, and then every process makes the step itself; so the result is that of one process, up to
rounding, and replicas stay equal bit for bit without being sent around.

``DistributedDataParallel`` is not used: it ties its buckets to parameters that take part in every
step, and here each step has another few of thousands. What is left to do without it is one
all-reduce of the gradients that there are. ``SyncBatchNorm`` computes on CUDA devices only and
keeps its statistics with the layer; here they are chosen by the caller (``normalisation``).

Whoever trains has a *group*: ``ALONE``, or the ``ProcessGroup`` of what torchrun started.

Shape legend: P processes, B images of this process, C channels, H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from hashlib import blake2b
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function

from spaces.networks.batch_norm import MOMENTUM, BatchNorm
from spaces.networks.convolution import Activation, Convolution, Stride, activate
from spaces.networks.normalisation import UpdatingStatistics
from trainers.errors import TrainerError
from trainers.launch import Launch

aten = torch.ops.aten
#: A process that ends is noticed at once. This is for one that waits while words are rendered.
PATIENCE = timedelta(days=1)


class ProcessLost(TrainerError):
    """Another process of the group has ended, or has left the common path."""


class Alone:
    """A group of one process: what a trainer has unless it is given another."""

    def statistics(self) -> UpdatingStatistics:
        """Batch norm for one weight step."""
        return UpdatingStatistics()

    def average(self, loss: Tensor, gradients: Sequence[Tensor]) -> Tensor:
        """The loss of the whole batch; ``gradients`` become those of the whole batch, in place."""
        return loss

    def total(self, count: int) -> int:
        """What all processes have counted of the whole batch."""
        return count

    def give_up(self, error: BaseException) -> None:
        """A weight step of this process has failed with ``error``, which is about to be raised."""


ALONE = Alone()


class ProcessGroup(Alone):
    """The processes of one training; made by ``joined``.

    What sends anything has to be called by all of them, in the same order. Raises ``ProcessLost``
    where another process does not answer any more.
    """

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.rank, self.size = launch.rank, launch.size

    def statistics(self) -> UpdatingStatistics:
        return SynchronisedStatistics(self)

    def average(self, loss: Tensor, gradients: Sequence[Tensor]) -> Tensor:
        flat = torch.cat([loss.reshape(1), *(gradient.reshape(-1) for gradient in gradients)])
        self._together(dist.all_reduce, flat)
        flat /= self.size
        sizes = [gradient.numel() for gradient in gradients]
        parts = torch.split(flat[1:], sizes)
        shaped = [part.view(g.shape) for part, g in zip(parts, gradients, strict=True)]
        torch._foreach_copy_(list(gradients), shaped)
        return flat[0]

    def total(self, count: int) -> int:
        return int(self.sum(torch.tensor(count)))

    def give_up(self, error: BaseException) -> None:
        """The others wait for the rest of the step: going on would pair it with other work."""
        if isinstance(error, RuntimeError | MemoryError):
            raise TrainerError(
                f"a weight step of process {self.rank} failed ({_first_line(error)}): with "
                "less trainer.batch_images or more processes it needs less memory"
            ) from error

    def gather(self, values: Tensor) -> Tensor:
        """``values (n,)`` of every process: (P, n)."""
        rows = [torch.empty_like(values) for _ in range(self.size)]
        self._together(dist.all_gather, rows, values)
        return torch.stack(rows)

    def sum(self, values: Tensor) -> Tensor:
        """The sum over processes, in place."""
        self._together(dist.all_reduce, values)
        return values

    def broadcast(self, values: Tensor) -> Tensor:
        """The ``values`` of rank 0, in place."""
        self._together(dist.broadcast, values, 0)
        return values

    def wait(self) -> None:
        """Return when all processes have come here."""
        self._together(dist.all_reduce, torch.zeros(1))

    def check_equal(self, what: str, text: str) -> None:
        """``TrainerError`` unless ``text`` is the same in all processes."""
        digest = blake2b(text.encode(), digest_size=16).digest()
        rows = self.gather(torch.tensor(list(digest), dtype=torch.uint8)).tolist()
        for rank, row in enumerate(rows):
            if row != rows[0]:
                raise TrainerError(
                    f"process {rank} has other {what} than process 0: use the same machines, "
                    "versions and data for all, then run the same command to resume"
                )

    def _together(self, collective: Callable[..., Any], *arguments: Any) -> None:
        try:
            collective(*arguments)
        except RuntimeError as error:
            raise ProcessLost(
                "another process of this training has ended: run the same command to resume"
            ) from error


@contextmanager
def joined(launch: Launch) -> Iterator[ProcessGroup]:
    """The group of all processes of ``launch``, for as long as the block lasts.

    Tensors of the CPU travel by gloo, those of CUDA devices by NCCL.
    """
    on_cuda = torch.cuda.is_available() and dist.is_nccl_available()
    try:
        dist.init_process_group("cpu:gloo,cuda:nccl" if on_cuda else "gloo", timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise ProcessLost(
            f"the processes do not find each other ({_first_line(error)}): start them with torchrun"
        ) from error
    try:
        yield ProcessGroup(launch)
    finally:
        dist.destroy_process_group()


def own_device(name: str, launch: Launch) -> str:
    """The device of this process where the preset says ``name``; ``TrainerError`` for one of all.

    As a side effect, it becomes the device that NCCL uses.
    """
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return "cpu"
    if name not in ("auto", "cuda"):
        raise TrainerError(
            f"device {name!r} for each of {launch.size} processes: choose auto, cuda or cpu"
        )
    if launch.local_rank >= torch.cuda.device_count():
        raise TrainerError(
            f"process {launch.local_rank} of this machine finds {torch.cuda.device_count()} CUDA "
            'devices: start as many processes as there are devices, or set trainer.device = "cpu"'
        )
    torch.cuda.set_device(launch.local_rank)
    return f"cuda:{launch.local_rank}"


class SynchronisedStatistics(UpdatingStatistics):
    """Statistics of the whole batch of all processes, running statistics updated: weight training.

    Convolution, batch norm and activation are three steps here: the fused ones know only the images
    of their own process.
    """

    def __init__(self, group: ProcessGroup) -> None:
        super().__init__()
        self.group = group

    def __call__(self, layer: BatchNorm, x_BCHW: Tensor) -> Tensor:
        self._noted(layer)
        return _joint_norm(x_BCHW, layer.weight, layer.bias, layer, self.group)

    def convolve(
        self, convolution: Convolution, x_BCHW: Tensor, stride: Stride, activation: Activation
    ) -> Tensor:
        z_BDhw = convolution.convolved(x_BCHW, stride)
        return activate(self(convolution.norm, z_BDhw), activation)


class _JointNorm(Function):
    """``x_BCHW -> y_BCHW``, normalised with moments over all processes; one message each way."""

    @staticmethod
    def forward(
        ctx: Any,
        x_BCHW: Tensor,
        scale_C: Tensor,
        shift_C: Tensor,
        layer: BatchNorm,
        group: ProcessGroup,
    ) -> Tensor:
        # In the parameters' type: under autocast, 8 bits of mantissa are too few for moments.
        own = torch.batch_norm_update_stats(x_BCHW.to(scale_C.dtype), None, None, MOMENTUM)
        means_PC, variances_PC = group.gather(torch.cat(own)).chunk(2, 1)
        # All have as many pixels: the variance is that within and that between them.
        mean_C = means_PC.mean(0)
        variance_C = variances_PC.mean(0) + means_PC.var(0, correction=0)
        count = group.size * x_BCHW.numel() // x_BCHW.shape[1]
        layer.running_mean.lerp_(mean_C, MOMENTUM)
        layer.running_var.lerp_(variance_C * (count / max(1, count - 1)), MOMENTUM)
        inverse_C = torch.rsqrt(variance_C + layer.eps)
        ctx.save_for_backward(x_BCHW, scale_C, mean_C, inverse_C)
        ctx.settings = layer.eps, count, group
        return F.batch_norm(x_BCHW, mean_C, variance_C, scale_C, shift_C, eps=layer.eps)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        x_BCHW, scale_C, mean_C, inverse_C = ctx.saved_tensors
        eps, count, group = ctx.settings
        # The sums over this process's pixels of the gradient, and of it times normalised x.
        _, of_scale_C, of_shift_C = aten.native_batch_norm_backward(
            gradient, x_BCHW, scale_C, None, None, mean_C, inverse_C, True, eps, [False, True, True]
        )
        sums = group.sum(torch.cat([of_scale_C, of_shift_C])) / count
        along_C, level_C = sums.chunk(2)
        # scale * inverse * (gradient - level - along * (x - mean) * inverse), of each channel.
        factor_C = scale_C * inverse_C
        slope_C = factor_C * inverse_C * along_C
        constant_C = slope_C * mean_C - factor_C * level_C
        of_x = torch.addcmul(
            constant_C[:, None, None], x_BCHW.to(scale_C.dtype), slope_C[:, None, None], value=-1
        ).addcmul_(gradient.to(scale_C.dtype), factor_C[:, None, None])
        return of_x.to(x_BCHW.dtype), of_scale_C, of_shift_C, None, None


_joint_norm: Callable[..., Tensor] = _JointNorm.apply


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
