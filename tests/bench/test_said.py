"""What a plug-in answers is held to the interface: one line, no traceback, no result lost."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import saying

SETTINGS = ("--preset", "tiny", "--evaluator", "synthetic", "--budget-evaluations", 12, "--quiet")


@pytest.fixture
def told(
    bench: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, object], Any]:
    """Runs a searcher of which one method answers something else; what `bench run` printed."""

    def run(method: str, answer: object) -> Any:
        monkeypatch.setattr(saying.Says, "answers", {method: answer})
        return bench("run", "--searcher", "saying:Says", *SETTINGS, "--out", tmp_path / "run")

    return run


@pytest.mark.parametrize(
    ("method", "answer", "shown"),
    [
        ("ask", None, "ask(1) gave None, expected a list of work"),
        ("ask", ["x"], "ask(1) gave 'x', expected TrainWeights, GateGradient or Evaluate"),
        ("recommend", "AB", "recommend() gave 'AB', expected an Architecture"),
        ("samples", None, "gave None, expected a list of Architectures"),
        ("samples", ["AB"], "gave ['AB'], expected a list of Architectures"),
        ("status", [1], "status() gave [1], expected numbers by name"),
        ("status", {1: 2.0}, "status() gave {1: 2.0}, expected numbers by name"),
        ("status", {"a": "x" * 200}, f"status() gave '{'x' * 79}..., expected numbers"),
        ("warnings", "oh dear", "warnings() gave 'oh dear', expected a list of texts"),
        ("warnings", [1], "warnings() gave [1], expected a list of texts"),
        ("state_dict", {"a": object()}, "a state that is no JSON data"),
    ],
)
def test_an_answer_that_does_not_fit_is_told_in_one_line(
    told: Callable[[str, object], Any], method: str, answer: object, shown: str
) -> None:
    found = told(method, answer)
    assert found.code == 2
    assert shown in found.err
    assert "bench doctor --searcher" in found.err
    assert found.err.count("\n") == 1


@pytest.mark.parametrize(
    "answer",
    [None, [1], {"rows": {"a": 1}}, {"rows": [1]}, {"rows": [{"a": math.nan}]}, {1: object()}],
)
def test_tables_that_are_none_do_not_cost_the_result(
    told: Callable[[str, object], Any], tmp_path: Path, answer: object
) -> None:
    found = told("tables", answer)
    assert found.code == 0
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["tables"] == {}
    assert "tables() of Says gave no rows of JSON data" in result["warnings"][0]
    assert result["warnings"][0] in " ".join(found.out.split())


def test_tables_are_kept(told: Callable[[str, object], Any], tmp_path: Path) -> None:
    tables = {"rows": [{"a": 1.5, "b": "x"}]}
    assert told("tables", tables).code == 0
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["tables"] == tables
    assert result["warnings"] == []
