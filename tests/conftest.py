"""What all tests share: a cache folder of their own, and hypothesis without a stopwatch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Two workers share the cores, and threads of torch that wait for each other waste them.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A busy machine is not a bug: pytest-timeout bounds the tests. On CI the same examples each time.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the user's cache out of the tests and the tests out of the user's cache.

    Through the environment, so that commands started in other processes see it too. One for all
    workers, which would each render the same words and compile the same kernels.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder /= "cache"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRNAS_CACHE", str(folder))
        yield folder
