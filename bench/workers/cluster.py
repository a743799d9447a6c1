"""Pieces of work on the workers of a dask cluster.

Workers work in the folder in which the command was called and write to the command's folder, so
both have to be on a file system that all machines share. A piece notices that nobody wants it any
more when the scheduler takes it back: the command was interrupted, or has died.
"""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from bench import __version__
from bench.records.errors import Interrupted, RecordError
from bench.workers.pools import GLANCE_SECONDS, Answer, Item, Stop, Work

if TYPE_CHECKING:
    from distributed import Client

#: Seconds to wait for a scheduler, and for its first worker.
PATIENCE_SECONDS = 5.0
#: Attribute of a dask worker, which owns what it has been given.
KEPT = "strnas_bench_work"
LOGGERS = ("distributed", "distributed.client", "asyncio", "tornado")


@dataclass(frozen=True)
class Home:
    """Where the command is: its working directory, and a file that only a shared folder shows."""

    directory: Path
    sign: Path
    version: str = __version__

    def trouble(self) -> str:
        """Why this process cannot work for the command; empty where it can."""
        if self.version != __version__:
            return f"has strnas-bench {__version__}, the command {self.version}: install the same"
        for path in (self.directory, self.sign):
            if not path.exists():
                shown = path if path is self.directory else path.parent
                return (
                    f"does not see the command's {shown}: call bench from a folder, with --out in "
                    "one, that all machines share"
                )
        return ""


class Cluster:
    """The workers that a scheduler knows; those that join later take part."""

    def __init__(self, client: Client, scheduler: str, home: Home) -> None:
        self.client = client
        self.scheduler = scheduler
        self.home = home

    def hand_out(
        self, work: Work[Item, Answer], items: Sequence[Item], stop: Stop
    ) -> Generator[Answer, None, None]:
        """The answers as they come."""
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError
        from distributed.comm.core import CommClosedError

        waiting = []
        order = uuid4().hex
        for item in items:
            key = f"strnas-bench-{uuid4().hex}"
            waiting.append(
                self.client.submit(
                    _work_there, work, order, item, key, self.home, key=key, pure=False
                )
            )
        try:
            while waiting:
                time.sleep(GLANCE_SECONDS)
                if stop():
                    raise Interrupted
                done = [future for future in waiting if future.done()]
                waiting = [future for future in waiting if future not in done]
                for future in done:
                    yield future.result()
        except KilledWorker as error:
            raise BrokenProcessPool("several workers died on the same piece") from error
        except (FutureCancelledError, CommClosedError) as error:
            raise RecordError(
                f"the dask scheduler at {self.scheduler} is gone: start one and its workers, then "
                "run the same command again to resume"
            ) from error
        finally:
            self.client.cancel(waiting)


@contextmanager
def cluster(scheduler: str, folder: Path) -> Iterator[Cluster]:
    """The cluster of a scheduler, for what is written to ``folder``.

    ``RecordError`` where no scheduler or worker answers, or a worker cannot work for this command.
    """
    if find_spec("distributed") is None:
        raise RecordError(
            "--backend dask needs dask's distributed: pip install 'strnas-bench[dask]'"
        )
    sign = folder.resolve() / f".seen-{uuid4().hex}"
    with _quiet(), _client(scheduler) as client:
        sign.touch()
        try:
            home = Home(Path.cwd(), sign)
            _check_workers(client, scheduler, home)
            yield Cluster(client, scheduler, home)
        finally:
            sign.unlink(missing_ok=True)


def _client(scheduler: str) -> Client:
    from distributed import Client

    try:
        return Client(scheduler, timeout=PATIENCE_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError, ImportError) as error:
        raise RecordError(
            f"no dask scheduler answers at {scheduler}: start one with `dask scheduler`, workers "
            "with `dask worker ADDRESS --nthreads 1`"
        ) from error


def _check_workers(client: Client, scheduler: str, home: Home) -> None:
    """Refuse now what would fail piece by piece."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE_SECONDS)
    except TimeoutError as error:
        raise RecordError(
            f"the dask scheduler at {scheduler} has no workers: start some with `dask worker "
            f"{scheduler} --nthreads 1`"
        ) from error
    found: dict[str, Any] = client.run(_answer, home, on_error="return")
    for address, answer in found.items():
        if isinstance(answer, BaseException):
            raise RecordError(
                f"dask worker {address} cannot run strnas-bench ({type(answer).__name__}: "
                f"{answer}): install it there"
            )
        if answer:
            raise RecordError(f"dask worker {address} {answer}")


def _answer(home: Home, dask_worker: Any) -> str:
    """On a worker: why it cannot work for the command."""
    threads = dask_worker.state.nthreads
    if threads != 1:
        # Threads, directory and generators of torch are those of the process.
        return f"does {threads} pieces of work in one process: start it with --nthreads 1"
    return home.trouble()


def _work_there(work: Work[Item, Answer], order: str, item: Item, key: str, home: Home) -> Answer:
    """On a worker: do one piece of what was handed out with this ``order``."""
    from distributed import Status, get_worker

    worker = get_worker()
    trouble = _answer(home, worker)
    if trouble:
        raise RecordError(f"dask worker {worker.address} {trouble}")
    os.chdir(home.directory)
    leaving = (Status.closing, Status.closing_gracefully, Status.closed)

    def unwanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state == "cancelled" or worker.status in leaving

    return _kept(worker, order, work)(item, unwanted)


def _kept(worker: Any, order: str, work: Work[Item, Answer]) -> Work[Item, Answer]:
    """The work as the worker has it from the pieces before, with what it has read for them.

    Dask sends it with each piece. That of an earlier order is dropped: files may have changed.
    """
    known = getattr(worker, KEPT, None)
    if known is None or known[0] != order:
        known = order, work
        setattr(worker, KEPT, known)
    kept: Work[Item, Answer] = known[1]
    return kept


@contextmanager
def _quiet() -> Iterator[None]:
    """What dask has to say is said by us, in one line."""
    # Loading it sets the levels again.
    import distributed.config  # noqa: F401

    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
