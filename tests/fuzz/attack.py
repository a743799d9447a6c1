"""Many trials, each in a fresh copy of the seeds, and what came of them."""

from __future__ import annotations

import random
import shlex
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import arguments, files
from tests.fuzz.trial import Outcome, attempt

LONGEST = 300


@dataclass(frozen=True)
class Report:
    """A line to show; whether it is of something that is wrong."""

    wrong: bool
    text: str


def attack_arguments(place: Path, count: int, seed: int) -> Iterator[Report]:
    """``count`` argument lists on whole files."""
    commands = arguments.leaves()
    rng = random.Random(f"arguments {seed}")
    tally = _Tally("argument lists")
    for number in range(count):
        words = arguments.draw(commands, rng)
        work = _fresh(place)
        yield from tally.count(number, words, "", attempt(words, work))
    yield tally.sum()


def attack_files(place: Path, count: int, seed: int, with_model: bool) -> Iterator[Report]:
    """``count`` damaged files, each for the command that reads it."""
    readers = list(files.READERS.items()) + (list(files.WITH_A_MODEL.items()) * with_model)
    rng = random.Random(f"files {seed}")
    tally = _Tally("damaged files")
    for number in range(count):
        name, command = rng.choice(readers)
        work = _fresh(place)
        files.damage(work / "inputs" / name, rng)
        yield from tally.count(number, command.split(), name, attempt(command.split(), work))
    yield tally.sum()


class _Tally:
    def __init__(self, what: str) -> None:
        self.what = what
        self.codes: Counter[int] = Counter()
        self.seconds = 0.0
        self.peak = 0

    def count(self, number: int, words: list[str], name: str, found: Outcome) -> Iterator[Report]:
        self.codes[found.code] += 1
        self.seconds = max(self.seconds, found.seconds)
        self.peak = max(self.peak, found.peak_bytes)
        if number % 100 == 99:
            yield self.sum()
        if found.problem:
            command = ascii(shlex.join(words))[:LONGEST]
            yield Report(True, f"{self.what} {number} {name}: bench {command}\n    {found.problem}")

    def sum(self) -> Report:
        codes = ", ".join(f"{code}: {n:,}" for code, n in sorted(self.codes.items()))
        return Report(
            False,
            f"{self.codes.total():,} {self.what}; exit codes {codes}; longest {self.seconds:.1f} "
            f"seconds, at most {self.peak / 2**20:,.0f} MiB",
        )


def _fresh(place: Path) -> Path:
    sandbox = place / "sandbox"
    shutil.rmtree(sandbox, ignore_errors=True)
    work = sandbox / "work"
    work.mkdir(parents=True)
    # A pipe cannot be copied; another is made.
    shutil.copytree(place / "seeds", work / "inputs", ignore=lambda _, names: {"pipe"} & {*names})
    return work
