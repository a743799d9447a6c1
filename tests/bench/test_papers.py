"""What `docs/papers.md` says can be run, run small."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

PAGE = (Path(__file__).parents[2] / "docs" / "papers.md").read_text(encoding="utf-8")


def table_5(**changes: str) -> str:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    for old, new in changes.items():
        text = re.sub(
            rf"^{old} = (\[.*?^\]|.*?)$", new, text, count=1, flags=re.DOTALL | re.MULTILINE
        )
    return text


def test_table_5_has_both_default_operations_on_both_paths(
    bench: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "table5.toml"
    path.write_text(
        table_5(
            preset='preset = "tiny"',
            seeds="seeds = 1",
            endpoint='endpoint = "shared"',
            set='set = ["run.evaluator=synthetic", "searcher.autostr.candidates=10", '
            '"run.budget_images=2400", "searcher.autostr.path_epochs=0.5", '
            '"searcher.autostr.warmup_epochs=0.5", "searcher.autostr.search_epochs=1"]',
        )
    )
    assert bench("study", path, "--out", tmp_path / "out", "--quiet").code == 0
    found = {}
    for file in (tmp_path / "out").rglob("result.json"):
        result = json.loads(file.read_text())
        first, second = result["tables"]["steps"]
        operation = {row["operation"] for row in result["tables"]["paths"]}
        assert len(result["tables"]["paths"]) == 10
        assert first["path"] == second["path"]
        assert result["recommendation"]["text"] == second["architecture"]
        found[(*operation, first["path"])] = (first["score"], second["score"])
    both = ("A..A..B..B..B..", "A..B..A..B..B..")
    assert found.keys() == {(each, path) for each in ("residual", "k3e1") for path in both}
    assert all(0.0 <= score <= 1.0 for scores in found.values() for score in scores)


def test_table_5_as_it_stands_is_a_plan_of_the_papers_preset(
    bench: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "table5.toml"
    # Rendered words: the files of the page are not here to be counted.
    path.write_text(table_5(set="set = []"))
    answer = bench("study", path, "--out", tmp_path / "out", "--dry-run")
    assert answer.code == 0
    assert "to do: 12 runs, up to 53.5 epochs of search_train each" in answer.out
