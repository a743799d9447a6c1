"""An architecture's way from a command to the supernet is short enough to be followed by eye."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

import pytest

import trainers.trainer
from bench.cli import run as command
from trainers.supernet import Supernet

ROOT = Path(__file__).parents[2]
ROOMS = ("bench", "searchers", "spaces", "trainers")
#: From one object to the next that it is handed to; a function outside of a class counts as one.
MOST_HOPS = 6


@pytest.mark.parametrize(
    ("searcher", "arrivals"),
    [
        ("random", {"loss", "backbone", "in_groups"}),
        ("proxyless", {"loss", "backbone", "gate_gradients"}),
    ],
)
def test_from_the_command_to_the_supernet(
    searcher: str, arrivals: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks: dict[str, list[str]] = {}
    for owner, name in (
        (Supernet, "loss"),
        (Supernet, "backbone"),
        (trainers.trainer, "in_groups"),
        (trainers.trainer, "gate_gradients"),
    ):
        _note_walks(monkeypatch, owner, name, walks)
    out = str(tmp_path / "run")
    assert (
        command(["run", "--searcher", searcher, "--preset", "tiny", "--quiet", "--out", out]) == 0
    )
    assert walks.keys() == arrivals
    for name, passed in walks.items():
        assert passed[:3] == ["run", "Run", "Runner"]
        assert len(passed) <= MOST_HOPS, (name, passed)


def _note_walks(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, walks: dict[str, list[str]]
) -> None:
    """Keep the longest walk to ``owner.name``: what is passed before it."""
    arrived = getattr(owner, name)

    def noting(*args: object, **kwargs: object) -> object:
        passed = _passed(sys._getframe(1))
        # The supernet's own calls of itself are no arrival.
        if "Supernet" not in passed:
            walks[name] = max(walks.get(name, []), passed, key=len)
        return arrived(*args, **kwargs)

    monkeypatch.setattr(owner, name, noting)


def _passed(frame: FrameType | None) -> list[str]:
    """Objects and functions from the command on, each once for calls of itself in a row."""
    found: list[tuple[str, object]] = []
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(ROOT) and file.relative_to(ROOT).parts[0] in ROOMS:
            owner = frame.f_locals.get("self")
            # A comprehension is a frame of its own in Python 3.11, within what stands around it.
            if owner is not None or not frame.f_code.co_name.startswith("<"):
                place = file if owner is None else id(owner)
                name = frame.f_code.co_name if owner is None else type(owner).__name__
                if not found or found[-1][1] != place:
                    found.append((name, place))
            if file.parent == ROOT / "bench" / "commands":
                break
        frame = frame.f_back
    return [name for name, _ in reversed(found)]
