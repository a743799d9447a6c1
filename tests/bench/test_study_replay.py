"""A study of recorded evaluations, end to end; its report says what its numbers are."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

RECORD = ["run", "--searcher", "random", "--preset", "tiny", "--evaluator", "synthetic", "--quiet"]
STUDY = """
name = "replayed"
preset = "tiny"
searchers = ["random", "evolution"]
seeds = 3
set = ["run.evaluator=replay", "run.replay={table}", "run.budget_images=2000"]
"""


def test_a_replayed_study_says_so_first(tmp_path: Path, bench: Callable[..., Any]) -> None:
    table, file, out = tmp_path / "table", tmp_path / "study.toml", tmp_path / "replayed"
    assert bench(*RECORD, "--budget-images", 3000, "--out", table).code == 0
    file.write_text(STUDY.format(table=table))
    study = ["study", file, "--out", out]
    assert bench(*study, "--quiet").code == 0
    assert len(list(out.rglob("result.json"))) == 6

    manifest = json.loads(next(out.rglob("run.json")).read_text())
    stated = manifest["data"]["replay"]
    banner = (
        "Replayed scores: recorded, or predicted with an error of "
        f"{stated['surrogate_error']:.3f}, {stated['surrogate_error_of_best']:.3f} among the best "
        f"(Kendall tau {stated['surrogate_kendall_tau']:.2f})."
    )
    answer = bench("compare", out)
    assert answer.code == 0
    assert banner in answer.out
    report = json.loads((out / "report.json").read_text())
    assert report["replay"]["error"] == stated["surrogate_error"]
    assert math.isfinite(report["replay"]["error"])
    assert {row["complete"] for row in report["runs"]} == {True}
    for name in ("report.html", "report.md", *(f.relative_to(out) for f in out.rglob("*.svg"))):
        assert banner in (out / name).read_text(encoding="utf-8"), name
    # Its clock is that of the recorded runs: it foretells nothing.
    lost = next(out.rglob("result.json"))
    lost.unlink()
    assert "work left" not in bench(*study, "--dry-run").out
