"""`bench supernet check --panel`: a planted ranking is found, and what a supernet overrates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.cli import run as run_bench
from bench.health import check, gate_probe
from bench.health import panel as health
from bench.health.panel import Halves, against_panel, read_held
from bench.panel.file import read_panel
from bench.panel.rows import Row, write_rows
from bench.panel.training import recipes_of
from bench.presets import load_preset
from bench.records.errors import PresetError, RecordError
from bench.run import Run
from searchers.supernet_strategies.strategy import SupernetTrainingSettings
from searchers.supernet_training import SupernetTraining
from spaces import load_space
from trainers.metrics import WordScores
from trainers.models.description import ModelDescription
from trainers.models.zero_cost import ZeroCost

SPACE = load_space("autostr")
N = 24
#: Of which every other one is still a panel.
FEWEST = 2 * health.SMALLEST


@pytest.fixture(scope="module")
def run() -> Run:
    training = ("supernet-check", SupernetTraining, SupernetTrainingSettings())
    return Run(training, "tiny", load_preset("tiny"), 0)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few gate steps: what they find is tested in test_supernet_check."""
    for module in (gate_probe, check):
        monkeypatch.setattr(module, "STEPS", 3)


def truth(text: str) -> float:
    """A made-up final score."""
    return 0.2 + 0.5 * float(np.random.default_rng(list(text.encode())).random())


def planted(folder: Path, untrained: int = 0, count: int = N) -> Path:
    """A panel whose table says what ``truth`` does, two seeds each, hardly apart."""
    texts = SPACE.texts(SPACE.sample(count, np.random.default_rng(5)))
    (folder / "drawn.txt").write_text("\n".join(texts) + "\n")
    path = folder / "panel.toml"
    path.write_text(
        'preset = "tiny"\n[[parts]]\nname = "drawn"\narchitectures = "drawn.txt"\nseeds = 2\n'
    )
    panel = read_panel(path)
    recipes = recipes_of(panel, panel.part("drawn"))
    assert list(recipes) == texts
    rows = []
    for text in texts[: count - untrained]:
        macs = int(SPACE.macs(SPACE.encode([SPACE.parse(text)]))[0])
        for seed, recipe in enumerate(recipes[text]):
            final = truth(text) + 0.001 * seed
            rows.append(
                Row(text, seed, 640, final, 0.5, 1.0, 0.5, 0.5, 1.0, macs, 7, 1.0, 0, recipe, None)
            )
    write_rows(panel.table, rows)
    return path


def scoring(monkeypatch: pytest.MonkeyPatch, run: Run, of: Any) -> None:
    """Make the trainer's scores what ``of`` says of an architecture, and the rest made up."""

    def evaluate_many(encodings: Any, images: int) -> list[WordScores]:
        found = [of(one.text) for one in SPACE.architectures(encodings)]
        return [WordScores(value, value, value, value, images) for value in found]

    def untrained(described: ModelDescription, *_: object) -> ZeroCost:
        drawn = np.random.default_rng(list(described.name.encode())).random(2)
        return ZeroCost(*map(float, drawn))

    monkeypatch.setattr(run.trainer, "evaluate_many", evaluate_many)
    # What they are is tested with the command, and in test_zero_cost.
    monkeypatch.setattr(run.trainer, "loss_per_character", lambda *_: 1.0)
    monkeypatch.setattr(health, "zero_cost", untrained)


def test_a_supernet_that_ranks_reaches_the_target(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = planted(tmp_path, untrained=2)
    scoring(monkeypatch, run, truth)
    found = against_panel(run.trainer, SPACE, read_held(path, "drawn", SPACE), False, 0)
    assert found.architectures == N - 2
    assert found.not_trained_yet == 2
    assert found.taus["accuracy"].value == pytest.approx(1.0)
    assert found.taus.keys() == {*health.PROXIES, *health.RIVALS, health.BOTH}
    # Planted scores follow the proxy and not the size: together they rank between the two.
    macs, both = found.taus["macs"], found.taus[health.BOTH]
    assert macs.value < both.value < 1.0
    assert found.adds_to_macs.value == pytest.approx(both.value - macs.value)
    assert found.adds_to_macs.low > 0.0
    assert found.top_k[3].value == 1.0
    assert found.regret[3].value == 0.0
    assert abs(macs.value) < 0.6
    assert len(found.points) == N - 2
    halves = found.halves
    assert isinstance(halves, Halves)
    assert halves.chosen_on.keys() == halves.rest.keys() == {*health.PROXIES}
    assert halves.best in ("accuracy", "one_ned")
    assert halves.rest["accuracy"].value == pytest.approx(1.0)
    counts = [half["accuracy"].n for half in (halves.chosen_on, halves.rest)]
    assert counts == [-(-(N - 2) // 2), (N - 2) // 2]


@pytest.mark.slow
def test_one_that_ranks_at_random_does_not(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = planted(tmp_path)
    scoring(monkeypatch, run, lambda text: truth(text[::-1]))
    found = against_panel(run.trainer, SPACE, read_held(path, "drawn", SPACE), False, 0)
    assert abs(found.taus["accuracy"].value) < 0.4
    assert not found.reached


def test_an_operation_that_is_overrated_shows(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = planted(tmp_path)

    def biased(text: str) -> float:
        noise = 0.001 * truth(text[::-1])
        return truth(text) + noise + 0.03 * text.partition("-")[2].count("2")

    scoring(monkeypatch, run, biased)
    found = against_panel(run.trainer, SPACE, read_held(path, "drawn", SPACE), False, 0)
    slopes = found.slopes
    assert slopes["k3e6"].value == pytest.approx(0.03, abs=0.002)
    assert slopes["k3e6"].low > 0.02
    assert max(slopes, key=lambda name: slopes[name].value) == "k3e6"


def test_what_cannot_be_held_against_it_is_refused(tmp_path: Path) -> None:
    path = planted(tmp_path, untrained=N - 3)
    with pytest.raises(RecordError, match="of part drawn 3 architectures are trained, expected 6"):
        read_held(path, "drawn", SPACE)
    with pytest.raises(PresetError, match="unknown part 'draw', did you mean 'drawn'"):
        read_held(path, "draw", SPACE)
    with pytest.raises(RecordError, match=r"is of AutoSTRSpace.*the supernet of STRNASSpace"):
        read_held(path, "drawn", load_space("strnas"))


def test_scores_that_are_not_finite_count_as_none_and_are_counted(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = read_held(planted(tmp_path), "drawn", SPACE)
    broken = held.members[0].text
    scoring(monkeypatch, run, truth)
    known = run.trainer.evaluate_many

    def evaluate_many(encodings: Any, images: int) -> list[WordScores | None]:
        names = [one.text for one in SPACE.architectures(encodings)]
        found = known(encodings, images)
        return [None if name == broken else each for name, each in zip(names, found, strict=True)]

    monkeypatch.setattr(run.trainer, "evaluate_many", evaluate_many)
    steps = []
    found = against_panel(run.trainer, SPACE, held, False, 0, lambda: steps.append(1))
    assert found.not_finite == 1
    assert found.points[0]["accuracy"] == 0.0
    assert len(steps) == 2 * N


@pytest.mark.whole
@pytest.mark.usefixtures("checked_once")
def test_the_command_tells_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = planted(tmp_path, count=FEWEST)
    net = tmp_path / "net.safetensors"
    train = ["supernet", "train", "--preset", "tiny", "--quiet", "--images", "80"]
    assert run_bench([*train, "--out", str(net)]) == 0
    capsys.readouterr()
    given = ["supernet", "check", str(net), "--preset", "tiny", "-n", "10", "--quiet"]
    given += ["--panel", str(path), "--part", "drawn"]
    assert run_bench([*given, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert "rank_tau" in found["failed"]
    assert found["rank_tau"]["architectures"] == FEWEST
    assert all(point["gradient_norm"] > 0.0 for point in found["rank_tau"]["points"])
    picture = tmp_path / "net.svg"
    assert run_bench([*given, "--picture", str(picture)]) == 1
    assert "trained from scratch" in picture.read_text()
    said = capsys.readouterr().out
    assert f"{FEWEST} architectures" in said
    assert "gradient norm" in said
    assert "between two seeds" in said
    assert "the best on every other architecture is proxy" in said
    assert run_bench([*given[:-1], "other"]) == 2
    assert "unknown part 'other'" in capsys.readouterr().err
    for wrong in ("net.png", "nowhere/net.svg"):
        assert run_bench([*given, "--picture", str(tmp_path / wrong)]) == 2
        assert "--picture" in capsys.readouterr().err


@pytest.mark.whole
def test_a_neutral_supernet_is_checked_and_searched_like_any_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it grew from is not in its file."""
    net = tmp_path / "net.safetensors"
    neutral = [
        "--set", "supernet_recipe.strategy=neutral", "--set", 'supernet_recipe.base=""',
        "--set", "supernet_recipe.schedule=late-cosine",
    ]  # fmt: skip
    train = ["supernet", "train", "--preset", "tiny", "--quiet", "--out", str(net), *neutral]
    train += ["--images", "160"]
    assert run_bench(train) == 0
    known = json.loads(net.with_suffix(".json").read_text())
    assert known["exposure"]["steps"] == 20
    (sums,) = known["exposure"]["choices"].values()
    assert sums.keys() == set(SPACE.operations)
    capsys.readouterr()
    start = ["--preset", "tiny", "--set", f'supernet.start="{net}"', "--quiet"]
    start += ["--budget-images", "100"]
    out = tmp_path / "run"
    assert run_bench(["run", "--searcher", "random", "--out", str(out), *start]) == 0
    assert run_bench(["supernet", "check", str(net), "--preset", "tiny", "-n", "8", "--quiet"]) == 1
