"""AutoSTR, Table 3: what is found for each test set, beside ASTER trained alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.models.published import PUBLISHED
from bench.records.errors import RecordError
from bench.reproduce.beside_baselines import (
    EVALUATION,
    FEW,
    FOUND,
    MANY,
    RENDERED,
    beside_baselines,
    chosen,
)
from bench.reproduce.entry import AUTOSTR, DATA, OUT, Check, Entry, Recipe, Reproduction
from bench.reproduce.evaluated import FILE, evaluated_in
from bench.reproduce.study_file import CPU, CPU_TRAINING, TINY, TINY_TRAINING
from bench.reproduce.targets import NEEDS, TARGETS, TRAIN, words_of

ASTER = "aster"


def _recipe(
    preset: str, settings: Sequence[str], training: Sequence[str], words: int = MANY
) -> Recipe:
    """On rendered words, with the preset's own data."""
    own = chosen(training)
    search = (*chosen(settings), *own)
    return beside_baselines("autostr", preset, (ASTER,), search, own, words=words)


def _paper() -> Recipe:
    commands: list[tuple[str, ...]] = []
    for target in TARGETS:
        words = words_of(target)
        commands += _search(target, "paper", words, words)
    aster = ("baseline", "train", ASTER, "--preset", "paper", "--out", f"{OUT}/{ASTER}", *TRAIN)
    commands.append(aster)
    commands += [_eval(target, f"{DATA}/sets/{target}") for target in TARGETS]
    return Recipe(tuple(commands), needs=NEEDS)


def _search(
    target: str, preset: str, run: Sequence[str], training: Sequence[str]
) -> list[tuple[str, ...]]:
    place = f"{OUT}/{target}"
    return [
        ("run", "--searcher", "autostr", "--preset", preset, "--out", f"{place}/run", *run),
        ("retrain", f"{place}/run", "--seed", "0", "--out", f"{place}/{FOUND}", *training),
    ]


def _eval(target: str, words: str) -> tuple[str, ...]:
    return ("eval", f"{OUT}/{target}/{FOUND}", words, "--also", f"{OUT}/{ASTER}",
            "--latency-images", "0", "--out", f"{OUT}/{target}/{EVALUATION}")  # fmt: skip


def _read(folder: Path) -> Reproduction:
    places = {RENDERED: folder} | {target: folder / target for target in TARGETS}
    found = {name: place for name, place in places.items() if (place / EVALUATION / FILE).is_file()}
    if not found:
        raise RecordError(f"{folder}: nothing was evaluated there: run the same command again")
    rows, checks = [], []
    for name, place in found.items():
        evaluated = evaluated_in(place / EVALUATION)
        accuracies = [f"{100.0 * evaluated.model(m).all_words[0]:.1f}" for m in (FOUND, ASTER)]
        rows.append((name, *accuracies, f"{evaluated.words:,}", *printed(name)))
        difference = evaluated.difference(FOUND, ASTER)
        checks.append(Check(f"What is found reads {name} better than ASTER", difference))
    columns = ("set", "autostr, %", "aster, %", "words", "printed: AutoSTR", "ASTER (ours)")
    notes = (
        "One search and one training for each set, n = 1: the interval is that of the words (two "
        "models on the same words), not one of searches or seeds.",
    )
    return Reproduction(columns, rows, checks, notes)


def printed(target: str) -> tuple[str, str]:
    """As printed in Table 3: AutoSTR and ASTER (ours)."""
    found = []
    for method in ("AutoSTR", "ASTER (ours)"):
        rows = [row for row in PUBLISHED if (row.source, row.method) == (SOURCE, method)]
        columns = rows[0].accuracy if rows else {}
        found.append(next((v for k, v in columns.items() if k.split()[0] == target), "-"))
    return found[0], found[1]


SOURCE = "AutoSTR, Table 3"
ENTRY = Entry(
    "autostr-table3",
    AUTOSTR,
    "Table 3",
    "What is found for each of six test sets reads it better than ASTER's backbone in the same "
    "recogniser, by 0.9 to 3.3 points.",
    {
        "tiny": _recipe("tiny", TINY, TINY_TRAINING, FEW),
        "cpu": _recipe("cpu", CPU, CPU_TRAINING),
        "paper": _paper(),
    },
    _read,
)
