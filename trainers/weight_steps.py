"""Weight steps of any network: its words, gradients, clipping, optimiser, and what goes wrong.

A supernet and a recogniser that is trained from scratch make the same steps. Data order depends on
the seed and the number of steps alone, so the state is weights, optimiser and a counter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from spaces.networks.normalisation import UpdatingStatistics
from trainers.allocator import keep_large_buffers
from trainers.codec import Codec
from trainers.compute import Compute, compute_repeatably
from trainers.data.loader import BatchLoader
from trainers.data.unused import undecodable
from trainers.distributed import ALONE, Alone, ProcessGroup
from trainers.errors import TrainerError
from trainers.optimisers import build_optimiser
from trainers.settings import RetrainingSettings, TrainerSettings
from trainers.state import (
    load_optimiser,
    load_weights,
    model_tensors,
    optimiser_tensors,
    weights_in,
)


@dataclass
class WeightStep:
    """What the loss of one step is to be made of; ``loss`` is set by who makes the step.

    ``images_BHW3`` are ``uint8`` and of this process, ``labels`` ids of characters, ``norm`` the
    batch norm of this step. ``value`` is the loss over all processes, NaN for a step not made.
    """

    images_BHW3: Tensor
    labels: Sequence[Sequence[int]]
    norm: UpdatingStatistics
    flat_start: bool
    loss: Tensor = field(init=False)
    value: float = math.nan


class WeightSteps:
    """Steps on the weights of ``network``, each on the next batch of ``words``.

    ``rate`` is the learning rate of a step. ``section`` of a preset has the ``settings``. The
    network is where ``compute`` says. As a side effect, the process computes repeatably and keeps
    its large buffers.
    """

    def __init__(
        self,
        network: nn.Module,
        compute: Compute,
        words: BatchLoader,
        codec: Codec,
        settings: TrainerSettings | RetrainingSettings,
        rate: Callable[[int], float],
        section: Literal["trainer", "retraining"],
    ) -> None:
        keep_large_buffers()
        compute_repeatably(compute.device)
        self.network = network
        self.compute = compute
        self.words = words
        self.codec = codec
        self.settings = settings
        self.rate = rate
        self.section = section
        # Thousands of parameters under as many modules: listed once, not at every step.
        parameters = list(network.parameters())
        self.optimiser = build_optimiser(parameters, settings)
        self.done = 0
        #: Images of whole batches whose places others took, since they could not be decoded: the
        #: same number in all processes. Those of a supernet's gate steps are added by its trainer.
        self.substituted = 0
        self._group: Alone = ALONE
        # By place. A step touches a hundred of thousands: asking each for its gradient, thrice a
        # step, took as long as the optimiser.
        self._touched: dict[int, nn.Parameter] = {}
        for place, parameter in enumerate(parameters):
            if parameter.requires_grad:
                note = partial(self._touched.__setitem__, place)
                parameter.register_post_accumulate_grad_hook(note)  # type: ignore[no-untyped-call]

    def join(self, group: ProcessGroup) -> None:
        """From now on, do this process's part of each step of ``group``."""
        group.launch.check_batch(self.settings.batch_images, f"{self.section}.batch_images")
        self._group = group
        self.words = self.words.part(slice(group.rank, None, group.size))

    @contextmanager
    def next(self) -> Iterator[WeightStep]:
        """Within, set the ``loss`` of the step; it is made at the end.

        A step that is not made leaves everything as it was. Its words are spent in any case.
        """
        number = self.done
        self.done += 1
        norm = self._group.statistics()
        try:
            batch = self.words.batch(number)
            self.substituted += self._group.total(batch.substituted)
            images = self.compute.images(batch.images)
            labels = [self.codec.encode(label) for label in batch.labels]
            step = WeightStep(images, labels, norm, number < self.settings.flat_start_steps)
            with self.compute.autocast():
                yield step
            step.value = self._backward(step.loss)
            if not math.isnan(step.value):
                self._step(self.rate(number))
        except BaseException as error:  # Out of memory, for one: the run may go on with other work.
            norm.undo()
            self._group.give_up(error)
            raise
        if math.isnan(step.value):
            norm.undo()

    def tensors(self) -> dict[str, Tensor]:
        """Weights, buffers and optimiser state: the live ones, to be copied before the next step.

        With ``done`` and ``substituted``, all from which ``load`` continues exactly.
        """
        return model_tensors(self.network) | optimiser_tensors(self.network, self.optimiser)

    def load(self, tensors: Mapping[str, Tensor], done: int, counters: Mapping[str, int]) -> None:
        """Continue after ``done`` steps; ``TrainerError`` if it is of another network."""
        load_weights(self.network, weights_in(tensors), "checkpoint")
        load_optimiser(self.network, self.optimiser, tensors)
        self.done = done
        # Checkpoints of older versions do not count it.
        self.substituted = counters.get("substituted", 0)

    def warnings(self, steps: int) -> list[str]:
        """What the words of ``steps`` steps have to be said of, a sentence each."""
        drawn = steps * self.settings.batch_images
        return undecodable("the words of training steps", self.substituted, drawn)

    def close(self) -> None:
        """Stop the loader's threads."""
        self.words.close()

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
        joint_loss = self._group.average(loss.detach(), gradients)
        total_norm = torch.nn.utils.clip_grad_norm_(active, self.settings.clip_norm, foreach=True)
        value = float(joint_loss)
        return value if math.isfinite(value) and bool(torch.isfinite(total_norm)) else math.nan


def check_flat_start(steps: int, writes_by_columns: bool, mend: str) -> None:
    """``TrainerError`` for a flat start of a head that is not CTC; ``mend`` says what to set."""
    if steps and not writes_by_columns:
        raise TrainerError(f"flat_start_steps {steps} with a head that is not CTC: set {mend}")
