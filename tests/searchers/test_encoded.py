"""What all searchers around a library share, with a library that is easy to follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
from black_box_loop import SPACES, answer, failing, lead

from searchers import SearcherError
from searchers.base import Problem
from searchers.libraries.encoded import Asked, EncodedBlackBox, EncodedSettings, Excess, Point
from spaces import SpaceError

CAP = 200_000_000


class Script:
    """Proposes the points that it was given, again and again, and notes what it hears."""

    def __init__(self, points: list[Point]) -> None:
        self.points = points
        self.asked: list[Point] = []
        self.imposed: list[Point] = []
        self.told: list[tuple[int, float | None]] = []
        self.beyond: list[float] = []

    def ask(self, excess: Excess | None) -> Asked:
        point = self.points[len(self.asked) % len(self.points)]
        self.asked.append(point)
        over = 0.0 if excess is None else excess(point)
        if over > 0.0:
            self.beyond.append(over)
        return Asked(len(self.asked) - 1, point, over)

    def impose(self, point: Point, excess: float) -> int:
        assert excess <= 0.0
        self.asked.append(point)
        self.imposed.append(point)
        return len(self.asked) - 1

    def tell(self, number: int, score: float | None) -> None:
        self.told.append((number, score))

    def state(self) -> dict[str, Any]:
        return {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        pass


class Scripted(EncodedBlackBox):
    """Follows a script."""

    Settings = EncodedSettings
    points: ClassVar[list[Point]]

    def _make_library(self) -> Script:
        self.script = Script(self.points)
        return self.script


def scripted(points: list[Point], max_macs: int | None = None, **settings: Any) -> Scripted:
    kind = type("Following", (Scripted,), {"points": points})
    of = Problem(SPACES[False], 3200, 8, 32, max_macs)
    given = EncodedSettings(training_share=0.0, **settings)
    made = kind(of, given, np.random.default_rng(0))
    assert isinstance(made, Scripted)
    return made


def point(name: str, *texts: str) -> list[Point]:
    space = SPACES[False]
    rows = space.encode([space.parse(text) for text in texts])
    return [tuple(row) for row in space.named_encoding(name).encode(rows).tolist()]


SMALL, LARGE = "A..B..A..B..B..-000000000000000", "A..B..A..B..B..-555555555555555"


@pytest.mark.parametrize("name", SPACES[False].encoding_names)
def test_points_are_decoded_by_the_encoding_of_the_settings(name: str) -> None:
    searcher = scripted(point(name, SMALL, LARGE), encoding=name)
    assert [found.text for found in lead(searcher, 3)] == [SMALL, LARGE, SMALL]
    assert (searcher.repaired, searcher.redrawn) == (0, 0)


def test_what_is_evaluated_repaired_is_counted() -> None:
    crowded = (3,) * 5 + (0,) + (1,) * 15
    searcher = scripted([crowded, *point("positions", SMALL)], encoding="positions")
    lead(searcher, 4)
    assert searcher.repaired == 2


def test_points_beyond_the_cap_are_graded_counted_and_asked_again() -> None:
    searcher = scripted(point("positions", LARGE, SMALL), CAP, encoding="positions")
    assert {found.text for found in lead(searcher, 5)} == {SMALL}
    assert searcher.redrawn == 5
    macs = int(SPACES[False].macs(SPACES[False].encode([SPACES[False].parse(LARGE)]))[0])
    assert searcher.script.beyond == pytest.approx([macs / CAP - 1.0] * 5)
    assert [number for number, _ in searcher.script.told] == [1, 3, 5, 7, 9]


def test_after_so_many_redraws_an_allowed_one_is_imposed() -> None:
    searcher = scripted(point("positions", LARGE), CAP, encoding="positions", redraws=3)
    seen = lead(searcher, 6)
    space = SPACES[False]
    assert space.macs(space.encode(seen)).max() <= CAP
    assert searcher.redrawn == 6 * 4
    assert searcher.script.imposed == point("positions", *(found.text for found in seen))
    assert [number for number, _ in searcher.script.told] == [4, 9, 14, 19, 24, 29]


def test_failures_are_told_as_such() -> None:
    searcher = scripted(point("positions", SMALL, LARGE), encoding="positions")
    lead(searcher, 2, lambda found: None if found.text == SMALL else 0.5)
    assert searcher.script.told == [(0, None), (1, 0.5)]
    assert searcher.recommend().text == LARGE


def test_results_must_come_in_the_order_of_the_work() -> None:
    searcher = scripted(point("positions", SMALL, LARGE), encoding="positions")
    results = answer(searcher.ask(2), failing(1_000_003))
    with pytest.raises(SearcherError, match="tell results in the order of the work"):
        searcher.tell(results[::-1])


def test_wrong_settings_are_refused_in_one_line() -> None:
    with pytest.raises(SpaceError, match="'position', did you mean 'positions'"):
        scripted([], encoding="position")
    with pytest.raises(SearcherError, match="redraws -1: expected 0 or more"):
        EncodedSettings(redraws=-1)
