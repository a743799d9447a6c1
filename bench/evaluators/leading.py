"""One evaluator leads, the other processes follow: weight steps of several processes in a run.

Only the first process has a run loop, a log and a folder. What it orders, it broadcasts: to train
on these paths, to take over this state, to show that its weights are still the same, to end. The
others know nothing but that, so no clock and no signal can part them from it.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load, save
from torch import Tensor

from bench.evaluators.base import Evaluator, Outcome, Verdict
from searchers.base import Result, TrainWeights, Work
from spaces import Architecture, Space
from trainers.cost import Cost
from trainers.distributed import Group
from trainers.state import tensors_hash

if TYPE_CHECKING:
    from trainers.trainer import Trainer

#: Before the names of counters where they travel among tensors.
COUNTER = "counter/"


class Order(IntEnum):
    """What followers can be told to do."""

    END, TRAIN, LOAD, COMPARE = range(4)


class LeadingEvaluator(Evaluator):
    """``inner``, whose weight steps and states all processes of ``group`` share.

    Everything else is done by this process alone, while the others wait.
    """

    def __init__(self, inner: Evaluator, trainer: Trainer, space: Space, group: Group) -> None:
        self.inner = inner
        self.trainer = trainer
        self.space = space
        self.group = group
        self.device = inner.device
        #: Whether the others wait for an order. Not so after an error in what all do together.
        self._awaited = True

    def price(self, work: Work) -> Cost:
        return self.inner.price(work)

    def execute(self, work: Work) -> Outcome:
        if not isinstance(work, TrainWeights):
            return self.inner.execute(work)
        with self._together():
            self._order(Order.TRAIN, torch.from_numpy(self.space.encode(work.architectures)))
            return self.inner.execute(work)

    def perform(self, work: Work) -> Result:
        return self.execute(work).result

    def judge(self, architecture: Architecture) -> Verdict:
        return self.inner.judge(architecture)

    def glance(self, architecture: Architecture) -> float | None:
        return self.inner.glance(architecture)

    def fingerprint(self) -> dict[str, Any] | None:
        return self.inner.fingerprint()

    def state(self) -> tuple[dict[str, Tensor], dict[str, int]]:
        """The state of all; ``TrainerError`` if it is not the same."""
        with self._together():
            self._order(Order.COMPARE)
            compare(self.trainer, self.group)
        return self.inner.state()

    def load_state(self, tensors: Mapping[str, Tensor], counters: Mapping[str, int]) -> None:
        self.inner.load_state(tensors, counters)
        counted = {COUNTER + name: torch.tensor(value) for name, value in counters.items()}
        content = save({**tensors, **counted})
        with self._together():
            self._order(Order.LOAD, torch.frombuffer(bytearray(content), dtype=torch.uint8)[None])

    def close(self) -> None:
        if self._awaited:
            with self._together():
                self._order(Order.END)
            self._awaited = False
        self.inner.close()

    @contextmanager
    def _together(self) -> Iterator[None]:
        self._awaited = False
        yield
        self._awaited = True

    def _order(self, order: Order, content: Tensor | None = None) -> None:
        """Tell the others; ``content`` is a matrix of bytes."""
        sent = torch.empty(0, 0, dtype=torch.int8) if content is None else content
        # Sums of floats depend on the number of threads: all take the leader's.
        self.group.broadcast(torch.tensor([order, torch.get_num_threads(), *sent.shape]))
        self.group.broadcast(sent.contiguous().view(torch.uint8))


def follow(trainer: Trainer, group: Group) -> None:
    """Do what the leader orders, until it ends.

    Signals that ask to stop are left to the leader, which first comes to the end of what all do.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    while True:
        head = group.broadcast(torch.empty(4, dtype=torch.int64))
        order, threads, rows, columns = head.tolist()
        content = group.broadcast(torch.empty(rows, columns, dtype=torch.uint8))
        torch.set_num_threads(threads)
        if order == Order.END:
            return
        if order == Order.TRAIN:
            trainer.train_weights(content.view(torch.int8).numpy())
        elif order == Order.LOAD:
            take_over(trainer, load(content.numpy().tobytes()))
        else:
            compare(trainer, group)


def take_over(trainer: Trainer, sent: Mapping[str, Tensor]) -> None:
    """Continue from the state that the leader has sent."""
    counters = {
        name.removeprefix(COUNTER): int(value)
        for name, value in sent.items()
        if name.startswith(COUNTER)
    }
    trainer.load_state(sent, counters)


def compare(trainer: Trainer, group: Group) -> None:
    """``TrainerError`` unless all processes hold the same weights and optimiser state."""
    tensors, counters = trainer.state()
    group.check_equal("weights", f"{tensors_hash(tensors)} {counters}")
