"""Running the command line as a user does, and reading what it prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.cli import run

sys.path.insert(0, str(Path(__file__).parent))


COMPILING = "compiling kernels for this processor"


@dataclass(frozen=True)
class Answer:
    """Exit code and output of one command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Stdout as the one JSON document that it must be."""
        return json.loads(self.out)


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Return ``bench(*arguments)``, which runs one command in this process."""

    def call(*arguments: object) -> Answer:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        # Said by whichever test comes first in its process.
        err = "".join(line for line in captured.err.splitlines(True) if COMPILING not in line)
        return Answer(code, captured.out, err)

    return call


@pytest.fixture
def checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """`bench supernet check` measures once what it is asked for twice, to be shown in two ways."""
    from bench.health import check

    measured = check.check_supernet
    kept: dict[str, Any] = {}

    def check_supernet(*given: Any) -> Any:
        *asked, _ = given
        if repr(asked) not in kept:
            kept[repr(asked)] = measured(*given)
        return kept[repr(asked)]

    monkeypatch.setattr(check, "check_supernet", check_supernet)


@pytest.fixture
def refused(bench: Callable[..., Answer]) -> Callable[..., str]:
    """Return ``refused(*arguments)``: checks exit code 2 and one line on stderr, returns it."""

    def call(*arguments: object) -> str:
        answer = bench(*arguments)
        assert answer.code == 2
        assert answer.out == ""
        assert answer.err.startswith("bench: ")
        assert answer.err.count("\n") == 1
        return answer.err.strip()

    return call
