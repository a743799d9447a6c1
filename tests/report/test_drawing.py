"""Names, labels, paths and numbers: the small parts of figures and pages."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.records.readable import readable
from bench.report.figures.canvas import spread
from bench.report.figures.legend import WIDEST_NAME, Legend, short_names, shortened, text_width
from bench.report.figures.svg import shorter_path
from bench.report.formatting import compact, estimate_text, formatted, shown
from bench.report.markdown import escaped
from bench.report.safe import safe
from bench.statistics.answers import Estimate, NotComputable


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=12),
    st.floats(1, 8),
)
def test_labels_keep_apart_and_in_their_order(places: list[float], gap: float) -> None:
    found = spread(places, gap, 0.0, 100.0)
    ordered = sorted(found)
    assert all(b - a >= gap - 1e-6 for a, b in pairwise(ordered))
    assert ordered[0] >= -1e-6
    assert ordered[-1] <= 100.0 + 1e-6
    for (a, x), (b, y) in zip(
        zip(places, found, strict=True), list(zip(places, found, strict=True))[1:], strict=False
    ):
        assert a == b or (a < b) == (x < y)


def test_labels_with_room_stay_where_they_belong() -> None:
    assert spread([10.0, 50.0, 90.0], 13.0, 0.0, 100.0) == [10.0, 50.0, 90.0]


def test_too_many_labels_share_the_room() -> None:
    found = spread([50.0] * 11, 13.0, 0.0, 100.0)
    assert found == pytest.approx([10.0 * i for i in range(11)])


@given(st.text(st.characters(codec="latin-1", exclude_categories=("Cc",)), max_size=300))
def test_names_fit_into_a_figure(name: str) -> None:
    assert text_width(shortened(name)) <= WIDEST_NAME


def test_long_names_that_look_alike_are_told_apart() -> None:
    names = ["a" * 40 + str(i) + "b" * 40 for i in range(4)]
    found = short_names(names)
    assert len(set(found.values())) == 4
    assert max(map(text_width, found.values())) <= WIDEST_NAME


def test_a_searcher_looks_the_same_whatever_its_place() -> None:
    def legend(names: list[str]) -> Legend:
        return Legend.of(names)

    first, second = legend(["tpe", "random", "grid"]), legend(["grid", "tpe", "random"])
    for name in ("tpe", "grid", "random"):
        assert first.style(name) == second.style(name)
    assert first.style("random").hollow


def test_twelve_searchers_differ_in_more_than_colour() -> None:
    names = [f"searcher-{i}" for i in range(12)]
    legend = Legend.of(names)
    styles = [legend.style(name) for name in names]
    assert len({(s.colour, s.marker) for s in styles}) == 12
    assert len({(s.marker, str(s.dash)) for s in styles}) == 12


def _corners(path: str) -> list[tuple[float, float]]:
    x = y = 0.0
    found = []
    for command, numbers in re.findall(r"([MLHV])([^MLHV]*)", path):
        values = [float(number) for number in numbers.split()]
        x = values[0] if command in "MLH" else x
        y = values[-1] if command in "MLV" else y
        found.append((x, y))
    return found


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=8, max_size=40))
def test_shorter_paths_pass_the_same_places(places: list[tuple[int, int]]) -> None:
    drawn = "M " + " L ".join(f"{x / 7:.6f} {y / 7:.6f}" for x, y in places)
    wanted = [(round(x / 7, 1), round(y / 7, 1)) for x, y in places]
    kept = [place for i, place in enumerate(wanted) if not i or place != wanted[i - 1]]
    assert _corners(shorter_path(drawn)) == kept


@given(st.text())
def test_everything_readable_survives_and_nothing_else(text: str) -> None:
    found = readable(text)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]", found)
    found.encode()


@given(st.text())
def test_markdown_shows_text_as_it_is(text: str) -> None:
    found = escaped(text)
    assert "<" not in found
    assert not re.search(r"(?<!\\)(?:\\\\)*[|`*\[]", found)
    # A backslash before anything but punctuation would itself be shown.
    assert not re.search(r"(?<!\\)(?:\\\\)*\\[^!-/:-@\[-`{-~]", found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0.5 [0.4, 0.6]", "0.5 \\[0.4, 0.6\\]"),
        ("-0.5", "-0.5"),
        ("- item", "\\- item"),
        ("1. item", "1\\. item"),
        ("## head", "\\## head"),
        ("a|b", "a\\|b"),
    ],
)
def test_markdown_leaves_numbers_alone_and_makes_no_lists(text: str, found: str) -> None:
    assert escaped(text) == found


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (999, "999"), (999.96, "1 k"), (246_739_200, "246.7 M"), (1.4e17, "140 P")],
)
def test_compact_numbers(number: float, text: str) -> None:
    assert compact(number) == text


def test_estimates_refusals_and_what_is_missing() -> None:
    whole = Estimate(-0.01234, -0.02, 0.001, 9, 0.95, "mean")
    assert estimate_text(whole, "signed") == "−0.0123 [−0.0200, +0.0010]"
    assert estimate_text(NotComputable("too few")) == "too few"
    known = shown(NotComputable("too few", 0.5), "score")
    assert (known.text, known.detail, known.reason) == ("0.5000", "no interval", "too few")
    assert shown(None, "score").text == "–"
    assert formatted(0.00001, "p") == "< 0.001"


def test_texts_are_made_safe_wherever_they_stand() -> None:
    found = safe({"a": (1, float("nan")), "b\n": "\ud800", "c": [True, None, float("inf")]})
    assert found == {"a": (1, None), "b ": "\N{REPLACEMENT CHARACTER}", "c": [True, None, None]}
    estimate = Estimate(0.5, 0.4, 0.6, 3, 0.95, "mean\x1b")
    assert safe([estimate])[0] == replace(estimate, method="mean\N{REPLACEMENT CHARACTER}")
    with pytest.raises(TypeError, match="object cannot be shown"):
        safe([object()])
