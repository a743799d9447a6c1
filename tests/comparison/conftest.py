"""Recorded runs on the made-up landscape, made once for all tests of comparisons."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cli import run

STUDY = """
name = "landscapes"
question = "Does it find the optimum?"
preset = "tiny"
searchers = ["random", "evolution", "local-search"]
seeds = 2
supernet_seeds = [1, 2, 3, 4]
set = [
    "run.evaluator=synthetic",
    "run.budget_images=3000",
    "run.training_share=0.04",
    "run.referee_points=5",
]
"""


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of 3 searchers x 8 blocks; read-only."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "file.toml").write_text(STUDY)
    out = folder / "landscapes"
    assert run(["study", str(folder / "file.toml"), "--out", str(out), "--quiet"]) == 0
    return out
