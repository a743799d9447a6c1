"""What all tests share: a cache folder of their own, and hypothesis without a stopwatch."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings

# Two workers share the cores, and threads of torch that wait for each other waste them.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A busy machine is not a bug: pytest-timeout bounds the tests. On CI the same examples each time.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_collection_finish() -> None:
    """Let the garbage collector look seldom, and never at what is there to stay.

    That is torch and three thousand tests. Looking through them, and through supernets of thousands
    of modules while these are built, again and again, was a fifth of what the tests cost.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 10)


@pytest.fixture(scope="session", autouse=True)
def own_cache(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Path]:
    """Keep the user's cache out of the tests and the tests out of the user's cache.

    Through the environment, so that commands started in other processes see it too. One for all
    workers, which would each render the same words and compile the same kernels. Compiled kernels
    are kept beyond the tests, with what else pytest keeps: their folder is named after all that
    decides what they are, and is not read if it was changed.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder /= "cache"
    folder.mkdir(exist_ok=True)
    if pytestconfig.pluginmanager.hasplugin("cacheprovider"):
        with suppress(FileExistsError):  # Another worker was first.
            (folder / "kernels").symlink_to(pytestconfig.cache.mkdir("kernels"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRNAS_CACHE", str(folder))
        yield folder


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the figures of reports empty: drawing them is half of what a report takes.

    For tests of what a report says; the figures are looked at in tests/report, and drawn wherever
    else a study is followed from its beginning to its report.
    """
    from bench.report.figures.canvas import Canvas

    empty = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1" aria-label="empty"></svg>'
    monkeypatch.setattr(Canvas, "svg", lambda self: empty)
