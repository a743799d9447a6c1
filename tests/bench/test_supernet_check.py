"""`bench supernet check`: each measure finds what is planted, and the command says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bench.health import check, gate_probe
from bench.health.gate_probe import STEPS, probe
from bench.health.ranking import largest, operation_taus
from bench.health.scales import branch_scales, scale_ratio
from bench.presets import load_preset
from bench.run import Run
from bench.statistics.answers import Estimate
from bench.supernets.exposure import Exposure, stored_exposure
from searchers.supernet_strategies.strategy import SupernetTrainingSettings
from searchers.supernet_training import SupernetTraining
from spaces import load_space
from trainers.settings import TrainerSettings
from trainers.trainer import GateOutcome

SPACE = load_space("autostr")
PATH = "A..B..A..B..B.."
KEYS = {"updates_ratio", "scale_ratio", "gate_probe", "operation_tau", "path_share"}
TRAIN = ("supernet", "train", "--preset", "tiny", "--quiet", "--images", "80")


@pytest.fixture(scope="module")
def run() -> Run:
    training = ("supernet-check", SupernetTraining, SupernetTrainingSettings())
    return Run(training, "tiny", load_preset("tiny"), 0)


def test_exposure_by_hand(tmp_path: Path) -> None:
    found = Exposure()
    rates = TrainerSettings(learning_rate=1.0, warmup_steps=4, schedule="constant")
    # Rates of 1/4, 2/4 and 3/4.
    found.add(
        SPACE, [f"{PATH}-{'1' * 15}", f"{PATH}-{'1' * 14}6", f"...ABB.....B.A.-{'0' * 15}"], rates
    )
    (sums,) = found.choices.values()
    assert sums["k3e3"] == 15 * 0.25 + 14 * 0.5
    assert sums["skip"] == 0.5
    assert sums["k3e1"] == 15 * 0.75
    assert (found.steps, found.rate) == (3, 1.5)
    assert found.updates_ratio is None  # k5e6 never was trained.
    assert found.favourite in [(PATH, 0.5, 2 / 3), ("...ABB.....B.A.", 0.5, 1 / 3)]
    (tmp_path / "net.safetensors").write_bytes(b"")
    (tmp_path / "net.json").write_text(json.dumps({"exposure": found.as_dict()}))
    assert stored_exposure(str(tmp_path / "net.safetensors")) == found


def test_only_operations_of_one_choice_compare() -> None:
    strict = load_space("autostr", strict=True)
    found = Exposure()
    drawn = strict.sample(3000, np.random.default_rng(0))
    found.add(strict, strict.texts(drawn), TrainerSettings())
    assert len(found.choices) == 2
    assert {len(choice.split()) for choice in found.choices} == {6, 7}
    assert found.updates_ratio == pytest.approx(1.0, abs=0.1)


def test_scales_of_branches(run: Run) -> None:
    net = run.trainer.supernet
    assert scale_ratio(branch_scales(net, SPACE.operations)) is None  # All begin as the identity.
    with torch.no_grad():
        for name, module in net.blocks.named_modules():
            if name.endswith("project.norm"):
                module.weight.fill_(0.1)
        for block in net.blocks.values():
            norm = block[1].branch_norm  # type: ignore[index]
            if norm is not None:
                norm.weight.fill_(-0.4)
    scales = branch_scales(net, SPACE.operations)
    assert "skip" not in scales
    assert scales["k3e3"] == pytest.approx(0.4)
    assert scales["k5e6"] == pytest.approx(0.1)
    assert scale_ratio(scales) == pytest.approx(4.0)


def test_the_probe_finds_the_operation_that_gradients_favour(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def gradient(encoding: np.ndarray, wanted: np.ndarray) -> GateOutcome:
        asked.append(tuple(encoding))
        rng = np.random.default_rng(len(asked))
        found = rng.normal(0.0, 1.0, wanted.shape)
        found[:9, 4] -= 2.0  # Opened further, the fifth lowers the loss on nine layers.
        found[9:, 2] -= 2.0
        return GateOutcome(1.0, found)

    monkeypatch.setattr(run.trainer, "gate_gradient", gradient)
    path = SPACE.parse_path(PATH)
    found = probe(run.trainer, SPACE, path, np.random.default_rng(0))
    assert found.favoured == {SPACE.operations[4]: 9, SPACE.operations[2]: 6}
    assert (found.most, found.layers, len(asked)) == (9, 15, STEPS)
    assert len(set(asked)) > STEPS / 2
    assert {row[:15] for row in asked} == {tuple(path)}


def test_a_liking_for_an_operation_shows_in_its_tau() -> None:
    rng = np.random.default_rng(1)
    rows = SPACE.sample(150, rng)
    macs = SPACE.macs(rows)
    counts = (rows[:, SPACE.path_length :] == 1).sum(axis=1)
    fair = 0.4 + 1e-9 * macs + rng.normal(0.0, 0.02, 150)
    taus = operation_taus(SPACE, rows, (fair + 0.03 * counts).tolist(), macs.tolist(), rng)
    worst = largest(taus)
    assert worst is not None
    assert worst[0] == "k3e3"
    assert worst[1].low > 0.1
    fair_taus = operation_taus(SPACE, rows, fair.tolist(), macs.tolist(), rng)
    liked = fair_taus["k3e3"]
    assert isinstance(liked, Estimate)
    assert liked.low < 0.1


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few gate steps: what they find is tested above."""
    for module in (gate_probe, check):
        monkeypatch.setattr(module, "STEPS", 3)


@pytest.mark.whole
@pytest.mark.usefixtures("few", "checked_once")
def test_the_command(bench: Callable[..., Any], tmp_path: Path) -> None:
    file, known = tmp_path / "net.safetensors", tmp_path / "known.safetensors"
    assert bench(*TRAIN, "--out", file).code == 0
    exposure = stored_exposure(str(file))
    assert exposure is not None
    assert exposure.steps == 10
    answer = bench("supernet", "check", file, "--preset", "tiny", "-n", 8, "--quiet", "--json")
    assert answer.code == 1  # Begun on one architecture, and hardly trained.
    found = answer.json
    assert found.keys() == KEYS | {"supernet", "failed"}
    for key in KEYS:
        assert found[key].keys() >= {"value", "bound", "passed", "sentence"}
        assert (key in found["failed"]) == (found[key]["passed"] is False)
    assert "path_share" in found["failed"]
    assert len(found["gate_probe"]["paths"]) == 3
    text = bench("supernet", "check", file, "--preset", "tiny", "-n", 8, "--quiet")
    assert text.code == 1
    assert "OUT" in text.out
    assert "steps on one path" in text.out

    # Trained on, what it had before counts too; a file alone does not know.
    more = tmp_path / "more.safetensors"
    assert bench(*TRAIN, "--start", file, "--out", more).code == 0
    both = stored_exposure(str(more))
    assert both is not None
    assert both.steps == 20
    file.rename(known)
    answer = bench("supernet", "check", known, "--preset", "tiny", "-n", 8, "--quiet", "--json")
    assert answer.json["updates_ratio"]["value"] is None
    assert answer.json["path_share"]["passed"] is None
    assert "not recorded" in answer.json["path_share"]["sentence"]


@pytest.mark.usefixtures("few")
def test_the_other_space(bench: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    space = ("--set", 'space.name="strnas"', "--set", 'supernet_recipe.base=""',
        "--set", "supernet_recipe.strategy=uniform", "--set", "supernet_recipe.base_share=0",
        "--set", "supernet_recipe.widening_share=0",
             "--set", "supernet.widths=[4,4,8,8,16]")  # fmt: skip
    assert bench(*TRAIN, *space, "--out", file).code == 0
    answer = bench(
        "supernet", "check", file, "--preset", "tiny", *space, "-n", 8, "--quiet", "--json"
    )
    assert answer.code in (0, 1), answer.err
    assert answer.json["gate_probe"]["paths"][0]["layers"] == 22
    # There is one path, which has all steps: that says nothing.
    assert answer.json["path_share"]["passed"] is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--preset", "tiny"), "fresh weights"),
        (("nowhere.safetensors", "--preset", "tiny"), "no such file"),
        (("--preset", "tiny", "-n", "3"), "3"),
    ],
)
def test_bad_input(refused: Callable[..., str], options: tuple[str, ...], words: str) -> None:
    assert words in refused("supernet", "check", *options)


def test_the_shipped_one_says_how_it_was_trained() -> None:
    found = stored_exposure("shipped:cpu")
    assert found is not None
    assert found.steps == 16_000
    assert found.favourite[1] < 0.01
    assert found.updates_ratio is not None
    assert found.updates_ratio < 1.1


SOME = {"steps": 1, "rate": 1, "choices": {}, "paths": {"x": 1}, "path_steps": {"x": 1}}
NOTHING = {"steps": 0, "rate": 1, "choices": {}, "paths": {}, "path_steps": {}}


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", "[" * 5000, '{"exposure": 3}', '{"exposure": {"steps": "x"}}',
     *(json.dumps({"exposure": each}) for each in
       (NOTHING, {**SOME, "rate": 1e999}, {**SOME, "paths": {"x": -1}}, {**SOME, "paths": {}}))],
)  # fmt: skip
def test_what_stands_beside_a_file_may_be_anything(tmp_path: Path, content: str) -> None:
    (tmp_path / "net.safetensors").write_bytes(b"")
    (tmp_path / "net.json").write_text(content)
    assert stored_exposure(str(tmp_path / "net.safetensors")) is None
