"""What searchers that breed share: how far a budget goes, and proposals within the hard caps."""

from __future__ import annotations

from collections.abc import Callable, Container

from searchers.base import Problem, Searcher
from searchers.black_box import Encodings

#: Draws of one proposal that may be beyond a cap, and those that may be known, before it is taken
#: uniformly from all that the caps allow. A population that has converged breeds little new.
BEYOND, KNOWN = 100, 10


def affordable_evaluations(problem: Problem, training_steps: int) -> int:
    """Evaluations that the budget pays for after so many weight steps."""
    left = problem.budget_images - training_steps * problem.images_per_step
    return left // problem.images_per_evaluation


def propose(
    searcher: Searcher, make: Callable[[], Encodings], known: Container[int] = ()
) -> Encodings:
    """One architecture (1, columns) from ``make``, within the caps and, if possible, not known.

    What is beyond a cap is thrown away and counted in ``searcher.redrawn``; so is, uncounted, what
    has its index among the ``known``. When ``make`` gives nothing else for long, a uniform draw
    within the caps takes its place. In a space that is used up, it may be known.
    """
    problem = searcher.problem
    beyond = seen = 0
    while beyond < BEYOND and seen < KNOWN:
        row = make()
        if not problem.allows(row)[0]:
            searcher.redrawn += 1
            beyond += 1
        elif int(problem.space.rank(row)[0]) in known:
            seen += 1
        else:
            return row
    for _ in range(KNOWN):
        row = problem.draw(1, searcher.rng)
        if int(problem.space.rank(row)[0]) not in known:
            break
    return row
