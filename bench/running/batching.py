"""How much work to ask a searcher for at once: as much as cannot be told from one at a time."""

from __future__ import annotations

from searchers.base import Searcher

#: Pieces of work in a batch. Beyond some dozens, architectures share no more than they do already.
MOST = 64
#: What a batch may take at most, as far as is known before: nothing of it is acknowledged, and
#: Ctrl-C waits, until it is done.
MOST_SECONDS = 10.0


def pieces(searcher: Searcher, limit: int, images_left: int) -> int:
    """Pieces of work, 1 to ``limit``, that are independent and that the budget still pays for."""
    payable = images_left // searcher.problem.images_per_evaluation
    most = max(1, min(limit, payable))
    return max(1, min(searcher.independent(most), most))


class Pace:
    """Seconds that an evaluation takes, by the last batch of them; decides how large one may be.

    What is in a batch shows in no result, so it may depend on the clock.
    """

    def __init__(self, checkpoint_seconds: float) -> None:
        self.most_seconds = min(checkpoint_seconds, MOST_SECONDS)
        self._each: float | None = None

    @property
    def limit(self) -> int:
        """Evaluations that fit; 1 as long as nothing is known."""
        if self._each is None or self._each * MOST <= self.most_seconds:
            return 1 if self._each is None else MOST
        return max(1, int(self.most_seconds / self._each))

    def note(self, pieces: int, seconds: float) -> None:
        """A batch of evaluations took so long."""
        self._each = seconds / pieces
