"""One process leads, the others follow: how processes train the same weights together.

Only the first process has a loop, a log and a folder. What it orders, it broadcasts: to make steps,
to take over this state, to show that its weights are still the same, to end. The others know
nothing but that, so no clock and no signal can part them from it.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from typing import Protocol

import torch
from safetensors.torch import load, save
from torch import Tensor

from trainers.distributed import ProcessGroup
from trainers.state import tensors_hash

#: Before the names of counters where they travel among tensors.
COUNTER = "counter/"
NOTHING = torch.empty(0, 0, dtype=torch.int8)


class Order(IntEnum):
    """What followers can be told to do."""

    END, TRAIN, LOAD, COMPARE = range(4)


class Replica(Protocol):
    """What every process has one of, with the same weights in each."""

    def state(self) -> tuple[dict[str, Tensor], dict[str, int]]:
        """Tensors and counters."""
        ...

    def load_state(self, tensors: Mapping[str, Tensor], counters: Mapping[str, int]) -> None:
        """Continue from them."""
        ...


class Leader:
    """Tells the other processes of ``group`` what to do with their replicas."""

    def __init__(self, replica: Replica, group: ProcessGroup) -> None:
        self.replica = replica
        self.group = group
        #: Whether the others wait for an order. Not so after an error in what all do together.
        self._awaited = True

    @contextmanager
    def training(self, content: Tensor = NOTHING) -> Iterator[None]:
        """In the block, this process does what the others are told to: train by ``content``."""
        with self._together():
            self._order(Order.TRAIN, content)
            yield

    def compare(self) -> None:
        """``TrainerError`` unless all processes have the same state."""
        with self._together():
            self._order(Order.COMPARE)
            compare(self.replica, self.group)

    def send_state(self, tensors: Mapping[str, Tensor], counters: Mapping[str, int]) -> None:
        """The others continue from this state."""
        counted = {COUNTER + name: torch.tensor(value) for name, value in counters.items()}
        content = save({**tensors, **counted})
        with self._together():
            self._order(Order.LOAD, torch.frombuffer(bytearray(content), dtype=torch.uint8)[None])

    def end(self) -> None:
        """The others end, if they still wait for anything."""
        if self._awaited:
            with self._together():
                self._order(Order.END)
            self._awaited = False

    @contextmanager
    def _together(self) -> Iterator[None]:
        self._awaited = False
        yield
        self._awaited = True

    def _order(self, order: Order, content: Tensor = NOTHING) -> None:
        """Tell the others; ``content`` is a matrix of bytes."""
        # Sums of floats depend on the number of threads: all take the leader's.
        self.group.broadcast(torch.tensor([order, torch.get_num_threads(), *content.shape]))
        self.group.broadcast(content.contiguous().view(torch.uint8))


def follow(replica: Replica, train: Callable[[Tensor], object], group: ProcessGroup) -> None:
    """Do what the leader orders, until it ends; ``train`` is given the content of its orders.

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
            train(content)
        elif order == Order.LOAD:
            take_over(replica, load(content.numpy().tobytes()))
        else:
            compare(replica, group)


def take_over(replica: Replica, sent: Mapping[str, Tensor]) -> None:
    """Continue from the state that the leader has sent."""
    counters = {
        name.removeprefix(COUNTER): int(value)
        for name, value in sent.items()
        if name.startswith(COUNTER)
    }
    replica.load_state(sent, counters)


def compare(replica: Replica, group: ProcessGroup) -> None:
    """``TrainerError`` unless all processes hold the same weights and optimiser state."""
    tensors, counters = replica.state()
    group.check_equal("weights", f"{tensors_hash(tensors)} {counters}")
