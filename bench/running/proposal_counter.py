"""What a searcher proposed, counted by the harness: asked, unique, duplicate; repaired, redrawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from searchers.base import Searcher, TrainWeights, Work


class ProposalCounter:
    """Counts the architectures that a searcher had evaluated or measured gates of.

    Paths drawn for weight steps are not proposals. That a proposal was repaired or redrawn only the
    searcher knows: these two are its own counts.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.repaired = 0
        self.redrawn = 0
        self._seen: set[int] = set()

    def note_own_counts(self, searcher: Searcher) -> None:
        """Take over the searcher's counts, when work was done and not yet when it was asked for."""
        self.repaired, self.redrawn = searcher.repaired, searcher.redrawn

    def note(self, work: Work) -> None:
        """Count one piece of work."""
        if not isinstance(work, TrainWeights):
            self.asked += 1
            self._seen.add(work.architecture.index)

    def counts(self) -> dict[str, int]:
        """All five counts."""
        return {
            "asked": self.asked,
            "unique": len(self._seen),
            "duplicate": self.asked - len(self._seen),
            "repaired": self.repaired,
            "redrawn": self.redrawn,
        }

    def state(self) -> dict[str, Any]:
        """JSON data for the checkpoint."""
        return {
            "asked": self.asked,
            "repaired": self.repaired,
            "redrawn": self.redrawn,
            "seen": sorted(self._seen),
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continue from ``state()``."""
        self.asked = int(state["asked"])
        self.repaired, self.redrawn = int(state["repaired"]), int(state["redrawn"])
        self._seen = {int(index) for index in state["seen"]}
