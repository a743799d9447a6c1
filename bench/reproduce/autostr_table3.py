"""AutoSTR, Table 3: what is found for each test set, beside ASTER trained alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.errors import RecordError
from bench.models.published import PUBLISHED
from bench.reproduce.entry import AUTOSTR, DATA, OUT, Check, Entry, Outcome, Recipe
from bench.reproduce.study_file import TINY, TINY_TRAINING
from bench.statistics.answers import Estimate
from spaces.files import read_object

#: The target sets with the words that architectures are chosen on (section 4.1).
TARGETS = {
    "IIIT5K": "iiit5k-val.lmdb",
    "SVT": "svt-val.lmdb",
    "IC03": "ic03-val.lmdb",
    "IC13": "ic13-val.lmdb",
    "SVTP": "ic15-val.lmdb",
    "IC15": "ic15-val.lmdb",
}
NEEDS = {
    "mj.lmdb": "MJSynth",
    "st.lmdb": "SynthText",
    "coco.lmdb": "the training words of COCO-Text",
    **{name: f"validation words for {target}" for target, name in TARGETS.items()},
    "sets": "the folder of test sets, by name",
}
RENDERED = "rendered"
ASTER = ("baseline", "train", "aster", "--out", f"{OUT}/aster")
TRAIN = ("--search-train", f"{DATA}/mj.lmdb", "--search-train", f"{DATA}/st.lmdb")


def _recipe(preset: str, settings: Sequence[str], training: Sequence[str]) -> Recipe:
    """On rendered words, with the preset's own data."""
    words = f"{OUT}/sets/{RENDERED}"
    render = ("data", "render", words, "--split", "test", "--count", "2000", "--max-length", "8")
    commands = (
        render,
        *_search(RENDERED, preset, (*_set(settings), *_set(training)), _set(training)),
        (
            "baseline",
            "train",
            "aster",
            "--preset",
            preset,
            "--out",
            f"{OUT}/aster",
            *_set(training),
        ),
        _eval(RENDERED, words),
    )
    return Recipe(commands, {render: words})


def _paper() -> Recipe:
    commands: list[tuple[str, ...]] = []
    for target, val in TARGETS.items():
        chosen = ("--search-val", f"{DATA}/{val}", "--search-val", f"{DATA}/coco.lmdb")
        words = (*TRAIN, *chosen, "--test", f"{DATA}/sets/{target}")
        commands += _search(target, "paper", words, words)
    commands.append((*ASTER, "--preset", "paper", *TRAIN))
    commands += [_eval(target, f"{DATA}/sets/{target}") for target in TARGETS]
    return Recipe(tuple(commands), needs=NEEDS)


def _search(
    target: str, preset: str, run: Sequence[str], training: Sequence[str]
) -> list[tuple[str, ...]]:
    place = f"{OUT}/{target}"
    return [
        ("run", "--searcher", "autostr", "--preset", preset, "--out", f"{place}/run", *run),
        ("retrain", f"{place}/run", "--seed", "0", "--out", f"{place}/model", *training),
    ]


def _eval(target: str, words: str) -> tuple[str, ...]:
    return ("eval", f"{OUT}/{target}/model", words, "--also", f"{OUT}/aster",
            "--latency-images", "0", "--out", f"{OUT}/{target}/eval")  # fmt: skip


def _set(settings: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for each in settings for word in ("--set", each))


def _read(folder: Path) -> Outcome:
    places = [folder / target for target in (*TARGETS, RENDERED)]
    found = [place for place in places if (place / "eval" / "eval.json").is_file()]
    if not found:
        raise RecordError(f"{folder}: nothing was evaluated there: run the same command again")
    rows, checks = [], []
    for place in found:
        scores, difference = _beside(place / "eval" / "eval.json")
        rows.append((place.name, *scores, *printed(place.name)))
        checks.append(Check(f"What is found reads {place.name} better than ASTER", difference))
    columns = ("set", "autostr, %", "aster, %", "words", "printed: AutoSTR", "ASTER (ours)")
    notes = (
        "One search and one training for each set, n = 1: the interval is that of the words (two "
        "models on the same words), not one of searches or seeds.",
    )
    return Outcome(columns, rows, checks, notes)


def _beside(path: Path) -> tuple[tuple[str, str, str], Estimate]:
    """Accuracies of the model and of ASTER, and their difference over the same words."""
    try:
        document: dict[str, Any] = read_object(path)
        own, aster = (_scores(model) for model in document["models"])
        (pair,) = document["pairs"]
        sign = 1.0 if pair["better"] == document["models"][0]["name"] else -1.0
        low, high = sorted(sign * float(end) for end in pair["interval"])
        count = int(pair["words"])
        difference = Estimate(sign * float(pair["difference"]), low, high, count, 0.95, "")
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise RecordError(f"{path} is damaged: remove it and run the same command") from error
    return (f"{100.0 * own:.1f}", f"{100.0 * aster:.1f}", f"{count:,}"), difference


def _scores(model: Mapping[str, Any]) -> float:
    (only,) = model["scores"].values()
    return float(only["word_accuracy"])


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
        "tiny": _recipe("tiny", TINY, TINY_TRAINING),
        "cpu": _recipe("cpu", (), ("retraining.epochs=0.64",)),
        "paper": _paper(),
    },
    _read,
)
