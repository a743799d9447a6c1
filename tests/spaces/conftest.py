"""Spaces small enough to try every architecture, and a cache folder of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from spaces.autostr import AutoSTRSpace


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the user's cached counts out of the tests, and the tests' out of the user's.

    For the modules of this folder only: others share what they render and compile.
    """
    folder = tmp_path_factory.getbasetemp() / "counts"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRNAS_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def space() -> AutoSTRSpace:
    return AutoSTRSpace()


@pytest.fixture(scope="session")
def strict_space() -> AutoSTRSpace:
    return AutoSTRSpace(strict=True)


@pytest.fixture(scope="session", params=[False, True], ids=["free", "strict"])
def any_space(request: pytest.FixtureRequest) -> AutoSTRSpace:
    return AutoSTRSpace(strict=request.param)


@pytest.fixture(scope="session", params=[False, True], ids=["free", "strict"])
def small_space(request: pytest.FixtureRequest) -> AutoSTRSpace:
    """20 paths, 336,140 indices; odd widths and sizes, so that nothing divides by luck."""
    return AutoSTRSpace(
        strict=request.param,
        layers=5,
        downsampling_a=1,
        downsampling_b=1,
        stem_width=3,
        widths=(5, 8),
        height=9,
        width=14,
    )


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20200823)
