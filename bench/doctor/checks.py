"""The checks. Each takes a subject and returns what it found, or raises ``Broken`` with the reason.

Work goes through the made-up landscape: no model, no data, no clock.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from statistics import median
from typing import Any

import numpy as np

from bench.doctor.elsewhere import continue_elsewhere
from bench.doctor.rehearsal import Step, rehearse
from bench.doctor.subject import Subject
from searchers.base import Evaluate, Evaluated, GateGradient, Searcher, TrainWeights, Work
from searchers.errors import SearcherError
from spaces import Architecture

#: Round trips of the state: at each of so many steps, evenly spread.
ROUND_TRIPS = 40


class Broken(Exception):
    """A clause of the contract that does not hold; the text says what happened."""


def legal_proposals(subject: Subject) -> str:
    """Every architecture is a member of the space, strict or not, also in batches of three."""
    count = 0
    for strict in (False, True):
        for batch in (1, 3):
            searcher = subject.make(strict=strict)
            count += _check_members(searcher, _run(subject, searcher, batch=batch))
    return f"{count} architectures"


def caps_hold(subject: Subject) -> str:
    """Nothing beyond a hard cap is proposed or recommended."""
    space = subject.make().problem.space
    drawn = space.sample(500, np.random.default_rng(0))
    macs = int(np.quantile(space.macs(drawn), 0.25))
    params = int(np.quantile(space.params(drawn), 0.25))
    redrawn = 0
    for caps in ({"max_macs": macs}, {"max_params": params}):
        searcher = subject.make(max_macs=caps.get("max_macs"), max_params=caps.get("max_params"))
        steps = _run(subject, searcher)
        found = [a for step in steps for a in _members(searcher, step.work)]
        found += [searcher.recommend()]
        if not searcher.problem.allows(space.encode(found)).all():
            worst = found[int(np.argmin(searcher.problem.allows(space.encode(found))))]
            raise Broken(f"proposed {worst.text} beyond the cap {caps}")
        redrawn += searcher.redrawn
    return f"at most {macs:,} MACs or {params:,} parameters, {redrawn} redrawn"


def budget_obeyed(subject: Subject) -> str:
    """Work costs something, and nothing is left that a further piece of work could have used."""
    searcher = subject.make()
    steps = _run(subject, searcher)
    free = [step for step in steps if step.images == 0]
    if free:
        raise Broken(f"asked for work that costs nothing: {free[0].line()[:120]}")
    spent = sum(step.images for step in steps)
    if spent > subject.budget_images:
        raise Broken(f"spent {spent} of {subject.budget_images} images")
    return f"{spent:,} of {subject.budget_images:,} images"


def same_seed(subject: Subject) -> str:
    """The same seed gives the same sequence of work."""
    first, second = (_lines(_run(subject, subject.make(seed=3))) for _ in range(2))
    _same(first, second, "a second run with the same seed")
    return f"{len(first)} steps"


def other_seed(subject: Subject) -> str:
    """Another seed gives another sequence."""
    if _lines(_run(subject, subject.make(seed=3))) == _lines(_run(subject, subject.make(seed=4))):
        raise Broken("seeds 3 and 4 give the same sequence: draw from the generator that is given")
    return "sequences differ"


def round_trip(subject: Subject) -> str:
    """State saved as JSON at any step and given to a fresh searcher continues identically."""
    expected = _lines(_run(subject, subject.make(seed=5)))
    every = max(1, len(expected) // ROUND_TRIPS)
    searcher, trips = subject.make(seed=5), 0
    pending: list[tuple[int, Searcher]] = []

    def save(current: Searcher) -> None:
        nonlocal trips
        if len(done) % every:
            return
        text = json.dumps(current.state_dict(), allow_nan=False)
        twin = subject.make(seed=999)
        twin.load_state_dict(json.loads(text))
        if json.loads(json.dumps(twin.state_dict())) != json.loads(text):
            raise Broken(f"at step {len(done)} the state loaded differs from the state saved")
        pending.append((len(done), twin))
        trips += 1

    done: list[Step] = []
    for step in rehearse(searcher, subject.budget_images, before=save):
        done.append(step)
        for place, twin in pending:
            ahead = next(iter(rehearse(twin, subject.budget_images)), None)
            if ahead is None or ahead.line() != expected[place]:
                raise Broken(f"a searcher restored at step {place} went on differently")
        pending.clear()
    _same(expected, _lines(done), "a run whose state was saved on the way")
    return f"{trips} round trips"


def fresh_process(subject: Subject) -> str:
    """So does a fresh process with another hash seed."""
    steps: list[Step] = []
    states: dict[int, dict[str, Any]] = {}

    def save(searcher: Searcher) -> None:
        states[len(steps)] = searcher.state_dict()

    for step in rehearse(subject.make(seed=5), subject.budget_images, before=save):
        steps.append(step)
    middle = len(steps) * 2 // 3
    left = subject.budget_images - sum(step.images for step in steps[:middle])
    lines, _ = continue_elsewhere(subject, states[middle], left)
    _same(_lines(steps[middle:]), lines, "a fresh process")
    return f"{len(lines)} steps from step {middle}"


def failures_survive(subject: Subject) -> str:
    """Failed work, some or all of it, neither stops the searcher nor becomes its incumbent."""
    searcher = subject.make()
    failed: set[int] = set()
    scored: set[int] = set()
    for step in rehearse(searcher, subject.budget_images, fails=lambda n, _: n % 3 == 2):
        if isinstance(step.work, Evaluate):
            good = isinstance(step.result, Evaluated)
            (scored if good else failed).add(step.work.architecture.index)
    found = searcher.recommend()
    if found.index in failed - scored:
        raise Broken(f"recommends {found.text}, whose evaluation failed")
    hopeless = subject.make()
    count = len(_lines(rehearse(hopeless, subject.budget_images, fails=lambda n, _: True)))
    _check_member(hopeless, hopeless.recommend())
    return f"{len(failed)} failed evaluations, then {count} failures in a row"


def recommendation(subject: Subject) -> str:
    """``recommend`` is legal from the start, and neither it nor ``samples`` changes anything."""
    searcher = subject.make()
    _check_member(searcher, searcher.recommend())

    def look(current: Searcher) -> None:
        before = json.dumps(current.state_dict())
        first = current.recommend()
        _check_member(current, first)
        for other in current.samples(3, np.random.default_rng(0)):
            _check_member(current, other)
        if current.recommend() != first or json.dumps(current.state_dict()) != before:
            raise Broken("recommend() or samples() changed the searcher")

    steps = list(rehearse(searcher, subject.budget_images, before=look))
    look(searcher)
    return f"looked {len(steps) + 2} times"


def plain_records(subject: Subject) -> str:
    """Status, warnings and tables are JSON data; the status holds finite numbers."""
    searcher = subject.make()
    for _ in rehearse(searcher, subject.budget_images):
        bad = [key for key, value in searcher.status().items() if not math.isfinite(value)]
        if bad:
            raise Broken(f"status {bad[0]} is not finite")
    try:
        json.dumps([searcher.status(), searcher.warnings(), searcher.tables()], allow_nan=False)
    except (TypeError, ValueError) as error:
        raise Broken(f"status, warnings or tables are no JSON data ({error})") from error
    return ", ".join(searcher.status()) or "no status"


def keeps_to_itself(subject: Subject) -> str:
    """It reaches for no trainer, no harness and no word images while it works."""
    searcher = subject.make(seed=5)
    _, reached = continue_elsewhere(subject, searcher.state_dict(), subject.budget_images // 2)
    if reached:
        raise Broken(f"reached for {', '.join(reached[:3])}")
    return "no trainer, no data"


def foreign_state(subject: Subject) -> str:
    """A state that is not its own is refused with a ``SearcherError``."""
    for state in ({}, {"rng": subject.make().rng.bit_generator.state, "repaired": 0, "redrawn": 0}):
        searcher = subject.make()
        try:
            searcher.load_state_dict(state)
        except SearcherError:
            continue
        if searcher.state_dict().keys() != state.keys():
            raise Broken(f"accepted a state with only {sorted(state)}")
    return "refused"


def ask_latency(subject: Subject) -> str:
    """Seconds per ask and tell; reported, never failed."""
    seconds = [step.seconds for step in rehearse(subject.make(), subject.budget_images)]
    return f"median {median(seconds) * 1e3:.2f} ms, most {max(seconds) * 1e3:.2f} ms"


CHECKS: dict[str, Callable[[Subject], str]] = {
    "legal proposals": legal_proposals,
    "hard caps hold": caps_hold,
    "budget obeyed": budget_obeyed,
    "same seed, same sequence": same_seed,
    "other seed, other sequence": other_seed,
    "state round trips": round_trip,
    "fresh process, other hash seed": fresh_process,
    "failures survive": failures_survive,
    "recommendation": recommendation,
    "plain records": plain_records,
    "keeps to itself": keeps_to_itself,
    "foreign state refused": foreign_state,
    "ask and tell latency": ask_latency,
}


def _run(subject: Subject, searcher: Searcher, batch: int = 1) -> list[Step]:
    return list(rehearse(searcher, subject.budget_images, batch=batch))


def _lines(steps: Iterable[Step]) -> list[str]:
    return [step.line() for step in steps]


def _same(expected: list[str], found: list[str], what: str) -> None:
    for place, (left, right) in enumerate(zip(expected, found, strict=False)):
        if left != right:
            raise Broken(f"{what} differs at step {place}: {right[:90]} instead of {left[:90]}")
    if len(expected) != len(found):
        raise Broken(f"{what} has {len(found)} steps instead of {len(expected)}")


def _members(searcher: Searcher, work: Work) -> list[Architecture]:
    """Architectures of the space that the work names; step 1 of AutoSTR trains others as well."""
    listed = list(work.architectures) if isinstance(work, TrainWeights) else [work.architecture]
    kinds, steps = len(searcher.problem.space.operations), searcher.problem.space.path_length
    members = [found for found in listed if max(found.encoding[steps:]) < kinds]
    if len(members) < len(listed) and not type(searcher).default_operations(searcher.settings):
        raise Broken(f"proposed an operation outside the space without declaring it: {listed[0]}")
    return members


def _check_members(searcher: Searcher, steps: Iterable[Step]) -> int:
    count = 0
    for step in steps:
        for found in _members(searcher, step.work):
            _check_member(searcher, found)
            count += 1
        if isinstance(step.work, GateGradient):
            _check_candidates(searcher, step.work)
    return count


def _check_member(searcher: Searcher, found: Architecture) -> None:
    space = searcher.problem.space
    if space.parse(found.text) != found:
        raise Broken(f"{found.text} is not the architecture that the space calls so")
    if not space.is_valid(space.encode([found]))[0]:
        raise Broken(f"{found.text} is illegal in this space")


def _check_candidates(searcher: Searcher, work: GateGradient) -> None:
    space = searcher.problem.space
    operations = work.architecture.encoding[space.path_length :]
    if len(work.candidates) != space.layers:
        raise Broken(f"gate gradients of {len(work.candidates)} layers, expected {space.layers}")
    allowed = space.operation_allowed(np.array(work.architecture.encoding[: space.path_length]))
    for layer, (active, wanted) in enumerate(zip(operations, work.candidates, strict=True)):
        if active not in wanted or not all(allowed[layer, k] for k in wanted):
            raise Broken(f"layer {layer + 1} asks gates {wanted} with operation {active} active")
