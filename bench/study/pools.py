"""Where the pieces of a study are done: in this process, or in several of this machine.

A pool hands items to ``work(item, stop)`` and yields what comes back, in any order. ``stop`` says
whether the piece is to end at its next point of rest: somebody asked the study to, or the study is
no more. A pool that was asked raises ``Interrupted`` when the last piece has come to rest.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol, TypeVar

from bench.errors import Interrupted

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Stop = Callable[[], bool]
Work = Callable[[Item, Stop], Answer]

#: Seconds between two looks at whether the study was asked to stop.
GLANCE_SECONDS = 0.1
#: Seconds between a worker's looks at whether there still is a study.
ORPHAN_SECONDS = 2.0
#: What numerical libraries read when a process begins.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Pool(Protocol):
    """Does items; raises ``BrokenProcessPool`` when a worker was killed."""

    def hand_out(
        self, work: Work[Item, Answer], items: Sequence[Item], stop: Stop
    ) -> Generator[Answer, None, None]:
        """The answers as they come."""
        ...


class Here:
    """One piece after the other, in the study's own process."""

    def hand_out(
        self, work: Work[Item, Answer], items: Sequence[Item], stop: Stop
    ) -> Generator[Answer, None, None]:
        """The answers, in the order of the items."""
        for item in items:
            answer = work(item, stop)
            if stop():
                raise Interrupted
            yield answer


class Processes:
    """``jobs`` at a time, each in a process of loky."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs

    def hand_out(
        self, work: Work[Item, Answer], items: Sequence[Item], stop: Stop
    ) -> Generator[Answer, None, None]:
        """The answers as they come; the processes are gone when the last one has been taken."""
        from joblib.externals.loky import ProcessPoolExecutor

        # Cores are shared out: more threads than cores make torch slower than one.
        threads = str(max(1, (os.cpu_count() or 1) // self.jobs))
        # Nothing is ever sent: that the study's end of the line is closed, by it or by its death,
        # is what workers hear. A lock would stay locked where its holder was killed.
        listener, line = multiprocessing.Pipe(duplex=False)
        executor = ProcessPoolExecutor(
            min(self.jobs, len(items)),
            env=dict.fromkeys(THREADS, threads),
            initializer=_begin_worker,
            initargs=(listener, os.getpid()),
        )
        try:
            with _deaf_to_interrupts():
                futures = [executor.submit(_work, work, item) for item in items]
            yield from _as_they_come(futures, stop)
        except KeyboardInterrupt:
            _kill_workers()
            raise
        finally:
            line.close()
            try:
                executor.shutdown()
            except KeyboardInterrupt:
                _kill_workers()
                raise
            finally:
                listener.close()


def _as_they_come(futures: Sequence[Future[Answer]], stop: Stop) -> Iterator[Answer]:
    waiting = set(futures)
    try:
        while waiting:
            done, waiting = wait(waiting, GLANCE_SECONDS, FIRST_COMPLETED)
            if stop():
                raise Interrupted
            for future in done:
                yield future.result()
    finally:
        for future in waiting:
            future.cancel()


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes begun within never see the Ctrl-C of the terminal: it is the study's to answer."""
    # Ignored, which they inherit, and not blocked, since loky unblocks it as it begins.
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _kill_workers() -> None:
    """End the processes of the pool now; what they did since their last checkpoint is repeated."""
    for child in multiprocessing.active_children():
        # Not child.kill(), which loky's processes lack.
        if child.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)


def _begin_worker(listener: Connection, study: int) -> None:
    """Remember the line to the study; loky offers no other way to hand it to the work."""
    global _line
    _line = listener
    # One that waits for work hears nothing of the study's death: its queue is open at its own end.
    threading.Thread(target=_leave_when_alone, args=(study,), daemon=True).start()
    # Also in one that loky begins later, in place of another.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


_line: Connection | None = None
_at_work = threading.Lock()


def _leave_when_alone(study: int) -> None:
    """End this worker when its study is no more and the piece in hand has come to rest."""
    while os.getppid() == study:
        time.sleep(ORPHAN_SECONDS)
    with _at_work:
        os._exit(1)


def _work(work: Work[Item, Answer], item: Item) -> Answer:
    """In a worker: do one piece."""
    line = _line
    with _at_work:
        return work(item, lambda: line is not None and line.poll())
