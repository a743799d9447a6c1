"""What the README says is what happens."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: What CI may add to the commands of the README: less output, and arguments handed through.
CI_EXTRAS = {"--quiet", "--disable-pip-version-check", "$@"}
#: What CI runs beside the default suite: its dearer tests (see CONTRIBUTING.md).
CI_ALSO = [".venv/bin/python", "-m", "pytest", "-m", "whole and not slow"]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert len(example.strip().splitlines()) <= 25
    exec(compile(example, "docs/python.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "246739200 2364128" in printed
    assert "142,569,272,143,588,290 architectures, 134,600,762,208,985,495 within" in printed


def test_it_is_read_in_two_minutes() -> None:
    assert len(README.splitlines()) <= 130


def test_ci_runs_the_test_command_and_the_dearer_tests() -> None:
    blocks = re.findall(r"```\n(python3 -m venv .*?)\n```", README)
    (tests,) = [block for block in blocks if "pytest" in block]
    steps = [shlex.split(step) for step in tests.split("&&")]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    lines = [shlex.split(line, comments=True) for line in script.splitlines()]
    run_by_ci = [
        [token for token in line if token not in CI_EXTRAS]
        for line in lines
        if {"venv", ".venv/bin/pip", "pip", "pytest"} & set(line)
    ]
    assert run_by_ci == [*steps[:-1], CI_ALSO, steps[-1]]


@pytest.mark.parametrize("path", re.findall(r"\]\(((?:docs/|[A-Z]+)[\w./]*\.md)\)", README))
def test_links_lead_somewhere(path: str) -> None:
    assert (ROOT / path).exists()


def test_nothing_is_left_to_fill_in() -> None:
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"@@|@[A-Z]+@", text), path


def test_the_map_names_what_is_there() -> None:
    """Of `Find your way`: files exist, and hold the names that follow them in a row."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = page.split("## Find your way\n")[1].split("\n## ")[0]
    rows = [line for line in found.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 15
    for row in rows:
        path = ROOT
        for name in re.findall(r"`([^`]+)`", row):
            if "/" in name or name.endswith(".py"):
                # A file without a folder stands beside the one before it.
                path = ROOT / name if "/" in name else path.parent / name
                assert path.exists(), row
            else:
                text = path.read_text(encoding="utf-8")
                assert re.search(rf"^ *((def|class) )?{name}\b", text, re.MULTILINE), row
