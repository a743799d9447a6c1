"""What was begun with the compiled kernels, or without, goes on that way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from bench.presets import load_preset
from bench.run import Run
from bench.running import arithmetic
from bench.running.arithmetic import compute_as_begun, kernels_name, own_arithmetic
from spaces.networks.kernels.choice import kernels_in_use

pytest.importorskip("numba")


@pytest.mark.whole
def test_a_run_says_which_kernels_it_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    preset = load_preset("tiny", ["run.budget_images=64"])
    Run("random", "tiny", preset, seed=0).execute(tmp_path / "fast")
    monkeypatch.setenv("STRNAS_KERNELS", "torch")
    Run("random", "tiny", preset, seed=0).execute(tmp_path / "torch")
    said = [
        json.loads((tmp_path / name / "run.json").read_text())["hardware"]["kernels"]
        for name in ("fast", "torch")
    ]
    assert said[0].startswith("numba ")
    assert said[1] == "torch"


@pytest.mark.parametrize(
    ("device", "precision", "processes"),
    [("cuda:0", "fp32", 1), ("cpu", "bf16", 1), ("cpu", "fp32", 2)],
)
def test_where_torch_computes_everything(device: str, precision: str, processes: int) -> None:
    assert kernels_name("cpu", "fp32").startswith("numba ")
    assert kernels_name(device, precision, processes) == "torch"


@pytest.mark.parametrize(
    ("hardware", "variable", "used"),
    [
        ({"kernels": "torch"}, "auto", False),
        ({"torch_threads": 1}, "auto", False),  # From before there were kernels.
        ({"kernels": "numba 0.60.0"}, "torch", True),
        ({}, "auto", False),
    ],
)
def test_what_was_begun_goes_on_the_same_way(
    hardware: dict[str, Any], variable: str, used: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRNAS_KERNELS", variable)
    threads = torch.get_num_threads()
    with own_arithmetic():
        compute_as_begun(hardware)
        assert (kernels_in_use() is not None) == used
    assert torch.get_num_threads() == threads
    assert (kernels_in_use() is not None) == (variable == "auto")


def test_kernels_that_are_gone_are_told_of(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(arithmetic, "kernels_in_use", lambda: None)
    with own_arithmetic():
        compute_as_begun({"kernels": "numba 0.60.0"})
    assert "begun with the kernels of numba 0.60.0" in capsys.readouterr().err
