"""Hard caps as keys of presets, as options and in studies."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.presets import load_preset
from bench.records.manifest import read_manifest
from bench.run import Run, known_identity
from bench.running.problem import Caps, Chosen
from bench.supernets.training import apply_recipe

SYNTHETIC = ("--preset", "tiny", "--evaluator", "synthetic", "--quiet", "--json")
STUDY = """
name = "caps"
preset = "tiny"
searchers = ["random"]
seeds = 1
set = ["run.evaluator=synthetic"]
"""


def test_a_key_of_the_preset_and_an_option_are_the_same_cap(
    bench: Callable[..., Any], tmp_path: Path
) -> None:
    found = []
    for name, given in (
        ("key", ("--set", "run.max_macs=90000000")),
        ("option", ("--max-macs", "90M")),
    ):
        out = tmp_path / name
        answer = bench("run", "--searcher", "random", *SYNTHETIC, "--out", out, *given)
        assert answer.json["recommendation"]["macs"] <= 90_000_000
        manifest = read_manifest(out)
        assert manifest is not None
        assert manifest.identity["max_macs"] == 90_000_000
        assert "max_macs" not in manifest.identity["preset"]["run"]
        found.append(manifest.identity_hash)
    assert found[0] == found[1]


def test_an_option_goes_before_the_preset_and_both_at_once_are_refused(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    preset = load_preset("paper")
    assert Caps.of(preset.run) == Caps(450_000_000, None)
    assert Run("random", "tiny", load_preset("tiny", ["run.evaluator=synthetic",
        "run.max_params=900000"]), 0).searcher.problem.max_params == 900_000  # fmt: skip
    said = refused(
        "run", "--searcher", "random", *SYNTHETIC[:-1], "--out", tmp_path / "run",
        "--max-macs", "90M", "--set", "run.max_macs=1",
    )  # fmt: skip
    assert "run.max_macs=1 and an option that sets it to 90000000" in said


def test_the_papers_cap_leaves_step_1_its_residual_units() -> None:
    preset = load_preset("paper")
    searcher = Chosen.of("autostr", preset).build(preset, 0, Caps.of(preset.run))
    rows = searcher.tables()["paths"]
    assert {row["operation"] for row in rows} == {"residual"}
    assert [row["macs"] > 450_000_000 for row in sorted(rows, key=lambda row: row["macs"])] == (
        [False] * 3 + [True] * 7
    )
    space = searcher.problem.space
    assert space.macs(space.encode([searcher.recommend()]))[0] <= 450_000_000
    # Another of the settings, and the cap replaces the units.
    bound = load_preset("paper", ["searcher.autostr.operation_beyond_cap=false"])
    searcher = Chosen.of("autostr", bound).build(bound, 0, Caps.of(bound.run))
    assert {row["operation"] for row in searcher.tables()["paths"]} == {"k3e1"}


def test_the_default_leaves_identities_as_they_were() -> None:
    preset = load_preset("tiny")
    known = known_identity(Chosen.of("autostr", preset), preset, 0, Caps.of(preset.run))
    assert "operation_beyond_cap" not in known["hyperparameters"]
    assert (known["max_macs"], known["max_params"]) == (None, None)


def test_a_supernet_is_trained_without_a_cap() -> None:
    preset = load_preset("tiny", ["run.max_macs=90000000", "run.budget_epochs=3"])
    run = apply_recipe(preset, preset.supernet_recipe).run
    assert (run.max_macs, run.budget_epochs) == (0, 0.0)


@pytest.mark.parametrize(
    "text",
    [
        "max_macs = 90_000_000" + STUDY,
        STUDY.replace('synthetic"]', 'synthetic", "run.max_macs=90000000"]'),
    ],
    ids=["key", "set"],
)
def test_a_study_has_one_cap(bench: Callable[..., Any], tmp_path: Path, text: str) -> None:
    path = tmp_path / "study.toml"
    path.write_text(text)
    assert bench("study", path, "--out", tmp_path / "out", "--quiet").code == 0
    (result,) = (tmp_path / "out").rglob("result.json")
    assert json.loads(result.read_text())["recommendation"]["macs"] <= 90_000_000


def test_an_arm_with_a_cap_of_its_own_is_refused(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    path = tmp_path / "study.toml"
    arm = '[[arms]]\nname = "small"\nsearcher = "random"\nset = ["run.max_macs=90000000"]\n'
    path.write_text(STUDY + arm)
    assert "arm small sets a cap of its own" in refused("study", path, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()
