"""A part of the extractor small enough to try every architecture."""

from __future__ import annotations

import pytest

from spaces.strnas import STRNASSpace


class Beginning(STRNASSpace):
    """The first six cells, 3 * 6 * 7^3 * 6 architectures; odd sizes, so that nothing divides."""

    def __init__(self) -> None:
        super().__init__(first_width=3, widths=(5, 7, 8, 9, 10), height=9, width=14)
        self.cells = self.cells[:6]
        self._prepare()


@pytest.fixture(scope="session")
def small() -> STRNASSpace:
    return Beginning()
