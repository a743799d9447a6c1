"""A whole rendered LMDB. Sample i depends on seed, split, settings and i, on nothing else."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from multiprocessing import (
    get_all_start_methods,
    get_context,
    get_start_method,
    parent_process,
)
from multiprocessing.connection import wait
from pathlib import Path

import numpy as np

from trainers.data.errors import DataError
from trainers.data.rendering.render import render_sample
from trainers.data.rendering.settings import RenderSettings
from trainers.data.rendering.words import SPLIT_NAMES, SplitName, WordSampler, check_split
from trainers.data.store import MAX_SAMPLES
from trainers.data.writing import write_lmdb

Progress = Callable[[int, int], None]
"""Called with (samples done, samples in all)."""

_CHUNK = 128


def sample_generator(seed: int, split: SplitName, index: int) -> np.random.Generator:
    """Return the generator of sample ``index``, independent of all other samples'."""
    sequence = np.random.SeedSequence(seed, spawn_key=(SPLIT_NAMES.index(split), index))
    return np.random.Generator(np.random.PCG64(sequence))


def render_records(
    split: SplitName, start: int, stop: int, seed: int, settings: RenderSettings
) -> list[tuple[bytes, str]]:
    """Render samples ``start`` to ``stop`` - 1 as (JPEG bytes, label)."""
    sampler = _sampler(split, settings)
    return [
        render_sample(sampler, sample_generator(seed, split, i), settings)
        for i in range(start, stop)
    ]


def render_lmdb(
    dest: str | Path,
    split: str,
    count: int,
    seed: int = 0,
    settings: RenderSettings | None = None,
    processes: int = 1,
    progress: Progress | None = None,
) -> Path:
    """Render ``count`` word images of ``split`` into a new LMDB at ``dest``.

    The result does not depend on ``processes``. Workers are spawned, so a script that asks
    for more than one must be importable (``if __name__ == "__main__":``).

    Raises:
        DataError: ``dest`` exists or cannot be written, or an argument is out of range.
    """
    name = check_split(split)
    settings = settings or RenderSettings()
    if not 1 <= count <= MAX_SAMPLES:
        raise DataError(f"count {count} given; expected 1 to {MAX_SAMPLES}")
    if seed < 0:
        raise DataError(f"seed {seed} given; expected 0 or more")
    if processes < 1:
        raise DataError(f"processes {processes} given; expected 1 or more")
    write_lmdb(dest, _stream(name, count, seed, settings, processes, progress))
    return Path(dest)


@lru_cache(maxsize=8)
def _sampler(split: SplitName, settings: RenderSettings) -> WordSampler:
    return WordSampler(
        split, settings.min_length, settings.max_length, punctuation=settings.charset == "94"
    )


def _stream(
    split: SplitName,
    count: int,
    seed: int,
    settings: RenderSettings,
    processes: int,
    progress: Progress | None,
) -> Iterator[tuple[bytes, str]]:
    starts = range(0, count, _CHUNK)
    done = 0
    processes = min(processes, len(starts))
    chunks = (
        (render_records(split, s, min(s + _CHUNK, count), seed, settings) for s in starts)
        if processes == 1 or _in_a_foreign_pool()
        else _parallel(split, count, seed, settings, processes)
    )
    for records in chunks:
        yield from records
        done += len(records)
        if progress is not None:
            progress(done, count)


def _parallel(
    split: SplitName, count: int, seed: int, settings: RenderSettings, processes: int
) -> Iterator[list[tuple[bytes, str]]]:
    """Yield chunks in order, with at most a few of them rendered ahead of the writer."""
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_begin_worker
    ) as pool:
        pending: deque[Future[list[tuple[bytes, str]]]] = deque()
        try:
            for start in range(0, count, _CHUNK):
                stop = min(start + _CHUNK, count)
                pending.append(pool.submit(render_records, split, start, stop, seed, settings))
                if len(pending) > 3 * processes:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        except BrokenProcessPool as error:
            raise DataError(
                f"one of {processes} rendering processes was killed, perhaps for lack of memory; "
                "ask for fewer"
            ) from error
        finally:
            for future in pending:
                future.cancel()


def _in_a_foreign_pool() -> bool:
    """Whether this is a worker of loky, whose children would look for its start method in vain."""
    return get_start_method(allow_none=True) not in (None, *get_all_start_methods())


def _begin_worker() -> None:
    """Keep workers from sharing each other's cores, and from outliving their command."""
    from trainers.data.opencv import cv2

    cv2.setNumThreads(1)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # One that hands over records hears nothing of its command's death: it holds both ends of the
    # queue.
    threading.Thread(target=_leave_when_alone, daemon=True).start()


def _leave_when_alone() -> None:
    if (command := parent_process()) is not None:
        wait([command.sentinel])
        os._exit(1)
