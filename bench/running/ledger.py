"""The ledger only counts: what was consumed, on what, and how long it took."""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from trainers.cost import Cost


@dataclass
class Seconds:
    """Wall time of the trainer, the searcher and the referee, in seconds."""

    trainer: float = 0.0
    ask: float = 0.0
    tell: float = 0.0
    referee: float = 0.0

    @property
    def total(self) -> float:
        """All of it but the referee's, which belongs to the harness."""
        return self.trainer + self.ask + self.tell


@dataclass
class Ledger:
    """Costs of one run, in all and by kind of work."""

    by_kind: dict[str, Cost] = field(default_factory=dict)
    seconds: Seconds = field(default_factory=Seconds)
    failures: int = 0

    @property
    def total(self) -> Cost:
        """Everything billed so far."""
        return sum(self.by_kind.values(), Cost())

    def bill(self, kind: str, cost: Cost) -> None:
        """Add a piece of work of this kind."""
        self.by_kind[kind] = self.by_kind.get(kind, Cost()) + cost

    def as_dict(self) -> dict[str, Any]:
        """Plain data for records; sizes in images and MACs, times in seconds."""
        return {
            "total": self.total.as_dict(),
            "by_kind": {kind: cost.as_dict() for kind, cost in sorted(self.by_kind.items())},
            "failures": self.failures,
            "seconds": {**asdict(self.seconds), "total": self.seconds.total},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Ledger:
        """The ledger that ``as_dict`` described."""
        kinds = {
            kind: Cost(**{key: int(value) for key, value in cost.items() if key != "images"})
            for kind, cost in data["by_kind"].items()
        }
        seconds = {key: float(value) for key, value in data["seconds"].items() if key != "total"}
        return cls(kinds, Seconds(**seconds), int(data["failures"]))


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
