"""How threads wait on a machine that others use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.commands.shared import beside_others
from bench.commands.shared.beside_others import ROUNDS, SPIN, spin_less_beside_others


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """What a machine of eight cores tells, to be written."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(beside_others, "LOAD", tmp_path / "loadavg")
    return tmp_path / "loadavg"


@pytest.mark.parametrize(
    ("told", "set_to"),
    [
        ("5.9 1.0 1.0 9/100 7", None),
        ("6.0 1.0 1.0 7/100 7", ROUNDS),
        ("90.1 1.0 1.0 80/100 7", ROUNDS),
        # A command that has just ended.
        ("8.0 1.0 1.0 1/100 7", None),
        ("", None),
        ("a b c d", None),
    ],
)
def test_a_busy_machine_gets_a_short_spin(load: Path, told: str, set_to: str | None) -> None:
    load.write_text(told)
    environment: dict[str, str] = {}
    assert spin_less_beside_others(environment) == (set_to is not None)
    assert environment.get(SPIN) == set_to


@pytest.mark.parametrize("chosen", [{SPIN: "7"}, {"OMP_WAIT_POLICY": "active"}])
def test_what_somebody_chose_stays(load: Path, chosen: dict[str, str]) -> None:
    load.write_text("90.1 1.0 1.0 80/100 7")
    environment = dict(chosen)
    assert not spin_less_beside_others(environment)
    assert environment == chosen


def test_a_system_that_does_not_tell_its_load_is_left_alone(load: Path) -> None:
    assert not load.exists()
    assert not spin_less_beside_others({})


def test_it_is_set_before_torch_is_there() -> None:
    """libgomp reads it once, when it is loaded."""
    code = (
        "import sys; from bench import cli; "
        "cli.spin_less_beside_others = lambda: print('torch' in sys.modules); "
        "cli.main(['run', '--preset', 'nothing'])"
    )
    told = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert told.stdout == "False\n"
