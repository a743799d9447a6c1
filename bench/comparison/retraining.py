"""Commands that train from scratch what runs recommend, so far as it is not trained yet."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

from bench.comparison.groups import Groups
from bench.presets import load_preset
from bench.records.readable import folder_name
from bench.records.record import RunRecord
from bench.records.settings import settings_as_dict
from spaces.errors import InputError

#: Of an architecture, for a final score worth its name.
SEEDS = 3
#: Commands shown.
MOST = 10
PLACE = Path("results") / "models"


@dataclass(frozen=True)
class Commands:
    """``lines`` to be run, at most ten, and how many ``more`` there would be."""

    lines: tuple[str, ...]
    more: int


def recommended(run: RunRecord) -> str | None:
    """Text of what a run recommends at its end; None while there is no result."""
    return None if run.result is None else run.result.recommendation.text


def commands(
    groups: Groups, trained: Mapping[str, set[int]], conditions: Mapping[str, str]
) -> Commands:
    """What trains the seeds that are lacking.

    One seed of every searcher's recommendations comes before the next seed of any; ``trained`` are
    the seeds of architectures that are there, and ``conditions``, as JSON, what they were trained
    under. What several runs recommend is trained once.
    """
    wanted, seen = [], set()
    for group in groups.groups:
        for place, run in enumerate(group.complete):
            text = recommended(run)
            if text is None or text in seen:
                continue
            seen.add(text)
            known = trained.get(text, set())
            new = islice((s for s in count() if s not in known), max(0, SEEDS - len(known)))
            name = folder_name(run.searcher)
            for order, seed in enumerate(new, start=len(known)):
                out = PLACE / f"{name}-{run.run_id[:8]}-seed{seed}"
                line = shlex.join(
                    ["bench", "retrain", str(run.folder), "--seed", str(seed), "--out", str(out)]
                    + _settings(run, conditions)
                )
                wanted.append(((order, place, group.label), line))
    lines = [line for _, line in sorted(wanted)]
    return Commands(tuple(lines[:MOST]), max(0, len(lines) - MOST))


def _settings(run: RunRecord, conditions: Mapping[str, str]) -> list[str]:
    """Options for what the models at hand were trained with and the run's preset is not."""
    own = run.manifest.retraining
    if own is None:
        # Older runs do not say; where their preset is gone too, everything is said.
        try:
            own = settings_as_dict(load_preset(run.manifest.preset_name).retraining)
        except InputError:
            own = {}
    else:
        # Runs from before this setting do not have it.
        own = {"augmentation": 0.0, **own}
    options = []
    for key, text in sorted(conditions.items()):
        section, _, name = key.partition(".")
        if section == "retraining" and json.loads(text) != own.get(name):
            options += ["--set", f"{key}={text}"]
    return options
