"""``bench plan``: blocks from a pilot."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench.cli import run as bench
from bench.comparison.planning import needed_blocks
from bench.records.errors import RecordError
from bench.records.runs import find_runs, read_runs
from bench.statistics.power import required_blocks

AGAINST = {"family": "against-baseline"}


def test_the_pilots_spread_decides(study: Path) -> None:
    found = needed_blocks([study], 0.05, 0.8, AGAINST)
    assert [row.pair for row in found.pairs] == [
        "evolution - random",
        "local-search - random",
    ]
    records = sorted(read_runs(find_runs([study])), key=lambda r: r.block)
    evolution, random = (
        np.array([r.score for r in records if r.searcher == name], float)
        for name in ("evolution", "random")
    )
    # Two seeds on each of four landscapes, which are what is counted.
    deviation = float((evolution - random).reshape(4, 2).mean(axis=1).std(ddof=1))
    needed = required_blocks(0.05, deviation, 0.025, 0.8, of_clusters=True)
    (first, _) = found.pairs
    assert first.blocks == needed
    assert found.unit == "landscapes"
    assert isinstance(first.blocks, int)
    assert isinstance(first.blocks_cautious, int)
    assert first.blocks_cautious > first.blocks


def test_a_pilot_on_one_landscape_counts_blocks(study: Path) -> None:
    one = [*(study / "runs").glob("*/supernet1-seed*")]
    found = needed_blocks(one, 0.05, 0.8, AGAINST)
    assert found.unit == "blocks"
    assert found.pairs[0].pilot_blocks == 2


def test_smaller_effects_need_more_blocks(study: Path) -> None:
    found = [needed_blocks([study], effect, 0.8, {}).pairs[0] for effect in (0.1, 0.05, 0.02)]
    counts = [pair.blocks for pair in found if isinstance(pair.blocks, int)]
    assert len(counts) == 3
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


def test_what_a_pilot_cannot_tell_is_refused(study: Path) -> None:
    with pytest.raises(RecordError, match="no run of tpe"):
        needed_blocks([study], 0.05, 0.8, {**AGAINST, "baseline": "tpe"})
    with pytest.raises(RecordError, match="one searcher"):
        needed_blocks([study / "runs" / "random"], 0.05, 0.8, {})


def test_the_command(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert bench(["plan", str(study), "--json"]) == 0
    # The family of the study.
    assert json.loads(capsys.readouterr().out)["comparisons"] == 3
    assert bench(["plan", str(study), "--family", "against-baseline", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["comparisons"] == 2
    assert bench(["plan", str(study)]) == 0
    assert "evolution - random" in capsys.readouterr().out
    assert bench(["plan", str(study), "--effect", "0"]) == 2


ARMS = """
name = "arms"
preset = "tiny"
seeds = 3
alpha = 0.1
baseline = "narrow"
family = "against-baseline"
set = ["run.evaluator=synthetic", "run.budget_images=2000", "run.training_share=0.04"]

[[arms]]
name = "narrow"
searcher = "evolution"
set = ["searcher.evolution.sample=2"]

[[arms]]
name = "wide"
searcher = "evolution"
set = ["searcher.evolution.sample=25"]
"""


def test_a_studys_arms_baseline_and_alpha_are_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "arms.toml").write_text(ARMS)
    out = tmp_path / "arms"
    assert bench(["study", str(tmp_path / "arms.toml"), "--out", str(out), "--quiet"]) == 0
    capsys.readouterr()
    assert bench(["plan", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["pair"] for row in found["pairs"]] == ["narrow - wide"]
    assert (found["alpha"], found["family"]) == (0.1, "against-baseline")
    assert bench(["plan", str(out), "--baseline", "random"]) == 2
    assert "no run of random, only of narrow, wide" in capsys.readouterr().err
