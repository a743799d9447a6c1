"""STR-NAS slides, the table "Verify the effect of NAS": fixed cells beside what is found."""

from __future__ import annotations

from pathlib import Path

from bench.reproduce.ends import End, ends_of, spread
from bench.reproduce.entry import OUT, SLIDES, Check, Entry, Recipe, Reproduction
from bench.reproduce.strnas_settings import PRINTED, TINY_SPACE, settings_recipe
from bench.reproduce.study_file import CPU, CPU_TRAINING, TINY_TRAINING, training
from bench.reproduce.trained import trained_in
from bench.statistics.intervals import unpaired_difference
from spaces import load_space

#: Operation of all cells -> the architecture, accuracy on IIIT5K in per cent and parameters of the
#: whole model in millions, as printed.
FIXED = {
    "3x3 ex3": ("k3-1111-1111-1111-1111-11111", 84.433, 14.101),
    "5x5 ex3": ("k5-2222-2222-2222-2222-22222", 83.667, 14.292),
    "5x5 ex6": ("k5-5555-5555-5555-5555-55555", 84.333, 23.283),
    "7x7 ex6": ("k7-6666-6666-6666-6666-66666", 84.567, 23.857),
}


def _recipe(
    preset: str, seeds: int, final_seeds: int, rates: tuple[float, float], repetitions: int,
    settings: tuple[str, ...],
) -> Recipe:  # fmt: skip
    fixed = tuple(
        training(text, preset, final_seeds, f"{OUT}/fixed/{text}", settings)
        for text, _, _ in FIXED.values()
    )
    return settings_recipe(
        "strnas-rows", preset, seeds, rates, repetitions, settings, final_seeds, after=fixed
    )


def _read(folder: Path) -> Reproduction:
    ends = ends_of(folder / "study")
    space = load_space("strnas", part="extractor")
    rows, known = [], {}
    for name, (text, accuracy, params) in FIXED.items():
        own = trained_in(folder / "fixed" / text, space)
        known[name] = [one.accuracy for one in own if one.accuracy is not None]
        rows.append(
            (name, spread([one.accuracy for one in own], 1, 100.0), f"{own[0].params / 1e6:.2f}",
             f"{len(own)}", f"{accuracy}", f"{params}")
        )  # fmt: skip
    for name, (accuracy, params) in PRINTED.items():
        rows.append(
            (name, spread([end.accuracy for end in ends[name]], 1, 100.0),
             spread([end.params for end in ends[name]], 2, 1e-6), f"{len(ends[name])}",
             f"{accuracy}", f"{params}")
        )  # fmt: skip
    found = _accuracies(ends["nas3"])
    checks = [
        Check(f"nas3 reads better than {name}", unpaired_difference(found, scores))
        for name, scores in known.items()
    ]
    columns = ("", "accuracy, %", "params, M", "n", "printed: accuracy, IIIT5K",
               "params of the model, M")  # fmt: skip
    notes = (
        "Parameters here are those of the extractor; 5.29 M of the slides' are around it. Accuracy "
        "after training from scratch.",
    )
    return Reproduction(columns, rows, checks, notes)


def _accuracies(ends: list[End]) -> list[float]:
    return [end.accuracy for end in ends if end.accuracy is not None]


ENTRY = Entry(
    "strnas-rows",
    SLIDES,
    'the table "Verify the effect of NAS"',
    "What is found in the third setting reads better than the same cell everywhere, with fewer "
    "parameters than cells of expansion 6.",
    {
        "tiny": _recipe("tiny", 1, 1, (2e-3, 1e-3), 1, (*TINY_SPACE, *TINY_TRAINING)),
        "cpu": _recipe("strnas-cpu", 3, 3, (5e-4, 0.02), 20, (*CPU, *CPU_TRAINING)),
        "paper": _recipe("strnas", 3, 3, (1.0, 1e-3), 50, ()),
    },
    _read,
)
