"""Leads a searcher through a budget on the made-up landscape, step by step, without files."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.doctor.subject import evaluator_for
from bench.work_records import describe_result, describe_work, kind_of
from searchers.base import Failure, Result, Searcher, Work


@dataclass(frozen=True)
class Step:
    """One piece of work with its result, its images, and seconds of ask and tell."""

    work: Work
    result: Result
    images: int
    seconds: float

    def line(self) -> str:
        """What an event log would hold of it."""
        return json.dumps(
            [kind_of(self.work), describe_work(self.work), describe_result(self.result)]
        )


def rehearse(
    searcher: Searcher,
    budget_images: int,
    fails: Callable[[int, Work], bool] = lambda number, work: False,
    before: Callable[[Searcher], None] = lambda searcher: None,
    batch: int = 1,
) -> Iterator[Step]:
    """Yield each step until the next one does not fit, or the searcher has finished.

    ``fails(number, work)`` says which work fails; ``before`` is called before each ask.
    """
    evaluator = evaluator_for(searcher)
    left, number = budget_images, 0
    while True:
        before(searcher)
        start = time.perf_counter()
        works = searcher.ask(batch)
        asked = time.perf_counter() - start
        costs = [evaluator.price(work).images for work in works]
        if not works or sum(costs) > left:
            return
        left -= sum(costs)
        results: list[Result] = []
        for work in works:
            failed = fails(number, work)
            results.append(Failure(work, "made up") if failed else evaluator.perform(work))
            number += 1
        start = time.perf_counter()
        searcher.tell(results)
        seconds = asked + time.perf_counter() - start
        for work, result, images in zip(works, results, costs, strict=True):
            yield Step(work, result, images, seconds / len(works))
