"""No benchmark is left behind by a change of what it measures."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Each says by itself what it is for; those of a GPU need one to run, not to be read.
NAMES = sorted(path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_imported(name: str) -> None:
    import_module(f"benchmarks.{name}")
