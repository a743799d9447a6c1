"""Where pieces of work are done: in this process, or in several of this machine.

A pool hands items to ``work(item, stop)`` and yields what comes back, in any order. ``stop`` says
whether the piece is to end at its next point of rest: somebody asked the command to, or the command
has ended. A pool that was asked raises ``Interrupted`` when the last piece has come to rest.

Each process is sent ``work`` once, and keeps it for as long as it lives: what it has read for one
piece is there for the next.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from bench.records.errors import Interrupted

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Stop = Callable[[], bool]
Work = Callable[[Item, Stop], Answer]

#: Seconds between two looks at whether the command was asked to stop.
GLANCE_SECONDS = 0.1
#: Seconds between a worker's looks at whether there still is a command.
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
    """One piece after the other, in the command's own process."""

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
        # Nothing is ever sent: that the command's end of the line is closed, by it or by its death,
        # is what workers hear. A lock would stay locked where its holder was killed.
        listener, line = multiprocessing.Pipe(duplex=False)
        executor = ProcessPoolExecutor(
            min(self.jobs, len(items)),
            env=dict.fromkeys(THREADS, threads),
            initializer=_begin_worker,
            initargs=(work, listener, os.getpid()),
        )
        try:
            with _deaf_to_interrupts():
                futures = [executor.submit(_work, item) for item in items]
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
    """Processes begun within never see the terminal's Ctrl-C: it is the command's to answer."""
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


@dataclass(frozen=True)
class _Worker:
    """What a process of loky has been given: its work, and the line to the command."""

    work: Work[Any, Any]
    line: Connection

    def do(self, item: object) -> Any:
        return self.work(item, self.line.poll)


#: Of this process, where it is a worker: loky offers no other way to hand it to the pieces.
_worker: _Worker | None = None
_at_work = threading.Lock()


def _begin_worker(work: Work[Any, Any], line: Connection, command: int) -> None:
    global _worker
    _worker = _Worker(work, line)
    _may_grow()
    # One that waits for work hears nothing of the command's death: its queue is open at its own
    # end.
    threading.Thread(target=_leave_when_alone, args=(command,), daemon=True).start()
    # Also in one that loky begins later, in place of another.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _may_grow() -> None:
    """Keep loky from replacing a process that has grown by 300 MB since its first piece.

    It takes that for a leak. Ours keep what they have read, and the next network may be larger.
    """
    from joblib.externals.loky import process_executor

    process_executor._MAX_MEMORY_LEAK_SIZE = sys.maxsize


def _leave_when_alone(command: int) -> None:
    """End this worker when its command has ended and the piece in hand has come to rest."""
    while os.getppid() == command:
        time.sleep(ORPHAN_SECONDS)
    with _at_work:
        os._exit(1)


def _work(item: Any) -> Any:
    """In a worker: do one piece."""
    if _worker is None:
        raise RuntimeError("this process was begun by no pool")
    with _at_work:
        return _worker.do(item)
