"""How often each operation and each path was trained, as it was drawn and by learning rate.

A candidate that is trained ten times as often is better by training, not by worth.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta, Struct

from bench.records.events import read_log
from bench.records.run_folder import EVENTS
from spaces import Space
from spaces.files import read_regular
from trainers.optimisers import learning_rate
from trainers.settings import TrainerSettings
from trainers.starts import find_supernet

#: Key of the file beside a supernet.
KEY = "exposure"
#: Paths that are kept by name; the others only as how many there were.
MOST_PATHS = 20
MAX_BYTES = 2**22
Rate = Annotated[float, Meta(ge=0.0)]


class Stored(Struct, frozen=True):
    """What ``as_dict`` describes; a stranger's file holds nothing else under ``KEY``."""

    steps: Annotated[int, Meta(ge=1)]
    rate: Annotated[float, Meta(gt=0.0)]
    choices: Annotated[dict[str, dict[str, Rate]], Meta(max_length=1000)]
    paths: dict[str, Rate]
    path_steps: dict[str, Annotated[int, Meta(ge=0)]]


class _Beside(Struct, frozen=True):
    """Of the file beside a supernet, what is read here."""

    exposure: Stored | None = None


@dataclass
class Exposure:
    """Sums of learning rates over steps: of all, by choice and operation, by path.

    A choice is the set of operations that a layer could have, its names joined by spaces: only
    operations of one choice compare. ``path_steps`` counts steps, whatever their rate.
    """

    steps: int = 0
    rate: float = 0.0
    choices: dict[str, dict[str, float]] = field(default_factory=dict)
    paths: dict[str, float] = field(default_factory=dict)
    path_steps: dict[str, int] = field(default_factory=dict)

    def add(self, space: Space, texts: Iterable[str], settings: TrainerSettings) -> None:
        """A step on each of ``texts``, the first steps of a training with these ``settings``."""
        known: dict[str, tuple[str, list[tuple[str, str]]]] = {}
        for step, text in enumerate(texts):
            if text not in known:
                known[text] = _choices(space, text)
            path, chosen = known[text]
            rate = learning_rate(settings, step)
            self.steps += 1
            self.rate += rate
            self.paths[path] = self.paths.get(path, 0.0) + rate
            self.path_steps[path] = self.path_steps.get(path, 0) + 1
            for choice, operation in chosen:
                sums = self.choices.setdefault(choice, dict.fromkeys(choice.split(), 0.0))
                sums[operation] = sums.get(operation, 0.0) + rate

    @property
    def updates_ratio(self) -> float | None:
        """M1: the most trained operation of a choice by the least; None where one never was."""
        ratios = []
        for sums in self.choices.values():
            if min(sums.values(), default=0.0) <= 0.0:
                return None
            ratios.append(max(sums.values()) / min(sums.values()))
        return max(ratios, default=None)

    @property
    def favourite(self) -> tuple[str, float, float]:
        """M5: the path trained most, its share of all learning rates, and of all steps."""
        path = max(self.paths, key=lambda each: self.paths[each])
        return path, self.paths[path] / self.rate, self.path_steps[path] / self.steps

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the file beside the supernet; of the paths, the most trained."""
        first = sorted(self.paths, key=lambda path: -self.paths[path])[:MOST_PATHS]
        return {
            "steps": self.steps,
            "rate": self.rate,
            "choices": self.choices,
            "paths": {path: self.paths[path] for path in first},
            "path_steps": {path: self.path_steps[path] for path in first},
            "different_paths": len(self.paths),
        }


def exposure_of_run(
    folder: Path, space: Space, settings: TrainerSettings, start: str
) -> Exposure | None:
    """Of a training run, with what the supernet it began from had; None where that is not known."""
    found = stored_exposure(start) if start else Exposure()
    if found is None:
        return None
    texts = (
        text
        for event in read_log(folder / EVENTS)
        if event.kind == "train_weights"
        for text in event.work.architectures
    )
    found.add(space, texts, settings)
    return found


def stored_exposure(start: str) -> Exposure | None:
    """What stands beside a supernet's file; None where nothing does, or it cannot be read."""
    path = find_supernet(start).with_suffix(".json")
    try:
        known = msgspec.json.decode(read_regular(path, MAX_BYTES), type=_Beside).exposure
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if known is None or not known.paths or known.paths.keys() != known.path_steps.keys():
        return None
    return Exposure(known.steps, known.rate, known.choices, known.paths, known.path_steps)


def _choices(space: Space, text: str) -> tuple[str, list[tuple[str, str]]]:
    """The path of an architecture, and for each layer its choice and what was chosen."""
    row = np.array(space.parse_mixed(text).encoding, dtype=np.int8)
    path, codes = row[: space.path_length], row[space.path_length :].tolist()
    chosen = []
    for code, legal in zip(codes, space.operation_allowed(path), strict=True):
        if code >= len(space.operations):
            # A default operation: no candidate, and no supernet's file holds it.
            continue
        names = [name for name, fits in zip(space.operations, legal, strict=True) if fits]
        chosen.append((" ".join(names), space.operations[code]))
    return space.path_text(path), chosen
