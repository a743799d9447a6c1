"""Reports of the fabricated analyses, written once for all tests of this folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fabricated import FIXTURES

from bench.report import write_report


class Reports(dict[str, Path]):
    """Folders of reports, each written when it is first asked for; read-only."""

    def __init__(self, place: Path) -> None:
        super().__init__()
        self.place = place

    def __missing__(self, name: str) -> Path:
        write_report(FIXTURES[name](), self.place / name)
        self[name] = self.place / name
        return self[name]


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    return Reports(tmp_path_factory.mktemp("reports"))
