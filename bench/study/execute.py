"""Does what a plan has left to do, in as many processes as there are.

Runs are independent, resumable and idempotent, so nothing is coordinated but who does what: joblib
hands them out, to processes of this machine (loky) or to a cluster (dask). A worker that is killed
takes the pool down with it; the pool is made again and what is unfinished is handed out again.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import joblib

from bench.errors import FolderInUse, Interrupted, RecordError
from bench.study.plan import DONE, Plan, RunSpec
from spaces.errors import InputError

#: Pools that break one after the other without a single run done in between: something is wrong.
BROKEN_POOLS = 5
#: Seconds to wait for a folder that a worker of an interrupted study may still be leaving.
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Workers:
    """How many runs at a time, and where: ``loky`` here, ``dask`` at ``scheduler``."""

    jobs: int = 1
    backend: str = "loky"
    scheduler: str = ""

    @property
    def pooled(self) -> bool:
        """Whether runs are made in other processes than the study's own."""
        return self.backend != "loky" or self.jobs > 1


@dataclass(frozen=True)
class RunEnd:
    """How an attempt at a run ended; ``trouble`` is None when it is complete."""

    spec: RunSpec
    trouble: str | None = None


def execute_plan(
    plan: Plan, workers: Workers, report: Callable[[int, int], None] = lambda done, total: None
) -> list[RunEnd]:
    """Do all runs that are not done; returns those that could not be completed.

    ``report(done, total)`` is called after each. Raises ``RecordError`` where workers cannot live.
    """
    total = len(plan.runs)
    troubled: list[RunEnd] = []
    with _backend(workers):
        runs = _with_supernets(plan, workers)
        left = [run for run in runs if run.state != DONE]
        report(total - len(left), total)
        broken = 0
        while left:
            before = len(left)
            try:
                for end in _hand_out(partial(do_run, in_pool=workers.pooled), left, workers):
                    left.remove(end.spec)
                    if end.trouble is not None:
                        troubled.append(end)
                    report(total - len(left), total)
            except BrokenProcessPool as error:
                broken = 0 if len(left) < before else broken + 1
                if broken >= BROKEN_POOLS:
                    raise RecordError(
                        f"workers died {broken} times with no run completed ({error}): use fewer "
                        "--workers, or a smaller preset"
                    ) from error
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


def do_run(spec: RunSpec, in_pool: bool = True) -> RunEnd:
    """Begin or resume one run, in a worker of a pool or in the study's own process."""
    from bench.run import Run

    parent = os.getppid()

    def orphaned() -> bool:
        # Nobody waits for the result of an orphan; it leaves at the next piece of work.
        return in_pool and os.getppid() != parent

    try:
        run = Run(spec.searcher, spec.preset, spec.load(), spec.seed, spec.caps)
        _when_free(lambda: run.execute(spec.folder, stop_requested=orphaned))
    except Interrupted:
        return RunEnd(spec, "interrupted")
    except InputError as error:
        return RunEnd(spec, str(error))
    except Exception as error:  # noqa: BLE001 - one run's fault must not stop the others.
        return RunEnd(spec, f"{type(error).__name__}: {' '.join(str(error).split())}")
    return RunEnd(spec)


def _when_free(act: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            act()
            return
        except FolderInUse:
            if time.monotonic() > deadline:
                raise
            time.sleep(1.0)


def _with_supernets(plan: Plan, workers: Workers) -> Sequence[RunSpec]:
    """The runs with the supernets they start from, trained first if need be."""
    if not plan.trains_supernets:
        return plan.runs
    wanted = plan.study.supernet_seeds
    tasks = [(plan.study.preset, plan.study.set, seed) for seed in wanted]
    paths: dict[int, str] = {}
    while len(paths) < len(wanted):
        left = [task for task in tasks if task[2] not in paths]
        with contextlib.suppress(BrokenProcessPool):
            for seed, path in _hand_out(train_supernet, left, workers):
                paths[seed] = path
    return [
        run if run.supernet_seed is None else replace(run, start=paths[run.supernet_seed])
        for run in plan.runs
    ]


def train_supernet(task: tuple[str, tuple[str, ...], int]) -> tuple[int, str]:
    """The supernet of a preset and seed, trained once on this machine; its seed and file."""
    from bench.presets import load_preset
    from bench.supernet_store import obtain_supernet, supernet_file
    from bench.supernet_training import SupernetJob

    preset_name, overrides, seed = task
    job = SupernetJob(preset_name, load_preset(preset_name, [*overrides, "supernet.start="]), seed)
    out = supernet_file(job, preset_name, seed)
    given = "".join(f" --set {override}" for override in overrides)
    command = f"bench supernet train --preset {preset_name} --seed {seed}{given}"
    return seed, str(obtain_supernet(job, out, command).resolve())


def _hand_out(work: Callable[[Any], Any], items: Sequence[Any], workers: Workers) -> Iterator[Any]:
    """Results as they come; in this process where one at a time is asked for."""
    if not workers.pooled:
        yield from map(work, list(items))
        return
    parallel = joblib.Parallel(
        n_jobs=workers.jobs, return_as="generator_unordered", batch_size=1, pre_dispatch="all"
    )
    yield from parallel(joblib.delayed(work)(item) for item in list(items))


@contextlib.contextmanager
def _backend(workers: Workers) -> Iterator[None]:
    if workers.backend == "dask":
        with _dask_client(workers.scheduler), joblib.parallel_config(backend="dask"):
            yield
        return
    # Cores are shared out: more threads than cores make torch slower than one.
    threads = max(1, (os.cpu_count() or 1) // workers.jobs)
    with joblib.parallel_config(backend="loky", inner_max_num_threads=threads):
        yield


def _dask_client(scheduler: str) -> Any:
    try:
        from dask.distributed import Client
    except ModuleNotFoundError as error:
        raise RecordError(
            "--backend dask needs dask.distributed: pip install 'strnas-bench[dask]'"
        ) from error
    try:
        return Client(scheduler, timeout="20s")
    except (OSError, ValueError) as error:
        raise RecordError(
            f"no dask scheduler answers at {scheduler!r} ({error}): start one with `dask "
            "scheduler`, workers with `dask worker ADDRESS`"
        ) from error
