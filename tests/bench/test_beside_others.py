"""How threads wait on a machine that others use."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bench.commands.beside_others import ROUNDS, SPIN, spin_less_beside_others


@pytest.mark.parametrize(("load", "set_to"), [(0.7, None), (0.75, ROUNDS), (9.0, ROUNDS)])
def test_a_busy_machine_gets_a_short_spin(
    monkeypatch: pytest.MonkeyPatch, load: float, set_to: str | None
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "getloadavg", lambda: (8 * load, 0.0, 0.0))
    environment: dict[str, str] = {}
    assert spin_less_beside_others(environment) == (set_to is not None)
    assert environment.get(SPIN) == set_to


@pytest.mark.parametrize("chosen", [{SPIN: "7"}, {"OMP_WAIT_POLICY": "active"}])
def test_what_somebody_chose_stays(monkeypatch: pytest.MonkeyPatch, chosen: dict[str, str]) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (1e6, 0.0, 0.0))
    environment = dict(chosen)
    assert not spin_less_beside_others(environment)
    assert environment == chosen


def test_a_system_that_does_not_tell_its_load_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown() -> tuple[float, float, float]:
        raise OSError

    monkeypatch.setattr(os, "getloadavg", unknown)
    assert not spin_less_beside_others({})


def test_it_is_set_before_torch_is_there() -> None:
    """libgomp reads it once, when it is loaded."""
    code = "import sys; import bench.commands.beside_others; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
