"""The checks. Each takes a subject and returns what it found, or raises ``Broken`` with the reason.

Work goes through the made-up landscape: no model, no data, no clock.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import islice, product
from statistics import median

import numpy as np

from bench.doctor.elsewhere import Answer, continue_elsewhere
from bench.doctor.independence import compare
from bench.doctor.rehearsal import RehearsalStep, rehearse
from bench.doctor.subject import Subject
from searchers.base import (
    Evaluate,
    Evaluated,
    Failure,
    GateGradient,
    Searcher,
    TrainWeights,
    Work,
)
from searchers.errors import SearcherError
from spaces import Architecture

#: Round trips of the state: at each of so many steps, evenly spread.
ROUND_TRIPS = 40
#: Share of the budget, or images, that a piece of work may need: else its end cannot be spent.
LARGEST_SHARE, LARGEST_PIECE = 0.1, 50
#: Half of the asks and tells may take longer. Evaluations take about a second; the slowest
#: searchers that make sense, Gaussian processes, take less.
SLOWEST_SECONDS = 5.0


class Broken(Exception):
    """A clause of the contract that does not hold; the text says what happened."""


def legal_proposals(subject: Subject) -> str:
    """Every architecture is a member of the space, strict or not, also in batches of three."""
    count = 0
    for strict in (False, True):
        for batch in (1, 3):
            searcher = subject.make(strict=strict)
            for step in rehearse(searcher, subject.budget_images, batch=batch):
                if step.place >= batch:
                    raise Broken(f"asked for {batch} it gave {step.place + 1} pieces of work")
                count += _check_members(searcher, step.work)
            _recommended(searcher)
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
        named = {"proposed": list[Architecture](), "recommended": [_recommended(searcher)]}
        for step in rehearse(searcher, subject.budget_images):
            named["proposed"] += _members(searcher, step.work)
            named["recommended"] += [_recommended(searcher)]
        for verb, found in named.items():
            within = searcher.problem.allows(space.encode(found))
            if not within.all():
                raise Broken(f"{verb} {found[int(np.argmin(within))].text} beyond the cap {caps}")
        redrawn += searcher.redrawn
    return f"at most {macs:,} MACs or {params:,} parameters, {redrawn} redrawn"


def budget_obeyed(subject: Subject) -> str:
    """There is work, it costs something, and comes in pieces that a budget can be filled with."""
    most = max(LARGEST_SHARE * subject.budget_images, LARGEST_PIECE)

    def too_large(works: Sequence[Work], left: int) -> None:
        if left >= most:
            raise Broken(
                f"left {left} of {subject.budget_images} images unspent, since the next piece of "
                f"work needs more: work comes in pieces of at most {most:.0f} images"
            )

    steps = list(rehearse(subject.make(), subject.budget_images, unpaid=too_large))
    free = [step for step in steps if step.images == 0]
    if free:
        raise Broken(f"asked for work that costs nothing: {free[0].line()[:120]}")
    if not steps:
        raise Broken("asked for no work at all")
    return f"{sum(step.images for step in steps):,} of {subject.budget_images:,} images"


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
    twins: list[tuple[int, Searcher]] = []

    def save(current: Searcher) -> None:
        nonlocal trips
        if len(done) % every:
            return
        text = json.dumps(current.state_dict(), allow_nan=False)
        twin = subject.make(seed=999)
        twin.load_state_dict(json.loads(text))
        if json.loads(json.dumps(twin.state_dict())) != json.loads(text):
            raise Broken(f"at step {len(done)} the state loaded differs from the state saved")
        twins.append((len(done), twin))
        trips += 1

    done: list[RehearsalStep] = []
    for step in rehearse(searcher, subject.budget_images, before=save):
        done.append(step)
    _same(expected, _lines(done), "a run whose state was saved on the way")
    for place, twin in twins:
        # As far as the next round trip, so that every step is once taken by a twin.
        ahead = islice(rehearse(twin, subject.budget_images), every)
        for line, wanted in zip(_lines(ahead), expected[place : place + every], strict=False):
            if line != wanted:
                raise Broken(f"a searcher restored at step {place} went on differently")
    return f"{trips} round trips"


def fresh_process(subject: Subject) -> str:
    """So does a fresh process with another hash seed, from the start and from later on."""
    expected, places, answer = _elsewhere(subject)
    for place, lines in zip(places, answer.lines, strict=True):
        _same(expected[place:], lines, f"a fresh process that goes on from step {place}")
    return f"{len(expected)} steps, and {len(answer.lines[1])} from step {places[1]}"


def failures_survive(subject: Subject) -> str:
    """Failed work, some or all of it, neither stops the searcher nor becomes its incumbent."""
    some = _fail(subject, lambda number: number % 3 == 2)
    return f"{some} failed, then {_fail(subject, lambda number: True)} in a row"


def independent_work(subject: Subject) -> str:
    """What it calls ``independent`` it gives in a batch as it gives it one after the other."""
    largest = 1
    space = subject.make().problem.space
    cap = int(np.quantile(space.macs(space.sample(500, np.random.default_rng(0))), 0.25))
    for failing, max_macs in product((False, True), (None, cap)):
        size, difference = compare(subject, failing, max_macs)
        if difference is not None:
            raise Broken(f"said that up to {size} pieces of work are independent, but {difference}")
        largest = max(largest, size)
    return f"up to {largest} at a time" if largest > 1 else "one at a time"


def recommendation(subject: Subject) -> str:
    """``recommend`` is legal from the start, and neither it nor ``samples`` changes anything."""
    searcher = subject.make()

    def look(current: Searcher) -> None:
        before = json.dumps(current.state_dict())
        first = _recommended(current)
        for other in current.samples(3, np.random.default_rng(0)):
            _check_member(current, other)
        if current.recommend() != first or json.dumps(current.state_dict()) != before:
            raise Broken("recommend() or samples() changed the searcher")

    steps = _lines(rehearse(searcher, subject.budget_images, before=look))
    look(searcher)
    _same(_lines(_run(subject, subject.make())), steps, "a run that was asked what it recommends")
    return f"looked {len(steps) + 1} times"


def plain_records(subject: Subject) -> str:
    """Status, warnings and tables are JSON data; the status holds finite numbers."""
    searcher = subject.make()

    def look(current: Searcher) -> None:
        before = json.dumps(current.state_dict())
        status: Mapping[str, object] = current.status()
        for key, value in status.items():
            if not (isinstance(value, int | float) and math.isfinite(value)):
                raise Broken(f"status {key} is {value!r}, expected a finite int or float")
        try:
            json.dumps([status, current.warnings(), current.tables()], allow_nan=False)
        except (TypeError, ValueError) as error:
            raise Broken(f"status, warnings or tables are no JSON data ({error})") from error
        if json.dumps(current.state_dict()) != before:
            raise Broken("status(), warnings() or tables() changed the searcher")

    for _ in rehearse(searcher, subject.budget_images, before=look):
        pass
    look(searcher)
    return ", ".join(searcher.status()) or "no status"


def keeps_to_itself(subject: Subject) -> str:
    """It reaches for no trainer, no harness and no word images while it works."""
    _, _, answer = _elsewhere(subject)
    if answer.reached:
        raise Broken(f"reached for {', '.join(answer.reached[:3])}")
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
    """Seconds per ask and tell: reported, and below what evaluations take."""
    steps = _run(subject, subject.make())
    seconds = [step.seconds for step in steps] or [0.0]
    found = f"median {median(seconds) * 1e3:.2f} ms, most {max(seconds) * 1e3:.2f} ms"
    if median(seconds) > SLOWEST_SECONDS:
        raise Broken(f"{found}: expected a median of at most {SLOWEST_SECONDS:g} s")
    return found


CHECKS: dict[str, Callable[[Subject], str]] = {
    "legal proposals": legal_proposals,
    "hard caps hold": caps_hold,
    "budget obeyed": budget_obeyed,
    "same seed, same sequence": same_seed,
    "other seed, other sequence": other_seed,
    "state round trips": round_trip,
    "fresh process, other hash seed": fresh_process,
    "failures survive": failures_survive,
    "independent work": independent_work,
    "recommendation": recommendation,
    "plain records": plain_records,
    "keeps to itself": keeps_to_itself,
    "foreign state refused": foreign_state,
    "ask and tell latency": ask_latency,
}


def _run(subject: Subject, searcher: Searcher) -> list[RehearsalStep]:
    return list(rehearse(searcher, subject.budget_images))


@lru_cache(maxsize=1)
def _elsewhere(subject: Subject) -> tuple[list[str], tuple[int, int], Answer]:
    """A run here, steps of it from which a fresh process went on, and what that has to say.

    Kept for the next check: for a library that is slow to import the process takes seconds.
    """
    steps: list[RehearsalStep] = []
    states: list[str] = []

    def save(searcher: Searcher) -> None:
        # As text at once: what a searcher hands out may go on changing.
        states.append(json.dumps(searcher.state_dict()))

    for step in rehearse(subject.make(seed=5), subject.budget_images, before=save):
        steps.append(step)
    places = (0, len(steps) * 2 // 3)
    starts = [
        (json.loads(states[place]), sum(step.images for step in steps[place:])) for place in places
    ]
    return _lines(steps), places, continue_elsewhere(subject, starts)


def _fail(subject: Subject, fails: Callable[[int], bool]) -> int:
    """Run with failures; returns how many there were."""
    searcher = subject.make()
    initial = _recommended(searcher).index
    failed: set[int] = set()
    scored: set[int] = set()
    count = 0
    for step in rehearse(searcher, subject.budget_images, fails=lambda number, _: fails(number)):
        good = isinstance(step.result, Evaluated)
        count += isinstance(step.result, Failure)
        if isinstance(step.work, Evaluate):
            (scored if good else failed).add(step.work.architecture.index)
    found = _recommended(searcher)
    # What it named before any result it may go on naming: failing did not make it the incumbent.
    if found.index in failed - scored - {initial}:
        raise Broken(f"recommends {found.text}, whose evaluation failed")
    return count


def _lines(steps: Iterable[RehearsalStep]) -> list[str]:
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


def _check_members(searcher: Searcher, work: Work) -> int:
    """Check what one piece of work names; returns how many architectures these are."""
    members = _members(searcher, work)
    for found in members:
        _check_member(searcher, found)
    if isinstance(work, GateGradient):
        _check_candidates(searcher, work)
    return len(members)


def _recommended(searcher: Searcher) -> Architecture:
    found = searcher.recommend()
    _check_member(searcher, found)
    return found


def _check_member(searcher: Searcher, found: Architecture) -> None:
    if not isinstance(found, Architecture):
        raise Broken(f"named {found!r}, expected an Architecture of the space")
    space = searcher.problem.space
    if not space.is_valid(space.encode([found]))[0]:
        raise Broken(f"{found.text} is illegal in {'the strict' if space.strict else 'this'} space")
    if space.parse(found.text) != found:
        raise Broken(f"{found.text} is not the architecture that the space calls so")


def _check_candidates(searcher: Searcher, work: GateGradient) -> None:
    space = searcher.problem.space
    operations = work.architecture.encoding[space.path_length :]
    if len(work.candidates) != space.layers:
        raise Broken(f"gate gradients of {len(work.candidates)} layers, expected {space.layers}")
    allowed = space.operation_allowed(np.array(work.architecture.encoding[: space.path_length]))
    for layer, (active, wanted) in enumerate(zip(operations, work.candidates, strict=True)):
        if active not in wanted or not all(allowed[layer, k] for k in wanted):
            raise Broken(f"layer {layer + 1} asks gates {wanted} with operation {active} active")
