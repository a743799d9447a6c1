"""The only run loop: ask, price, execute; then tell, bill, record, let the referee look.

It owns budget, clock, log and checkpoint; no searcher can reach around it. After an interruption it
goes back to the last checkpoint and repeats what the log has beyond it, checking every line. Work
whose results do not depend on each other is executed together (``batching``), which nothing but the
clock readings shows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from msgspec import ValidationError, convert

from bench.records.documents import plain
from bench.records.errors import Interrupted, PresetError
from bench.records.event_log import EventLog
from bench.records.events import EventTime, Line
from bench.records.limits import AXES, Limits
from bench.records.result import Billed, Consumed, RefereeRow
from bench.records.run_folder import RunFolder
from bench.records.work_records import describe_result, describe_work, kind_of
from bench.running import said
from bench.running.batching import Pace, pieces
from bench.running.evaluators.base import Evaluator, Outcome
from bench.running.ledger import Ledger
from bench.running.proposal_counter import ProposalCounter
from bench.running.referee import Referee
from searchers.base import Evaluate, Failure, Result, Searcher, Work
from trainers.cost import Cost
from trainers.errors import TrainerError
from trainers.state import read_tensors, write_tensors

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class WorkReport:
    """What a progress display may show after a piece of work."""

    kind: str
    result: Result | None
    images: int
    status: dict[str, float]
    repeating: bool
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """Work that the budget pays for, with its costs and the ``seconds`` that asking took.

    ``ended`` says why none comes after it, if so.
    """

    works: Sequence[Work] = ()
    costs: Sequence[Cost] = ()
    seconds: float = 0.0
    ended: str | None = None


class Runner:
    """Leads one searcher through its budget.

    ``trouble`` says what has gone wrong beside the work in this process so far: who goes on with
    the run does not see it, so it is saved.
    """

    def __init__(
        self,
        searcher: Searcher,
        evaluator: Evaluator,
        referee: Referee | None,
        folder: RunFolder,
        limits: Limits,
        report: Callable[[WorkReport], None] = lambda _: None,
        stop_requested: Callable[[], bool] = lambda: False,
        trouble: Callable[[], list[str]] = list,
    ) -> None:
        self.searcher = searcher
        self.evaluator = evaluator
        self.referee = referee
        self.folder = folder
        self.limits = limits
        self.report = report
        self.stop_requested = stop_requested
        self.trouble = trouble
        self.ledger = Ledger()
        self.proposals = ProposalCounter()
        self.pace = Pace(limits.checkpoint_seconds)
        self.warnings: list[str] = []
        self.looks: list[RefereeRow] = []

    @property
    def warned(self) -> list[str]:
        """What there is to warn of by now, also from before an interruption."""
        return list(dict.fromkeys([*self.warnings, *self.trouble()]))

    def run(self, warning: str | None = None) -> str:
        """Run to the end of the budget or of the searcher; returns which of both it was.

        ``warning`` is what has to be said of going on, if anything is still to be done. Raises
        ``Interrupted`` when a stop was requested; everything done is then on disk.
        """
        with EventLog(self.folder.events) as log:
            ended = self._restore(log)
            if ended is not None:
                return ended
            if warning is not None and warning not in self.warnings:
                self.warnings.append(warning)
                self.report(
                    WorkReport("resuming", None, self._images, {}, log.repeating, [warning])
                )
            saved = time.monotonic()
            while ended is None:
                asked = self._ask(log)
                if asked.works:
                    start = time.perf_counter()
                    outcomes = self.evaluator.execute_many(asked.works)
                    self._tell(log, asked, outcomes, time.perf_counter() - start)
                ended = asked.ended
                if ended is None:
                    saved = self._pause(log, saved)
            self._referee(log, final=True)
            self._checkpoint(log, finished=ended)
            return ended

    def _ask(self, log: EventLog) -> Asked:
        """The next work, as far as the budget pays for it."""
        budget, total = self.limits.budget, self.ledger.total
        limit = self.pace.limit
        # Seconds run out between two batches, and how large those were depended on the clock. So
        # work that is repeated ends where the log ends, neither before nor behind.
        repeated = _works_ahead(log, limit) if budget.seconds else 0
        if repeated:
            limit = repeated
        elif budget.out_of_time(self.ledger.seconds.spent):
            return Asked(ended="budget of seconds spent")
        left = budget.images - total.images
        if budget.evaluations:
            limit = min(limit, max(1, budget.evaluations - total.evaluations))
        start = time.perf_counter()
        batch = said.asked(self.searcher, pieces(self.searcher, limit, left))
        seconds = time.perf_counter() - start
        if not batch:
            return Asked(ended="searcher finished")
        costs = [self.evaluator.price(work) for work in batch]
        paid, axis = budget.payable(total, costs)
        if axis is None:
            return Asked(batch[:paid], costs[:paid], seconds)
        if not paid and total.images == 0:
            raise PresetError(
                f"a budget of {getattr(budget, axis):,} {AXES[axis]} pays for nothing: the "
                f"first piece of work needs {getattr(costs[0], axis):,}; raise "
                f"run.budget_{axis}"
            )
        ended = "budget spent" if axis == "images" else f"budget of {AXES[axis]} spent"
        return Asked(batch[:paid], costs[:paid], seconds, ended)

    def _pause(self, log: EventLog, saved: float) -> float:
        """Between two pieces of work: save if it is time, stop if that was requested.

        ``saved`` is the moment of the last checkpoint; the new one is returned.
        """
        if not log.repeating:
            due = time.monotonic() - saved >= self.limits.checkpoint_seconds
            if due or self.stop_requested():
                self._checkpoint(log)
                saved = time.monotonic()
        if self.stop_requested():
            raise Interrupted(str(self.folder.path))
        return saved

    def _tell(
        self, log: EventLog, asked: Asked, outcomes: Sequence[Outcome], seconds: float
    ) -> None:
        """Tell the searcher, bill, record and let the referee look, one outcome after the other."""
        computed = sum(
            isinstance(outcome.result.work, Evaluate) and not outcome.cached for outcome in outcomes
        )
        if computed:
            self.pace.note(computed, seconds)
        # Asking is one act for the whole batch: its first line carries the time.
        asking = asked.seconds
        for work, cost, outcome in zip(asked.works, asked.costs, outcomes, strict=True):
            start = time.perf_counter()
            self.searcher.tell([outcome.result])
            told = time.perf_counter() - start
            self.proposals.note_own_counts(self.searcher)
            self._record(log, work, outcome, cost, self._status(), (asking, told))
            self._referee(log)
            asking = 0.0

    def _status(self) -> dict[str, float]:
        """What the searcher says of itself, with its own counts."""
        return said.status(self.searcher) | {
            "repaired": float(self.searcher.repaired),
            "redrawn": float(self.searcher.redrawn),
        }

    def _record(
        self,
        log: EventLog,
        work: Work,
        outcome: Outcome,
        cost: Cost,
        status: dict[str, float],
        overhead: tuple[float, float],
    ) -> None:
        kind = kind_of(work)
        self.ledger.bill(kind, cost)
        self.ledger.failures += isinstance(outcome.result, Failure)
        self.proposals.note(work)
        repeating = log.repeating
        asking, telling = overhead
        line = Line(
            log.position,
            kind,
            work=describe_work(work),
            result=describe_result(outcome.result, outcome.predicted),
            cost=Consumed(**cost.as_dict()),
            images=self._images,
            status=status,
            # Under the clock, since whether it was computed here or before changes nothing else.
            time=EventTime(asking, outcome.seconds, telling, cached=outcome.cached),
        )
        self._write(log, line)
        self.report(WorkReport(kind, outcome.result, self._images, status, repeating))

    def _write(self, log: EventLog, line: Line) -> None:
        """Repeated work keeps the time that it took the first time."""
        self.ledger.clock(convert(log.record(line)["time"], EventTime))

    def _referee(self, log: EventLog, final: bool = False) -> None:
        """Let the referee look after each equal part of the budget, and at the end."""
        if self.referee is None:
            return
        share = self.limits.budget.share(self.ledger.total, self.ledger.seconds.spent)
        # A hair's breadth: tenths of a budget are no exact numbers.
        reached = int(share * self.limits.referee_points + 1e-9)
        looked = self.looks[-1].point if self.looks else 0
        if not final and (reached <= looked or reached >= self.limits.referee_points):
            return
        start = time.perf_counter()
        point = self.limits.referee_points if final else reached
        row, samples = self.referee.look(self.searcher, point, self.ledger.total, final)
        warnings = said.warnings(self.searcher)
        repeating = log.repeating
        line = Line(
            log.position,
            "referee",
            look=row,
            samples=samples,
            warnings=warnings,
            time=EventTime(referee=time.perf_counter() - start),
        )
        self._write(log, line)
        self.looks.append(row)
        new = [warning for warning in warnings if warning not in self.warnings]
        self.warnings.extend(new)
        self.folder.write_incumbents(self.looks)
        self.report(WorkReport("referee", None, self._images, {}, repeating, new))

    @property
    def _images(self) -> int:
        return self.ledger.total.images

    def _checkpoint(self, log: EventLog, finished: str | None = None) -> None:
        """Write the state after the events so far; ``finished`` says why nothing comes after."""
        log.sync()
        tensors, counters = self.evaluator.state()
        state = {
            "events": log.position,
            "log": log.hash,
            "finished": finished,
            "trainer": counters,
            "searcher": said.state(self.searcher),
            "ledger": plain(self.ledger.billed()),
            "proposals": self.proposals.state(),
            # As `verdict` in the log: a name in files.
            "verdicts": [plain(row) for row in self.looks],
            "warnings": self.warned,
        }
        write_tensors(self.folder.work.checkpoint, tensors, state)

    def _restore(self, log: EventLog) -> str | None:
        """Continue at the checkpoint; returns why the run had ended, if it had.

        Without a usable checkpoint, everything in the log is repeated: that costs time, not
        results, since the log says what has to come out.
        """
        saved = self._read_checkpoint(log)
        if saved is None:
            return None
        tensors, state = saved
        try:
            billed = convert(state["ledger"], Billed)
            looks = convert(state["verdicts"], list[RefereeRow])
        except (KeyError, ValidationError):
            return None
        log.start_at(state["events"])
        self.evaluator.load_state(tensors, state["trainer"])
        self.searcher.load_state_dict(state["searcher"])
        self.ledger = Ledger.of(billed)
        self.proposals.load_state(state["proposals"])
        self.looks = looks
        self.warnings = list(state["warnings"])
        finished: str | None = state["finished"]
        return finished

    def _read_checkpoint(self, log: EventLog) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Tensors and state; None where there are none, or they are damaged or of another log."""
        checkpoint = self.folder.work.checkpoint
        if not checkpoint.exists():
            return None
        try:
            tensors, state = read_tensors(checkpoint)
        except TrainerError:
            return None
        covered, known_hash = state.get("events"), state.get("log")
        if not (isinstance(covered, int) and isinstance(known_hash, str)):
            return None
        return (tensors, state) if log.begins_with(covered, known_hash) else None


def _works_ahead(log: EventLog, most: int) -> int:
    """Pieces of work, ``most`` at most, that the log has and that are still to be repeated."""
    ahead = (log.events[place] for place in range(log.position, len(log.events)))
    works = (event for event in ahead if event.get("kind") != "referee")
    return sum(1 for _ in islice(works, most))
