"""Leads a searcher through a budget on the made-up landscape, step by step, without files."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.doctor.subject import evaluator_for
from bench.records.documents import fields_of
from bench.records.work_records import describe_result, describe_work, kind_of
from searchers.base import Failure, Result, Searcher, Work

#: Pieces of work in a row that cost nothing, after which nobody waits for one that does.
FREE = 20


@dataclass(frozen=True)
class RehearsalStep:
    """One piece of work with its result, its images, and seconds of ask and tell.

    ``place`` counts from 0 within what one ``ask`` returned.
    """

    work: Work
    result: Result
    images: int
    seconds: float
    place: int

    def line(self) -> str:
        """What an event log would hold of it."""
        described = [kind_of(self.work), describe_work(self.work), describe_result(self.result)]
        return json.dumps(described, default=fields_of)


def rehearse(
    searcher: Searcher,
    budget_images: int,
    fails: Callable[[int, Work], bool] = lambda number, work: False,
    before: Callable[[Searcher], None] = lambda searcher: None,
    batch: int | Callable[[Searcher, int], int] = 1,
    unpaid: Callable[[Sequence[Work], int], None] = lambda works, left: None,
) -> Iterator[RehearsalStep]:
    """Yield each step until the next one does not fit, or the searcher has finished.

    ``fails(number, work)`` says which work fails; ``before`` is called before each ask, ``unpaid``
    with the work that does not fit and the images that are left. So many as ``batch`` are asked for
    at once, or as many as it says of the searcher and these images. A step comes when its result
    has been told. Work that costs nothing fails, and the rehearsal ends when there is nothing else
    for long.
    """
    evaluator = evaluator_for(searcher)
    left, number, free = budget_images, 0, 0
    while free < FREE:
        before(searcher)
        wanted = batch if isinstance(batch, int) else batch(searcher, left)
        start = time.perf_counter()
        works = searcher.ask(wanted)
        asked = time.perf_counter() - start
        costs = [evaluator.price(work).images for work in works]
        if not works:
            return
        if sum(costs) > left:
            unpaid(works, left)
            return
        left -= sum(costs)
        for place, (work, images) in enumerate(zip(works, costs, strict=True)):
            free = 0 if images else free + 1
            failed = not images or fails(number, work)
            result = Failure(work, "made up") if failed else evaluator.perform(work)
            number += 1
            start = time.perf_counter()
            searcher.tell([result])
            told = time.perf_counter() - start
            yield RehearsalStep(work, result, images, asked / len(works) + told, place)
