"""Space strnas behind the same commands: every searcher, every part, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.commands.shared.default_preset import default_preset
from bench.presets import load_preset
from searchers import SEARCHERS
from spaces import load_space


@pytest.mark.parametrize("searcher", sorted(set(SEARCHERS) - {"autostr"}))
def test_every_searcher_runs_on_both_parts(bench, tmp_path: Path, searcher: str) -> None:
    """Of which there are more architectures than an int64 can number."""
    given = ("--space", "strnas", "--set", "space.part=both", "--evaluator", "synthetic")
    found = bench(
        *("run", "--searcher", searcher, "--preset", "tiny", *given),
        *("--max-macs", "600M", "--seed", 1, "--out", tmp_path / "run", "--quiet", "--json"),
    ).json["recommendation"]
    space = load_space("strnas", part="both")
    assert space.parse(str(found["index"])).text == found["text"]
    assert found["index"] > 2**63
    row = space.encode([space.parse(found["text"])])
    assert found["macs"] == space.macs(row)[0] <= 600_000_000
    assert found["params"] == space.params(row)[0]


@pytest.mark.whole
def test_a_search_by_gate_gradients_on_words(bench, tmp_path: Path) -> None:
    given = ("--searcher", "proxyless", "--space", "strnas", "--preset", "tiny", "--quiet")
    given += ("--budget-images", "240")
    shown = bench("run", *given, "--out", tmp_path / "run").out
    text = next(line for line in shown.splitlines() if line.startswith("Look at it")).split()[-3]
    assert f"bench space show {text} --space strnas" in shown
    layers = bench("space", "show", text, "--space", "strnas").out
    assert "16x32x100" in layers
    assert "512x1x25" in layers


def test_what_does_not_go_with_the_space_is_refused(refused, tmp_path: Path) -> None:
    given = ("--preset", "tiny", "--out", tmp_path / "run", "--space", "strnas", "--quiet")
    line = refused("run", "--searcher", "autostr", *given)
    assert "space strnas has no choice of path to search: use searcher proxyless" in line
    line = refused("run", "--searcher", "random", *given, "--set", "space.part=encoder")
    assert "unknown part 'encoder'" in line
    line = refused(
        *("run", "--searcher", "random", *given, "--set", "space.part=both"),
        *("--set", "recogniser.rectifier=tps"),
    )
    assert "before a rectifier that is searched" in line
    line = refused("run", "--searcher", "random", "--preset", "tiny", "--set", "space.part=both")
    assert "unknown option of space autostr 'part'" in line


def test_space_commands(bench) -> None:
    given = ("--space", "strnas", "--part", "rectifier")
    count = bench("space", "count", *given, "--json").json
    assert count == {"paths": 1, "architectures": 3 * 6**5 * 7**5}
    texts = bench("space", "sample", *given, "-n", 5, "--max-macs", "500M").out.split()
    space = load_space("strnas", part="rectifier")
    rows = space.encode([space.parse(text) for text in texts])
    assert len(np.unique(rows, axis=0)) == 5
    assert (space.macs(rows) <= 500_000_000).all()
    near = bench("space", "neighbours", *given, texts[0], "--json").json["neighbours"]
    assert len(near) == 2 + 5 * 5 + 5 * 6
    shown = bench("space", "show", *given, texts[0]).out
    # The extractor, which is not searched.
    assert "fixed" in shown
    assert f"{space.stem_macs:,}" in shown


def test_without_a_preset_the_space_has_one_of_its_own() -> None:
    assert default_preset("cpu", ['space.name="strnas"']) == "strnas-cpu"
    assert default_preset("cpu", ["space.name=strnas", "run.referee_points=2"]) == "strnas-cpu"
    assert default_preset("cpu", ["space.strict=true"]) == "cpu"
    preset = load_preset("strnas-cpu")
    assert (preset.space.name, preset.space.part) == ("strnas", "extractor")
