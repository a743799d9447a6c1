"""Does what a plan has left to do: its supernets first, then its runs, by ``bench.workers``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bench.records.errors import RecordError
from bench.records.trouble import keep_trouble
from bench.study.plan import DONE, Plan, RunSpec
from bench.supernets.many import SupernetSpec, train_supernet
from bench.workers.pools import Pool, Stop
from bench.workers.rounds import Ended, Workers, attempt, do_all, open_pool

RunEnd = Ended[RunSpec, None]


def execute_plan(
    plan: Plan,
    workers: Workers,
    report: Callable[[int, int], None] = lambda done, total: None,
    stop: Stop = lambda: False,
) -> list[RunEnd]:
    """Do all runs that are not done; returns those that could not be completed.

    ``report(done, total)`` is called after each. Raises ``Interrupted`` when ``stop`` says so and
    the runs have come to rest, ``RecordError`` where workers cannot live.
    """
    total = len(plan.runs)
    troubled: list[RunEnd] = []
    with open_pool(workers, plan.folder) as pool:
        runs = _with_supernets(plan, pool, stop)
        left = [run for run in runs if run.state != DONE]
        done = total - len(left)
        report(done, total)
        for end in do_all(pool, do_run, left, stop):
            if end.trouble is not None:
                troubled.append(end)
            done += 1
            report(done, total)
    return troubled


def prepare_data(
    plan: Plan, progress: Callable[[int, int], None] = lambda done, total: None
) -> None:
    """Render the words that all runs share, once and here, before workers ask for them."""
    if plan.preset.run.evaluator != "supernet":
        return
    from trainers.data_splits import open_splits

    open_splits(
        plan.preset.data,
        plan.preset.recogniser.input_size,
        lambda _, done, total: progress(done, total),
        plan.preset.recogniser.time_steps,
    )


def do_run(spec: RunSpec, stop: Stop) -> RunEnd:
    """Begin or resume one run, in a worker or in the study's own process."""

    def begin() -> Callable[[], None]:
        from bench.run import Run

        run = Run(spec.searcher, spec.preset, spec.load(), spec.seed, spec.caps)

        def execute() -> None:
            run.execute(spec.folder, stop_requested=stop)

        return execute

    return attempt(spec, begin, stop, lambda reason: keep_trouble(spec.folder, reason))


def _with_supernets(plan: Plan, pool: Pool, stop: Stop) -> Sequence[RunSpec]:
    """The runs with the supernets they start from, trained first if need be."""
    if not plan.trains_supernets:
        return plan.runs
    study = plan.study
    paths: dict[int | None, str] = {}
    given = (*study.shared_set, "supernet.start=")
    wanted = [SupernetSpec(study.preset, given, seed) for seed in study.supernet_seeds]
    for end in do_all(pool, train_supernet, wanted, stop):
        if end.trouble is not None:
            raise RecordError(end.trouble)
        paths[end.item.seed] = end.result or ""
    return [
        run if run.supernet_seed is None else replace(run, start=paths[run.supernet_seed])
        for run in plan.runs
    ]
