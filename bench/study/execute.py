"""Does what a plan has left to do, in as many processes as there are.

Runs are independent, resumable and idempotent, so nothing is coordinated but who does what: a pool
hands them out, to processes of this machine (joblib's loky) or to a cluster (dask). A worker that
is killed takes loky's pool down with it; the pool is made again and what is unfinished is handed
out again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from bench.errors import FolderInUse, Interrupted, RecordError
from bench.study.plan import DONE, Plan, RunSpec
from bench.study.pools import Here, Pool, Processes, Stop, Work
from bench.trouble import keep_trouble
from spaces.errors import InputError

Item = TypeVar("Item")
Answer = TypeVar("Answer")

#: Times that everything was handed out without a single piece done: something is wrong.
VAIN_ROUNDS = 5
#: Seconds to wait for a folder that a worker of an interrupted study may still be leaving.
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Workers:
    """How many runs at a time, and where: ``loky`` here, ``dask`` at ``scheduler``."""

    jobs: int = 1
    backend: str = "loky"
    scheduler: str = ""


@dataclass(frozen=True)
class RunEnd:
    """How an attempt at a run ended; ``trouble`` is None when it is complete.

    One that was ``interrupted`` is neither: it is to be handed out again.
    """

    spec: RunSpec
    trouble: str | None = None
    interrupted: bool = False


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
    with _pool(plan, workers) as pool:
        runs = _with_supernets(plan, pool, stop)
        left = [run for run in runs if run.state != DONE]
        report(total - len(left), total)
        vain = 0
        while left:
            before = len(left)
            for end in _one_round(pool, do_run, left, stop):
                if end.interrupted:
                    continue
                left.remove(end.spec)
                if end.trouble is not None:
                    troubled.append(end)
                report(total - len(left), total)
            vain = _count_vain(vain, before, len(left))
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
    )


def do_run(spec: RunSpec, stop: Stop) -> RunEnd:
    """Begin or resume one run, in a worker or in the study's own process."""
    try:
        if stop():
            raise Interrupted
        from bench.run import Run

        run = Run(spec.searcher, spec.preset, spec.load(), spec.seed, spec.caps)
        _when_free(lambda: run.execute(spec.folder, stop_requested=stop), stop)
    except Interrupted:
        return RunEnd(spec, interrupted=True)
    except FolderInUse as error:
        # Whoever is in it says what becomes of it.
        return RunEnd(spec, str(error))
    except InputError as error:
        return _failed(spec, str(error))
    except Exception as error:  # noqa: BLE001 - one run's fault must not stop the others.
        return _failed(spec, f"{type(error).__name__}: {' '.join(str(error).split())}")
    return RunEnd(spec)


def train_supernet(task: tuple[str, tuple[str, ...], int], stop: Stop) -> tuple[int, str | None]:
    """The supernet of a preset and seed, trained once; its seed and file, None if interrupted."""
    from bench.presets import load_preset
    from bench.supernet_store import obtain_supernet, supernet_file
    from bench.supernet_training import SupernetJob

    preset_name, overrides, seed = task
    job = SupernetJob(preset_name, load_preset(preset_name, [*overrides, "supernet.start="]), seed)
    out = supernet_file(job, preset_name, seed)
    given = "".join(f" --set {override}" for override in overrides)
    command = f"bench supernet train --preset {preset_name} --seed {seed}{given}"
    try:
        return seed, str(obtain_supernet(job, out, command, stop_requested=stop).resolve())
    except Interrupted:
        # A worker that leaves; whether the study is to end, it knows itself.
        return seed, None


def _failed(spec: RunSpec, reason: str) -> RunEnd:
    keep_trouble(spec.folder, reason)
    return RunEnd(spec, reason)


def _when_free(act: Callable[[], object], stop: Stop) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            act()
            return
        except FolderInUse:
            if stop():
                raise Interrupted from None
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _with_supernets(plan: Plan, pool: Pool, stop: Stop) -> Sequence[RunSpec]:
    """The runs with the supernets they start from, trained first if need be."""
    if not plan.trains_supernets:
        return plan.runs
    left = [(plan.study.preset, plan.study.set, seed) for seed in plan.study.supernet_seeds]
    paths: dict[int, str] = {}
    vain = 0
    while left:
        before = len(left)
        answers = _one_round(pool, train_supernet, left, stop)
        paths.update((seed, path) for seed, path in answers if path is not None)
        left = [task for task in left if task[2] not in paths]
        vain = _count_vain(vain, before, len(left))
    return [
        run if run.supernet_seed is None else replace(run, start=paths[run.supernet_seed])
        for run in plan.runs
    ]


def _one_round(
    pool: Pool, work: Work[Item, Answer], items: Iterable[Item], stop: Stop
) -> Iterator[Answer]:
    """Hand everything out once; where a worker is killed, the round ends early."""
    answers = pool.hand_out(work, list(items), stop)
    try:
        with closing(answers):
            yield from answers
    except BrokenProcessPool:
        return


def _count_vain(vain: int, before: int, after: int) -> int:
    """Rounds in a row that brought nothing; ``RecordError`` when there are too many."""
    if after < before or not after:
        return 0
    if vain + 1 == VAIN_ROUNDS:
        raise RecordError(
            f"workers died {VAIN_ROUNDS} times with nothing completed: use fewer --workers, or a "
            "smaller preset"
        )
    return vain + 1


@contextmanager
def _pool(plan: Plan, workers: Workers) -> Iterator[Pool]:
    if workers.backend == "dask":
        from bench.study.cluster import cluster

        with cluster(workers.scheduler, plan.folder) as pool:
            yield pool
    else:
        yield Here() if workers.jobs == 1 else Processes(workers.jobs)
