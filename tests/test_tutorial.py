"""The tutorial does what it says: its file, its commands, its preset and its package."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bench.cli import run
from bench.presets import load_preset, searcher_settings
from searchers.finding import GROUP, find_searcher

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "adding-a-searcher.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Code blocks of the page in one language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the reader's file in it, and nothing else."""
    path = tmp_path_factory.mktemp("tutorial")
    (source,) = blocks("python")
    (path / "my_searcher.py").write_text(source)
    return path


def bench(folder: Path, *arguments: str, path: tuple[Path, ...] = ()) -> str:
    """The command as an installed ``bench`` runs it: the working directory is on no path."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "bench", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, *path)))},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def commands() -> list[list[str]]:
    """Every command of the page, without the word ``bench``."""
    lines = [shlex.split(line) for block in blocks("sh") for line in block.splitlines()]
    assert all(line[0] == "bench" for line in lines)
    return [line[1:] for line in lines]


def test_the_page_has_the_three_commands() -> None:
    assert {tuple(line[:3]) for line in commands()} >= {
        ("doctor", "--searcher", "my_searcher:Annealing"),
        ("run", "--searcher", "my_searcher:Annealing"),
    }


@pytest.mark.whole
@pytest.mark.parametrize("line", commands(), ids=" ".join)
def test_its_commands_work(
    folder: Path,
    line: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if line[0] == "run":
        line = [*line, "--quiet"]
        if "cpu" in line:
            # Minutes with the supernet; that preset, searcher and options exist shows in a second.
            line += ["--evaluator", "synthetic", "--budget-images", "4000"]
        elif "--evaluator" not in line:
            line += ["--budget-images", "160"]
        # The doctor shows that an installed `bench` finds the file; these need not wait for torch.
        monkeypatch.chdir(folder)
        monkeypatch.delitem(sys.modules, "my_searcher", raising=False)
        assert run(line) == 0
        assert "Recommended by" in capsys.readouterr().out
    else:
        assert "fit for `bench run`" in bench(folder, *line)


def test_its_settings_are_those_of_a_preset_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(folder)
    section = next(block for block in blocks("toml") if "description" in block)
    (folder / "own.toml").write_text(section)
    found = find_searcher("my_searcher:Annealing")
    settings = searcher_settings(load_preset(str(folder / "own.toml"), [], found), found)
    assert (settings.cooling, settings.temperature) == (0.9, 0.05)


def test_its_package_offers_the_searcher(folder: Path) -> None:
    project = tomllib.loads(next(block for block in blocks("toml") if "[project]" in block))
    points = project["project"]["entry-points"]
    assert list(points) == [GROUP]
    assert project["tool"]["setuptools"]["py-modules"] == ["my_searcher"]
    # What pip would write.
    info = folder / "site" / "strnas_annealing-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: strnas-annealing\nVersion: 0.1.0\n"
    )
    lines = [f"{name} = {target}" for name, target in points[GROUP].items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))
    listed = bench(folder, "list", "--json", path=(folder, folder / "site"))
    assert "annealing" in json.loads(listed)["searchers"]


def test_it_searches(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the made-up landscape it beats random search, as a page like this should."""
    from bench.doctor.rehearsal import rehearse
    from bench.doctor.subject import Subject, default_subject

    monkeypatch.syspath_prepend(folder)

    def found(name: str) -> float:
        made = default_subject(name)
        subject = Subject(made.name, made.kind, made.settings, budget_images=6_000)
        scores = []
        for seed in range(3):
            steps = rehearse(subject.make(seed), subject.budget_images)
            scores.append(max(getattr(step.result, "score", 0.0) for step in steps))
        return sum(scores) / len(scores)

    assert found("my_searcher:Annealing") > found("random") + 0.05
