"""Does pieces of work until all of them are done, whoever is killed on the way.

A pool hands them out, to processes of this machine (joblib's loky) or to a cluster (dask). A worker
that is killed takes loky's pool down with it; the pool is made again and what is unfinished is
handed out again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from bench.records.errors import FolderInUse, Interrupted, RecordError
from bench.workers.pools import Here, Pool, Processes, Stop, Work
from spaces.errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Times that everything was handed out without a single piece done: something is wrong.
VAIN_ROUNDS = 5
#: Seconds to wait for a folder that a worker of an interrupted command may still be leaving.
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Workers:
    """How many pieces at a time, and where: ``loky`` here, ``dask`` at ``scheduler``."""

    jobs: int = 1
    backend: str = "loky"
    scheduler: str = ""


@dataclass(frozen=True)
class Ended(Generic[Item, Result]):
    """How an attempt at ``item`` ended; ``trouble`` is None when it is complete.

    One that was ``interrupted`` is neither: it is to be handed out again.
    """

    item: Item
    trouble: str | None = None
    interrupted: bool = False
    result: Result | None = None


def attempt(
    item: Item,
    begin: Callable[[], Callable[[], Result]],
    stop: Stop,
    keep_trouble: Callable[[str], None] = lambda reason: None,
) -> Ended[Item, Result]:
    """What ``begin`` makes ready, done, and how that ended.

    Where another process works in its folder, it waits and does it again. Why it failed is kept,
    unless that is for the other process to say.
    """
    try:
        if stop():
            raise Interrupted
        return Ended(item, result=_when_free(begin(), stop))
    except Interrupted:
        return Ended(item, interrupted=True)
    except FolderInUse as error:
        return Ended(item, str(error))
    except InputError as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001 - the fault of one must not stop the others.
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
    keep_trouble(reason)
    return Ended(item, reason)


def do_all(
    pool: Pool, work: Work[Item, Ended[Item, Result]], items: Iterable[Item], stop: Stop
) -> Iterator[Ended[Item, Result]]:
    """Do every item; yields how each ended, complete or not, once.

    Raises ``Interrupted`` when ``stop`` says so and the pieces have come to rest, ``RecordError``
    where workers cannot live.
    """
    left = list(items)
    vain = 0
    while left:
        before = len(left)
        for end in _one_round(pool, work, left, stop):
            if not end.interrupted:
                left.remove(end.item)
                yield end
        vain = _count_vain(vain, before, len(left))


@contextmanager
def open_pool(workers: Workers, folder: Path) -> Iterator[Pool]:
    """Where pieces are done that write to ``folder``, which has to exist for a cluster."""
    if workers.backend == "dask":
        from bench.workers.cluster import cluster

        with cluster(workers.scheduler, folder) as pool:
            yield pool
    else:
        yield Here() if workers.jobs == 1 else Processes(workers.jobs)


def _when_free(act: Callable[[], Result], stop: Stop) -> Result:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return act()
        except FolderInUse:
            if stop():
                raise Interrupted from None
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _one_round(
    pool: Pool, work: Work[Item, Ended[Item, Result]], items: Sequence[Item], stop: Stop
) -> Iterator[Ended[Item, Result]]:
    """Hand everything out once; where a worker is killed, the round ends early."""
    answers = pool.hand_out(work, tuple(items), stop)
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
