"""The ledger only counts: what was consumed, on what, and how long it took."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass, field

from msgspec.structs import replace

from bench.records.events import EventTime
from bench.records.result import Billed, Clocks, Consumed
from trainers.cost import Cost


@dataclass
class Ledger:
    """Costs of one run, in all and by kind of work."""

    by_kind: dict[str, Cost] = field(default_factory=dict)
    seconds: Clocks = field(default_factory=lambda: Clocks(0.0, 0.0, 0.0))
    failures: int = 0

    @property
    def total(self) -> Cost:
        """Everything billed so far."""
        return sum(self.by_kind.values(), Cost())

    def bill(self, kind: str, cost: Cost) -> None:
        """Add a piece of work of this kind."""
        self.by_kind[kind] = self.by_kind.get(kind, Cost()) + cost

    def clock(self, time: EventTime) -> None:
        """Add what the clock showed."""
        known = self.seconds
        self.seconds = Clocks(
            known.trainer + (time.trainer or 0.0),
            known.ask + (time.ask or 0.0),
            known.tell + (time.tell or 0.0),
            known.referee + (time.referee or 0.0),
        )

    def billed(self) -> Billed:
        """The same for records; sizes in images and MACs, times in seconds."""
        return Billed(
            total=Consumed(**self.total.as_dict()),
            by_kind={kind: Consumed(**c.as_dict()) for kind, c in sorted(self.by_kind.items())},
            failures=self.failures,
            seconds=replace(self.seconds, total=self.seconds.spent),
        )

    @classmethod
    def of(cls, billed: Billed) -> Ledger:
        """The ledger that ``billed`` described."""
        kinds = {
            kind: Cost(c.images_forward, c.images_forward_backward, c.macs, c.evaluations)
            for kind, c in billed.by_kind.items()
        }
        return cls(kinds, billed.seconds, billed.failures)


def peak_memory_bytes() -> int:
    """Largest resident memory of this process so far, on the host."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)


def peak_accelerator_bytes(device: str) -> int | None:
    """Most memory that tensors of this process held on ``device`` so far; None but for CUDA."""
    if not device.startswith("cuda"):
        return None
    import torch  # Here, since the ledger is also read where nothing is trained.

    return int(torch.cuda.max_memory_allocated(device))
